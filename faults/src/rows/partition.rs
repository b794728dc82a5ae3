//! Row 12: one of two nodes is cut off from the database; nothing is closed, nothing comes through. Keys are not rotated
//! meanwhile: two rotations would make one that the cut-off node cannot publish.

use std::cell::Cell;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::over_wires::{self, Setting, Wires};
use super::{Finding, Row};
use crate::cluster;
use crate::site::Context;
use crate::workload;

/// The row.
pub const ROW: Row = Row {
    number: 12,
    fault: "one of two nodes is cut off from the database",
    criterion: "it is not ready after 5 s, gives out nothing, holds no more threads, and is back within 5 s",
    run,
};

const LIMIT: Duration = Duration::from_secs(5);
const CUT_OFF: usize = 1;

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let outage = context.pick(8, 60);
    let healed = Cell::new(0);
    let cut = |bed: &mut Wires, finding: &mut Finding| {
        let threads = bed.nodes[CUT_OFF].threads();
        let silent = &bed.each[CUT_OFF].faults().silent;
        silent.store(true, Ordering::Relaxed);
        let left = bed.until_ready(CUT_OFF, false, LIMIT);
        finding.expect(left.is_some(), || "the node was still ready after 5 s".to_owned());
        thread::sleep(Duration::from_secs(outage));
        let piled = bed.nodes[CUT_OFF].threads();
        healed.set(bed.now());
        finding.expect(piled <= threads + 8, || format!("its threads grew from {threads} to {piled}"));
        bed.each[CUT_OFF].faults().silent.store(false, Ordering::Relaxed);
        let back = bed.until_ready(CUT_OFF, true, LIMIT);
        finding.expect(back.is_some(), || "the node was not ready again after 5 s".to_owned());
        let (left, back) = (left.unwrap_or_default(), back.unwrap_or_default());
        finding.figure(format!(
            "not ready after {} ms, ready again after {} ms",
            left.as_millis(),
            back.as_millis()
        ));
        finding.figure(format!("{threads} threads before, {piled} during"));
        Ok(())
    };
    // A node that is cut off goes on publishing the keys that it knows. Two rotations meanwhile make one that it does not
    // know, and a resource server that asks it, though it is not ready, would refuse what that key signed.
    let mix = workload::WITHOUT_ROTATION;
    let setting = Setting { mix, ..Setting::usual(ROW.number, "a node was cut off") };
    let ran = over_wires::run(context, setting, &mut finding, cut)?;
    let Some(ran) = ran else { return Ok(Finding::skipped(cluster::MISSING)) };
    ran.nothing_is_given_out(CUT_OFF, healed.get(), &mut finding);
    Ok(finding)
}

//! Row 15: one statement in five ends its transaction by a serialization failure or a deadlock.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::over_wires::{self, Setting, Wires};
use super::{Finding, Row};
use crate::cluster;
use crate::site::Context;

/// The row.
pub const ROW: Row = Row {
    number: 15,
    fault: "one statement in five ends in 40001 or 40P01",
    criterion: "tried again with a bound, then 503; nothing is done twice",
    run,
};

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let refuse = |bed: &mut Wires, _: &mut Finding| {
        for percent in [20, 0] {
            for faults in bed.faults() {
                faults.refused_percent.store(percent, Ordering::Relaxed);
            }
            if percent > 0 {
                thread::sleep(Duration::from_secs(context.pick(10, 120)));
            }
        }
        Ok(())
    };
    let setting = Setting::usual(ROW.number, "statements failed by serialization");
    let ran = over_wires::run(context, setting, &mut finding, refuse)?;
    let Some(ran) = ran else { return Ok(Finding::skipped(cluster::MISSING)) };
    ran.served(&mut finding);
    Ok(finding)
}

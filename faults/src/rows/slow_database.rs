//! Row 14: the database takes two seconds for each statement, then some statements are never answered at all.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::over_wires::{self, Setting, Wires, per_second};
use super::{Finding, Row};
use crate::cluster;
use crate::site::Context;

/// The row.
pub const ROW: Row = Row {
    number: 14,
    fault: "the database is slow, and then leaves statements unanswered",
    criterion: "keys and discovery as before; no more than 1.2 times as many statements as without the fault",
    run,
};

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let seconds = context.pick(6, 60);
    let slow = |bed: &mut Wires, finding: &mut Finding| {
        let usual = bed.usual;
        let phase = |what: &str, finding: &mut Finding| {
            let before = bed.statements();
            thread::sleep(Duration::from_secs(seconds));
            let rate = per_second(bed.statements() - before, seconds);
            let said = format!("{what}: {rate} statements a second, {usual} before");
            finding.expect(rate * 10 <= usual * 12, || said.clone());
            finding.figure(said);
        };
        for faults in bed.faults() {
            faults.delay_milliseconds.store(2_000, Ordering::Relaxed);
        }
        phase("2 s each", finding);
        for faults in bed.faults() {
            faults.delay_milliseconds.store(0, Ordering::Relaxed);
            faults.stalled_percent.store(5, Ordering::Relaxed);
        }
        phase("5 % unanswered", finding);
        for faults in bed.faults() {
            faults.stalled_percent.store(0, Ordering::Relaxed);
        }
        Ok(())
    };
    let setting = Setting::usual(ROW.number, "the database was slow");
    let ran = over_wires::run(context, setting, &mut finding, slow)?;
    let Some(ran) = ran else { return Ok(Finding::skipped(cluster::MISSING)) };
    ran.served(&mut finding);
    Ok(finding)
}

//! Row 16: the answer of a commit is lost with its connection, or the commit itself, or it arrives late, over and over.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use bench::clock;

use super::over_wires::{self, Setting, Wires};
use super::{Finding, Row};
use crate::cluster;
use crate::random::Random;
use crate::site::Context;

/// The row.
pub const ROW: Row = Row {
    number: 16,
    fault: "answers of commits are lost, commits are lost, commits come late",
    criterion: "each outcome is found out; nothing is done twice, and nothing that was acknowledged is missing",
    run,
};

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let mut random = Random::new(context.seed, 16);
    let lose = |bed: &mut Wires, finding: &mut Finding| {
        let begun = clock::now();
        let mut lost = 0;
        while begun.elapsed() < Duration::from_secs(context.pick(10, 120)) {
            for faults in bed.faults() {
                faults.late_milliseconds.store(150, Ordering::Relaxed);
                let ways = [&faults.lose_commit_answers, &faults.lose_commits, &faults.late_commits];
                ways[random.below(ways.len())].store(1, Ordering::Relaxed);
                lost += 1;
            }
            thread::sleep(Duration::from_millis(150));
        }
        let mut left = 0;
        for faults in bed.faults() {
            for way in [&faults.lose_commit_answers, &faults.lose_commits, &faults.late_commits] {
                left += way.swap(0, Ordering::Relaxed);
            }
        }
        finding.expect(lost > 4 * left, || format!("only {lost} commits were to be lost, {left} were not"));
        finding.figure(format!("{} commits lost", lost - left));
        Ok(())
    };
    let setting = Setting::usual(ROW.number, "commits were lost");
    let ran = over_wires::run(context, setting, &mut finding, lose)?;
    let Some(ran) = ran else { return Ok(Finding::skipped(cluster::MISSING)) };
    ran.served(&mut finding);
    Ok(finding)
}

//! Row 5: the file system under the data runs full while the node serves, and has room again later.

use std::thread;
use std::time::Duration;

use bench::clock;

use super::{Finding, Row};
use crate::history::{Act, Call, History, Outcome};
use crate::site::{Context, Site};
use crate::small_disk::SmallDisk;
use crate::workload;
use crate::world::World;

/// The row.
pub const ROW: Row = Row {
    number: 5,
    fault: "the disk runs full under load, and has room again later",
    criterion: "keys and introspection go on, writes get 503 and a line in the log, the database stays whole",
    run,
};

const MEGABYTES: u32 = 48;
/// What the log had set aside before the disk ran full is written first.
const REFUSAL_LIMIT: Duration = Duration::from_mins(1);

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let rounds = context.pick(1, 5);
    for round in 0..rounds {
        let context = context.with_seed(context.seed + round);
        let site = Site::new(&context, ROW.number)?;
        let Some(disk) = SmallDisk::mount(&site.path().join("disk"), MEGABYTES)? else {
            return Ok(Finding::skipped("a small file system can be mounted by root only"));
        };
        one(&context, site, &disk, &mut finding)?;
    }
    finding.figure(format!("{rounds} times full"));
    Ok(finding)
}

fn one(context: &Context, site: Site, disk: &SmallDisk, finding: &mut Finding) -> Result<(), String> {
    let mut plan = site.plan(&context.binary, "node")?;
    plan.data = site.path().join("disk").join("data");
    let (node, _) = plan.start()?;
    let world = World::make(plan.address)?;
    let load = site.load(&[plan.address], &world);
    let readers = site.load_as(workload::Plan::public(vec![plan.address], context.seed), &world);
    thread::sleep(Duration::from_secs(3));
    let filled = site.recorder.now();
    disk.fill()?;
    let begun = clock::now();
    while refusals(&site.recorder.history(), filled) < 20 && begun.elapsed() < REFUSAL_LIMIT {
        thread::sleep(Duration::from_millis(200));
    }
    let full = site.recorder.now();
    thread::sleep(context.pick(Duration::from_secs(2), Duration::from_secs(20)));
    let freed = site.recorder.now();
    disk.free()?;
    site.recorder.fault("the disk was full", filled);
    site.let_recover();
    readers.stop()?;
    let texts = load.stop()?;
    let has_said = node.said().contains("full");
    finding.expect(has_said, || "the log does not say that the disk is full".to_owned());
    let plan = node.stop()?;
    let whole = plan.is_whole()?;
    finding.expect(whole.is_ok(), || format!("the database is not whole: {whole:?}"));
    let (node, _) = plan.start()?;
    let judged = site.judge(&[plan.address], &world, &texts)?;
    answers(&judged.history, full, freed, finding);
    finding.add(judged);
    node.stop().map(drop)
}

/// How many writes were answered 503 since.
fn refusals(history: &History, since: u64) -> usize {
    let is_refusal = |call: &&Call| {
        matches!(call.outcome, Outcome::Unknown { status: Some(503), .. }) && call.start > since
    };
    history.calls.iter().filter(is_refusal).count()
}

/// While it was full: reading goes on, and whatever is not done is answered 503.
fn answers(history: &History, full: u64, freed: u64, finding: &mut Finding) {
    let meanwhile = || history.calls.iter().filter(|call| call.start > full && call.end < freed);
    let refused = refusals(history, full);
    finding.expect(refused > 0, || "no write was refused: was the disk full?".to_owned());
    let is_read = |act: &Act| matches!(act, Act::Keys { .. } | Act::Discovery { .. });
    let unread: Vec<_> =
        meanwhile().filter(|call| is_read(&call.act) && call.outcome.done().is_none()).collect();
    finding.expect(unread.is_empty(), || format!("keys and discovery failed: {:?}", unread[0]));
    let asked = meanwhile().filter(|call| matches!(call.act, Act::Introspect { .. }));
    finding.expect(asked.clone().any(|call| call.outcome.done().is_some()), || {
        "nothing was introspected while the disk was full".to_owned()
    });
    let odd = meanwhile().find(|call| match &call.outcome {
        Outcome::Unknown { status, .. } => *status != Some(503),
        Outcome::Unsent => true,
        _ => false,
    });
    finding.expect(odd.is_none(), || format!("neither done nor 503: {odd:?}"));
}

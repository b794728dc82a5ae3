//! Row 2: the one node of an embedded store is killed at any moment, again and again, under load.

use std::thread;
use std::time::Duration;

use super::{Finding, Row};
use crate::figures::spread;
use crate::random::Random;
use crate::site::{Context, Site};
use crate::world::World;

/// The row.
pub const ROW: Row = Row {
    number: 2,
    fault: "`kill -9` at random moments, under load",
    criterion: "the database is whole after every kill",
    run,
};

/// After so many kills a history is judged and the next one begins on an empty store.
const KILLS_PER_RUN: u64 = 25;

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let kills = context.pick(5, 1_000);
    let mut starts = Vec::new();
    for run in 0..u64::div_ceil(kills, KILLS_PER_RUN) {
        let left = kills - run * KILLS_PER_RUN;
        one(&context.with_seed(context.seed + run), left.min(KILLS_PER_RUN), &mut starts, &mut finding)?;
        if !finding.held() {
            break;
        }
    }
    finding.figure(format!("{} kills", starts.len()));
    finding.figure(format!("start after a kill {}", spread(&mut starts)));
    Ok(finding)
}

fn one(
    context: &Context,
    kills: u64,
    starts: &mut Vec<Duration>,
    finding: &mut Finding,
) -> Result<(), String> {
    let site = Site::new(context, ROW.number)?;
    let mut random = Random::new(context.seed, u64::MAX);
    let (mut node, _) = site.plan(&context.binary, "node")?.start()?;
    let world = World::make(node.plan.address)?;
    let addresses = [node.plan.address];
    let load = site.load(&addresses, &world);
    thread::sleep(Duration::from_millis(2_500));
    for _ in 0..kills {
        thread::sleep(Duration::from_millis(u64::try_from(random.below(700)).unwrap_or(0)));
        let begun = site.recorder.now();
        let (again, took) = node.kill().start()?;
        site.recorder.fault("killed and started again", begun);
        starts.push(took);
        node = again;
    }
    site.let_recover();
    let texts = load.stop()?;
    let plan = node.stop()?;
    let whole = plan.is_whole()?;
    finding.expect(whole.is_ok(), || format!("the database is not whole: {whole:?}"));
    let (node, _) = plan.start()?;
    finding.add(site.judge(&addresses, &world, &texts)?);
    drop(node);
    Ok(())
}

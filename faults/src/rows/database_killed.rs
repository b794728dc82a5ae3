//! Row 8: the one PostgreSQL under two nodes is killed, stays away for a while, and comes back. Nobody tells the nodes.

use std::thread;
use std::time::Duration;

use super::{Finding, Row};
use crate::cluster::{self, Cluster};
use crate::figures::spread;
use crate::history::{Act, History};
use crate::node::{Node, Plan};
use crate::random::Random;
use crate::site::{Context, Site};
use crate::workload;
use crate::world::World;

/// The row.
pub const ROW: Row = Row {
    number: 8,
    fault: "PostgreSQL under two nodes is killed and comes back",
    criterion: "keys and discovery are served without a break; no token is given out meanwhile",
    run,
};

/// As long as a node may go on with what it knew.
const FRESH: Duration = Duration::from_secs(1);

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let mut recoveries = Vec::new();
    for round in 0..context.pick(1, 20) {
        let context = context.with_seed(context.seed + round);
        let site = Site::new(&context, ROW.number)?;
        let Some(cluster) = cluster::start(site.path())? else {
            return Ok(Finding::skipped(cluster::MISSING));
        };
        recoveries.extend(one(&context, site, cluster, &mut finding)?);
        if !finding.held() {
            break;
        }
    }
    finding.figure(format!("{} kills of the database", recoveries.len()));
    finding.figure(format!("both nodes answer again after {}", spread(&mut recoveries)));
    Ok(finding)
}

fn one(
    context: &Context,
    site: Site,
    mut cluster: Cluster,
    finding: &mut Finding,
) -> Result<Option<Duration>, String> {
    let url = Cluster::url(cluster.address());
    let plans = site.plans_on(&context.binary, &url, 2)?;
    let nodes: Vec<Node> =
        plans.iter().map(|plan| Plan::start(plan).map(|(node, _)| node)).collect::<Result<_, _>>()?;
    let addresses: Vec<_> = plans.iter().map(|plan| plan.address).collect();
    let world = World::make(addresses[0])?;
    let (load, readers) = (
        site.load(&addresses, &world),
        site.load_as(workload::Plan::public(addresses.clone(), context.seed), &world),
    );
    thread::sleep(Duration::from_secs(3));
    let begun = site.recorder.now();
    cluster.kill()?;
    let outage = Random::new(context.seed, 8).below(context.pick(1_500, 20_000));
    thread::sleep(Duration::from_millis(1_500 + u64::try_from(outage).unwrap_or(0)));
    let back = site.recorder.now();
    cluster.resume()?;
    site.recorder.fault("the database was killed, and came back", begun);
    site.let_recover();
    readers.stop()?;
    let texts = load.stop()?;
    let judged = site.judge(&addresses, &world, &texts)?;
    drop(nodes);
    public_is_uninterrupted(&judged.history, finding);
    nothing_is_given_out(&judged.history, begun, back, finding);
    let recovery = judged.recovery;
    finding.add(judged);
    Ok(recovery)
}

fn public_is_uninterrupted(history: &History, finding: &mut Finding) {
    let is_public = |act: &Act| matches!(act, Act::Keys { .. } | Act::Discovery { .. });
    let failed: Vec<_> =
        history.calls.iter().filter(|call| is_public(&call.act) && call.outcome.done().is_none()).collect();
    finding.expect(failed.is_empty(), || {
        format!("{} readings of keys and discovery failed, the first was {:?}", failed.len(), failed[0])
    });
}

fn nothing_is_given_out(history: &History, gone: u64, back: u64, finding: &mut Finding) {
    let fresh = u64::try_from(FRESH.as_micros()).unwrap_or(0);
    let given = history.tokens().filter(|(call, ..)| call.start > gone + fresh && call.end < back).count();
    finding.expect(given == 0, || format!("{given} tokens were given out without a database"));
}

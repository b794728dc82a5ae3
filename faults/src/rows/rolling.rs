//! Row 22: two nodes on one database are exchanged for a newer release, one after the other, and back again, under load. The
//! newer release is this one with one more migration, which the feature `kill-points` pretends.

use std::thread;
use std::time::Duration;

use super::{Finding, Row};
use crate::cluster::{self, Cluster};
use crate::connection::ON_A_NEW_CONNECTION;
use crate::history::{History, Outcome};
use crate::node::{Node, Plan};
use crate::site::{Context, Site};
use crate::world::World;

/// The row.
pub const ROW: Row = Row {
    number: 22,
    fault: "two nodes are upgraded one after the other under load, and downgraded again",
    criterion: "no request fails but for connections that nobody accepts; an older major version refuses to start",
    run,
};

const RELEASE: &str = "TOKENMINT_PRETENDED_RELEASE";
/// In so many stops one connection may be reset that nobody had accepted. More would be a mistake of ours.
const RESETS: usize = 10;
const BETWEEN: Duration = Duration::from_millis(1_500);

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let site = Site::new(context, ROW.number)?;
    let Some(cluster) = cluster::start(site.path())? else { return Ok(Finding::skipped(cluster::MISSING)) };
    let old = site.plans_on(&context.mortal, &Cluster::url(cluster.address()), 2)?;
    let newer = |plan: &Plan| plan.clone().with(RELEASE, "minor");
    let mut nodes: Vec<Node> =
        old.iter().map(|plan| plan.start().map(|(node, _)| node)).collect::<Result<_, _>>()?;
    let addresses: Vec<_> = old.iter().map(|plan| plan.address).collect();
    let world = World::make(addresses[0])?;
    let load = site.load(&addresses, &world);
    let rounds = context.pick(1, 20);
    for _ in 0..rounds {
        for release in [newer, Plan::clone] {
            for (place, plan) in old.iter().enumerate() {
                thread::sleep(BETWEEN);
                nodes.remove(place).stop()?;
                nodes.insert(place, release(plan).start()?.0);
            }
        }
    }
    thread::sleep(BETWEEN);
    let texts = load.stop()?;
    let judged = site.judge(&addresses, &world, &texts)?;
    let Failures { failed, reset, unsent } = failures(&judged.history);
    finding.expect(failed.is_empty(), || format!("{} requests failed: {}", failed.len(), failed[0]));
    let stops = rounds * 2 * nodes.len();
    finding.expect(reset <= stops.div_ceil(RESETS), || format!("{reset} connections reset in {stops} stops"));
    let migrations = cluster.query("table schema_migration")?;
    finding.expect(migrations.contains("9001"), || "the newer release has not migrated".to_owned());
    finding.figure(format!("{rounds} upgrades and downgrades of two nodes"));
    finding.figure(format!("{unsent} connections refused, {reset} reset before they were accepted"));
    finding.add(judged);
    drop(nodes);
    older_major(context, &old[0], &mut finding)?;
    Ok(finding)
}

/// What did not end as it should.
struct Failures {
    /// What was sent and not answered.
    failed: Vec<String>,
    /// Among them first requests whose connection was reset. The kernel makes connections before a program accepts them: one
    /// that it makes between the last look at the queue and the closing of the listener belongs to nobody.
    reset: usize,
    /// Nobody listened.
    unsent: usize,
}

fn failures(history: &History) -> Failures {
    let is_reset = |outcome: &Outcome| {
        let Outcome::Unknown { why, .. } = outcome else { return false };
        why.starts_with(ON_A_NEW_CONNECTION) && why.contains("reset by peer")
    };
    let unknown = history.calls.iter().filter(|call| call.outcome.is_unknown());
    let (reset, failed): (Vec<_>, Vec<_>) = unknown.partition(|call| is_reset(&call.outcome));
    Failures {
        failed: failed.into_iter().map(|call| format!("{call:?}")).collect(),
        reset: reset.len(),
        unsent: history.calls.iter().filter(|call| call.outcome == Outcome::Unsent).count(),
    }
}

/// Once a release of the next major version has migrated, this one says so and ends.
fn older_major(context: &Context, plan: &Plan, finding: &mut Finding) -> Result<(), String> {
    let site = Site::new(&context.with_seed(context.seed + 1), ROW.number)?;
    let own = site.plan(&plan.binary, "major")?;
    let plan = Plan { environment: plan.environment.clone(), ..own };
    let (next, _) = plan.clone().with(RELEASE, "major").start()?;
    next.stop()?;
    let mut older = plan.launch()?;
    let started = older.wait_ready(Duration::from_secs(40))?;
    finding.expect(!started, || "an older major version serves from a newer schema".to_owned());
    let says_why = older.said().contains("run a newer release");
    finding.expect(says_why, || "it does not say why it does not start".to_owned());
    drop(older);
    site.forget();
    Ok(())
}

//! Row 21: while keys are rotated all the time, one of two nodes is killed and starts cold, and is away for many rotations
//! and comes back.

use std::thread;
use std::time::Duration;

use super::{Finding, Row};
use crate::cluster::{self, Cluster};
use crate::node::Plan;
use crate::site::{Context, Site};
use crate::steward::Steward;
use crate::workload::{self, Caching};
use crate::world::World;

/// The row.
pub const ROW: Row = Row {
    number: 21,
    fault: "a node starts cold, or comes back after many rotations, while keys are rotated all the time",
    criterion: "no node signs with a key that the nodes do not publish",
    run,
};

/// How long a resource server keeps keys.
const CACHE: Duration = Duration::from_millis(200);
/// A key is published for so long before it signs: for longer than a node may be behind (a second) and a cache then keeps
/// what that node said.
const ROTATION: Duration = Duration::from_millis(1_400);

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let site = Site::new(context, ROW.number)?;
    let Some(cluster) = cluster::start(site.path())? else {
        return Ok(Finding::skipped(cluster::MISSING));
    };
    let plans = site.plans_on(&context.binary, &Cluster::url(cluster.address()), 2)?;
    let (steady, _) = plans[0].start()?;
    let (mut other, _) = plans[1].start()?;
    let addresses: Vec<_> = plans.iter().map(|plan| plan.address).collect();
    let world = World::make(addresses[0])?;
    let mut plan = workload::Plan::mixed(addresses.clone(), context.seed);
    plan.mix = workload::VERIFIED;
    plan.verifiers = vec![Caching::For(CACHE), Caching::RefetchAtUnknownKey, Caching::AsAdvertised];
    let load = site.load_as(plan, &world);
    let mut steward = Steward::at(addresses[0], &site.recorder);
    let rounds = context.pick(1, 20);
    let away = context.pick(3, 20);
    for _ in 0..rounds {
        // Killed and started again between two rotations, and then away for many.
        for rotations in [0, away] {
            rotate(&mut steward, &world, 2)?;
            let plan: Plan = other.kill();
            rotate(&mut steward, &world, rotations)?;
            other = plan.start()?.0;
        }
        rotate(&mut steward, &world, 2)?;
    }
    let texts = load.stop()?;
    finding.figure(format!("{rounds} cold starts at once, {rounds} after {away} rotations"));
    finding.add(site.judge(&addresses, &world, &texts)?);
    drop((steady, other));
    Ok(finding)
}

fn rotate(steward: &mut Steward, world: &World, times: u32) -> Result<(), String> {
    for _ in 0..times {
        steward.rotate(&world.rotating)?;
        thread::sleep(ROTATION);
    }
    Ok(())
}

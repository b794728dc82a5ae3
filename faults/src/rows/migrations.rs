//! Row 23: a node dies at each step of each migration, on an embedded store and on PostgreSQL. The next start goes on from
//! there.

use super::{Finding, Row};
use crate::cluster::{self, Cluster};
use crate::node::Plan;
use crate::site::{Context, Site};
use crate::survey::Texts;
use crate::world::World;

/// The row.
pub const ROW: Row = Row {
    number: 23,
    fault: "a node dies at each step of a migration",
    criterion: "the next start brings the schema up to date",
    run,
};

const STEPS: [&str; 4] = ["begun", "applied", "noted", "committed"];
/// More migrations than there are; a run that meets none any more is the last.
const MIGRATIONS_MAX: usize = 100;

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let mut kills = 0;
    let seed = usize::try_from(context.seed).unwrap_or(0);
    for (place, step) in STEPS.iter().enumerate() {
        // In the short form each step has one migration, another one for another seed.
        let first = context.pick(1 + (seed + place) % 4, 1);
        for pass in (first..MIGRATIONS_MAX).take(context.pick(1, MIGRATIONS_MAX)) {
            let seed = context.seed * 1_000 + kills;
            if !die_at(&context.with_seed(seed), step, pass, &mut finding)? {
                break;
            }
            kills += 1;
        }
    }
    finding.expect(kills >= 4, || format!("{kills} nodes died, and each step has one at least"));
    finding.figure(format!("{kills} kills"));
    Ok(finding)
}

/// Lets a node die on an empty database and starts it again; whether it died.
fn die_at(context: &Context, step: &str, pass: usize, finding: &mut Finding) -> Result<bool, String> {
    let site = Site::new(context, ROW.number)?;
    // Every other one on PostgreSQL, where there is one.
    let cluster = if pass.is_multiple_of(2) { cluster::start(site.path())? } else { None };
    let plan: Plan = match &cluster {
        Some(cluster) => {
            let mut plans = site.plans_on(&context.mortal, &Cluster::url(cluster.address()), 1)?;
            plans.remove(0)
        }
        None => site.plan(&context.mortal, "node")?,
    };
    let mut node = plan.clone().with("TOKENMINT_KILL_POINT", format!("migration: {step}:{pass}")).launch()?;
    let died = !node.wait_ready(std::time::Duration::from_secs(40))?;
    if !died {
        drop(node);
        site.forget();
        return Ok(false);
    }
    finding.expect(node.was_killed()?, || format!("it ended by itself at {step}, pass {pass}"));
    let (node, _) = plan.start()?;
    let world = World::make(plan.address)?;
    finding.add(site.judge(&[plan.address], &world, &Texts::new())?);
    node.stop()?;
    Ok(true)
}

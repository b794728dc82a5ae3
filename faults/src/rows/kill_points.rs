//! Row 1: the node is killed at each named place of every write path. First a run in which nothing is killed finds out which
//! places there are and how often they are passed; every place that the program knows must be among them. Then, place by
//! place, a node dies there and comes back.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bench::clock;

use super::{Finding, Row, restores};
use crate::cluster::{self, Cluster};
use crate::figures::spread;
use crate::node::{Node, Plan};
use crate::random::Random;
use crate::site::{Context, Site};
use crate::survey::Texts;
use crate::workload;
use crate::world::World;

/// The row.
pub const ROW: Row = Row {
    number: 1,
    fault: "`kill -9` at each named place of every write path",
    criterion: "every place is reached; the node starts again, and its database is whole",
    run,
};

const ARMED: &str = "TOKENMINT_KILL_POINT";
const PASSED: &str = "TOKENMINT_KILL_POINTS_PASSED";
/// A kill at a late pass costs time and shows little more.
const PASSES_MAX: usize = 30;
/// The place that needs the longest load, however fast the machine is, and how long it may take to come there.
const LAST: &str = "log: folded";
const LAST_LIMIT: Duration = Duration::from_mins(1);
/// How long a load is given to come to any other place.
const LOAD: Duration = Duration::from_secs(4);
const START_LIMIT: Duration = Duration::from_secs(40);

fn run(context: &Context) -> Result<Finding, String> {
    let mortal = context.mortal.display();
    if !context.mortal.is_file() {
        return Err(format!("no `{mortal}`: build it with --features kill-points, or name it with --mortal"));
    }
    let mut finding = Finding::default();
    let shipped = fs::read(&context.binary).map_err(|error| error.to_string())?;
    let is_mortal = shipped.windows(ARMED.len()).any(|window| window == ARMED.as_bytes());
    finding.expect(!is_mortal, || "the program that is shipped has kill points".to_owned());
    let mut starts = Vec::new();
    let embedded = everywhere(context, On::Embedded, &mut starts, &mut finding)?;
    finding.figure(format!("{} places of an embedded store", embedded.unwrap_or(0)));
    if context.is_long {
        let shared = everywhere(context, On::Postgres, &mut starts, &mut finding)?;
        finding.figure(match shared {
            Some(shared) => format!("{shared} places on PostgreSQL"),
            None => format!("none on PostgreSQL: {}", cluster::MISSING),
        });
    }
    finding.figure(format!("{} kills", starts.len()));
    finding.figure(format!("start after a kill {}", spread(&mut starts)));
    Ok(finding)
}

/// Which store the node is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Embedded,
    Postgres,
}

/// Finds the places of a store and kills nodes at them, until something does not hold; how many places there are, if the
/// store is to be had.
fn everywhere(
    context: &Context,
    on: On,
    starts: &mut Vec<Duration>,
    finding: &mut Finding,
) -> Result<Option<usize>, String> {
    let Some(places) = passes(context, on, finding)? else { return Ok(None) };
    let mut random = Random::new(context.seed, 1);
    let mut kills = 0;
    // In the short form places take turns as the seeds go by; in the long form each of them has its turn again and again.
    let step = context.pick(places.len().div_ceil(8), 1);
    let rounds = if on == On::Postgres { 1 } else { context.pick(1, 20) };
    for _ in 0..rounds {
        for (name, passes) in places.iter().skip(random.below(step)).step_by(step) {
            if !finding.held() {
                return Ok(Some(places.len()));
            }
            kills += 1;
            let pass = 1 + random.below(passes.possible().min(PASSES_MAX));
            let mut place = Place { name, pass, is_first: passes.later == 0, on };
            let again = context.with_seed(context.seed * 100_000 + kills);
            let mut took = die_at(&again, &place, finding)?;
            // Chance may lead a load elsewhere before it comes to a later pass; every place has a first one. What is passed
            // once in a database's life may be passed before there is anything to work with, or soon after.
            if took.is_none() && pass == 1 {
                place.is_first = !place.is_first;
                took = die_at(&again, &place, finding)?;
                finding.expect(took.is_some(), || "the node did not die".to_owned());
            }
            starts.extend(took);
            if !finding.held() {
                finding.failures.push(format!("{place:?}, seed {}", again.seed));
            }
        }
    }
    Ok(Some(places.len()))
}

/// How often a place is passed where nothing is killed.
#[derive(Debug, Default)]
struct Passes {
    /// Before there is anything to work with.
    at_first: usize,
    later: usize,
}

impl Passes {
    fn possible(&self) -> usize {
        if self.later == 0 { self.at_first } else { self.later }
    }
}

/// Where a node dies.
#[derive(Debug)]
struct Place<'a> {
    name: &'a str,
    pass: usize,
    /// Whether only a first start passes it.
    is_first: bool,
    on: On,
}

/// A node of the site; nothing where its store is not to be had.
fn plan_on(site: &Site, context: &Context, on: On) -> Result<Option<(Plan, Option<Cluster>)>, String> {
    if on == On::Embedded {
        return Ok(Some((site.plan(&context.mortal, "node")?, None)));
    }
    let Some(cluster) = cluster::start(site.path())? else { return Ok(None) };
    let mut plans = site.plans_on(&context.mortal, &Cluster::url(cluster.address()), 1)?;
    Ok(Some((plans.remove(0), Some(cluster))))
}

/// Every place, and how often it is passed. An embedded store has all that the program knows, but those of a restore: they
/// are another row's.
fn passes(
    context: &Context,
    on: On,
    finding: &mut Finding,
) -> Result<Option<BTreeMap<String, Passes>>, String> {
    let site = Site::new(context, ROW.number)?;
    let Some((plan, _cluster)) = plan_on(&site, context, on)? else { return Ok(None) };
    let file = site.path().join("passed");
    let plan = plan.with(PASSED, file.to_string_lossy());
    let (node, _) = plan.start()?;
    let read = || fs::read_to_string(&file).unwrap_or_default();
    let at_first = read().lines().count();
    let world = World::make(plan.address)?;
    let begun = clock::now();
    let limit = if on == On::Embedded { LAST_LIMIT } else { LOAD };
    let is_enough = || begun.elapsed() > limit || read().lines().any(|name| name == LAST);
    let (texts, _) = live(&site, node, &world, is_enough)?;
    let mut passes: BTreeMap<String, Passes> = BTreeMap::new();
    for (number, name) in read().lines().enumerate() {
        let passes = passes.entry(name.to_owned()).or_default();
        *if number < at_first { &mut passes.at_first } else { &mut passes.later } += 1;
    }
    let known = Command::new(&context.mortal).arg("kill-points").output();
    let known = known.map_err(|error| error.to_string())?.stdout;
    for name in String::from_utf8_lossy(&known).lines().filter(|name| !name.starts_with(restores::PLACES)) {
        let is_passed = on == On::Postgres || passes.contains_key(name);
        finding.expect(is_passed, || format!("no flow of the load passes `{name}`"));
    }
    judge(site, &plan, on, (&world, &texts), finding)?;
    Ok(Some(passes))
}

/// A life of a node: load, another master key, an orderly end. It may die on the way. Answers the tokens that the load still
/// has, and whether the node died.
fn live(
    site: &Site,
    mut node: Node,
    world: &Arc<World>,
    is_enough: impl Fn() -> bool,
) -> Result<(Texts, bool), String> {
    let mut plan = workload::Plan::mixed(vec![node.plan.address], site.seed());
    plan.rest = Duration::from_millis(1);
    let load = site.load_as(plan, world);
    let mut ended = false;
    while !ended && !is_enough() {
        ended = node.wait_end(Duration::from_millis(100))?;
    }
    if !ended {
        // It says itself whether that worked; a node that dies meanwhile cannot.
        let _ = node.plan.command(&["key", "rewrap"])?;
    }
    if !node.wait_end(Duration::from_millis(100))? {
        node.ask_to_stop()?;
    }
    let texts = load.stop()?;
    if node.wait_end(START_LIMIT)? {
        Ok((texts, node.was_killed()?))
    } else {
        Err("it does not end".to_owned())
    }
}

/// Lets a node die, and judges what it left; how long the next start took, if it died.
fn die_at(context: &Context, place: &Place<'_>, finding: &mut Finding) -> Result<Option<Duration>, String> {
    let site = Site::new(context, ROW.number)?;
    let Some((plan, _cluster)) = plan_on(&site, context, place.on)? else { return Ok(None) };
    let armed = plan.clone().with(ARMED, format!("{}:{}", place.name, place.pass));
    let mut made = None;
    if !place.is_first {
        let (node, _) = plan.start()?;
        made = Some(World::make(plan.address)?);
        node.stop()?;
    }
    let mut node = armed.launch()?;
    let (mut texts, mut died) = (Texts::new(), true);
    if node.wait_ready(START_LIMIT)? {
        // What a first start alone passes it may pass in the background, a moment after it is ready.
        died = made.is_none() && node.wait_end(LOAD)?;
        if let Some(world) = &made {
            let begun = clock::now();
            let enough = if place.name.starts_with("log:") { LAST_LIMIT } else { LOAD };
            (texts, died) = live(&site, node, world, || begun.elapsed() > enough)?;
        }
    }
    let (node, took) = plan.start()?;
    let world = match made {
        Some(world) => world,
        None => World::make(plan.address)?,
    };
    node.stop()?;
    judge(site, &plan, place.on, (&world, &texts), finding)?;
    Ok(died.then_some(took))
}

/// Looks at the database, starts the node once more, asks it and judges.
fn judge(
    site: Site,
    plan: &Plan,
    on: On,
    (world, texts): (&World, &Texts),
    finding: &mut Finding,
) -> Result<(), String> {
    if on == On::Embedded {
        let whole = plan.is_whole()?;
        finding.expect(whole.is_ok(), || format!("the database is not whole: {whole:?}"));
    }
    let (node, _) = plan.start()?;
    finding.add(site.judge(&[plan.address], world, texts)?);
    drop(node);
    Ok(())
}

//! What the rows share in which two nodes reach one PostgreSQL by a bad wire each: the order of such a run, and what its
//! history says. Leaves out what is done to the wires.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use bench::clock;

use super::Finding;
use crate::bad_wire::{BadWire, Faults};
use crate::cluster::{self, Cluster};
use crate::connection::{Connection, Request};
use crate::figures::quantile;
use crate::history::{Act, Call, History};
use crate::node::{Node, Plan};
use crate::record::Recorder;
use crate::site::{Context, Site};
use crate::workload::{self, Mix};
use crate::world::World;

/// For how long a load runs before a fault.
const BEFORE_SECONDS: u64 = 4;
/// How long a node may go on with what it knew.
const FRESH: Duration = Duration::from_secs(1);

/// What differs between such rows, besides the fault.
#[derive(Clone, Copy)]
pub struct Setting<'s> {
    /// The row's number.
    pub row: u8,
    /// What the history calls the fault.
    pub what: &'s str,
    /// The load.
    pub mix: Mix,
    /// How each node is started, by its number.
    pub plan: &'s dyn Fn(usize, Plan) -> Plan,
}

impl Setting<'_> {
    /// The usual load on nodes that are started as they are everywhere.
    pub const fn usual(row: u8, what: &str) -> Setting<'_> {
        Setting { row, what, mix: workload::MIXED, plan: &|_, plan| plan }
    }
}

/// Two nodes, under load, while something is done to their wires.
pub struct Wires {
    /// One for each node.
    pub each: Vec<BadWire>,
    /// How many statements a second came by all of them before the fault.
    pub usual: usize,
    /// Where the nodes listen.
    pub addresses: Vec<SocketAddr>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// What they serve.
    pub world: Arc<World>,
    recorder: Arc<Recorder>,
}

impl Wires {
    /// What is wrong with each wire.
    pub fn faults(&self) -> impl Iterator<Item = &Faults> {
        self.each.iter().map(BadWire::faults)
    }

    /// How many statements came by all wires.
    pub fn statements(&self) -> usize {
        self.faults().map(|faults| faults.statements.load(Ordering::Relaxed)).sum()
    }

    /// Microseconds since the run began.
    pub fn now(&self) -> u64 {
        self.recorder.now()
    }

    /// How long it takes until a node says that it is ready, or is not.
    pub fn until_ready(&self, node: usize, ready: bool, limit: Duration) -> Option<Duration> {
        let begun = clock::now();
        while begun.elapsed() < limit {
            let answer = Connection::new(self.addresses[node]).call(&Request::get("/health/ready"));
            if answer.is_ok_and(|answer| (answer.status == 200) == ready) {
                return Some(begun.elapsed());
            }
            thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

/// What a run came to, with the time from the beginning of the fault to its end.
pub struct Ran {
    /// Everything that happened.
    pub history: History,
    /// When the fault began.
    pub begun: u64,
    /// When it was over.
    pub over: u64,
}

/// Runs two nodes under load, does `fault`, lets them recover and judges. `None` where PostgreSQL is not installed.
pub fn run(
    context: &Context,
    setting: Setting<'_>,
    finding: &mut Finding,
    fault: impl FnOnce(&mut Wires, &mut Finding) -> Result<(), String>,
) -> Result<Option<Ran>, String> {
    let site = Site::new(context, setting.row)?;
    let Some(cluster) = cluster::start(site.path())? else { return Ok(None) };
    let wires = vec![BadWire::to(cluster.address())?, BadWire::to(cluster.address())?];
    let plans = site.plans_on(&context.binary, "", wires.len())?;
    let mut nodes = Vec::new();
    for (number, (planned, wire)) in plans.iter().zip(&wires).enumerate() {
        let url = format!("{}?sslmode=disable", Cluster::url(wire.address()));
        let planned = (setting.plan)(number, planned.clone().with("TOKENMINT_DATABASE_URL", url));
        nodes.push(planned.start()?.0);
    }
    let addresses: Vec<_> = plans.iter().map(|plan| plan.address).collect();
    let world = World::make(addresses[0])?;
    let mixed = workload::Plan::mixed(addresses.clone(), context.seed);
    let load = site.load_as(workload::Plan { mix: setting.mix, ..mixed }, &world);
    let readers = site.load_as(workload::Plan::public(addresses.clone(), context.seed), &world);
    let recorder = Arc::clone(&site.recorder);
    let mut bed = Wires { each: wires, usual: 0, addresses, nodes, world: Arc::clone(&world), recorder };
    let before = bed.statements();
    thread::sleep(Duration::from_secs(BEFORE_SECONDS));
    bed.usual = per_second(bed.statements() - before, BEFORE_SECONDS);
    let begun = bed.now();
    fault(&mut bed, finding)?;
    site.recorder.fault(setting.what, begun);
    let over = bed.now();
    site.let_recover();
    readers.stop()?;
    let texts = load.stop()?;
    let judged = site.judge(&bed.addresses, &world, &texts)?;
    let ran = Ran { history: judged.history.clone(), begun, over };
    if let Some(recovery) = judged.recovery {
        finding.figure(format!("both nodes answer again after {} ms", recovery.as_millis()));
    }
    finding.add(judged);
    ran.public_is_uninterrupted(finding);
    Ok(Some(ran))
}

impl Ran {
    /// What the public reads needs no database.
    fn public_is_uninterrupted(&self, finding: &mut Finding) {
        let calls = || self.history.calls.iter().filter(|call| is_public(&call.act));
        let failed: Vec<_> = calls().filter(|call| call.outcome.done().is_none()).collect();
        finding.expect(failed.is_empty(), || {
            format!("{} readings of keys and discovery failed, the first was {:?}", failed.len(), failed[0])
        });
        let tail = |from: u64, until: u64| {
            let within = calls().filter(|call| (from..until).contains(&call.start));
            let mut took: Vec<_> =
                within.map(|call| Duration::from_micros(call.end.saturating_sub(call.start))).collect();
            quantile(&mut took, 990).as_millis()
        };
        let (before, during) = (tail(0, self.begun), tail(self.begun, self.over));
        finding.figure(format!("keys and discovery: p99 {before} ms before, {during} ms during"));
    }

    /// Tokens that were given out by `node` before `until` although it could not know any more what others did.
    pub fn nothing_is_given_out(&self, node: usize, until: u64, finding: &mut Finding) {
        let fresh = u64::try_from(FRESH.as_micros()).unwrap_or(0);
        let late = |call: &Call| call.start > self.begun + fresh && call.end < until;
        let given = self.history.tokens().filter(|(call, ..)| call.node == node && late(call)).count();
        finding.expect(given == 0, || format!("node {node} gave out {given} tokens without a database"));
    }

    /// The share of the calls during the fault that came to something.
    pub fn served(&self, finding: &mut Finding) {
        let during = |call: &&Call| {
            (self.begun..self.over).contains(&call.start)
                && matches!(call.act, Act::Token { must_refuse: None, .. } | Act::Introspect { .. })
        };
        let calls = self.history.calls.iter().filter(during).count();
        let served =
            self.history.calls.iter().filter(during).filter(|call| call.outcome.done().is_some()).count();
        finding.figure(format!("{served} of {calls} tokens and introspections were answered meanwhile"));
    }
}

/// A rate in whole numbers.
pub fn per_second(count: usize, seconds: u64) -> usize {
    count / usize::try_from(seconds).unwrap_or(usize::MAX).max(1)
}

fn is_public(act: &Act) -> bool {
    matches!(act, Act::Keys { .. } | Act::Discovery { .. })
}

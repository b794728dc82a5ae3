//! Row 24: hundreds or thousands of slow clients beside ordinary traffic.

use std::fs;
use std::thread;
use std::time::Duration;

use super::{Finding, Row};
use crate::figures::quantile;
use crate::history::{Act, History};
use crate::node::Node;
use crate::site::{Context, Site};
use crate::slow::{Crowd, Slowness};
use crate::workload;
use crate::world::{World, oauth_path};

/// The row.
pub const ROW: Row = Row {
    number: 24,
    fault: "slow clients: heads, bodies and replies a byte at a time, or nothing at all",
    criterion: "each is cut off in its time; files stay bounded; the 99th percentile of others at most doubles",
    run,
};

/// What the node allows in this row, so that it need not last for minutes; and how much later a cut may be seen.
const LIMITS: [&str; 8] = [
    "--limit-header-time=3s",
    "--limit-body-pause=3s",
    "--limit-write-pause=3s",
    "--limit-idle-time=4s",
    "--limit-request-time=6s",
    "--limit-handshake-time=3s",
    "--limit-connections=12000",
    "--limit-shutdown-time=5s",
];
/// The longest of these limits, and some patience on top: the clients look only now and then, and there are many.
const CUT_LIMIT: Duration = Duration::from_secs(20);
/// Files that a node has open beside connections.
const FILES_BESIDE: usize = 64;
/// So much noise is not the slow clients'.
const NOISE: Duration = Duration::from_millis(10);

fn run(context: &Context) -> Result<Finding, String> {
    let mut finding = Finding::default();
    let site = Site::new(context, ROW.number)?;
    let mut plan = site.plan(&context.binary, "node")?;
    plan.flags = LIMITS.map(str::to_owned).to_vec();
    let (node, _) = plan.start()?;
    let world = World::make(plan.address)?;
    let mut load = workload::Plan::mixed(vec![plan.address], context.seed);
    load.mix = workload::VERIFIED;
    let load = site.load_as(load, &world);
    let time = Duration::from_secs(context.pick(5, 20));
    thread::sleep(Duration::from_secs(1));
    let quiet = site.recorder.now();
    thread::sleep(time);
    let before = site.recorder.now();
    let files = open_files(&node);
    let each = context.pick(500, room_for(10_000)) / Slowness::ALL.len();
    let crowd =
        Crowd::start(plan.address, each, "/api/v1/logs?limit=1000", &oauth_path(&world.mint, "token"));
    thread::sleep(Duration::from_secs(2));
    let begun = site.recorder.now();
    thread::sleep(time.max(CUT_LIMIT / 2));
    let ended = site.recorder.now();
    let most_files = open_files(&node);
    let found = crowd.stop()?;
    let texts = load.stop()?;
    for (slowness, (cut, longest)) in Slowness::ALL.iter().zip(found.cut.iter().zip(found.longest)) {
        finding.expect(*cut > 0, || format!("no client that is slow by {slowness:?} was cut off"));
        finding.expect(longest < CUT_LIMIT, || {
            format!("{slowness:?} was suffered for {} ms", longest.as_millis())
        });
    }
    let bound = files + found.open + FILES_BESIDE;
    finding.expect(most_files <= bound, || format!("{most_files} files are open, not at most {bound}"));
    let left = files_in_the_end(&node, files + FILES_BESIDE);
    finding
        .expect(left <= files + FILES_BESIDE, || format!("{left} files are open afterwards, before {files}"));
    let judged = site.judge(&[plan.address], &world, &texts)?;
    let (base, loaded) = (tail(&judged.history, quiet, before), tail(&judged.history, begun, ended));
    // On a machine with other work the short form says what it saw and no more.
    finding.expect(!context.is_long || loaded <= base * 2 + NOISE, || {
        format!(
            "the 99th percentile was {} ms, and {} ms among slow clients",
            base.as_millis(),
            loaded.as_millis()
        )
    });
    finding.figure(format!(
        "{} slow clients at once, {} cut off",
        found.open,
        found.cut.iter().sum::<usize>()
    ));
    finding.figure(format!(
        "99th percentile {:.1} ms before, {:.1} ms meanwhile",
        millis(base),
        millis(loaded)
    ));
    if !context.is_long {
        finding.figure("the 99th percentile is not judged in the short form");
    }
    finding.figure(format!("{files} open files before, {most_files} at most, {left} afterwards"));
    finding.add(judged);
    Ok(finding)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// So many slow clients as this process may have files for.
fn room_for(wanted: usize) -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1_024_usize);
    wanted.min(files.saturating_sub(200))
}

fn open_files(node: &Node) -> usize {
    fs::read_dir(format!("/proc/{}/fd", node.pid())).map_or(0, Iterator::count)
}

/// The files that are left once the server has noticed that everybody has gone.
fn files_in_the_end(node: &Node, wanted: usize) -> usize {
    let mut left = open_files(node);
    for _ in 0..100 {
        if left <= wanted {
            break;
        }
        thread::sleep(Duration::from_millis(100));
        left = open_files(node);
    }
    left
}

/// The 99th percentile of what ordinary clients waited for a token.
fn tail(history: &History, from: u64, until: u64) -> Duration {
    let meanwhile = history.calls.iter().filter(|call| call.start >= from && call.end <= until);
    let tokens =
        meanwhile.filter(|call| matches!(call.act, Act::Token { .. }) && call.outcome.done().is_some());
    let mut waited: Vec<Duration> = tokens.map(|call| Duration::from_micros(call.end - call.start)).collect();
    quantile(&mut waited, 990)
}

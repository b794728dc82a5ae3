//! Floor and mint with RS256: cost, speed, memory and starts. Both are up at once and take turns.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::client::{self, Client, RS256};
use crate::mint::{Mint, settled};
use crate::options::Options;
use crate::page::{self, Part};
use crate::process::Server;
use crate::rounds::{self, Load, Side};
use crate::starts::{self, FirstStarts};
use crate::table::{Aim, mib};
use crate::{compare, facts, fixture};

const CPU_RATIO: f64 = 1.2;
const TAIL_RATIO: f64 = 3.0;
const IDLE_MIB: f64 = 30.0;
const LOADED_MIB: f64 = 60.0;
const RESTART: Duration = Duration::from_millis(300);
const FIRST_START: Duration = Duration::from_secs(2);

/// Measures, prints and, if asked to, writes and judges.
pub fn run(options: &Options) -> Result<ExitCode, String> {
    page::run(options, "bench", |scratch| measure(options, scratch))
}

fn measure(options: &Options, scratch: &Path) -> Result<Part, String> {
    let load = Load::of(options, 5, 5)?;
    let machine = facts::gather(scratch)?;
    let (_floor, floor) = start_floor(scratch)?;
    if options.has("floor-only") {
        let [floor] = rounds::in_turn([floor], load, |_| Ok(()))?;
        return Ok(Part { aims: Vec::new(), text: compare::markdown(&[&floor], load) });
    }
    let mint = Mint::of(options, scratch)?;
    eprintln!("bench: first starts");
    let first = starts::first(&mint)?;
    let data = scratch.join("data");
    let (server, idle_kib) = mint.start_and_settle(&data)?;
    let client = fixture::small(&server.url, None)?;
    let length = client::signed_with(&client.token(&server.url)?, RS256)?.len();
    let side = Side::new("mint", &server, scratch, vec![client.request(&server.url)?]).idle(idle_kib);
    let [floor, side] = rounds::in_turn([floor, side], load, |_| Ok(()))?;
    eprintln!("bench: restarts");
    let (server, restarts) = starts::again(&mint, &data, &client, server)?;
    server.stop()?;
    let mut text = compare::markdown(&[&floor, &side], load);
    let _ = writeln!(text, "A token has {length} characters.\n");
    for fact in machine {
        let _ = writeln!(text, "- {fact}");
    }
    Ok(Part { aims: aims(&floor, &side, &first, &restarts), text })
}

fn aims(floor: &Side, side: &Side, first: &FirstStarts, restarts: &[Duration]) -> Vec<Aim> {
    let tail = compare::percentile(side, 990) / compare::percentile(side, 500);
    vec![
        Aim::at_most("server CPU per token, times the floor", compare::cpu_ratio(floor, side), CPU_RATIO, ""),
        Aim::at_most("p99, times p50", tail, TAIL_RATIO, ""),
        Aim::no_errors("errors", side.errors + floor.errors),
        Aim::at_most("resident memory, idle", mib(side.idle_kib), IDLE_MIB, " MiB"),
        Aim::at_most("resident memory, loaded", mib(side.peak_kib), LOADED_MIB, " MiB"),
        Aim::within("restart to first token", restarts, RESTART),
        Aim::within("very first start to ready", &first.ready, FIRST_START),
        Aim::within("very first start to first token, set-up included", &first.token, FIRST_START),
    ]
}

fn start_floor(scratch: &Path) -> Result<(Server, Side), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let server = Server::start(Command::new(program).arg("floor"), &scratch.join("floor.log"))?;
    let (server, idle_kib) = settled(server)?;
    let client = floor_client();
    client::signed_with(&client.token(&server.url)?, RS256)?;
    let side = Side::new("floor", &server, scratch, vec![client.request(&server.url)?]).idle(idle_kib);
    Ok((server, side))
}

/// As long as a real one, so that the requests are alike.
pub fn floor_client() -> Client {
    Client::new("ausfloor000000000000", "0oafloor000000000000", &"s".repeat(64))
}

//! The whole run: both servers up at once, rounds in turn so that noise meets both, then the starts, then the page.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use crate::facts;
use crate::mint::{self, Client, Mint};
use crate::options::Options;
use crate::process::{Scratch, Server};
use crate::report::{self, Findings, Measured};
use crate::rounds::{Load, Side};
use crate::{paste, starts, usage};

/// How long a server that has just started is left alone before its idle memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// Measures, prints and, if asked to, writes and judges.
pub fn run(options: &Options) -> Result<ExitCode, String> {
    let load_before = facts::load();
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = program.parent().unwrap_or(Path::new(".")).to_owned();
    let parent = options.text("data").map_or(beside, PathBuf::from);
    let scratch = Scratch::new(&parent)?;
    let machine = facts::gather(scratch.path(), &load_before)?;
    let findings = measure(options, scratch.path(), machine)?;
    let text = report::markdown(&findings);
    println!("{text}");
    if let Some(file) = options.text("write") {
        paste::into_file(Path::new(file), "bench", &text)?;
    }
    let failed = options.has("check") && report::misses(&findings) > 0;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn measure(options: &Options, scratch: &Path, machine: Vec<String>) -> Result<Findings, String> {
    let load = Load {
        connections: options.get("connections", 64)?,
        warm_seconds: 1,
        seconds: options.get("seconds", 5)?,
    };
    let rounds: usize = options.get("rounds", 5)?;
    let (floor_server, floor) = start_floor(scratch)?;
    if options.has("floor-only") {
        let [floor] = drive_in_turn([floor], load, rounds)?;
        return Ok(Findings { load, machine, floor, mint: None });
    }
    let binary = PathBuf::from(options.text("binary").unwrap_or("target/release/tokenmint"));
    if !binary.is_file() {
        return Err(format!("no `{}`: build it with `cargo build --release`", binary.display()));
    }
    let mint = Mint { binary, scratch: scratch.to_owned() };
    eprintln!("bench: first starts");
    let first = starts::first(&mint)?;
    let data = scratch.join("data");
    let (server, client, side) = start_mint(&mint, &data)?;
    let [floor, side] = drive_in_turn([floor, side], load, rounds)?;
    drop(floor_server);
    eprintln!("bench: restarts");
    let restarts = starts::again(&mint, &data, &client, server)?;
    Ok(Findings { load, machine, floor, mint: Some(Measured { side, first, restarts }) })
}

fn start_floor(scratch: &Path) -> Result<(Server, Side), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let server = Server::start(Command::new(program).arg("floor"), &scratch.join("floor.log"))?;
    thread::sleep(SETTLE);
    let idle = usage::resident_kib(server.pid())?;
    // As long as a real client's, so that the requests are alike.
    let client = Client {
        path: "/oauth2/ausfloor000000000000/v1/token".to_owned(),
        authorization: format!("Basic {}", "Zmxvb3I6".repeat(11)),
    };
    let side = Side::new("floor", &server, client, idle)?;
    Ok((server, side))
}

fn start_mint(mint: &Mint, data: &Path) -> Result<(Server, Client, Side), String> {
    let server = mint.start(data)?;
    mint::wait_ready(&server.url)?;
    thread::sleep(SETTLE);
    let idle = usage::resident_kib(server.pid())?;
    let client = mint::set_up(&server.url)?;
    let side = Side::new("mint", &server, client.clone(), idle)?;
    Ok((server, client, side))
}

/// Rounds in turn. The first one of each side only warms.
fn drive_in_turn<const N: usize>(
    mut sides: [Side; N],
    load: Load,
    rounds: usize,
) -> Result<[Side; N], String> {
    for number in 0..=rounds {
        for side in &mut sides {
            let round = side.drive(load)?;
            let (name, tokens, errors) = (side.name, round.tokens(), round.errors);
            eprintln!("bench: round {number} of {rounds}: {name} {tokens} tokens, {errors} errors");
            if let Some(error) = &round.first_error {
                eprintln!("bench: {name}: {error}");
            }
            if number > 0 {
                side.rounds.push(round);
            }
        }
    }
    Ok(sides)
}

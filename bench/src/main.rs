//! `bench`: the mint against the floor. Owns the sub-commands and their options; each does its work in its own file.

mod drive;
mod floor;
mod histogram;
mod mint;
mod process;
mod report;
mod rounds;
mod run;
mod starts;

use std::process::ExitCode;

use bench::options::Options;
use bench::{clock, facts, http, options, paste, usage};

const HELP: &str = "\
bench floor [--listen 127.0.0.1:0]
    the floor: a bare HTTP server that reads the form, signs once per request (RS256, 2,048 bits) and answers

bench run [--binary target/release/tokenmint] [--seconds 5] [--rounds 5] [--connections 64]
          [--data DIR] [--write FILE] [--floor-only] [--check]
    floor and mint side by side; prints a table in Markdown
    --data DIR    where the mint keeps its data while measured (default: beside this program)
    --write FILE  also replaces what FILE has between its `bench` markers
    --check       exits with 1 when an aim is missed

bench drive URL [--connections 64] [--warm 1] [--seconds 5] [--pid N]
    loads one token endpoint; prints one line of JSON. BENCH_AUTHORIZATION holds the Authorization header

bench paste NAME FILE
    replaces what FILE has between its NAME markers with what comes on stdin";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    match dispatch(&command, &arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: &str, arguments: &[String]) -> Result<ExitCode, String> {
    match command {
        "floor" => floor::serve(&Options::parse(arguments, &["listen"], &[])?)?,
        "run" => {
            let names = ["binary", "seconds", "rounds", "connections", "data", "write"];
            return run::run(&Options::parse(arguments, &names, &["floor-only", "check"])?);
        }
        "drive" => {
            let names = ["connections", "warm", "seconds", "pid"];
            drive::drive(&Options::parse(arguments, &names, &[])?)?;
        }
        "paste" => paste::from_stdin(&Options::parse(arguments, &[], &[])?)?,
        "" | "help" | "--help" | "-h" => println!("{HELP}"),
        other => return Err(format!("no command `{other}`\n\n{HELP}")),
    }
    Ok(ExitCode::SUCCESS)
}

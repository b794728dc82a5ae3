//! `bench`: the mint against the floor. Owns the sub-commands and their options; each does its work in its own file.

mod admin;
mod client;
mod compare;
mod drive;
mod fixture;
mod floor;
mod histogram;
mod keys;
mod mint;
mod nodes;
mod page;
mod plan;
mod process;
mod rounds;
mod run;
mod scale;
mod signatures;
mod starts;
mod table;

use std::process::ExitCode;

use bench::options::Options;
use bench::{clock, cluster, facts, http, master_key, options, paste, usage};

const HELP: &str = "\
bench run [--floor-only]
    floor and mint with RS256: cost, speed, memory, starts
bench es256
    floor and mint with ES256
bench assertions
    floor and mint whose client signs an assertion for every token (private_key_jwt)
bench introspection
    a server on one core that is asked about a token, and a floor that only verifies
bench scale [--servers 10000] [--apps 100000]
    many authorization servers, and many apps, against one
bench nodes
    one, two and three nodes on one PostgreSQL, which it starts

    Each measures, and prints a table in Markdown. All take
    --binary FILE  the server (default: target/release/tokenmint)
    --multiply FILE  what fills in copies for `scale` (default: target/release/examples/multiply)
    --seconds N    how long a round is measured
    --rounds N     how many rounds count
    --connections N
    --data DIR     where servers keep their data (default: beside this program)
    --write FILE   also replaces what FILE has between the markers of the part
    --check        exits with 1 when an aim is missed

bench floor [--listen 127.0.0.1:0] [--algorithm RS256|ES256] [--verify KEY]
    the floor: a bare HTTP server that reads the form, signs once per request and answers; with --verify it verifies
    the request's assertion (RS256) before; at …/introspect it verifies its own token and answers

bench drive ADDRESS PLAN [--connections 64] [--warm 1] [--seconds 5] [--pid N] [--expect TEXT] [--once]
    sends the requests of a plan in turn; prints one line of JSON

bench paste NAME FILE
    replaces what FILE has between its NAME markers with what comes on stdin";

/// What every measuring command takes.
const MEASURING: [&str; 7] = ["binary", "seconds", "rounds", "connections", "data", "write", "multiply"];

fn main() -> ExitCode {
    options::dispatched("bench", dispatch)
}

fn dispatch(command: &str, arguments: &[String]) -> Result<ExitCode, String> {
    let measuring =
        |more: &[&str]| Options::parse(arguments, &[&MEASURING, more].concat(), &["floor-only", "check"]);
    match command {
        "run" => return run::run(&measuring(&[])?),
        "es256" => return signatures::es256(&measuring(&[])?),
        "assertions" => return signatures::assertions(&measuring(&[])?),
        "introspection" => return signatures::introspection(&measuring(&[])?),
        "scale" => return scale::run(&measuring(&["servers", "apps"])?),
        "nodes" => return nodes::run(&measuring(&[])?),
        "floor" => floor::serve(&Options::parse(arguments, &["listen", "algorithm", "verify"], &[])?)?,
        "drive" => {
            let names = ["connections", "warm", "seconds", "pid", "expect"];
            drive::drive(&Options::parse(arguments, &names, &["once"])?)?;
        }
        "paste" => paste::from_stdin(&Options::parse(arguments, &[], &[])?)?,
        "" | "help" | "--help" | "-h" => println!("{HELP}"),
        other => return Err(format!("no command `{other}`\n\n{HELP}")),
    }
    Ok(ExitCode::SUCCESS)
}

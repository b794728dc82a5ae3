//! `faults`: does to the running program what the world does to it, and judges what it promised. Owns the sub-commands;
//! docs/reliability.md says what is promised and how it is checked.

mod bad_wire;
mod check;
mod cluster;
mod connection;
mod figures;
mod history;
mod jwt;
mod leaks;
mod node;
mod random;
mod raw;
mod record;
mod report;
mod rows;
mod scratch;
mod site;
mod slow;
mod small_disk;
mod steward;
mod survey;
mod turns;
mod workload;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use bench::clock;
use bench::options::{self, Options};

use history::History;
use report::Line;
use rows::{Finding, ROWS, Row};
use site::Context;
use turns::Turns;

/// How many rows work at once in the short form.
const SIDE_BY_SIDE: usize = 3;

const HELP: &str = "\
faults run [ROW …] [--long] [--seed 1] [--binary target/debug/tokenmint] [--mortal PROGRAM] [--data DIR] [--write FILE]
    makes the faults of these rows, or of all, and judges what came of them; exits with 1 if anything did not hold
    --long        as often as a release asks for; without it, as often as a test may take
    --seed N      determines the load and the moments
    --mortal P    the program with kill points (default: `tokenmint-with-kill-points` beside the binary)
    --data DIR    where runs may write (default: the system's directory for temporary files)
    --keep        leaves every history where it was written, also those that held
    --write FILE  also writes the table between the `faults` markers of FILE

faults replay FILE
    judges a history once more: `faults run` says where it left one that did not hold

faults rows
    says which rows there are";

fn main() -> ExitCode {
    options::dispatched("faults", dispatch)
}

fn dispatch(command: &str, arguments: &[String]) -> Result<ExitCode, String> {
    match command {
        "run" => {
            let names = ["seed", "binary", "mortal", "data", "write"];
            run(&Options::parse(arguments, &names, &["long", "keep"])?)
        }
        "replay" => replay(&Options::parse(arguments, &[], &[])?),
        "rows" => {
            for row in ROWS {
                println!("{:>2}  {}", row.number, row.fault);
            }
            Ok(ExitCode::SUCCESS)
        }
        "" | "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        other => Err(format!("no command `{other}`\n\n{HELP}")),
    }
}

fn run(options: &Options) -> Result<ExitCode, String> {
    let binary = PathBuf::from(options.text("binary").unwrap_or("target/debug/tokenmint"));
    if !binary.is_file() {
        return Err(format!("no `{}`: build it, or name another one with --binary", binary.display()));
    }
    let mortal = options
        .text("mortal")
        .map_or_else(|| binary.with_file_name("tokenmint-with-kill-points"), PathBuf::from);
    let parent = options.text("data").map_or_else(std::env::temp_dir, PathBuf::from);
    let context = Context {
        binary,
        mortal,
        parent,
        seed: options.get("seed", 1)?,
        is_long: options.has("long"),
        keeps: options.has("keep"),
        turns: Arc::new(Turns::new(SIDE_BY_SIDE)),
    };
    let lines = run_all(&chosen(options)?, &context);
    let held = lines.iter().all(Line::held);
    if let Some(page) = options.text("write") {
        report::write(Path::new(page), lines)?;
    }
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// In the short form rows are run side by side, those that take longest first; those that measure have the machine for
/// themselves.
fn run_all(rows: &[&'static Row], context: &Context) -> Vec<Line> {
    let (alone, mut others): (Vec<&'static Row>, Vec<_>) =
        rows.iter().copied().partition(|row| context.is_long || !row.is_sociable());
    others.sort_by_key(|row| row.turn());
    let mut lines: Vec<Line> = thread::scope(|scope| {
        let begun = others.into_iter().map(|row| {
            context.turns.take();
            scope.spawn(move || {
                let line = run_one(row, context);
                context.turns.give_back();
                line
            })
        });
        let begun: Vec<_> = begun.collect();
        begun.into_iter().filter_map(|row| row.join().ok()).collect()
    });
    lines.extend(alone.into_iter().map(|row| run_one(row, context)));
    lines
}

/// The rows that were asked for.
fn chosen(options: &Options) -> Result<Vec<&'static Row>, String> {
    let mut rows = Vec::new();
    while let Ok(name) = options.argument(rows.len(), "ROW") {
        let row = ROWS.iter().find(|row| row.number.to_string() == name);
        rows.push(row.ok_or_else(|| format!("no row `{name}`; `faults rows` lists them"))?);
    }
    Ok(if rows.is_empty() { ROWS.iter().collect() } else { rows })
}

fn run_one(row: &'static Row, context: &Context) -> Line {
    let form = context.pick("short", "long");
    println!("row {}: {} ({form}, seed {})", row.number, row.fault, context.seed);
    let begun = clock::now();
    let finding = (row.run)(context).unwrap_or_else(Finding::failed);
    for violation in finding.violations.iter().take(20) {
        println!("row {}: VIOLATED {violation}", row.number);
    }
    for failure in &finding.failures {
        println!("row {}: VIOLATED {failure}", row.number);
    }
    let seconds = begun.elapsed().as_secs_f64();
    match &finding.skipped {
        Some(why) => println!("row {}: SKIPPED, because {why}", row.number),
        None if finding.held() => println!("row {}: held in {seconds:.0} s: {}", row.number, finding.said()),
        None => println!("row {}: did not hold ({seconds:.0} s): {}", row.number, finding.said()),
    }
    Line::of(row, &finding, form, context.seed)
}

fn replay(options: &Options) -> Result<ExitCode, String> {
    let path = options.argument(0, "FILE")?;
    let text = std::fs::read_to_string(path).map_err(|error| format!("`{path}`: {error}"))?;
    let violations = check::check(&History::parse(&text)?);
    for violation in &violations {
        println!("VIOLATED {violation}");
    }
    println!("{} violations", violations.len());
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

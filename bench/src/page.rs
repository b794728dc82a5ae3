//! A part of the page: its aims, its text, when and on what it was measured; printed, and written between the markers of
//! its name.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::options::Options;
use crate::process::Scratch;
use crate::table::{self, Aim};
use crate::{facts, paste};

/// What a part found out.
pub struct Part {
    pub aims: Vec<Aim>,
    pub text: String,
}

/// Runs one part in a directory of its own, prints what it found and, if asked to, writes and judges.
pub fn run(
    options: &Options,
    name: &str,
    measure: impl FnOnce(&Path) -> Result<Part, String>,
) -> Result<ExitCode, String> {
    let load_before = facts::load();
    let when = facts::today();
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = program.parent().unwrap_or(Path::new(".")).to_owned();
    let scratch = Scratch::new(&options.text("data").map_or(beside, PathBuf::from))?;
    let Part { aims, text } = measure(scratch.path())?;
    let mut page = if aims.is_empty() { String::new() } else { format!("{}\n", table::aims(&aims)) };
    page.push_str(&text);
    page.extend(["\nMeasured on ", &when, "; load in the minute before: ", &load_before, ".\n"]);
    println!("{page}");
    if let Some(file) = options.text("write") {
        paste::into_file(Path::new(file), name, &page)?;
    }
    let failed = options.has("check") && table::misses(&aims) > 0;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

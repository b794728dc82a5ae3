//! Checks that no compiler makes: `cargo run -p xtask -- tidy`. Owns the commands; each check is a file of `checks`.

mod checks;
mod finding;
mod manifest;
mod source;
mod tree;

use std::process::ExitCode;

use tree::Tree;

const HELP: &str = "\
cargo run -p xtask -- tidy
    looks at every file that git knows or would add: the order of the crates, the absences of ARCHITECTURE.md, the
    shape of files, the paths that the documents name. Prints `file:line: what is wrong`; exits with 1 if anything is";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy(),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("xtask: no command `{}`\n\n{HELP}", other.join(" "));
            ExitCode::from(2)
        }
    }
}

fn tidy() -> ExitCode {
    let tree = match Tree::read() {
        Ok(tree) => tree,
        Err(message) => {
            eprintln!("xtask: {message}");
            return ExitCode::from(2);
        }
    };
    let findings = checks::all(&tree);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("tidy: {} files, nothing to say", tree.files().count()),
        count => println!("tidy: {count} to put right"),
    }
    ExitCode::from(u8::from(!findings.is_empty()))
}

//! `--help` of every command, whole: people learn the program from it. The texts lie in `snapshots/`;
//! `TOKENMINT_BLESS=1 cargo test -p server --test shell help` writes them anew: read the difference before it is kept.

use std::path::PathBuf;
use std::process::Stdio;

use crate::program::tokenmint;

const COMMANDS: [&[&str]; 17] = [
    &[],
    &["serve"],
    &["doctor"],
    &["backup"],
    &["restore"],
    &["key"],
    &["key", "generate"],
    &["key", "rewrap"],
    &["api-token"],
    &["api-token", "create"],
    &["api-token", "list"],
    &["api-token", "revoke"],
    &["preview"],
    &["test"],
    &["export"],
    &["apply"],
    &["completions"],
];

fn help(command: &[&str]) -> String {
    let arguments = [command, &["--help"]].concat();
    let output = tokenmint(&arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_help_of_every_command_is_what_its_snapshot_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/shell/snapshots");
    let bless = std::env::var("TOKENMINT_BLESS").is_ok_and(|bless| bless == "1");
    for command in COMMANDS {
        let file = folder.join(format!("{}.txt", [&["tokenmint"], command].concat().join("-")));
        let text = help(command);
        if bless {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, kept, "{}", file.display());
    }
}

#[test]
fn the_help_of_every_command_shows_how_to_use_it() {
    let known: Vec<&str> = COMMANDS.iter().filter_map(|command| command.last().copied()).collect();
    let mut commands = crate::operator::commands(&[]);
    commands.sort();
    let mut listed: Vec<String> = known.iter().map(|name| (*name).to_owned()).collect();
    listed.sort();
    assert_eq!(commands, listed, "the list above names every command");
    for command in COMMANDS {
        let text = help(command);
        let line = [&["tokenmint"], command].concat().join(" ");
        let examples =
            text.lines().filter(|shown| shown.trim_start().contains(&line) && !shown.contains("Usage:"));
        assert!(examples.count() > 0, "{line} shows no example:\n{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{line} is too wide:\n{text}");
    }
    for command in ["serve", "doctor", "backup", "restore", "preview", "test"] {
        assert!(help(&[command]).contains("Exit codes: 0 "), "{command}");
    }
}

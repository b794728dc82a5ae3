//! The shape of files: a first line that says what a file is, a size that one can read, no stray blanks.

use crate::finding::Finding;
use crate::tree::{Tree, has_extension};

const LINES_MAX: usize = 1_000;
/// The texts that people write.
const WRITTEN: &[&str] = &["rs", "md", "toml", "sql", "mjs", "js", "ts", "sh", "yml", "yaml"];

/// Every file that people write.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let is_written = |path: &str| {
        WRITTEN.iter().any(|extension| has_extension(path, extension))
            || path == "Makefile"
            || path == ".ci/run"
    };
    tree.files()
        .filter(|(path, _)| is_written(path))
        .flat_map(|(path, text)| check_file(path, text))
        .collect()
}

fn check_file(path: &str, text: &str) -> Vec<Finding> {
    let is_rust = has_extension(path, "rs");
    let mut findings = Vec::new();
    if is_rust && !text.starts_with("//!") {
        let message =
            "the file does not begin with `//!`: say in its first line what it owns, and what it leaves out";
        findings.push(Finding::new(path, 1, message));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        let message =
            format!("{lines} lines are more than one can read at once ({LINES_MAX}): part the file by idea");
        findings.push(Finding::new(path, LINES_MAX + 1, message));
    }
    for (number, line) in (1..).zip(text.lines()) {
        if line.ends_with([' ', '\t']) {
            findings.push(Finding::new(path, number, "blanks at the end of the line: take them away"));
        }
        if is_rust && line.contains('\t') {
            findings.push(Finding::new(path, number, "a tab: write four spaces, or `\\t` in a text"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::said;

    #[test]
    fn a_file_says_what_it_is_and_has_a_size_one_can_read() {
        assert!(said(check, &[("a.rs", "//! A.\n")]).is_empty());
        assert!(said(check, &[("a.rs", "fn a() {}\n")])[0].starts_with("a.rs:1: the file does not begin"));
        let long = format!("//! A.\n{}", "\n".repeat(1_000));
        assert!(said(check, &[("a.rs", &long)])[0].starts_with("a.rs:1001: 1001 lines"));
        assert!(said(check, &[("Cargo.lock", &"\n".repeat(2_000))]).is_empty());
    }

    #[test]
    fn stray_blanks_are_found() {
        assert_eq!(
            said(check, &[("a.md", "a \nb\n")]),
            ["a.md:1: blanks at the end of the line: take them away"]
        );
        assert_eq!(said(check, &[("a.rs", "//! A.\n\tb\n")]).len(), 1);
        assert!(said(check, &[("Makefile", "a:\n\tb\n")]).is_empty());
    }
}

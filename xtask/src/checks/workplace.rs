//! Nothing in the project depends on the machine that it was written on: no absolute path of one, no private registry.

use crate::finding::Finding;
use crate::tree::Tree;

/// This file, which has to name what it looks for.
const OURSELVES: &str = "xtask/src/checks/workplace.rs";
/// The beginnings of paths that are somebody's machine.
const MACHINE: &[&str] = &["/work/", "/root/", "/home/", "/Users/"];
/// Where `Cargo.lock` may take packages from: cargo's name of the default registry, whatever serves it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Every text file.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let files = tree.files().filter(|(path, _)| *path != OURSELVES && *path != "LICENSE");
    files.flat_map(|(path, text)| check_file(path, text)).collect()
}

fn check_file(path: &str, text: &str) -> Vec<Finding> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for machine in MACHINE.iter().filter(|machine| names(line, machine)) {
            let message = format!("`{machine}…` is a path of one machine: write it relative to the project");
            findings.push(Finding::new(path, number, message));
        }
        let source = line.strip_prefix("source = ").map(|source| source.trim_matches('"'));
        if name == "Cargo.lock" && source.is_some_and(|source| source != REGISTRY) {
            findings.push(Finding::new(
                path,
                number,
                "not from the default registry: depend on a published version",
            ));
        }
        if name == "package-lock.json" && line.trim_start().starts_with("\"resolved\"") {
            let message = "`resolved` names a host: take these lines away (`npm install --omit-lockfile-registry-resolved`)";
            findings.push(Finding::new(path, number, message));
        }
    }
    findings
}

/// Whether `line` names an absolute path: a longer one may hold the same letters (`crates/work/`).
fn names(line: &str, machine: &str) -> bool {
    let is_inner =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '$' | '~' | '/');
    line.match_indices(machine).any(|(at, _)| !line[..at].ends_with(is_inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::said;

    #[test]
    fn no_file_names_a_machine() {
        assert_eq!(said(check, &[("a.md", "x\nsee /root/y")]).len(), 1);
        assert_eq!(said(check, &[("tests/a.mjs", "open('/home/me/x')")]).len(), 1);
        for text in ["crates/work/a", "https://a.example/work/b", "$DIR/root/x", "/api/v1/work/"] {
            assert!(said(check, &[("a.md", text)]).is_empty(), "{text}");
        }
    }

    #[test]
    fn lock_files_name_no_host() {
        let fine = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        assert!(said(check, &[("Cargo.lock", fine)]).is_empty());
        assert_eq!(said(check, &[("Cargo.lock", "source = \"git+https://a.example/b\"\n")]).len(), 1);
        let found =
            said(check, &[("tests/package-lock.json", "{\n  \"resolved\": \"https://a.example/b.tgz\"\n}")]);
        assert!(found[0].starts_with("tests/package-lock.json:2: `resolved` names a host"), "{found:?}");
    }
}

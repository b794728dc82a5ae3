//! Kill points are for fault runs: no manifest turns their feature on, so that whoever builds the program gets none.

use crate::finding::Finding;
use crate::tree::Tree;

const FEATURE: &str = "kill-points";

/// Every manifest: the feature may be defined there, and be passed on under its own name.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with("Cargo.toml")) {
        for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| text.contains(FEATURE)) {
            let key = text.split('=').next().unwrap_or_default().trim();
            let is_a_place_of_its_own = key == FEATURE || key == "required-features" || key == "name";
            if !is_a_place_of_its_own && !text.trim_start().starts_with('#') {
                let message =
                    "this turns kill points on: name the feature on the command line of a fault run only";
                findings.push(Finding::new(path, line, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::said;

    #[test]
    fn no_manifest_turns_kill_points_on() {
        for (line, fine) in [
            ("kill-points = [\"store/kill-points\"]", true),
            ("required-features = [\"kill-points\"]", true),
            ("# kill-points are never on", true),
            ("default = [\"kill-points\"]", false),
            ("store = { path = \"../store\", features = [\"kill-points\"] }", false),
        ] {
            assert_eq!(said(check, &[("crates/server/Cargo.toml", line)]).is_empty(), fine, "{line}");
        }
    }
}

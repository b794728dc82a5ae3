//! One file per check. Each takes the tree and says what is to be put right.

mod absences;
mod crate_order;
mod decisions;
mod filled;
mod kill_points;
mod paths;
mod shape;
mod workplace;

use crate::finding::Finding;
use crate::tree::Tree;

/// Everything that is to be put right, in the order of the files.
pub fn all(tree: &Tree) -> Vec<Finding> {
    let checks = [
        crate_order::check,
        absences::check,
        shape::check,
        paths::check,
        workplace::check,
        decisions::check,
        filled::check,
        kill_points::check,
    ];
    let mut findings: Vec<Finding> = checks.iter().flat_map(|check| check(tree)).collect();
    findings.sort();
    findings.dedup();
    findings
}

/// What the findings of `check` over `files` read like.
#[cfg(test)]
fn said(check: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
    check(&Tree::of(files)).iter().map(ToString::to_string).collect()
}

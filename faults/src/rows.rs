//! The table of faults: what each row does to the nodes, in a file of its own. Owns the list and how one row is run.

mod clocks;
mod cold_start;
mod cost;
mod database_killed;
mod disk_full;
mod kill_points;
mod lost_answers;
mod migrations;
mod over_wires;
mod oversize;
mod partition;
mod random_kills;
mod restores;
mod rolling;
mod rotation;
mod serialization;
mod slow_clients;
mod slow_database;

use crate::check::Violation;
use crate::site::{Context, Judged, sent_calls, unknown_calls};

/// A row.
#[derive(Debug)]
pub struct Row {
    /// Its number in docs/reliability.md.
    pub number: u8,
    /// What is done to the nodes.
    pub fault: &'static str,
    /// What must hold besides the invariants.
    pub criterion: &'static str,
    /// Does it.
    pub run: fn(&Context) -> Result<Finding, String>,
}

/// Every row that can be run.
pub const ROWS: &[Row] = &[
    kill_points::ROW,
    random_kills::ROW,
    disk_full::ROW,
    restores::ROW,
    database_killed::ROW,
    partition::ROW,
    slow_database::ROW,
    serialization::ROW,
    lost_answers::ROW,
    clocks::ROW,
    rotation::ROW,
    cold_start::ROW,
    rolling::ROW,
    migrations::ROW,
    slow_clients::ROW,
    oversize::ROW,
    cost::ROW,
];

/// The rows that take longest in the short form: they wait for the log, or start nodes again and again. They begin first, so
/// that others are run beside them.
const LONG: &[u8] = &[12, 15, 16, 7, 1];
/// The rows that measure times or cost, and so need the machine for themselves.
const MEASURING: &[u8] = &[24, 25, 28];

impl Row {
    /// Whether it may be run beside others.
    pub fn is_sociable(&self) -> bool {
        !MEASURING.contains(&self.number)
    }

    /// When it begins, among those that are run side by side.
    pub fn turn(&self) -> usize {
        LONG.iter().position(|number| *number == self.number).unwrap_or(LONG.len())
    }
}

/// What a row found.
#[derive(Debug, Default)]
pub struct Finding {
    /// What did not hold.
    pub violations: Vec<Violation>,
    /// What else did not come out as it must.
    pub failures: Vec<String>,
    /// Figures for the table.
    pub figures: Vec<String>,
    /// Why it was not run.
    pub skipped: Option<String>,
    /// How many calls, and calls of unknown outcome, it is made of.
    calls: usize,
    unknown: usize,
}

impl Finding {
    /// A row that cannot be run here.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self { skipped: Some(why.into()), ..Self::default() }
    }

    /// A row that came to no end.
    pub fn failed(why: String) -> Self {
        Self { failures: vec![why], ..Self::default() }
    }

    /// Adds what a run came to.
    pub fn add(&mut self, judged: Judged) {
        self.calls += sent_calls(&judged.history);
        self.unknown += unknown_calls(&judged.history);
        if let Some(kept) = &judged.kept {
            self.failures.push(format!("the history is in {}", kept.display()));
        }
        self.violations.extend(judged.violations);
    }

    /// Notes what did not come out as it must.
    pub fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.failures.push(what());
        }
    }

    /// Adds a figure.
    pub fn figure(&mut self, text: impl Into<String>) {
        self.figures.push(text.into());
    }

    /// Whether everything held.
    pub fn held(&self) -> bool {
        self.violations.is_empty() && self.failures.is_empty()
    }

    /// What it is made of, and its figures.
    pub fn said(&self) -> String {
        let mut parts = Vec::new();
        if self.calls > 0 {
            parts.push(format!("{} calls, {} of unknown outcome", self.calls, self.unknown));
        }
        parts.extend(self.figures.iter().cloned());
        parts.join("; ")
    }
}

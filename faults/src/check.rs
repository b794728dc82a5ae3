//! Judges a history by the invariants. It knows nothing but the history: so a run can be judged again, and a forged history
//! can show that a broken invariant is seen. Each invariant is a file of `check`. I2 and I3 get theirs with codes and refresh
//! tokens; what goes on without a store (I9) is judged by the rows that take it away.

mod alive;
mod durable;
mod ended;
mod fail_closed;
#[cfg(test)]
mod forged;
mod logged;
mod restored;
mod secret;
mod unique;
mod verified;

use std::fmt;

use crate::history::History;

/// An invariant, with its number in docs/reliability.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// I1: what was acknowledged is there after recovery.
    Durable,
    /// I4: what was ended has ended on every node within a second.
    Ended,
    /// I5: every token verifies at a resource server that keeps keys as long as it may.
    Verified,
    /// I6: whoever must get no token gets none.
    FailClosed,
    /// I7: each acknowledged change has one event, in order; no event is of a change that was not made.
    Logged,
    /// I8: no secret stands where it must not.
    Secret,
    /// I10: no id is given out twice.
    Unique,
    /// I11: the nodes serve at the rate of before, by themselves.
    Alive,
}

impl Invariant {
    /// Its number.
    pub const fn number(self) -> &'static str {
        match self {
            Self::Durable => "I1",
            Self::Ended => "I4",
            Self::Verified => "I5",
            Self::FailClosed => "I6",
            Self::Logged => "I7",
            Self::Secret => "I8",
            Self::Unique => "I10",
            Self::Alive => "I11",
        }
    }
}

/// An invariant that did not hold, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant.number(), self.what)
    }
}

/// What one file of `check` does.
type Check = fn(&History) -> Vec<String>;

/// Everything that did not hold.
pub fn check(history: &History) -> Vec<Violation> {
    let checks: [(Invariant, Check); 8] = [
        (Invariant::Durable, durable::check),
        (Invariant::Ended, ended::check),
        (Invariant::Verified, verified::check),
        (Invariant::FailClosed, fail_closed::check),
        (Invariant::Logged, logged::check),
        (Invariant::Secret, secret::check),
        (Invariant::Unique, unique::check),
        (Invariant::Alive, alive::check),
    ];
    let judged = checks.iter().flat_map(|(invariant, check)| {
        check(history).into_iter().map(|what| Violation { invariant: *invariant, what })
    });
    judged.collect()
}

pub use alive::{is_recovered, recovery};
pub use restored::restored;

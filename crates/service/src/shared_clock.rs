//! The time that all nodes of a store share: the database's clock, and how far this node's own is from it. Owns when that
//! is too far. Leaves out who asks the database ([`crate::Tenant::follow`]).
//!
//! What one node writes down with a time is looked for by others by time, so such times are of the clock that all share.
//! What a token says of time is of the node's own clock: a node that is too far from the others mints none.

use std::sync::atomic::{AtomicI64, Ordering};

use model::Timestamp;

use crate::failure::Fault;

/// How far a node's clock may be from the database's. Two nodes are then at most twice as far from each other.
pub const APART_MAX_MILLISECONDS: i64 = 60_000;
/// How often a clock that is too far off is told of.
const ALARM_MILLISECONDS: i64 = 60_000;
/// It was not told of yet.
const NEVER: i64 = i64::MIN;

/// How far this node's clock is from the one that all share.
#[derive(Debug)]
pub struct SharedClock {
    ahead: AtomicI64,
    alarmed: AtomicI64,
}

impl SharedClock {
    /// Not compared yet, and taken to be right: for a store of one process that is so for ever.
    pub(crate) const fn new() -> Self {
        Self { ahead: AtomicI64::new(0), alarmed: AtomicI64::new(NEVER) }
    }

    /// The shared clock said `theirs` at some moment between `asked` and `answered` of this node's.
    pub fn compare(&self, asked: Timestamp, theirs: Timestamp, answered: Timestamp) {
        let middle = i64::midpoint(asked.milliseconds(), answered.milliseconds());
        let ahead = middle.saturating_sub(theirs.milliseconds());
        self.ahead.store(ahead, Ordering::Release);
        self.alarm(answered.milliseconds());
    }

    /// By how many milliseconds this node's clock is ahead; negative where it is behind.
    pub fn ahead_milliseconds(&self) -> i64 {
        self.ahead.load(Ordering::Acquire)
    }

    /// A time of this node's clock, in the time that all share.
    pub fn shared(&self, own: Timestamp) -> Timestamp {
        own.plus_milliseconds(self.ahead_milliseconds().saturating_neg())
    }

    /// A fault that passes, if this node's clock is too far from the others'.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let ahead = self.ahead_milliseconds();
        if is_apart(ahead) { Err(Fault::unavailable(sentence(ahead))) } else { Ok(()) }
    }

    /// Tells the log when the clock goes wrong, now and then while it is, and when it is right again.
    fn alarm(&self, now: i64) {
        let (ahead, alarmed) = (self.ahead_milliseconds(), self.alarmed.load(Ordering::Relaxed));
        if !is_apart(ahead) {
            if alarmed != NEVER {
                self.alarmed.store(NEVER, Ordering::Relaxed);
                tracing::warn!("this node's clock agrees with the database's again");
            }
        } else if alarmed == NEVER || now.abs_diff(alarmed) >= ALARM_MILLISECONDS.unsigned_abs() {
            self.alarmed.store(now, Ordering::Relaxed);
            tracing::error!(
                "{}; it gives out and judges no tokens: check its time synchronization",
                sentence(ahead)
            );
        }
    }
}

const fn is_apart(ahead: i64) -> bool {
    ahead.unsigned_abs() > APART_MAX_MILLISECONDS.unsigned_abs()
}

fn sentence(ahead: i64) -> String {
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    format!("this node's clock is {} s {direction} the database's", ahead.unsigned_abs() / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_a_minute_off_in_either_direction() {
        let at = Timestamp::from_milliseconds;
        for (theirs, is_right) in [
            (1_000_000, true),
            (1_060_000, true),
            (1_060_001, false),
            (940_000, true),
            (939_999, false),
            (1_000_000 - 3_600_000, false),
            (1_000_000 + 3_600_000, false),
        ] {
            let clock = SharedClock::new();
            clock.check().expect("nothing is known against it");
            clock.compare(at(1_000_000), at(theirs), at(1_000_000));
            assert_eq!(clock.check().is_ok(), is_right, "{theirs}");
            assert_eq!(clock.shared(at(1_000_500)), at(theirs + 500), "what all share is theirs");
        }
    }

    #[test]
    fn the_answer_is_taken_for_the_time_in_the_middle() {
        let at = Timestamp::from_milliseconds;
        let clock = SharedClock::new();
        clock.compare(at(10_000), at(10_300), at(10_600));
        assert_eq!(clock.ahead_milliseconds(), 0);
        clock.compare(at(100_000), at(10_000), at(100_200));
        assert_eq!(clock.ahead_milliseconds(), 90_100);
        assert_eq!(
            clock.check().expect_err("it is far off").to_string(),
            "this node's clock is 90 s ahead of the database's"
        );
        clock.compare(at(10_000), at(100_000), at(10_000));
        assert_eq!(
            clock.check().expect_err("it is far off").to_string(),
            "this node's clock is 90 s behind the database's"
        );
        clock.compare(at(10_000), at(10_000), at(10_000));
        clock.check().expect("it is right again");
    }
}

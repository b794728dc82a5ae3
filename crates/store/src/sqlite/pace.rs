//! When the writer waits a moment before it begins, so that more batches share one fsync.
//! Leaves out the transaction itself.
//!
//! A commit costs some sixty microseconds of processor time however little is in it. With many committers it pays to
//! wait until several batches lie ready; with one or two it only makes them slow. How many there are is not known, so
//! the writer tries: now and then, while it is busy, it waits once, and goes on waiting for as long as that brings
//! enough batches together.

use std::time::{Duration, Instant};

/// How long a wait is.
const WAIT: Duration = Duration::from_micros(1_500);
/// So many batches in one transaction are worth a wait.
const WORTH: usize = 4;
/// A busy writer tries a wait after so many transactions without one.
const TRY_AFTER: u32 = 32;
/// A writer that began its last transaction longer ago is not busy.
const BUSY_WITHIN: Duration = Duration::from_millis(4);

/// Whether waits pay at the moment.
#[derive(Debug)]
pub(super) struct Pace {
    pays: bool,
    without: u32,
    begun: Option<Instant>,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self { pays: false, without: 0, begun: None }
    }

    /// How long to wait now, before a transaction begins.
    pub(super) fn wait(&mut self, now: Instant) -> Option<Duration> {
        let since = self.begun.map(|begun| now.saturating_duration_since(begun));
        let busy = since.is_some_and(|since| since < BUSY_WITHIN);
        if !busy {
            self.pays = false;
            self.without = 0;
        }
        self.begun = Some(now);
        (busy && (self.pays || self.without >= TRY_AFTER)).then_some(WAIT)
    }

    /// What came of a transaction that held `batches`.
    pub(super) fn learn(&mut self, waited: bool, batches: usize) {
        if waited {
            self.pays = batches >= WORTH;
            self.without = 0;
        } else {
            self.without = self.without.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `count` transactions of a busy writer that finds `batches` after a wait and one without; says how many waited.
    fn waits(count: u32, batches: usize) -> u32 {
        #[expect(clippy::disallowed_methods, reason = "any instant will do, to count from")]
        let start = Instant::now();
        let mut pace = Pace::new();
        (0..count)
            .filter(|turn| {
                let waited = pace.wait(start + Duration::from_millis(1) * *turn).is_some();
                pace.learn(waited, if waited { batches } else { 1 });
                waited
            })
            .count()
            .try_into()
            .unwrap()
    }

    #[test]
    fn a_busy_writer_goes_on_waiting_while_it_pays_and_only_tries_otherwise() {
        assert_eq!(waits(1_000, 10), 1_000 - TRY_AFTER);
        assert!((1_000 / (TRY_AFTER + 1)).abs_diff(waits(1_000, 2)) <= 1);
    }

    #[test]
    fn an_idle_writer_never_waits() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do, to count from")]
        let start = Instant::now();
        let mut pace = Pace::new();
        for turn in 0..1_000 {
            assert_eq!(pace.wait(start + BUSY_WITHIN * turn), None);
            pace.learn(false, 1);
        }
    }
}

//! Where new ids come from: time that never repeats in this process, and randomness against other processes.

use std::sync::atomic::{AtomicU64, Ordering};

use model::Timestamp;
use model::id::IdSeed;

/// Makes the seeds of new ids. Two ids of one process sort in the order in which they were made, even if the clock
/// stands still or steps back.
#[derive(Debug, Default)]
pub struct IdSource {
    last_tick: AtomicU64,
}

impl IdSource {
    /// The seed of a new id.
    pub fn next(&self, now: Timestamp) -> IdSeed {
        let tick_now = IdSeed::tick_at(now);
        let next = |last: u64| Some(tick_now.max(last.saturating_add(1)));
        let last =
            self.last_tick.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        IdSeed { tick: tick_now.max(last.saturating_add(1)), random: jose::random_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use model::ScopeId;

    use super::*;

    #[test]
    fn ids_made_in_one_millisecond_keep_their_order() {
        let ids = IdSource::default();
        let now = Timestamp::from_seconds(1_794_000_000);
        let made: Vec<_> = (0..1_000).map(|_| ScopeId::mint(ids.next(now))).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        let earlier = ScopeId::mint(ids.next(Timestamp::from_seconds(1_793_000_000)));
        assert!(made.last() < Some(&earlier), "a clock that steps back does not reorder ids");
    }
}

//! What is counted while requests are answered. Owns the counters, which are plain atomics: counting takes no lock, no
//! allocation and no name. Leaves out where it is counted (`front`, `listen`, `oauth::token`) and showing it (`metrics`).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The upper ends of the ranges of time that requests are counted in, in microseconds; the last range has no end.
pub const RANGES_MICROSECONDS: [u64; 13] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000];

/// Refusals are told apart by at most so many reasons; there are about thirty.
const REASONS_MAX: usize = 64;

/// What the whole server counts beside its routes.
#[derive(Debug, Default)]
pub struct Meters {
    /// Open connections.
    pub connections: Level,
    /// Answers of the token endpoints.
    pub tokens: TokenMeter,
}

/// How many of something there are now.
#[derive(Debug, Default)]
pub struct Level(AtomicUsize);

/// One of them; given back when it is dropped.
#[derive(Debug)]
pub struct Raised<'a>(&'a Level);

impl Level {
    /// One more.
    pub fn raise(&self) -> Raised<'_> {
        self.0.fetch_add(1, Relaxed);
        Raised(self)
    }

    /// How many.
    pub fn get(&self) -> usize {
        self.0.load(Relaxed)
    }
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Relaxed);
    }
}

/// The requests of one route.
#[derive(Debug, Default)]
pub struct RouteMeter {
    classes: [AtomicU64; 5],
    ranges: [AtomicU64; RANGES_MICROSECONDS.len() + 1],
    microseconds: AtomicU64,
}

impl RouteMeter {
    /// Counts one answer with this status that took this long.
    pub fn count(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let range = RANGES_MICROSECONDS.partition_point(|end| *end < took);
        self.classes[class].fetch_add(1, Relaxed);
        self.ranges[range].fetch_add(1, Relaxed);
        self.microseconds.fetch_add(took, Relaxed);
    }

    /// Answers by the first digit of their status, from 1.
    pub fn classes(&self) -> [u64; 5] {
        std::array::from_fn(|class| self.classes[class].load(Relaxed))
    }

    /// Answers by the time that they took: each range by itself.
    pub fn ranges(&self) -> [u64; RANGES_MICROSECONDS.len() + 1] {
        std::array::from_fn(|range| self.ranges[range].load(Relaxed))
    }

    /// The time of all answers together.
    pub fn microseconds(&self) -> u64 {
        self.microseconds.load(Relaxed)
    }
}

/// What the token endpoints answered.
#[derive(Debug)]
pub struct TokenMeter {
    granted: AtomicU64,
    refused: [Reason; REASONS_MAX],
}

#[derive(Debug, Default)]
struct Reason {
    name: OnceLock<&'static str>,
    count: AtomicU64,
}

impl Default for TokenMeter {
    fn default() -> Self {
        Self { granted: AtomicU64::default(), refused: std::array::from_fn(|_| Reason::default()) }
    }
}

impl TokenMeter {
    /// Counts a token.
    pub fn grant(&self) {
        self.granted.fetch_add(1, Relaxed);
    }

    /// Counts a refusal. The first of a reason takes the next free place, which is then the reason's for good.
    pub fn refuse(&self, reason: &'static str) {
        if let Some(place) = self.refused.iter().find(|place| *place.name.get_or_init(|| reason) == reason) {
            place.count.fetch_add(1, Relaxed);
        }
    }

    /// Tokens granted.
    pub fn granted(&self) -> u64 {
        self.granted.load(Relaxed)
    }

    /// Refusals by reason.
    pub fn refused(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.refused.iter().map_while(|place| Some((*place.name.get()?, place.count.load(Relaxed))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_once_by_its_status_and_its_time() {
        let meter = RouteMeter::default();
        for (status, microseconds) in [(200, 250), (204, 251), (404, 0), (503, 60_000_000), (999, 1)] {
            meter.count(status, Duration::from_micros(microseconds));
        }
        assert_eq!(meter.classes(), [0, 2, 0, 1, 2]);
        let ranges = meter.ranges();
        assert_eq!((ranges[0], ranges[1], ranges[13]), (3, 1, 1));
        assert_eq!(ranges.iter().sum::<u64>(), 5);
        assert_eq!(meter.microseconds(), 60_000_502);
    }

    #[test]
    fn threads_share_the_places_of_reasons() {
        let meter = TokenMeter::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        for reason in ["a", "b", "c"] {
                            meter.refuse(reason);
                        }
                    }
                });
            }
        });
        let mut refused: Vec<_> = meter.refused().collect();
        refused.sort_unstable();
        assert_eq!(refused, [("a", 400), ("b", 400), ("c", 400)]);
    }

    #[test]
    fn a_level_falls_when_what_raised_it_is_gone() {
        let level = Level::default();
        let (one, two) = (level.raise(), level.raise());
        drop(one);
        assert_eq!(level.get(), 1);
        drop(two);
        assert_eq!(level.get(), 0);
    }
}

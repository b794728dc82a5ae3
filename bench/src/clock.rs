//! The one place of this crate that reads a clock: measuring time is what a benchmark is for.

use std::time::{Duration, Instant, SystemTime};

/// A moment to measure from.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; nothing here decides anything")]
pub fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970, for the floor's `iat` and `exp`.
#[expect(clippy::disallowed_methods, reason = "the floor stamps its tokens as the mint does")]
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Whole microseconds; a benchmark never lasts long enough to overflow them.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

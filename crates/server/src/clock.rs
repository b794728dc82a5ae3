//! The wall clock. Owns the one place of the whole program that reads it; everything else takes `now`.

use std::time::{SystemTime, UNIX_EPOCH};

use model::Timestamp;

/// The time now, in milliseconds since 1970 (0 on a machine whose clock stands before that).
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the only reader of the wall clock")]
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

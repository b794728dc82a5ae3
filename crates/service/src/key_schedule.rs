//! When the keys of a server change by themselves, and what verifiers may still rely on. Pure functions over the keys
//! and a time; why these times is in `docs/decisions/0008-keys.md`. Leaves out the changes (`admin::key`).

use model::Timestamp;
use model::authorization_server::{ROTATION_DAYS, RotationMode};
use model::key::KeyStatus;
use model::rule::ACCESS_TOKEN_MINUTES_MAX;

use crate::signing_key::KeyRecord;
use crate::snapshot::ServerEntry;

/// How long a verifier may go on with the keys that it read: the longest `max-age` that we give.
pub const CACHED_SECONDS_MAX: i64 = 3_600;
/// How much longer a key is published before it signs by itself: longer than the clocks of nodes differ, a change waits
/// for its turn and nodes take to hear of it.
const MARGIN_MILLISECONDS: i64 = 5 * 60_000;
/// How long an expired key stays published: until the last token that it may have signed has expired, and an hour more.
const EXPIRED_MILLISECONDS: i64 = (ACCESS_TOKEN_MINUTES_MAX as i64 * 60 + CACHED_SECONDS_MAX) * 1_000;

/// Whether every verifier that keeps to `max-age` has read `key` by now.
pub(crate) fn is_known(key: &KeyRecord, now: Timestamp) -> bool {
    key.created.plus_milliseconds(CACHED_SECONDS_MAX * 1_000) <= now
}

/// Whether nothing that the key signed can still be valid.
pub(crate) fn is_over(key: &KeyRecord, now: Timestamp) -> bool {
    end(key).is_some_and(|end| end < now)
}

/// Until when an expired key is published.
fn end(key: &KeyRecord) -> Option<Timestamp> {
    let retired = key.retired.filter(|_| key.status == KeyStatus::Expired);
    retired.map(|at| at.plus_milliseconds(EXPIRED_MILLISECONDS))
}

/// When a server rotates by itself; never, if an admin does that. A key of another algorithm signs as soon as verifiers
/// know it, any other when its time has come, and none before verifiers know it.
pub fn planned_rotation(entry: &ServerEntry) -> Option<Timestamp> {
    if entry.server.value.rotation_mode != RotationMode::Auto {
        return None;
    }
    let (active, next) = (entry.keys.active()?, entry.keys.next()?);
    let known = next.created.plus_milliseconds(CACHED_SECONDS_MAX * 1_000 + MARGIN_MILLISECONDS);
    if next.algorithm != active.algorithm {
        return Some(known);
    }
    Some(known.max(active.activated?.plus_days(ROTATION_DAYS)))
}

/// Whether a server that rotates by itself has to.
pub(crate) fn is_due(entry: &ServerEntry, now: Timestamp) -> bool {
    planned_rotation(entry).is_some_and(|at| at <= now)
}

/// When the published keys change next without anybody asking: a rotation, or the end of an expired key.
pub fn next_change(entry: &ServerEntry) -> Option<Timestamp> {
    let ends = entry.keys.iter().filter_map(|key| end(key));
    planned_rotation(entry).into_iter().chain(ends).min()
}

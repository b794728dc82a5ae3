//! Signing keys of a server: read and rotate.

use std::sync::Arc;

use model::Timestamp;
use model::event::{EventType, Target};
use model::key::KeyStatus;

use crate::admin::{Refusal, authorization_server, kind};
use crate::configuration::Asked;
use crate::failure::Failure;
use crate::signing_key::{KeyRecord, SigningKeys};
use crate::snapshot::ServerEntry;
use crate::tenant::Tenant;

/// How long an expired key stays published: the longest access token (24 hours), and an hour in which its JWKS may
/// have been cached.
const EXPIRED_MILLISECONDS: i64 = 25 * 3_600_000;

/// One key of a server.
pub fn get(server: &ServerEntry, kid: &str) -> Result<Arc<KeyRecord>, Refusal> {
    server.keys.find(kid).cloned().ok_or_else(|| Refusal::not_found(kid, kind::KEY))
}

/// Rotates: the active key expires, the next one becomes active, and a new next one is published. Signing switches
/// at once, because verifiers have known the next key from the start.
pub async fn rotate(
    tenant: &Tenant,
    asked: Asked,
    server: String,
) -> Result<Arc<SigningKeys>, Failure<Refusal>> {
    let entry =
        authorization_server::get(&tenant.configuration.current(), &server).map_err(Failure::Refused)?;
    let id = entry.server.value.id;
    let made =
        KeyRecord::of_generated(tenant.keys.take().await?, id, &tenant.secrets, asked.now.whole_second())?;
    let made = Arc::new(made);
    tenant
        .configuration
        .change(asked, move |draft| {
            let entry = authorization_server::get(draft.snapshot(), &server)?;
            let keys = rotated(&entry.keys, Arc::clone(&made), draft.now);
            let server = authorization_server::target(&entry.server.value);
            let key = Target::new(kind::KEY, made.kid.as_str(), "NEXT");
            draft.log(EventType::KeyRollover, [server, key]);
            draft.put_keys(id, keys);
            Ok(Arc::clone(&authorization_server::get(draft.snapshot(), id.as_str())?.keys))
        })
        .await
}

fn rotated(keys: &SigningKeys, made: Arc<KeyRecord>, now: Timestamp) -> Vec<Arc<KeyRecord>> {
    let moved = keys.iter().filter_map(|key| match key.status {
        KeyStatus::Active => Some(Arc::new(key.with_status(KeyStatus::Expired, now))),
        KeyStatus::Next => Some(Arc::new(key.with_status(KeyStatus::Active, now))),
        KeyStatus::Expired => {
            let gone = key.retired.is_some_and(|at| at.plus_milliseconds(EXPIRED_MILLISECONDS) < now);
            (!gone).then(|| Arc::clone(key))
        }
    });
    moved.chain([made]).collect()
}

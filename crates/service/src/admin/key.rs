//! Signing keys of a server: read, rotate, and what happens to them by itself.

use std::sync::Arc;

use model::authorization_server::{ROTATION_DAYS, RotationMode};
use model::event::{EventType, Origin, Target};
use model::key::KeyStatus;
use model::{Actor, AuthorizationServerId, Timestamp};

use crate::admin::{Refusal, authorization_server, kind};
use crate::configuration::{Asked, Draft};
use crate::failure::{Failure, Fault};
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

/// How long a verifier may go on with the keys that it read (the longest `max-age` that we give).
const CACHED_MILLISECONDS: i64 = 3_600_000;

/// Rotates: the active key expires, the next one becomes active, and a new next one is published. Signing switches
/// at once, because verifiers have known the next key from the start; if they cannot have, the log says so.
pub async fn rotate(
    tenant: &Tenant,
    asked: Asked,
    server: String,
) -> Result<Arc<SigningKeys>, Failure<Refusal>> {
    let entry =
        authorization_server::get(&tenant.configuration.current(), &server).map_err(Failure::Refused)?;
    let id = entry.server.value.id;
    let made = make(tenant, id, asked.now).await?;
    store::kill_point("rotation: made");
    tenant
        .configuration
        .change(asked, move |draft| {
            let entry = authorization_server::get(draft.snapshot(), &server)?;
            commit(draft, &entry, &made)
        })
        .await
}

async fn make(
    tenant: &Tenant,
    server: AuthorizationServerId,
    now: Timestamp,
) -> Result<Arc<KeyRecord>, Fault> {
    let key = tenant.keys.take().await?;
    KeyRecord::of_generated(key, server, &tenant.secrets, now.whole_second()).map(Arc::new)
}

fn commit(
    draft: &mut Draft,
    entry: &ServerEntry,
    made: &Arc<KeyRecord>,
) -> Result<Arc<SigningKeys>, Refusal> {
    let server = &entry.server.value;
    let keys = rotated(&entry.keys, Arc::clone(made), draft.now);
    let targets = [authorization_server::target(server), Target::new(kind::KEY, made.kid.as_str(), "NEXT")];
    let known_since = entry.keys.next().map(|next| next.created);
    if known_since.is_some_and(|since| since.plus_milliseconds(CACHED_MILLISECONDS) > draft.now) {
        let reason =
            "the key that signs now was published less than an hour ago: a verifier may not know it yet";
        tracing::warn!(server = %server.id, "{reason}");
        draft.log_with_reason(EventType::KeyRollover, reason, targets);
    } else {
        draft.log(EventType::KeyRollover, targets);
    }
    draft.put_keys(server.id, keys);
    Ok(Arc::clone(&authorization_server::get(draft.snapshot(), server.id.as_str())?.keys))
}

fn rotated(keys: &SigningKeys, made: Arc<KeyRecord>, now: Timestamp) -> Vec<Arc<KeyRecord>> {
    let moved = keys.iter().filter(|key| !is_over(key, now)).map(|key| match key.status {
        KeyStatus::Active => Arc::new(key.with_status(KeyStatus::Expired, now)),
        KeyStatus::Next => Arc::new(key.with_status(KeyStatus::Active, now)),
        KeyStatus::Expired => Arc::clone(key),
    });
    moved.chain([made]).collect()
}

/// Whether nothing that the key signed can still be valid.
fn is_over(key: &KeyRecord, now: Timestamp) -> bool {
    key.status == KeyStatus::Expired
        && key.retired.is_some_and(|at| at.plus_milliseconds(EXPIRED_MILLISECONDS) < now)
}

/// Whether a server that rotates by itself has to.
fn is_due(entry: &ServerEntry, now: Timestamp) -> bool {
    let activated = entry.keys.active().and_then(|key| key.activated);
    entry.server.value.rotation_mode == RotationMode::Auto
        && activated.is_some_and(|at| at.plus_days(ROTATION_DAYS) <= now)
}

/// How many servers one round rotates at most: each needs a new key, and the next round comes soon.
const ROUND_MAX: usize = 10;

/// What keys need without anybody asking: servers that rotate by themselves do so when their time has come, and expired
/// keys go when nothing that they signed is valid any more. Whether it is due is decided within the change, so that of
/// several nodes exactly one rotates.
pub async fn keep(tenant: &Tenant, now: Timestamp) -> Result<(), Fault> {
    let snapshot = tenant.configuration.current();
    let has_work =
        |entry: &&Arc<ServerEntry>| is_due(entry, now) || entry.keys.iter().any(|key| is_over(key, now));
    let servers: Vec<_> = snapshot.servers_after(None).filter(has_work).take(ROUND_MAX).cloned().collect();
    for entry in servers {
        let id = entry.server.value.id;
        let made = if is_due(&entry, now) { Some(make(tenant, id, now).await?) } else { None };
        let asked = Asked { actor: Actor::system(), origin: Origin::default(), now };
        let kept = tenant.configuration.change(asked, move |draft| {
            let entry = authorization_server::get(draft.snapshot(), id.as_str())?;
            match &made {
                Some(made) if is_due(&entry, draft.now) => commit(draft, &entry, made).map(drop),
                _ if entry.keys.iter().any(|key| is_over(key, draft.now)) => {
                    let left = entry.keys.iter().filter(|key| !is_over(key, draft.now)).cloned().collect();
                    draft.put_keys(id, left);
                    Ok(())
                }
                _ => Ok(()),
            }
        });
        match kept.await {
            // A server that was deleted meanwhile needs no keys.
            Ok(()) | Err(Failure::Refused(_)) => {}
            Err(Failure::Fault(fault)) => return Err(fault),
        }
    }
    Ok(())
}

//! Signing keys of a server: read, rotate, revoke, and what happens to them by itself. Leaves out when that is
//! (`key_schedule`).

use std::sync::Arc;

use model::event::{EventType, Origin, Target};
use model::key::KeyStatus;
use model::{Actor, AuthorizationServerId, Timestamp};

use crate::admin::new_key::{self, NewKeys, Stop};
use crate::admin::{Refusal, authorization_server};
use crate::configuration::{Asked, Draft};
use crate::failure::{Failure, Fault};
use crate::key_schedule::{is_due, is_known, is_over};
use crate::signing_key::{KeyRecord, SigningKeys, algorithm};
use crate::snapshot::ServerEntry;
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// One key of a server.
pub fn get(server: &ServerEntry, kid: &str) -> Result<Arc<KeyRecord>, Refusal> {
    server.keys.find(kid).cloned().ok_or_else(|| Refusal::not_found(kid, kind::KEY))
}

/// Rotates: the active key expires, the next one becomes active, and a new next one is published. Signing switches
/// at once, because verifiers have known the next key from the start; if they cannot have, the log says so.
pub async fn rotate(
    tenant: &Tenant,
    asked: Asked,
    server: String,
) -> Result<Arc<SigningKeys>, Failure<Refusal>> {
    new_key::change(tenant, asked, move |draft, new| {
        let entry = authorization_server::get(draft.snapshot(), &server)?;
        commit_rotation(draft, &entry, new)
    })
    .await
}

fn commit_rotation(draft: &mut Draft, entry: &ServerEntry, new: &NewKeys) -> Result<Arc<SigningKeys>, Stop> {
    let server = &entry.server.value;
    let [new] = new.get(server.id, algorithm(server.token_format.signing_algorithm))?;
    let targets = [target::server(server), target::key(&new)];
    log_switch(draft, EventType::KeyRollover, entry, targets);
    put(draft, entry, moved_on(entry, draft.now).chain([new]).collect())
}

/// The keys after the active one has gone, each in its place.
fn moved_on(entry: &ServerEntry, now: Timestamp) -> impl Iterator<Item = Arc<KeyRecord>> {
    entry.keys.iter().map(move |key| match key.status {
        KeyStatus::Active => Arc::new(key.with_status(KeyStatus::Expired, now)),
        KeyStatus::Next => Arc::new(key.with_status(KeyStatus::Active, now)),
        KeyStatus::Expired => Arc::clone(key),
    })
}

fn put(draft: &mut Draft, entry: &ServerEntry, keys: Vec<Arc<KeyRecord>>) -> Result<Arc<SigningKeys>, Stop> {
    let id = entry.server.value.id;
    draft.put_keys(id, keys);
    Ok(Arc::clone(&authorization_server::get(draft.snapshot(), id.as_str())?.keys))
}

/// Says that the next key signs from now on, and warns if verifiers may not know it.
fn log_switch(
    draft: &mut Draft,
    event_type: EventType,
    entry: &ServerEntry,
    targets: impl IntoIterator<Item = Target>,
) {
    if entry.keys.next().is_none_or(|next| is_known(next, draft.now)) {
        return draft.log(event_type, targets);
    }
    let reason = "the key that signs now was published less than an hour ago: a verifier may not know it yet";
    tracing::warn!(server = %entry.server.value.id, "{reason}");
    draft.log_with_reason(event_type, reason, targets);
}

/// Revokes a key, because somebody else may have it: it is published no more, what it signed is worth nothing from now
/// on, and its private half is forgotten. Where it was the active one, the next one signs at once, known or not.
pub async fn revoke(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    kid: String,
) -> Result<Arc<SigningKeys>, Failure<Refusal>> {
    new_key::change(tenant, asked, move |draft, new| {
        let entry = authorization_server::get(draft.snapshot(), &server)?;
        commit_revocation(draft, &entry, &kid, new)
    })
    .await
}

fn commit_revocation(
    draft: &mut Draft,
    entry: &ServerEntry,
    kid: &str,
    new: &NewKeys,
) -> Result<Arc<SigningKeys>, Stop> {
    let (server, revoked) = (&entry.server.value, get(entry, kid)?);
    let mut keys: Vec<_> = match revoked.status {
        KeyStatus::Active => moved_on(entry, draft.now).collect(),
        KeyStatus::Next | KeyStatus::Expired => entry.keys.iter().cloned().collect(),
    };
    keys.retain(|key| key.kid != kid);
    if revoked.status != KeyStatus::Expired {
        keys.extend(new.get::<1>(server.id, algorithm(server.token_format.signing_algorithm))?);
    }
    let took_its_place = keys.iter().filter(|key| !entry.keys.iter().any(|old| Arc::ptr_eq(old, key)));
    let targets = [target::server(server), target::revoked_key(&revoked)].into_iter();
    let targets: Vec<_> = targets.chain(took_its_place.map(|key| target::key(key))).collect();
    match revoked.status {
        KeyStatus::Active => log_switch(draft, EventType::KeyRevoked, entry, targets),
        KeyStatus::Next | KeyStatus::Expired => draft.log(EventType::KeyRevoked, targets),
    }
    put(draft, entry, keys)
}

/// How many servers one round looks after at most: each may need a new key, and the next round comes soon.
const ROUND_MAX: usize = 10;

/// Rotates the servers that rotate by themselves and whose time has come. Whether it has is decided within the change, so
/// that of several nodes exactly one rotates.
pub async fn rotate_due(tenant: &Tenant, now: Timestamp) -> Result<(), Fault> {
    look_after(tenant, now, is_due, |draft, entry, new| commit_rotation(draft, entry, new).map(drop)).await
}

/// Publishes expired keys no more once nothing that they signed is valid.
pub async fn clear_expired(tenant: &Tenant, now: Timestamp) -> Result<(), Fault> {
    let has_expired = |entry: &ServerEntry, now| entry.keys.iter().any(|key| is_over(key, now));
    look_after(tenant, now, has_expired, |draft, entry, _| {
        let now = draft.now;
        let left = entry.keys.iter().filter(|key| !is_over(key, now)).cloned().collect();
        put(draft, entry, left).map(drop)
    })
    .await
}

/// Makes one change to each server that `wants` it, by the time that all nodes share.
async fn look_after(
    tenant: &Tenant,
    now: Timestamp,
    wants: fn(&ServerEntry, Timestamp) -> bool,
    commit: fn(&mut Draft, &ServerEntry, &NewKeys) -> Result<(), Stop>,
) -> Result<(), Fault> {
    let shared = tenant.freshness.clock.shared(now);
    let snapshot = tenant.configuration.current();
    let servers = snapshot.servers_after(None).filter(|entry| wants(entry, shared)).take(ROUND_MAX);
    let servers: Vec<AuthorizationServerId> = servers.map(|entry| entry.server.value.id).collect();
    let mut outcome = Ok(());
    for id in servers {
        let asked = Asked { actor: Actor::system(), origin: Origin::default(), now };
        let changed = new_key::change(tenant, asked, move |draft, new| {
            let entry = authorization_server::get(draft.snapshot(), id.as_str())?;
            // Another node may have been faster.
            if wants(&entry, draft.now) { commit(draft, &entry, new) } else { Ok(()) }
        });
        match changed.await {
            // A server that was deleted meanwhile needs no keys.
            Ok(()) | Err(Failure::Refused(_)) => {}
            // Nor does one that is in trouble keep the others from rotating.
            Err(Failure::Fault(fault)) => outcome = outcome.and(Err(fault)),
        }
    }
    outcome
}

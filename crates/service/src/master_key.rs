//! Opening an org's secrets under the master key, and moving what is sealed to another master key.

use std::convert::Infallible;

use jose::KeyRing;
use model::event::{Event, EventType, Origin};
use model::{Actor, OrgId, Timestamp};
use store::{SealedKind, SealedRow, Store, kill_point};
use thiserror::Error;

use crate::failure::Fault;
use crate::log;
use crate::org_secrets::{
    OrgSecrets, ROOT_MAC_KEY, WrongMasterKey, client_secret_context, root_context, signing_key_context,
};
use crate::rows;
use crate::tenant::Tenant;

/// Why a store's secrets cannot be opened.
#[derive(Debug, Error)]
pub enum OpenSecretsError {
    /// The key is another one.
    #[error(transparent)]
    Wrong(#[from] WrongMasterKey),
    /// The store failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The orgs of a store.
pub async fn orgs(store: &Store) -> Result<Vec<OrgId>, Fault> {
    let rows = store.orgs().await?;
    rows.iter().map(|row| OrgId::parse(&row.id).ok_or_else(|| Fault::internal("an org has no id"))).collect()
}

/// Opens the secrets of an org.
pub async fn open(store: &Store, org: OrgId, ring: KeyRing) -> Result<OrgSecrets, OpenSecretsError> {
    let sealed = store.find_org_secret(org.as_str(), ROOT_MAC_KEY).await.map_err(Fault::from)?;
    let sealed = sealed.ok_or_else(|| Fault::internal("the org has no root key"))?;
    Ok(OrgSecrets::open(org, ring, &sealed)?)
}

/// How many sealed rows were moved, how many were there already, and how many no key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrapped {
    /// Moved to the current key.
    pub moved: u64,
    /// Under the current key already.
    pub kept: u64,
    /// Sealed under a key that is not in the ring, or damaged: left as they are.
    pub unreadable: u64,
}

/// Seals everything under the first key of `ring`, whose other keys open what is there. Can be cut off and begun
/// again: what was moved stays moved, and both keys open everything meanwhile.
///
/// The configuration stands still meanwhile, so that nothing is sealed under an old key behind the walk; it ends only
/// after a walk that found nothing left to move, and then what is in memory is read afresh.
pub async fn rewrap(tenant: &Tenant, ring: KeyRing, now: Timestamp) -> Result<Rewrapped, Fault> {
    let pause = tenant.configuration.pause().await?;
    kill_point("rewrap: paused");
    let current = tenant.secrets.replace_ring(ring);
    let actor = rows::actor(&Actor::system());
    let mut sum = Rewrapped { moved: 0, kept: 0, unreadable: 0 };
    let mut kept_at_first = None;
    loop {
        let mut unreadable = 0;
        let mut reseal = |row: &SealedRow| {
            let sealed = current.reseal(&row.sealed, &context(row)).unwrap_or_else(|error| {
                unreadable += 1;
                tracing::error!(%error, owner = row.owner, name = row.name, "a sealed row cannot be opened");
                None
            });
            Ok::<_, Infallible>(sealed)
        };
        let done = tenant.store.reseal_each(&actor, &mut reseal).await.map_err(Fault::internal)?;
        sum.moved += done.changed;
        sum.kept = *kept_at_first.get_or_insert(done.kept);
        sum.unreadable = unreadable;
        // A row that changed meanwhile was missed, and is looked at again.
        if done.changed == 0 && done.missed == 0 {
            break;
        }
    }
    kill_point("rewrap: all moved");
    pause.reload().await?;
    drop(pause);
    kill_point("rewrap: reloaded");
    let event = Event::new(EventType::MasterKeyRewrapped, Actor::system(), Origin::default());
    tenant.store.commit(log::one(tenant, &event, now)).await?;
    Ok(sum)
}

/// What sealed bytes are bound to, by the row that they lie in.
fn context(row: &SealedRow) -> Vec<u8> {
    let org = OrgId::parse(&row.org);
    match (row.kind, org) {
        (SealedKind::SigningKey, Some(org)) => signing_key_context(org, &row.owner, &row.name),
        (SealedKind::ClientSecret, Some(org)) => client_secret_context(org, &row.owner, &row.name),
        (SealedKind::OrgSecret, Some(org)) => root_context(org),
        (_, None) => Vec::new(),
    }
}

//! Opening an org's secrets under the master key, and moving what is sealed to another master key.

use jose::KeyRing;
use model::event::{Event, EventType, Origin};
use model::{Actor, OrgId, Timestamp};
use store::{SealedKind, SealedRow, Store};
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

/// How many sealed rows were moved, and how many were there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrapped {
    /// Moved to the current key.
    pub moved: u64,
    /// Under the current key already.
    pub kept: u64,
}

/// Seals everything under the first key of `ring`, whose other keys open what is there. Can be cut off and begun
/// again: what was moved stays moved, and both keys open everything meanwhile.
pub async fn rewrap(tenant: &Tenant, ring: KeyRing, now: Timestamp) -> Result<Rewrapped, Fault> {
    let current = tenant.secrets.replace_ring(ring);
    let actor = rows::actor(&Actor::system());
    let mut sum = Rewrapped { moved: 0, kept: 0 };
    loop {
        let done = tenant.store.reseal_each(&actor, |row| current.reseal(&row.sealed, &context(row))).await;
        let done = done.map_err(Fault::internal)?;
        sum.moved += done.changed;
        sum.kept = done.kept;
        // A row that changed meanwhile was missed, and is looked at again.
        if done.missed == 0 {
            break;
        }
    }
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

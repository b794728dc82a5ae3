//! Which access tokens were revoked, in memory: introspection asks for each token and must not ask the store.
//!
//! Every live revocation of the org is here. This node's own are here before they are acknowledged, those of other nodes
//! once they were followed. Leaves out who may revoke ([`crate::revoke`]) and whether following works ([`crate::freshness`]).

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use model::{OrgId, Timestamp};
use store::{Batch, Store};

use crate::failure::Fault;
use crate::rows;
use crate::tenant::Tenant;

/// How many revocations may be remembered at once, some 50 bytes each; more are answered as overload.
pub const REVOCATIONS_MAX: usize = 1_000_000;
/// Rows are read again that may have been committed late, or dated by a clock that is so much behind ours.
const OVERLAP_MILLISECONDS: i64 = 90_000;
/// How long a revocation is kept after its token has expired, so that no clock still finds the token alive.
const KEPT_SECONDS: i64 = 3_600;
const PAGE: i64 = 10_000;

/// The digest of a token's id.
pub type JtiHash = [u8; 32];

/// The revoked tokens of an org.
#[derive(Debug)]
pub struct Revocations {
    /// Until when, in seconds, each is kept.
    expires: RwLock<HashMap<JtiHash, i64>>,
    /// Until when, by this node's clock, everything was read.
    followed: AtomicI64,
}

/// The digest under which a token's revocation is found.
pub fn hash(jti: &str) -> JtiHash {
    jose::sha256(jti.as_bytes())
}

impl Revocations {
    /// Reads every revocation that is stored.
    pub async fn load(store: &Store, org: OrgId) -> Result<Self, Fault> {
        let revocations = Self { expires: RwLock::default(), followed: AtomicI64::new(i64::MIN) };
        revocations.read_after(store, org, i64::MIN).await?;
        Ok(revocations)
    }

    /// Whether the token with this digest was revoked.
    pub fn contains(&self, hash: &JtiHash) -> bool {
        self.expires.read().unwrap_or_else(PoisonError::into_inner).contains_key(hash)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.expires.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes over what other nodes revoked. Times are of the clocks of those who wrote, so what is read begins well
    /// before the last reading: a clock may be off, and a commit may take its time.
    pub async fn follow(&self, store: &Store, org: OrgId, now: Timestamp) -> Result<(), Fault> {
        let followed = self.followed.load(Ordering::Relaxed);
        // A clock that was set back had read ahead of what others wrote meanwhile: then everything is read again.
        let from = if followed > now.milliseconds() { i64::MIN } else { followed };
        self.read_after(store, org, from.saturating_sub(OVERLAP_MILLISECONDS)).await?;
        self.followed.store(now.milliseconds(), Ordering::Relaxed);
        Ok(())
    }

    async fn read_after(&self, store: &Store, org: OrgId, at: i64) -> Result<(), Fault> {
        let mut after = (at, Vec::new());
        loop {
            let page = store.revocations_after(org.as_str(), after.0, &after.1, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = (last.at, last.jti_hash.clone());
            let full = i64::try_from(page.len()).is_ok_and(|length| length == PAGE);
            let mut new = Vec::new();
            for row in page {
                let hash = row.jti_hash.try_into();
                let hash: JtiHash =
                    hash.map_err(|_| Fault::internal("a stored revocation cannot be read"))?;
                new.push((hash, row.expires));
            }
            self.add(new);
            if !full {
                return Ok(());
            }
        }
    }

    fn add(&self, mut new: Vec<(JtiHash, i64)>) {
        // Most of what is read again is known: introspection should not wait for that.
        {
            let known = self.expires.read().unwrap_or_else(PoisonError::into_inner);
            new.retain(|(hash, _)| !known.contains_key(hash));
        }
        if !new.is_empty() {
            self.expires.write().unwrap_or_else(PoisonError::into_inner).extend(new);
        }
    }

    /// Adds one of this node's own, which is durable by now.
    pub(crate) fn insert(&self, hash: JtiHash, expires: i64) {
        self.add(vec![(hash, expires)]);
    }

    fn forget_expired_before(&self, seconds: i64) -> usize {
        let mut expires = self.expires.write().unwrap_or_else(PoisonError::into_inner);
        let before = expires.len();
        expires.retain(|_, expires| *expires >= seconds);
        before - expires.len()
    }
}

/// Forgets revoked tokens that expired long ago, here and in the store. Called now and then.
pub async fn sweep(tenant: &Tenant, now: Timestamp) -> Result<(), Fault> {
    let before = now.seconds() - KEPT_SECONDS;
    if tenant.revocations.forget_expired_before(before) == 0 {
        return Ok(());
    }
    let mut batch = Batch::new(tenant.org().as_str(), rows::actor(&model::Actor::system()));
    batch.delete_revocations_expired_before(before);
    tenant.store.commit(batch).await.map(drop).map_err(Fault::from)
}

//! Which access tokens were revoked, in memory: introspection asks for each token and must not ask the store.
//!
//! Every live revocation of the org is here. This node's own are here before they are acknowledged, those of other nodes
//! once they were followed. Leaves out who may revoke ([`crate::revoke`]) and whether following works ([`crate::freshness`]).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{OrgId, Timestamp};
use store::{Batch, Store};

use crate::failure::Fault;
use crate::rows;
use crate::tenant::Tenant;

/// How many revocations may be remembered at once, some 80 bytes each; more are answered as overload.
pub const REVOCATIONS_MAX: usize = 1_000_000;
/// After this long a revocation that is not durable yet is dated anew before it is acknowledged.
pub(crate) const LATE_MILLISECONDS: i64 = 5_000;
/// What is read again each time: rows that became durable after they were dated, by clocks that were compared with the
/// database's within the last second.
const OVERLAP_MILLISECONDS: i64 = LATE_MILLISECONDS + 5_000;
/// Now and then more is read again, and how often: what was never acknowledged may come later still, and a node of an
/// earlier release dates by its own clock.
const LONG_OVERLAP_MILLISECONDS: i64 = 180_000;
const LONG_EVERY_MILLISECONDS: i64 = 10_000;
/// How long a revocation is kept after its token has expired, so that no clock still finds the token alive.
const KEPT_SECONDS: i64 = 3_600;
const PAGE: i64 = 10_000;

/// The digest of a token's id.
pub type JtiHash = [u8; 32];

/// The revoked tokens of an org.
#[derive(Debug)]
pub struct Revocations {
    known: RwLock<Known>,
    /// Until when, by the clock that all share, everything was read; and when more was read again.
    followed: AtomicI64,
    looked_back: AtomicI64,
}

#[derive(Debug, Default)]
struct Known {
    revoked: HashMap<JtiHash, Revoked>,
    /// How many of them are whose.
    of_client: HashMap<Arc<str>, usize>,
}

#[derive(Debug)]
struct Revoked {
    /// Until when, in seconds, it is kept.
    expires: i64,
    client: Arc<str>,
}

impl Known {
    fn insert(&mut self, hash: JtiHash, client: &str, expires: i64) {
        let Entry::Vacant(place) = self.revoked.entry(hash) else { return };
        let client = match self.of_client.get_key_value(client) {
            Some((client, _)) => Arc::clone(client),
            None => Arc::from(client),
        };
        *self.of_client.entry(Arc::clone(&client)).or_default() += 1;
        place.insert(Revoked { expires, client });
    }

    fn forget_expired_before(&mut self, seconds: i64) {
        let of_client = &mut self.of_client;
        self.revoked.retain(|_, revoked| {
            let stays = revoked.expires >= seconds;
            if !stays && let Some(count) = of_client.get_mut(&revoked.client) {
                *count -= 1;
            }
            stays
        });
        of_client.retain(|_, count| *count > 0);
    }
}

/// Whether a client may have one more token revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// There is room.
    Free,
    /// This client holds as much as is left for all others.
    ClientFull,
    /// Nobody has any.
    Full,
}

/// The digest under which a token's revocation is found.
pub fn hash(jti: &str) -> JtiHash {
    jose::sha256(jti.as_bytes())
}

impl Revocations {
    /// Reads every revocation that is stored.
    pub async fn load(store: &Store, org: OrgId) -> Result<Self, Fault> {
        let never = || AtomicI64::new(i64::MIN);
        let revocations = Self { known: RwLock::default(), followed: never(), looked_back: never() };
        revocations.read_after(store, org, i64::MIN).await?;
        Ok(revocations)
    }

    /// Whether the token with this digest was revoked.
    pub fn contains(&self, hash: &JtiHash) -> bool {
        self.read().revoked.contains_key(hash)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.read().revoked.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `client` may have one more token revoked: no client ever holds more than is left for all others, so that
    /// none can take the last place from another.
    pub fn room_for(&self, client: &str) -> Room {
        let known = self.read();
        let left = REVOCATIONS_MAX.saturating_sub(known.revoked.len());
        match known.of_client.get(client) {
            _ if left == 0 => Room::Full,
            Some(count) if *count >= left => Room::ClientFull,
            _ => Room::Free,
        }
    }

    /// Takes over what other nodes revoked until `now`, by the clock that all share. What is read begins well before the
    /// last reading, because a commit may take its time.
    pub async fn follow(&self, store: &Store, org: OrgId, now: Timestamp) -> Result<(), Fault> {
        let now = now.milliseconds();
        let (followed, looked_back) =
            (self.followed.load(Ordering::Relaxed), self.looked_back.load(Ordering::Relaxed));
        let looks_back = now.saturating_sub(looked_back) >= LONG_EVERY_MILLISECONDS;
        let overlap = if looks_back { LONG_OVERLAP_MILLISECONDS } else { OVERLAP_MILLISECONDS };
        // A clock that was set back had read ahead of what others wrote meanwhile: then everything is read again.
        let from = if followed > now { i64::MIN } else { followed };
        self.read_after(store, org, from.saturating_sub(overlap)).await?;
        self.followed.store(now, Ordering::Relaxed);
        if looks_back || looked_back > now {
            self.looked_back.store(now, Ordering::Relaxed);
        }
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
                new.push((hash, row.client, row.expires));
            }
            // Most of what is read again is known: introspection should not wait for that.
            {
                let known = self.read();
                new.retain(|(hash, _, _)| !known.revoked.contains_key(hash));
            }
            if !new.is_empty() {
                let mut known = self.write();
                for (hash, client, expires) in &new {
                    known.insert(*hash, client, *expires);
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Adds one of this node's own, which is durable by now.
    pub(crate) fn insert(&self, hash: JtiHash, client: &str, expires: i64) {
        self.write().insert(hash, client, expires);
    }

    fn forget_expired_before(&self, seconds: i64) -> usize {
        let mut known = self.write();
        let before = known.revoked.len();
        known.forget_expired_before(seconds);
        before - known.revoked.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets revoked tokens that expired long ago, here and in the store. Called now and then.
pub async fn sweep(tenant: &Tenant, now: Timestamp) -> Result<(), Fault> {
    let before = tenant.freshness.clock.shared(now).seconds() - KEPT_SECONDS;
    if tenant.revocations.forget_expired_before(before) == 0 {
        return Ok(());
    }
    let mut batch = Batch::new(tenant.org().as_str(), rows::actor(&model::Actor::system()));
    batch.delete_revocations_expired_before(before);
    tenant.store.commit(batch).await.map(drop).map_err(Fault::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_client_holds_more_than_is_left_for_all_others() {
        let revocations = Revocations {
            known: RwLock::default(),
            followed: AtomicI64::new(0),
            looked_back: AtomicI64::new(0),
        };
        let mut number = 0_u64;
        let mut fill = |client: &str, room: Room| {
            let mut count = 0;
            while revocations.room_for(client) == Room::Free {
                let mut hash = JtiHash::default();
                hash[..8].copy_from_slice(&number.to_be_bytes());
                revocations.insert(hash, client, 1_000 + i64::from(client == "b"));
                number += 1;
                count += 1;
            }
            assert_eq!(revocations.room_for(client), room);
            count
        };
        assert_eq!(fill("a", Room::ClientFull), REVOCATIONS_MAX / 2);
        assert_eq!(fill("b", Room::ClientFull), REVOCATIONS_MAX / 4);
        assert_eq!(revocations.room_for("a"), Room::ClientFull);
        assert_eq!(revocations.room_for("c"), Room::Free);
        // What is forgotten makes room again, for whom it was.
        assert_eq!(revocations.forget_expired_before(1_001), REVOCATIONS_MAX / 2);
        assert_eq!((revocations.room_for("a"), revocations.len()), (Room::Free, REVOCATIONS_MAX / 4));
        assert_eq!(revocations.read().of_client.len(), 1, "whoever holds none is not remembered");
    }
}

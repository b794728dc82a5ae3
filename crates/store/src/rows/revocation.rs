//! Revoked access tokens, known by a digest of their id. What a node needs is the newest ones, so they are read by time.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// A revoked access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The digest of its id.
    pub jti_hash: Vec<u8>,
    /// Whose it was; empty in rows of before this was kept.
    pub client: String,
    /// When the token would have expired.
    pub expires: i64,
    /// When it was revoked, in the time that all nodes share.
    pub at: i64,
}

impl FromRow for Revocation {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self { jti_hash: row.take()?, client: row.take()?, expires: row.take()?, at: row.take()? })
    }
}

impl Store {
    /// A page of revocations, by time and digest, behind `(at, jti_hash)`.
    pub async fn revocations_after(
        &self,
        org: &str,
        at: i64,
        jti_hash: &[u8],
        limit: i64,
    ) -> Result<Vec<Revocation>, Fault> {
        self.query(statements::REVOCATIONS_AFTER, org, params![at, jti_hash, limit]).await
    }
}

impl Batch {
    /// Revokes a token. One that is revoked already is dated anew, and so read again by those who read by time.
    pub fn insert_revocation(&mut self, revocation: &Revocation) -> usize {
        let Revocation { jti_hash, client, expires, at } = revocation;
        self.step(statements::INSERT_REVOCATION, params![jti_hash, client, *expires, *at])
    }

    /// Forgets the revoked tokens that had expired before `expires`.
    pub fn delete_revocations_expired_before(&mut self, expires: i64) -> usize {
        self.step(statements::DELETE_REVOCATIONS, params![expires])
    }
}

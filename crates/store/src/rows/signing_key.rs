//! The signing keys of authorization servers; the private part is sealed by the caller.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::rows::walk::Walk;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// A signing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// The authorization server.
    pub server: String,
    /// The key's id.
    pub kid: String,
    /// Such as `ACTIVE`.
    pub status: String,
    /// Such as `RS256`.
    pub algorithm: String,
    /// The public JWK, as JSON text.
    pub public: String,
    /// The private key, sealed.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: i64,
    /// When it began to sign.
    pub activated: Option<i64>,
    /// When it ceased to sign.
    pub retired: Option<i64>,
    /// What else is known, as JSON text.
    pub body: String,
}

impl FromRow for SigningKey {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            server: row.take()?,
            kid: row.take()?,
            status: row.take()?,
            algorithm: row.take()?,
            public: row.take()?,
            sealed: row.take()?,
            created: row.take()?,
            activated: row.take()?,
            retired: row.take()?,
            body: row.take()?,
        })
    }
}

impl Store {
    /// Every key of the org, by server and key id.
    pub async fn each_signing_key<E: From<Fault>>(
        &self,
        org: &str,
        each: impl FnMut(SigningKey) -> Result<(), E>,
    ) -> Result<(), E> {
        let key = |row: &SigningKey| params![&row.server, &row.kid];
        Walk { statement: statements::SIGNING_KEYS, first: params!["", ""], key }.each(self, org, each).await
    }

    /// The keys of one server, by key id.
    pub async fn signing_keys_of_server(&self, org: &str, server: &str) -> Result<Vec<SigningKey>, Fault> {
        self.query(statements::SIGNING_KEYS_OF_SERVER, org, params![server]).await
    }
}

impl Batch {
    /// Writes a key, whether or not it is new.
    pub fn put_signing_key(&mut self, key: &SigningKey) -> usize {
        let SigningKey { server, kid, status, algorithm, public, sealed, body, .. } = key;
        let (created, activated, retired) = (key.created, key.activated, key.retired);
        let params =
            params![server, kid, status, algorithm, public, sealed, created, activated, retired, body];
        self.one(statements::PUT_SIGNING_KEY, params)
    }

    /// Moves a key to the status and times that `key` holds; misses if its status is not `from` any more.
    pub fn update_signing_key(&mut self, key: &SigningKey, from: &str) -> usize {
        let SigningKey { server, kid, status, activated, retired, .. } = key;
        self.one(statements::UPDATE_SIGNING_KEY, params![status, *activated, *retired, server, kid, from])
    }

    /// Removes a key; misses if there is none.
    pub fn delete_signing_key(&mut self, server: &str, kid: &str) -> usize {
        self.one(statements::DELETE_SIGNING_KEY, params![server, kid])
    }
}

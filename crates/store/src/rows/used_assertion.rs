//! Client assertions that were granted on, until they expire.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

struct Expires;

impl FromRow for Expires {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        let _expires: i64 = row.take()?;
        Ok(Self)
    }
}

struct Mark(String);

impl FromRow for Mark {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        row.take().map(Self)
    }
}

impl Store {
    /// The mark of the request that used the client's assertion with this hashed `jti`, if one did.
    pub async fn find_use_of_assertion(
        &self,
        org: &str,
        client: &str,
        jti_hash: &[u8],
    ) -> Result<Option<String>, Fault> {
        let row = self.query_opt(statements::USED_ASSERTION, org, params![client, jti_hash]).await?;
        Ok(row.map(|Mark(mark)| mark))
    }

    /// Whether any used assertion expired before `before`.
    pub async fn has_expired_assertions(&self, org: &str, before: i64) -> Result<bool, Fault> {
        let row: Option<Expires> =
            self.query_opt(statements::EXPIRED_ASSERTION, org, params![before]).await?;
        Ok(row.is_some())
    }
}

impl Batch {
    /// Notes that an assertion was used, by the request with this mark; conflicts if it was already.
    pub fn use_assertion(&mut self, client: &str, jti_hash: &[u8], expires: i64, mark: &str) -> usize {
        self.one(statements::INSERT_USED_ASSERTION, params![client, jti_hash, expires, mark])
    }

    /// Forgets at most `limit` of those that expired before `before`.
    pub fn delete_expired_assertions(&mut self, before: i64, limit: i64) -> usize {
        self.step(statements::DELETE_EXPIRED_ASSERTIONS, params![before, limit])
    }
}

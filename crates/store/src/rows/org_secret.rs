//! The org's own secrets by name, sealed by the caller.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

struct Sealed(Vec<u8>);

impl FromRow for Sealed {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        row.take().map(Self)
    }
}

impl Store {
    /// The sealed bytes under a name.
    pub async fn find_org_secret(&self, org: &str, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let found = self.query_opt(statements::ORG_SECRET, org, params![name]).await?;
        Ok(found.map(|Sealed(sealed)| sealed))
    }
}

impl Batch {
    /// Writes sealed bytes under a name, whether or not it is new.
    pub fn put_org_secret(&mut self, name: &str, sealed: &[u8]) -> usize {
        self.one(statements::PUT_ORG_SECRET, params![name, sealed])
    }
}

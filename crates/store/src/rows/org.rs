//! Orgs, and the revision at the head of each one's configuration.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// An org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// Its id.
    pub id: String,
    /// What is known about it, as JSON text.
    pub body: String,
    /// The revision of its configuration.
    pub revision: i64,
    /// When it was created.
    pub created: i64,
}

impl FromRow for Org {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self { id: row.take()?, body: row.take()?, revision: row.take()?, created: row.take()? })
    }
}

struct Revision(i64);

impl FromRow for Revision {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        row.take().map(Self)
    }
}

impl Store {
    /// Every org, by id.
    pub async fn orgs(&self) -> Result<Vec<Org>, Fault> {
        self.query(statements::ORGS, "", Vec::new()).await
    }

    /// The revision of the org's configuration, if there is such an org.
    pub async fn revision(&self, org: &str) -> Result<Option<i64>, Fault> {
        let found = self.query_opt(statements::REVISION, org, Vec::new()).await?;
        Ok(found.map(|Revision(revision)| revision))
    }
}

impl Batch {
    /// Marks the database as founded by this batch's org; conflicts if it was founded before.
    pub fn insert_founding(&mut self) -> usize {
        self.one(statements::INSERT_FOUNDING, params![])
    }

    /// Creates the org that this batch is for.
    pub fn insert_org(&mut self, body: &str, revision: i64, created: i64) -> usize {
        self.one(statements::INSERT_ORG, params![body, revision, created])
    }

    /// Moves the configuration from one revision to the next; misses if it is not at `from` any more.
    pub fn advance_revision(&mut self, from: i64, to: i64) -> usize {
        self.one(statements::ADVANCE_REVISION, params![to, from])
    }
}

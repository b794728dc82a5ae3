//! The door to the store: open, query, submit, close, the same over both databases.
//! Leaves out what is asked and written (`rows`) and how (`sqlite`, `postgres`).

use std::path::Path;
use std::sync::Arc;

use crate::batch::{Batch, Committed, Pending};
use crate::fault::{CommitError, Fault, OpenError};
use crate::postgres::Postgres;
use crate::sqlite::{self, Sqlite};
use crate::statements::Statement;
use crate::value::{FromRow, Row, Value};

/// What is remembered. Cheap to clone; every clone is the same store.
#[derive(Clone, Debug)]
pub struct Store(Backend);

#[derive(Clone, Debug)]
enum Backend {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Store {
    /// Opens the embedded store of a directory, which no other process may serve from meanwhile.
    pub fn open_directory(directory: &Path) -> Result<Self, OpenError> {
        Self::open_directory_with(directory, &sqlite::Options::default())
    }

    pub(crate) fn open_directory_with(
        directory: &Path,
        options: &sqlite::Options,
    ) -> Result<Self, OpenError> {
        Sqlite::open(directory, options).map(|sqlite| Self(Backend::Sqlite(Arc::new(sqlite))))
    }

    /// Opens a store that forgets everything when its last clone is dropped.
    pub fn open_memory() -> Result<Self, OpenError> {
        Self::open_memory_with(&sqlite::Options::default())
    }

    pub(crate) fn open_memory_with(options: &sqlite::Options) -> Result<Self, OpenError> {
        Sqlite::open_memory(options).map(|sqlite| Self(Backend::Sqlite(Arc::new(sqlite))))
    }

    /// Connects to PostgreSQL by URL. Must be called within a tokio runtime, which then carries the commits.
    pub async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        Postgres::open(url).await.map(|postgres| Self(Backend::Postgres(postgres)))
    }

    /// Enqueues a batch at once and promises the answer, so that the caller can go on meanwhile.
    ///
    /// Two batches have an order only if the first was answered before the second was submitted.
    pub fn submit(&self, batch: Batch) -> Pending {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.submit(batch),
            Backend::Postgres(postgres) => postgres.submit(batch),
        }
    }

    /// Commits a batch and waits for the answer.
    pub async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        self.submit(batch).await
    }

    /// How many commits were asked for and not answered yet.
    pub fn waiting_commits(&self) -> usize {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.waiting(),
            Backend::Postgres(postgres) => postgres.waiting(),
        }
    }

    /// Whether other nodes may write to it, too. The embedded store belongs to one process.
    pub fn is_shared(&self) -> bool {
        matches!(&self.0, Backend::Postgres(_))
    }

    /// What time it is by the clock that all nodes share, the database's, in milliseconds; `None` where the store belongs
    /// to one process, and there is nothing to agree on. A fault if this server takes no writes any more.
    pub async fn shared_clock(&self) -> Result<Option<i64>, Fault> {
        match &self.0 {
            Backend::Sqlite(_) => Ok(None),
            Backend::Postgres(postgres) => postgres.clock().await.map(Some),
        }
    }

    /// Whether whoever writes is still there; asks nobody. Only a shared store can lose its writer unnoticed.
    pub fn takes_commits(&self) -> bool {
        match &self.0 {
            Backend::Sqlite(_) => true,
            Backend::Postgres(postgres) => postgres.takes_commits(),
        }
    }

    /// Reads something cheap, and asks the writer for a sign of life.
    pub async fn health(&self) -> Result<(), Fault> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.health().await,
            Backend::Postgres(postgres) => postgres.health().await,
        }
    }

    /// Refuses new commits and finishes those under way. Nothing may be asked of the store afterwards.
    pub async fn close(&self) -> Result<(), Fault> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Postgres(postgres) => postgres.close().await,
        }
    }

    /// All rows of a statement whose org, if it has one, is `org`.
    pub(crate) async fn query<T: FromRow>(
        &self,
        statement: &'static Statement,
        org: &str,
        params: Vec<Value>,
    ) -> Result<Vec<T>, Fault> {
        self.rows(statement, org, params).await?.into_iter().map(T::from_row).collect()
    }

    /// The first row, if there is one.
    pub(crate) async fn query_opt<T: FromRow>(
        &self,
        statement: &'static Statement,
        org: &str,
        params: Vec<Value>,
    ) -> Result<Option<T>, Fault> {
        self.rows(statement, org, params).await?.into_iter().next().map(T::from_row).transpose()
    }

    async fn rows(
        &self,
        statement: &'static Statement,
        org: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        match &self.0 {
            Backend::Sqlite(sqlite) => sqlite.query(statement, org, params).await,
            Backend::Postgres(postgres) => postgres.query(statement, org, params).await,
        }
    }
}

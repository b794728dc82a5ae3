//! A whole database as a sequence of pieces, read in one transaction, and made of such pieces again. Whoever serves from
//! the database goes on meanwhile. Leaves out how pieces are kept and checked: that is a backup's, and `service`'s.

mod staging;
mod tables;

use std::path::PathBuf;

use crate::fault::{Fault, OpenError};
use crate::migrate::{self, Applied, MIGRATIONS};
use crate::port::Store;
use crate::postgres::Postgres;
use crate::sqlite;
use crate::value::{FromRow as _, Row, Value};
pub use staging::Staging;
pub use tables::{Column, Holds, TABLES, Table, tables_at};

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The embedded one of a directory.
    Directory(PathBuf),
    /// PostgreSQL, by URL.
    Postgres(String),
}

/// A part of a database. The first is the contents; then each table is followed by its rows, by their key.
#[derive(Debug)]
pub enum Piece {
    /// What it is a copy of.
    Contents(Contents),
    /// The rows that follow are of this table.
    Table(&'static Table),
    /// A row, with the columns that the table has at the schema of the copy.
    Row(Vec<Value>),
}

/// What a copy is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The number of the newest migration that the database has.
    pub schema: i64,
    /// Each org with the revision of its configuration.
    pub orgs: Vec<(String, i64)>,
}

/// Why a copy ended early.
#[derive(Debug, thiserror::Error)]
pub enum CopyError<E> {
    /// The database has no schema yet.
    #[error("there is no database yet")]
    Empty,
    /// A newer release has added to the schema.
    #[error(
        "the database has migration {found}, and this release knows {known}: use the release that serves it"
    )]
    Newer {
        /// The newest migration in the database.
        found: i64,
        /// The newest that this release knows.
        known: i64,
    },
    /// A migration is missing between others.
    #[error("the database lacks migration {0} and has later ones")]
    Gap(i64),
    /// The database failed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Whoever takes or gives the pieces failed.
    #[error("{0}")]
    Other(E),
}

impl<E> From<Fault> for CopyError<E> {
    fn from(fault: Fault) -> Self {
        Self::Open(fault.into())
    }
}

/// Takes the pieces of a copy.
pub type Take<'a, E> = &'a mut (dyn FnMut(Piece) -> Result<(), E> + Send);
/// Gives the pieces of a copy, and nothing at its end.
pub type Give<'a, E> = &'a mut (dyn FnMut() -> Result<Option<Piece>, E> + Send);

/// The newest migration that this release knows.
pub fn newest_schema() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

/// Shows `take` the whole database as it was at one moment.
pub async fn copy_out<E: Send>(place: &Place, take: Take<'_, E>) -> Result<(), CopyError<E>> {
    match place {
        Place::Directory(directory) => sqlite::copy_out(directory, take),
        Place::Postgres(url) => {
            let session = Postgres::connect(url)?;
            let copied = session.copy_out(take).await;
            session.close();
            copied
        }
    }
}

impl Store {
    /// Opens the database of a place.
    pub async fn open(place: &Place) -> Result<Self, OpenError> {
        match place {
            Place::Directory(directory) => Self::open_directory(directory),
            Place::Postgres(url) => Self::open_postgres(url).await,
        }
    }
}

/// The number of the newest migration of a ledger in which every one before it stands, too.
pub(crate) fn schema_of<E>(ledger: Vec<Row>) -> Result<i64, CopyError<E>> {
    let applied = ledger.into_iter().map(Applied::from_row).collect::<Result<Vec<_>, _>>()?;
    let newest = applied.iter().map(|applied| applied.number).max().ok_or(CopyError::Empty)?;
    let known = newest_schema();
    if newest > known {
        return Err(CopyError::Newer { found: newest, known });
    }
    match migrate::pending(MIGRATIONS, &applied)?.iter().find(|missing| missing.number < newest) {
        Some(missing) => Err(CopyError::Gap(missing.number)),
        None => Ok(newest),
    }
}

/// The contents, by the answer to [`ORGS_AT_A_GLANCE`].
pub(crate) fn contents<E>(schema: i64, orgs: Vec<Row>) -> Result<Contents, CopyError<E>> {
    let orgs = orgs.into_iter().map(|mut row| Ok((row.take()?, row.take()?)));
    Ok(Contents { schema, orgs: orgs.collect::<Result<_, Fault>>()? })
}

/// Each org with its revision.
pub(crate) const ORGS_AT_A_GLANCE: &str = "select org, revision from org order by org";

//! A look at a database from outside, for whoever asks what is wrong with it. Writes nothing: no migration, no lock file,
//! not even SQLite's own companions. Leaves out what the findings mean.

use std::path::Path;

use crate::fault::{Fault, OpenError};
use crate::migrate::{self, Applied};
use crate::postgres::Postgres;
use crate::sqlite;
use crate::statements;
use crate::value::{FromRow as _, Row, Value};

/// What was found in a database.
#[derive(Debug)]
pub struct Inspection {
    /// The migrations that a start would apply; all of them where the database is empty.
    pub pending: usize,
    /// Each org, with its sealed secret of the name that was asked for.
    pub orgs: Vec<(String, Option<Vec<u8>>)>,
    /// When a node last wrote an event, by that node's clock.
    pub newest_event: Option<i64>,
    /// What time it is by the database's own clock, if it has one.
    pub clock: Option<i64>,
}

/// What was found in a data directory.
#[derive(Debug)]
pub enum Embedded {
    /// There is no database yet.
    Absent,
    /// Another process serves from it.
    Held,
    /// The last process ended without folding its log into the database; the next start does, and before that a look
    /// would see half.
    Unfolded,
    /// The file is damaged, in the words of SQLite.
    Damaged(String),
    /// A whole database.
    Found(Inspection),
}

/// Looks at the embedded database of a directory; `secret` names the org's secret to bring along.
pub fn inspect_directory(directory: &Path, secret: &str) -> Result<Embedded, OpenError> {
    sqlite::inspect(directory, secret)
}

/// Looks at a PostgreSQL database.
pub async fn inspect_postgres(url: &str, secret: &str) -> Result<Inspection, OpenError> {
    let session = Postgres::connect(url)?;
    let mut found = Inspection::of_ledger(session.ledger().await?)?;
    if found.pending == 0 {
        for org in names(session.query(statements::ORGS, "", &[]).await?)? {
            let sealed = session.query(statements::ORG_SECRET, &org, &[Value::from(secret)]).await?;
            let writers = session.query(statements::LOG_WRITERS, &org, &[]).await?;
            found.add(org, sealed, writers)?;
        }
    }
    found.clock = Some(session.clock().await?);
    session.close();
    Ok(found)
}

impl Inspection {
    /// What the ledger of migrations says.
    pub(crate) fn of_ledger(ledger: Vec<Row>) -> Result<Self, OpenError> {
        let applied = ledger.into_iter().map(Applied::from_row).collect::<Result<Vec<_>, _>>()?;
        let pending = migrate::pending(migrate::known(), &applied)?.len();
        Ok(Self { pending, orgs: Vec::new(), newest_event: None, clock: None })
    }

    /// One more org: the answers to `ORG_SECRET` and `LOG_WRITERS`.
    pub(crate) fn add(&mut self, org: String, sealed: Vec<Row>, writers: Vec<Row>) -> Result<(), Fault> {
        let sealed = sealed.into_iter().next().map(|mut row| row.take()).transpose()?;
        for mut row in writers {
            let (_writer, _next, at): (String, i64, i64) = (row.take()?, row.take()?, row.take()?);
            self.newest_event = self.newest_event.max(Some(at));
        }
        self.orgs.push((org, sealed));
        Ok(())
    }
}

/// The orgs of an answer to `ORGS`.
pub(crate) fn names(orgs: Vec<Row>) -> Result<Vec<String>, Fault> {
    orgs.into_iter().map(|mut row| row.take()).collect()
}

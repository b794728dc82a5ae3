//! The PostgreSQL database in the making: a schema beside the one that is served from, and the one transaction that puts
//! its tables in place.

use std::sync::Arc;

use deadpool_postgres::Object;
use tokio_postgres::Transaction;

use super::Postgres;
use super::copy::url_within;
use super::serving;
use super::session::{Session, fault};
use crate::copy::{CopyError, Give, TABLES};
use crate::fault::OpenError;
use crate::kill_point::kill_point;

const NURSERY: &str = "tokenmint_restoring";
/// Held by the restore that is under way: there is one nursery in a database. Any number, as long as every release uses the
/// same.
const ALONE: &str = "select pg_try_advisory_lock(8246915214)";
const THERE: &str =
    "select exists (select from pg_tables where schemaname = current_schema() and tablename = $1::text)";
const LEDGER: &str = "schema_migration";

/// A schema in the making, and the connection that holds the locks: as long as it lives, no node begins to serve.
#[derive(Debug)]
pub(crate) struct StagedSchema {
    url: String,
    target: Arc<Session>,
    held: Object,
}

impl StagedSchema {
    pub(crate) async fn begin(url: &str) -> Result<Self, OpenError> {
        let target = Postgres::connect(url)?;
        let held = target.connection().await?;
        let alone = held.query_one(ALONE, &[]).await.map_err(fault)?;
        if !alone.try_get::<_, bool>(0).map_err(fault)? || !serving::have(&held).await.map_err(fault)? {
            return Err(OpenError::InUse);
        }
        // Only ever made here: what an earlier restore left half done.
        held.batch_execute("set statement_timeout = 0; set lock_timeout = 0").await.map_err(fault)?;
        let anew = format!("drop schema if exists {NURSERY} cascade; create schema {NURSERY}");
        held.batch_execute(&anew).await.map_err(fault)?;
        kill_point("restore: begun");
        Ok(Self { url: url_within(NURSERY, url), target, held })
    }

    /// The URL by which the schema in the making is the one that is served from.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn fill<E>(&self, schema: i64, give: Give<'_, E>) -> Result<(), CopyError<E>> {
        let session = Postgres::connect(&self.url)?;
        let filled = session.fill(schema, give).await;
        session.close();
        filled
    }

    pub(crate) async fn put_in_place(mut self, aside: &str) -> Result<Option<String>, OpenError> {
        kill_point("restore: filled");
        let transaction = self.held.transaction().await.map_err(fault)?;
        let moved = move_tables(&transaction, aside).await.map_err(fault)?;
        kill_point("restore: aside");
        transaction.commit().await.map_err(fault)?;
        kill_point("restore: in place");
        self.release().await;
        Ok(moved.then(|| format!("the schema {aside} of the same database")))
    }

    pub(crate) async fn discard(self) -> Result<(), OpenError> {
        let gone = format!("drop schema if exists {NURSERY} cascade");
        self.held.batch_execute(&gone).await.map_err(fault)?;
        self.release().await;
        Ok(())
    }

    /// Lets nodes begin. They may already when the database learns that the connection is gone, which is a moment later.
    async fn release(self) {
        // An error means that the connection is gone.
        let _ = self.held.batch_execute("select pg_advisory_unlock_all()").await;
        self.target.close();
    }
}

/// Moves the tables that are there aside, and the new ones to where they were.
async fn move_tables(transaction: &Transaction<'_>, aside: &str) -> Result<bool, tokio_postgres::Error> {
    let home: String =
        transaction.query_one("select quote_ident(current_schema())", &[]).await?.try_get(0)?;
    let mut moves = Vec::new();
    for name in TABLES.iter().map(|table| table.name).chain([LEDGER]) {
        if transaction.query_one(THERE, &[&name]).await?.try_get::<_, bool>(0)? {
            moves.push(format!("alter table {home}.{name} set schema {aside}"));
        }
    }
    let is_new = moves.is_empty();
    if !is_new {
        moves.insert(0, format!("create schema {aside}"));
    }
    for name in TABLES.iter().map(|table| table.name).chain([LEDGER]) {
        moves.push(format!("alter table {NURSERY}.{name} set schema {home}"));
    }
    moves.push(format!("drop schema {NURSERY}"));
    transaction.batch_execute(&moves.join(";")).await?;
    Ok(!is_new)
}

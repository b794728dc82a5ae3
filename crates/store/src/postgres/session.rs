//! Connections of the pool: reading, migrating, how values pass, and what PostgreSQL's errors mean.

use std::error::Error as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::{HookError, Object, Pool, PoolError, TimeoutType};
use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error};

use super::circuit::Circuit;
use crate::fault::{Fault, FaultKind, OpenError};
use crate::kill_point::kill_point;
use crate::migrate::{self, Applied, Dialect, Migration};
use crate::numbering::Numbering;
use crate::statements::Statement;
use crate::value::{FromRow as _, Row, Value};

/// Longer than the server's own limit of a statement: only a silent server is given up. Nobody begins a transaction
/// again after this long either.
pub(super) const SILENCE: Duration = Duration::from_secs(5);
/// How often something is tried again that certainly left no trace.
pub(super) const RETRIES: u32 = 5;
/// Any number, as long as every release uses the same.
const MIGRATION_LOCK: &str = "select pg_advisory_xact_lock(8246915213)";
/// Whether there is a schema.
pub(super) const IS_THERE: &str = "select to_regclass('schema_migration') is not null";

/// The pool, and the numbers of this process's events.
#[derive(Debug)]
pub(crate) struct Session {
    pool: Pool,
    numbering: Mutex<Numbering>,
    pub(super) circuit: Circuit,
}

impl Session {
    pub(super) fn new(pool: Pool, numbering: Numbering) -> Self {
        Self { pool, numbering: Mutex::new(numbering), circuit: Circuit::default() }
    }

    pub(super) fn numbering(&self) -> MutexGuard<'_, Numbering> {
        self.numbering.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn connection(&self) -> Result<Object, Fault> {
        self.circuit.admit(Instant::now())?;
        let error = match self.pool.get().await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let message = match &error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                format!("the database cannot be reached: {}", text(error))
            }
            PoolError::Timeout(TimeoutType::Wait) => "every connection to the database is busy".to_owned(),
            PoolError::PostCreateHook(HookError::Message(why)) => {
                self.leave(why);
                why.to_string()
            }
            PoolError::Closed => "the connections to the database are closed".to_owned(),
            error => format!("the database cannot be reached: {error}"),
        };
        if is_silence(&error) {
            self.circuit.fail(Instant::now());
        }
        Err(Fault { kind: FaultKind::Unavailable, message, source: Some(Box::new(error)) })
    }

    /// Ends all connections for good: what this process knows is of a database that gives way to another one.
    fn leave(&self, why: &str) {
        if !self.pool.is_closed() {
            tracing::error!(
                "{why}: this process makes no connection to it any more, start it again afterwards"
            );
            self.pool.close();
        }
    }

    /// Draws the consequence of an error for the other connections: those to a server that takes no writes any more are
    /// of no use, not even to read by, for what it knows may be old.
    pub(super) fn note(&self, code: &SqlState) {
        self.circuit.note(code);
        if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            let dropped = self.pool.retain(|_, _| false).removed.len();
            tracing::warn!(
                dropped,
                "the database server takes no writes any more: looking for the one that does"
            );
        }
    }

    /// The fault of a server that says nothing. If its host is gone, the idle connections are as dead and do not know it:
    /// new ones are cheaper than finding that out one by one.
    pub(super) fn silent(&self) -> Fault {
        self.circuit.fail(Instant::now());
        self.pool.retain(|_, _| false);
        Fault::new(FaultKind::Unavailable, "the database does not answer")
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }

    pub(crate) async fn query(
        &self,
        statement: &Statement,
        org: &str,
        params: &[Value],
    ) -> Result<Vec<Row>, Fault> {
        self.query_within(SILENCE, statement, org, params).await
    }

    /// As [`Session::query`], for an answer that is of no use later.
    pub(super) async fn query_within(
        &self,
        patience: Duration,
        statement: &Statement,
        org: &str,
        params: &[Value],
    ) -> Result<Vec<Row>, Fault> {
        // A connection that died in the pool is noticed only when it is used: then once more with another.
        let mut retry = 0;
        loop {
            let connection = self.connection().await?;
            let answer = tokio::time::timeout(patience, select(&connection, statement, org, params)).await;
            let Ok(answer) = answer else {
                drop(Object::take(connection));
                return Err(self.silent());
            };
            let error = match answer {
                Ok(rows) => {
                    self.circuit.close();
                    return rows.iter().map(row).collect();
                }
                Err(error) => error,
            };
            drop(Object::take(connection));
            error.code().into_iter().for_each(|code| self.note(code));
            if retry == RETRIES || !(error.is_closed() || is_passing(&error)) {
                return Err(fault(error));
            }
            retry += 1;
            tokio::time::sleep(pause(retry)).await;
        }
    }

    /// The migrations that were applied: none where there is no schema yet.
    pub(crate) async fn ledger(&self) -> Result<Vec<Row>, Fault> {
        let connection = self.connection().await?;
        let there = connection.query_one(IS_THERE, &[]).await;
        if !there.and_then(|row| row.try_get::<_, bool>(0)).map_err(fault)? {
            return Ok(Vec::new());
        }
        let applied = connection.query(migrate::READ_LEDGER, &[]).await.map_err(fault)?;
        applied.iter().map(row).collect()
    }

    /// Brings the schema up to date, one migration in one transaction, one node at a time.
    pub(super) async fn migrate(&self, known: &[Migration]) -> Result<(), OpenError> {
        let mut connection = self.connection().await?;
        while migrate_once(&mut connection, known).await? {}
        // Its statements were planned against the old schema.
        drop(Object::take(connection));
        Ok(())
    }
}

/// Applies the first migration that is missing; answers whether there was one.
async fn migrate_once(connection: &mut Object, known: &[Migration]) -> Result<bool, OpenError> {
    let transaction = connection.transaction().await.map_err(fault)?;
    let begin = format!("set local statement_timeout = 0; set local lock_timeout = 0; {MIGRATION_LOCK}");
    transaction.batch_execute(&begin).await.map_err(fault)?;
    let ledger = migrate::render(migrate::CREATE_LEDGER, Dialect::Postgres);
    transaction.batch_execute(&ledger).await.map_err(fault)?;
    let applied = transaction.query(migrate::READ_LEDGER, &[]).await.map_err(fault)?;
    let applied = applied.iter().map(|found| row(found).and_then(Applied::from_row));
    let applied = applied.collect::<Result<Vec<_>, _>>()?;
    let Some(&missing) = migrate::pending(known, &applied)?.first() else {
        transaction.commit().await.map_err(fault)?;
        return Ok(false);
    };
    kill_point("migration: begun");
    let text = migrate::render(missing.template, Dialect::Postgres);
    transaction.batch_execute(&text).await.map_err(fault)?;
    kill_point("migration: applied");
    let checksum = migrate::checksum(missing.template);
    let entry: [&(dyn ToSql + Sync); 4] = [&missing.number, &missing.major, &missing.name, &checksum];
    transaction.execute(migrate::WRITE_LEDGER, &entry).await.map_err(fault)?;
    kill_point("migration: noted");
    transaction.commit().await.map_err(fault)?;
    kill_point("migration: committed");
    Ok(true)
}

async fn select(
    connection: &Object,
    statement: &Statement,
    org: &str,
    params: &[Value],
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let prepared = connection.prepare_cached(statement.sql).await?;
    connection.query(&prepared, &bound(statement, &org, params)).await
}

/// Runs a prepared statement that writes, and counts the rows that it affected.
pub(super) async fn execute(
    client: &Client,
    prepared: tokio_postgres::Statement,
    statement: &Statement,
    org: &str,
    params: &[Value],
) -> Result<u64, Error> {
    client.execute(&prepared, &bound(statement, &org, params)).await
}

/// The parameters with the org in its place.
fn bound<'v>(statement: &Statement, org: &'v &str, params: &'v [Value]) -> Vec<&'v (dyn ToSql + Sync)> {
    let mut bound: Vec<&(dyn ToSql + Sync)> = Vec::with_capacity(params.len() + 1);
    bound.extend(params.iter().map(|value| value as &(dyn ToSql + Sync)));
    if statement.org != 0 {
        bound.insert(statement.org - 1, org);
    }
    bound
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql(ty, out),
            Self::Text(text) => text.to_sql(ty, out),
            Self::Bytes(bytes) => bytes.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

pub(super) fn row(found: &tokio_postgres::Row) -> Result<Row, Fault> {
    let columns = found.columns().iter().enumerate();
    let values = columns.map(|(place, column)| match *column.type_() {
        Type::INT8 => found.try_get::<_, Option<i64>>(place).map(Value::from),
        Type::BYTEA => found
            .try_get::<_, Option<Vec<u8>>>(place)
            .map(|bytes| bytes.as_ref().map_or(Value::Null, Value::from)),
        _ => found.try_get::<_, Option<String>>(place).map(Value::from),
    });
    values.collect::<Result<Vec<_>, _>>().map(Row::new).map_err(fault)
}

/// Whether no connection was to be had because the server did not answer: that all of ours are busy, or closed, says nothing
/// about it.
fn is_silence(error: &PoolError) -> bool {
    !matches!(
        error,
        PoolError::Timeout(TimeoutType::Wait)
            | PoolError::Closed
            | PoolError::PostCreateHook(HookError::Message(_))
    )
}

/// Whether trying again may succeed, if need be on another connection: the server undid the transaction for the sake
/// of another one, went down, or is not the primary any more.
pub(super) fn is_passing(error: &Error) -> bool {
    let code = error.code().map(SqlState::code);
    code.is_some_and(|code| ["40001", "40P01", "57P01", "57P02", "57P03", "25006"].contains(&code))
}

/// Whether a key would have been doubled.
pub(super) fn is_conflict(error: &Error) -> bool {
    error.code() == Some(&SqlState::UNIQUE_VIOLATION)
}

/// Says what an error of PostgreSQL means.
pub(super) fn fault(error: Error) -> Fault {
    let kind = match error.code().map(SqlState::code) {
        Some("53100") => FaultKind::Full,
        Some("55P03" | "40001" | "40P01") => FaultKind::Locked,
        Some("XX001" | "XX002") => FaultKind::Corrupt,
        // Out of resources, shutting down, cancelled, failed over to a replica, lost.
        Some(code) if ["53", "57", "58", "08"].contains(&&code[..2]) || code == "25006" => {
            FaultKind::Unavailable
        }
        None if error.is_closed() || lost(&error) => FaultKind::Unavailable,
        Some(_) | None => FaultKind::Internal,
    };
    let message = format!("the database failed: {}", text(&error));
    Fault { kind, message, source: Some(Box::new(error)) }
}

fn lost(error: &Error) -> bool {
    error.source().and_then(|source| source.downcast_ref::<std::io::Error>()).is_some()
}

/// The driver's errors keep the server's words one level down.
pub(super) fn text(error: &Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Between 5 and 10 ms, doubled with every retry, so that two that collided do not collide again.
pub(super) fn pause(retry: u32) -> Duration {
    let noise = getrandom::u32().unwrap_or(0) % 2_500;
    Duration::from_micros(u64::from(2_500 + noise) << retry.min(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_pool_and_a_closed_one_say_nothing_about_the_server() {
        for ours in [PoolError::Timeout(TimeoutType::Wait), PoolError::Closed] {
            assert!(!is_silence(&ours), "{ours:?}");
        }
        for theirs in [TimeoutType::Create, TimeoutType::Recycle] {
            assert!(is_silence(&PoolError::Timeout(theirs)), "{theirs:?}");
        }
        assert!(is_silence(&PoolError::Backend(Error::__private_api_timeout())));
    }
}

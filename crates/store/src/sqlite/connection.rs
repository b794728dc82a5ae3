//! One SQLite connection: how it is opened and migrated, how values pass, and what its errors mean.

use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Error, ErrorCode, OpenFlags, ToSql, TransactionBehavior, ffi};

use super::Options;
use crate::fault::{Fault, FaultKind, OpenError};
use crate::kill_point::kill_point;
use crate::migrate::{self, Applied, Dialect, Migration};
use crate::statements::Statement;
use crate::value::{FromRow as _, Row, Value};

/// Opens the writer's connection.
pub(super) fn open(file: &Path, options: &Options) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(fault)?;
    prepare(&connection, options).map_err(fault)?;
    // FULL: an answered commit outlives a power cut. One fsync serves the whole queue.
    connection
        .execute_batch(
            "pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0; pragma journal_size_limit = 67108864;",
        )
        .map_err(fault)?;
    Ok(connection)
}

pub(super) fn open_memory(options: &Options) -> Result<Connection, Fault> {
    let connection = Connection::open_in_memory().map_err(fault)?;
    prepare(&connection, options).map_err(fault)?;
    Ok(connection)
}

/// Opens a reader's connection to a database that the writer has opened already.
pub(super) fn open_read_only(file: &Path, options: &Options) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(fault)?;
    prepare(&connection, options).map_err(fault)?;
    Ok(connection)
}

fn prepare(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(
        "pragma foreign_keys = off; pragma trusted_schema = off; pragma cell_size_check = on; \
         pragma temp_store = memory; pragma cache_size = -2048;",
    )?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}

/// Brings the schema up to date, one migration in one transaction.
pub(super) fn migrate(connection: &mut Connection, known: &[Migration]) -> Result<(), OpenError> {
    connection.execute_batch(&migrate::render(migrate::CREATE_LEDGER, Dialect::Sqlite)).map_err(fault)?;
    let applied = ledger(connection)?;
    for migration in migrate::pending(known, &applied)? {
        apply(connection, migration).map_err(fault)?;
    }
    Ok(())
}

/// The migrations that were applied: none where there is no schema yet.
pub(super) fn find_ledger(connection: &Connection) -> Result<Vec<Row>, Fault> {
    if !connection.table_exists(None, "schema_migration").map_err(fault)? {
        return Ok(Vec::new());
    }
    rows(&mut connection.prepare(migrate::READ_LEDGER).map_err(fault)?)
}

fn ledger(connection: &Connection) -> Result<Vec<Applied>, Fault> {
    let mut statement = connection.prepare(migrate::READ_LEDGER).map_err(fault)?;
    rows(&mut statement)?.into_iter().map(Applied::from_row).collect()
}

fn apply(connection: &mut Connection, migration: &Migration) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    kill_point("migration: begun");
    transaction.execute_batch(&migrate::render(migration.template, Dialect::Sqlite))?;
    kill_point("migration: applied");
    let checksum = migrate::checksum(migration.template);
    let entry = (migration.number, migration.major, migration.name, checksum);
    transaction.execute(migrate::WRITE_LEDGER, entry)?;
    kill_point("migration: noted");
    transaction.commit()?;
    kill_point("migration: committed");
    Ok(())
}

/// Runs a statement that answers rows.
pub(super) fn query(
    connection: &Connection,
    statement: &Statement,
    org: &str,
    params: &[Value],
) -> Result<Vec<Row>, Fault> {
    let mut prepared = connection.prepare_cached(statement.sql).map_err(fault)?;
    bind(&mut prepared, statement, org, params).map_err(fault)?;
    rows(&mut prepared)
}

/// Runs a statement that writes, and counts the rows that it affected.
pub(super) fn execute(
    connection: &Connection,
    statement: &Statement,
    org: &str,
    params: &[Value],
) -> rusqlite::Result<usize> {
    let mut prepared = connection.prepare_cached(statement.sql)?;
    bind(&mut prepared, statement, org, params)?;
    prepared.raw_execute()
}

fn bind(
    prepared: &mut CachedStatement<'_>,
    statement: &Statement,
    org: &str,
    params: &[Value],
) -> rusqlite::Result<()> {
    for (place, value) in params.iter().enumerate() {
        // The org is not among the values: what stands at or behind its place moves up by one.
        let index = place + 1;
        let moved = statement.org != 0 && index >= statement.org;
        prepared.raw_bind_parameter(index + usize::from(moved), value)?;
    }
    if statement.org != 0 {
        prepared.raw_bind_parameter(statement.org, org)?;
    }
    Ok(())
}

fn rows(prepared: &mut rusqlite::Statement<'_>) -> Result<Vec<Row>, Fault> {
    let columns = prepared.column_count();
    let mut answer = prepared.raw_query();
    let mut found = Vec::new();
    while let Some(row) = answer.next().map_err(fault)? {
        found.push(Row::new(values(row, columns)?));
    }
    Ok(found)
}

/// The columns of one row.
pub(super) fn values(row: &rusqlite::Row<'_>, columns: usize) -> Result<Vec<Value>, Fault> {
    (0..columns).map(|column| row.get_ref(column).map_err(fault).and_then(value)).collect()
}

fn value(column: ValueRef<'_>) -> Result<Value, Fault> {
    match column {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(value) => Ok(Value::Int(value)),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(error) => Err(Fault::because(FaultKind::Corrupt, error)),
        },
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_owned())),
        ValueRef::Real(_) => Err(Fault::new(FaultKind::Internal, "a row holds a number with a fraction")),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Whether a key would have been doubled.
pub(super) fn is_conflict(error: &Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        [ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_CONSTRAINT_UNIQUE].contains(&error.extended_code)
    })
}

/// Whether the system could not bring a commit to the disk: what the file holds is then anybody's guess.
pub(super) fn is_failed_sync(error: &Error) -> bool {
    error.sqlite_error().is_some_and(|error| {
        [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC].contains(&error.extended_code)
    })
}

/// Says what an error of SQLite means.
pub(super) fn fault(error: Error) -> Fault {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => FaultKind::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => FaultKind::Locked,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => FaultKind::Corrupt,
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory,
        ) => FaultKind::Unavailable,
        _ => FaultKind::Internal,
    };
    Fault::because(kind, error)
}

//! Copying an embedded database out of its file, while whoever serves from it goes on, and into a new file that nobody
//! serves from yet.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{connection, directory};
use crate::copy::{self, CopyError, Give, ORGS_AT_A_GLANCE, Piece, Table, Take, tables_at};
use crate::fault::{Fault, FaultKind, OpenError};
use crate::migrate::{self, MIGRATIONS};
use crate::value::{Row, Value};

/// Reads everything in one transaction. SQLite keeps what it sees until it has ended; writers do not wait for it.
pub(crate) fn copy_out<E>(from: &Path, take: Take<'_, E>) -> Result<(), CopyError<E>> {
    let file = from.join(directory::DATABASE_FILE);
    if std::fs::metadata(&file).map_or(0, |found| found.len()) == 0 {
        return Err(CopyError::Empty);
    }
    let connection = open_beside(&file).map_err(connection::fault)?;
    connection.execute_batch("begin").map_err(connection::fault)?;
    let schema = copy::schema_of(connection::find_ledger(&connection)?)?;
    let orgs = all(&connection, ORGS_AT_A_GLANCE).map_err(connection::fault)?;
    take(Piece::Contents(copy::contents(schema, orgs)?)).map_err(CopyError::Other)?;
    for table in tables_at(schema) {
        take(Piece::Table(table)).map_err(CopyError::Other)?;
        let mut statement = connection.prepare(&table.select(schema)).map_err(connection::fault)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(connection::fault)? {
            take(Piece::Row(connection::values(row, columns)?)).map_err(CopyError::Other)?;
        }
    }
    Ok(())
}

/// Beside a server a connection must be able to write, for the index of the log is shared; this one changes no row.
fn open_beside(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.execute_batch(
        "pragma trusted_schema = off; pragma cell_size_check = on; pragma query_only = on; \
         pragma wal_autocheckpoint = 0;",
    )?;
    Ok(connection)
}

fn all(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map((), |row| Ok(vec![Value::Text(row.get(0)?), Value::Int(row.get(1)?)]))?;
    rows.map(|row| row.map(Row::new)).collect()
}

/// Makes the database of `directory` of pieces: the schema that they were copied at, their rows, and what this release
/// has added since. Nothing is synced before the end, for until then the file is worth nothing.
pub(crate) fn fill<E>(directory: &Path, schema: i64, give: Give<'_, E>) -> Result<(), CopyError<E>> {
    let file = directory::database(directory)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&file, flags).map_err(connection::fault)?;
    connection
        .execute_batch("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -65536;")
        .map_err(connection::fault)?;
    connection::migrate(&mut connection, migrate::up_to(schema))?;
    connection.execute_batch("begin").map_err(connection::fault)?;
    insert(&connection, schema, give)?;
    connection.execute_batch("commit").map_err(connection::fault)?;
    connection::migrate(&mut connection, MIGRATIONS)?;
    connection.close().map_err(|(_, error)| connection::fault(error))?;
    let synced = File::open(&file).and_then(|file| file.sync_all());
    synced.map_err(|error| OpenError::Directory { path: file, source: error })?;
    Ok(())
}

fn insert<E>(connection: &Connection, schema: i64, give: Give<'_, E>) -> Result<(), CopyError<E>> {
    let mut into: Option<(&'static Table, rusqlite::Statement<'_>)> = None;
    while let Some(piece) = give().map_err(CopyError::Other)? {
        match piece {
            Piece::Contents(_) => {}
            Piece::Table(table) => {
                let statement = connection.prepare(&table.insert(schema)).map_err(connection::fault)?;
                into = Some((table, statement));
            }
            Piece::Row(row) => {
                let lost = || Fault::new(FaultKind::Internal, "a row belongs to no table");
                let (_, statement) = into.as_mut().ok_or_else(lost)?;
                statement.execute(rusqlite::params_from_iter(&row)).map_err(connection::fault)?;
            }
        }
    }
    Ok(())
}

//! A look at the file of an embedded database that nobody serves from. Opened as immutable, so that SQLite makes none of its
//! companions; that is only true of a file into which the log was folded.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{connection, directory, staging};
use crate::fault::OpenError;
use crate::inspect::{Embedded, Inspection, names};
use crate::statements;
use crate::value::Value;

pub(crate) fn inspect(directory: &Path, secret: &str) -> Result<Embedded, OpenError> {
    let Some(_lock) = directory::peek(directory)? else { return Ok(Embedded::Held) };
    staging::check_whole(directory)?;
    let file = directory.join(directory::DATABASE_FILE);
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    if size(&file) == 0 {
        return Ok(Embedded::Absent);
    }
    if size(&directory.join(format!("{}-wal", directory::DATABASE_FILE))) > 0 {
        return Ok(Embedded::Unfolded);
    }
    let connection = open(&file).map_err(connection::fault)?;
    let check: Result<String, _> = connection.query_row("pragma quick_check(1)", [], |row| row.get(0));
    match check {
        Ok(said) if said == "ok" => {}
        Ok(said) => return Ok(Embedded::Damaged(said)),
        Err(error) => return Ok(Embedded::Damaged(error.to_string())),
    }
    read(&connection, secret).map(Embedded::Found)
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let mut path = String::new();
    for character in file.to_string_lossy().chars() {
        match character {
            '%' => path.push_str("%25"),
            '?' => path.push_str("%3f"),
            '#' => path.push_str("%23"),
            other => path.push(other),
        }
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{path}?immutable=1"), flags)
}

fn read(connection: &Connection, secret: &str) -> Result<Inspection, OpenError> {
    let mut found = Inspection::of_ledger(connection::find_ledger(connection)?)?;
    if found.pending == 0 {
        for org in names(connection::query(connection, statements::ORGS, "", &[])?)? {
            let sealed = connection::query(connection, statements::ORG_SECRET, &org, &[Value::from(secret)])?;
            let writers = connection::query(connection, statements::LOG_WRITERS, &org, &[])?;
            found.add(org, sealed, writers)?;
        }
    }
    Ok(found)
}

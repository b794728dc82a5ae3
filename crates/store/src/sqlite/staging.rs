//! The embedded database in the making: a directory within the data directory, and the moves that put it in place.
//!
//! Between the first move and the last there is a file that tells so, and nobody serves: a start that found no database
//! there would make a new one. Another file names where the old one goes, so that a restore that is cut off and done again
//! leaves it in one piece.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::connection;
use super::directory::{self, DATABASE_FILE};
use crate::fault::{Fault, FaultKind, OpenError};
use crate::kill_point::kill_point;

const NURSERY: &str = "restoring";
/// The new database while the old one is moved aside.
const BETWEEN: &str = "tokenmint.db.restored";
/// Names the directory that the old one is moved to, while there is [`BETWEEN`].
const GOES_TO: &str = "tokenmint.db.goes_to";
/// What SQLite keeps beside a database.
const COMPANIONS: [&str; 3] = [DATABASE_FILE, "tokenmint.db-wal", "tokenmint.db-shm"];

/// A database in the making, and the lock on the directory that it is for.
#[derive(Debug)]
pub(crate) struct StagedDirectory {
    target: PathBuf,
    _lock: File,
}

impl StagedDirectory {
    pub(crate) fn begin(target: &Path) -> Result<Self, OpenError> {
        let lock = directory::hold(target)?;
        let staged = Self { target: target.to_owned(), _lock: lock };
        staged.clear().map_err(|error| staged.cannot_use(error))?;
        kill_point("restore: begun");
        Ok(staged)
    }

    /// Where the new database is made.
    pub(crate) fn directory(&self) -> PathBuf {
        self.target.join(NURSERY)
    }

    fn clear(&self) -> io::Result<()> {
        remove(&self.directory())?;
        DirBuilder::new().mode(0o700).create(self.directory())
    }

    pub(crate) fn put_in_place(self, aside: &str) -> Result<Option<String>, OpenError> {
        self.moves(aside).map_err(|error| self.cannot_use(error))
    }

    fn moves(&self, aside: &str) -> io::Result<Option<String>> {
        let (made, between) = (self.directory().join(DATABASE_FILE), self.target.join(BETWEEN));
        if let Err(fault) = fold(&self.target.join(DATABASE_FILE)) {
            // It is what is replaced: it may be damaged. Then its log goes with it.
            tracing::warn!(%fault, "the log of the old database could not be folded into it");
        }
        File::open(&made)?.sync_all()?;
        kill_point("restore: filled");
        let aside = self.target.join(self.aside(aside)?);
        fs::rename(&made, &between)?;
        self.sync()?;
        kill_point("restore: between");
        let old: Vec<&str> = COMPANIONS.into_iter().filter(|name| self.target.join(name).exists()).collect();
        if !old.is_empty() {
            DirBuilder::new().recursive(true).mode(0o700).create(&aside)?;
            for name in old {
                move_to(&self.target.join(name), &aside.join(name))?;
                kill_point("restore: moved one aside");
            }
            File::open(&aside)?.sync_all()?;
            kill_point("restore: aside");
        }
        fs::rename(&between, self.target.join(DATABASE_FILE))?;
        self.sync()?;
        kill_point("restore: in place");
        fs::remove_file(self.target.join(GOES_TO))?;
        remove(&self.directory())?;
        Ok(aside.exists().then(|| aside.display().to_string()))
    }

    /// The name of the directory that the old database goes to: `wanted`, or the one that an unfinished restore began with.
    fn aside(&self, wanted: &str) -> io::Result<String> {
        let file = self.target.join(GOES_TO);
        if self.target.join(BETWEEN).exists()
            && let Ok(begun) = fs::read_to_string(&file)
            && Path::new(&begun).file_name().is_some_and(|name| name == begun.as_str())
        {
            return Ok(begun);
        }
        fs::write(&file, wanted)?;
        File::open(&file)?.sync_all()?;
        Ok(wanted.to_owned())
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.target)?.sync_all()
    }

    pub(crate) fn discard(self) -> Result<(), OpenError> {
        remove(&self.directory()).map_err(|error| self.cannot_use(error))
    }

    fn cannot_use(&self, source: io::Error) -> OpenError {
        OpenError::Directory { path: self.target.clone(), source }
    }
}

/// Writes what is in the log of a database that nobody serves from into its file, so that one file is all of it.
fn fold(file: &Path) -> Result<(), Fault> {
    if !file.exists() {
        return Ok(());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(connection::fault)?;
    connection.execute_batch("pragma synchronous = full").map_err(connection::fault)?;
    let busy = connection.query_row("pragma wal_checkpoint(truncate)", (), |row| row.get::<_, i64>(0));
    if busy.map_err(connection::fault)? != 0 {
        return Err(Fault::new(FaultKind::Locked, "another process uses it"));
    }
    // The last one who closes it removes the empty log.
    connection.close().map_err(|(_, error)| connection::fault(error))
}

/// Moves a file, never onto another one.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        let there = format!("`{}` is there already", to.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, there));
    }
    fs::rename(from, to)
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Refuses a directory in which a restore was cut off between its moves.
pub(super) fn check_whole(directory: &Path) -> Result<(), OpenError> {
    if directory.join(BETWEEN).exists() {
        return Err(OpenError::HalfRestored { path: directory.to_owned() });
    }
    Ok(())
}

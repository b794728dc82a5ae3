//! The embedded database in the making: a directory within the data directory, and the moves that put it in place.
//!
//! Between the first move and the last there is a file that tells so, and nobody serves: a start that found no database
//! there would make a new one.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::directory::{self, DATABASE_FILE};
use crate::fault::OpenError;
use crate::kill_point::kill_point;

const NURSERY: &str = "restoring";
/// The new database while the old one is moved aside.
const BETWEEN: &str = "tokenmint.db.restored";
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
        File::open(&made)?.sync_all()?;
        kill_point("restore: filled");
        fs::rename(&made, &between)?;
        self.sync()?;
        kill_point("restore: between");
        let old: Vec<&str> = COMPANIONS.into_iter().filter(|name| self.target.join(name).exists()).collect();
        let aside = self.target.join(aside);
        if !old.is_empty() {
            DirBuilder::new().mode(0o700).create(&aside)?;
            for name in &old {
                fs::rename(self.target.join(name), aside.join(name))?;
                kill_point("restore: moved one aside");
            }
            File::open(&aside)?.sync_all()?;
            kill_point("restore: aside");
        }
        fs::rename(&between, self.target.join(DATABASE_FILE))?;
        self.sync()?;
        kill_point("restore: in place");
        remove(&self.directory())?;
        Ok((!old.is_empty()).then(|| aside.display().to_string()))
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

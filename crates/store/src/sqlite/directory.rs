//! The data directory: made private, and held by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Error, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::fault::OpenError;

const LOCK: &str = "tokenmint.lock";
/// The name of the embedded database in its directory.
pub const DATABASE_FILE: &str = "tokenmint.db";

/// Makes the directory if need be and locks it until the file is dropped.
pub(super) fn hold(directory: &Path) -> Result<File, OpenError> {
    if !directory.is_dir() {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(|source| cannot_use(directory, source))?;
    }
    let path = directory.join(LOCK);
    let mut file = private_file(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // A holder that has not written its number yet is shown as 0.
            let _ = file.read_to_string(&mut holder);
            return Err(OpenError::Held { pid: holder.trim().parse().unwrap_or(0), path });
        }
        Err(TryLockError::Error(source)) => return Err(cannot_use(&path, source)),
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(|source| cannot_use(&path, source))?;
    Ok(file)
}

/// Locks the directory as [`hold`] does, but makes and writes nothing; `None` if another process holds it. (Where nobody
/// ever held it, the open directory stands for the lock.)
pub(super) fn peek(directory: &Path) -> Result<Option<File>, OpenError> {
    let path = directory.join(LOCK);
    let file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return File::open(directory).map(Some).map_err(|source| cannot_use(directory, source));
        }
        opened => opened.map_err(|source| cannot_use(&path, source))?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(cannot_use(&path, source)),
    }
}

/// The database's path; the file exists and is private, and SQLite gives its companions the same mode.
pub(super) fn database(directory: &Path) -> Result<PathBuf, OpenError> {
    let path = directory.join(DATABASE_FILE);
    private_file(&path)?;
    Ok(path)
}

fn private_file(path: &Path) -> Result<File, OpenError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|source| cannot_use(path, source))
}

fn cannot_use(path: &Path, source: Error) -> OpenError {
    OpenError::Directory { path: path.to_owned(), source }
}

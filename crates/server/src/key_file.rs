//! The master key's file. Beside an embedded database it is made on the first start, for its owner alone; PostgreSQL
//! needs a key that the operator gives, so that a copy of the database is worth nothing by itself.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jose::KeyRing;
use store::Place;

use crate::config::{Config, Database};
use crate::secret::Secret;

/// The file's name in the data directory.
pub const NAME: &str = "master.key";

/// Where the key came from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// The file that we made: we may replace it.
    Ours(PathBuf),
    /// `--master-key-file` or `TOKENMINT_MASTER_KEY`: the operator replaces it.
    Given(Secret),
}

/// The master keys, and where they came from.
pub struct Keys {
    /// The keys.
    pub ring: KeyRing,
    /// Where they came from.
    pub source: KeySource,
}

/// Reads the master key; makes one beside an embedded database that is still empty.
pub fn read(config: &Config, is_empty: bool) -> Result<Keys, String> {
    if let Some(given) = &config.master_key {
        let source = KeySource::Given(given.clone());
        return Ok(Keys { ring: parse(given.expose(), "the master key that was given")?, source });
    }
    if matches!(config.database, Database::Postgres(_)) {
        return Err(format!(
            "PostgreSQL needs a master key of your own: make one with `tokenmint key generate`, and give it by \
             --master-key-file or TOKENMINT_MASTER_KEY (the file `{NAME}` is made only beside the embedded database)"
        ));
    }
    let path = config.data.join(NAME);
    let shown = path.display();
    let ring = match fs::read_to_string(&path) {
        Ok(text) => parse(&text, &shown.to_string())?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && is_empty => {
            let ring = KeyRing::generate().map_err(|error| error.to_string())?;
            write(&path, &ring)?;
            ring
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!(
                "the master key `{shown}` is missing, and without it the secrets in this database cannot be opened: \
                 put the file back, or give the key by --master-key-file or TOKENMINT_MASTER_KEY"
            ));
        }
        Err(error) => return Err(format!("cannot read the master key `{shown}`: {error}")),
    };
    Ok(Keys { ring, source: KeySource::Ours(path) })
}

/// The text of the master key that goes with a database: the one that was given, or that of our own file beside an embedded
/// one, if it can be read.
pub fn find(given: Option<Secret>, place: &Place) -> Option<Secret> {
    let beside = || match place {
        Place::Directory(data) => fs::read_to_string(data.join(NAME)).ok().map(Secret::new),
        Place::Postgres(_) => None,
    };
    given.or_else(beside)
}

fn parse(text: &str, place: &str) -> Result<KeyRing, String> {
    KeyRing::parse(text).map_err(|error| format!("{place}: {error}"))
}

/// Writes beside the file and moves it into place, so that there is always a whole one.
fn write(path: &Path, ring: &KeyRing) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot write the master key `{}`: {error}", path.display());
    let draft = path.with_extension("key.new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    file.write_all(ring.to_text().expose()).and_then(|()| file.sync_all()).map_err(failed)?;
    store::kill_point("master key: drafted");
    fs::rename(&draft, path).map_err(failed)?;
    store::kill_point("master key: in place");
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

/// The keys to rewrap with: a new one before those that open what is there. Both are in the file before anything is
/// sealed under the new one.
pub fn ring_to_rewrap(source: &KeySource) -> Result<KeyRing, String> {
    match source {
        KeySource::Given(given) => parse(given.expose(), "the master key that was given"),
        KeySource::Ours(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
            let ring = parse(&text, &path.display().to_string())?;
            let ring = ring.with_new_key().map_err(|error| error.to_string())?;
            write(path, &ring)?;
            Ok(ring)
        }
    }
}

/// Drops the old keys from our own file once nothing is sealed under them; says what is left to do. `current` is the key
/// that everything was sealed under, as the text of its ring's first line.
pub fn forget_old_keys(source: &KeySource, current: &Secret) -> Result<String, String> {
    match source {
        KeySource::Given(_) => {
            Ok("everything is sealed under the first key; the others can be removed at the next start"
                .to_owned())
        }
        KeySource::Ours(path) => {
            write(path, &parse(current.expose(), "the new master key")?)?;
            Ok(format!("`{}` holds the new key alone; back it up apart from the database", path.display()))
        }
    }
}

/// The first key of a ring, as text.
pub fn first_key(ring: &KeyRing) -> Secret {
    let text = ring.to_text();
    Secret::new(text.expose_text().unwrap_or_default().lines().next().unwrap_or_default())
}

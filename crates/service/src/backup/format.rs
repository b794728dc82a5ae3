//! The form of a backup file. Owns its frames and texts; leaves out writing them in order (`writer`) and reading them
//! (`reader`).
//!
//! ```text
//! "tokenmint-backup"  format (4 bytes, big-endian)
//! H header  S            what it is a copy of, as JSON
//! T table R rows … S     once per table of the header's schema, in the order of the store's list
//! F footer  S            how many rows each table has and which master keys they are sealed under, as JSON
//! Z                      the digest of everything before it
//! ```
//!
//! A frame is a letter, the length of its content in 4 bytes, and the content. `S` holds the SHA-256 of the frames of its
//! section. A row is its columns one after the other, each a letter and its value.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Holds, Table};

pub(super) const MAGIC: &[u8; 16] = b"tokenmint-backup";
/// The form that this release writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// The letter of a frame.
pub(super) const HEADER: u8 = b'H';
pub(super) const TABLE: u8 = b'T';
pub(super) const ROWS: u8 = b'R';
pub(super) const SECTION: u8 = b'S';
pub(super) const FOOTER: u8 = b'F';
pub(super) const WHOLE: u8 = b'Z';

/// The letter of a value.
pub(super) const NULL: u8 = b'n';
pub(super) const INT: u8 = b'i';
pub(super) const TEXT: u8 = b't';
pub(super) const BYTES: u8 = b'b';

/// Rows are gathered up to this size.
pub(super) const ROWS_BYTES: usize = 256 * 1024;
/// No frame is longer: no row is.
pub(super) const FRAME_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// What a backup says of itself before any row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The release that wrote it.
    pub release: String,
    /// When it was begun, in milliseconds since 1970. Everything acknowledged before is in it.
    pub created: i64,
    /// The newest migration of the database.
    pub schema: i64,
    /// Each org with the revision of its configuration.
    pub orgs: Vec<(String, i64)>,
}

/// What a backup says of itself after every row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    /// The ids of the master keys that open what is sealed in it.
    pub keys: Vec<String>,
}

/// The content of a table's first frame.
pub(super) fn table(table: &Table, schema: i64) -> String {
    let columns = table.columns_at(schema).map(|column| {
        let holds = match column.holds {
            Holds::Int => "int",
            Holds::Text => "text",
            Holds::Bytes => "bytes",
        };
        format!("{} {holds}", column.name)
    });
    format!("{}: {}", table.name, columns.collect::<Vec<_>>().join(", "))
}

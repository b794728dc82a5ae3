//! Backups: a copy of everything that the store remembers, in one file, checked as it is written and as it is read. Secrets
//! are in it as they are in the store, sealed; the master key is not. Leaves out files and people (`server`).
//!
//! Why it is so: `docs/decisions/0009-backup.md`.

mod format;
mod portrait;
mod reader;
pub mod restore;
pub mod undone;
mod writer;

use std::io::{self, Read, Write};

use model::Timestamp;
use store::{CopyError, Piece, Place, copy_out};
use thiserror::Error;

pub use format::{FORMAT, Header};
pub use portrait::Portrait;
pub use reader::{Damage, Reader};
use writer::Writer;

/// One table of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    digest: [u8; 32],
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// What it says of itself.
    pub header: Header,
    /// Its tables.
    pub sections: Vec<Section>,
    /// The ids of the master keys that open what is sealed in it.
    pub keys: Vec<String>,
    /// Its length.
    pub bytes: u64,
}

impl Summary {
    /// When it was begun.
    pub fn created(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.header.created)
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.sections.iter().map(|section| section.rows).sum()
    }
}

/// How far a backup or a restore has come: said after each table, and within a long one now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table.
    pub table: &'static str,
    /// Its rows so far.
    pub rows: u64,
    /// Whether that was all of it.
    pub done: bool,
}

/// Is told how far it has come.
pub type Told<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// How many rows pass between two words.
const ROWS_BETWEEN_WORDS: u64 = 250_000;

/// Why no backup was written.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The database cannot be copied.
    #[error(transparent)]
    Store(#[from] CopyError<io::Error>),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    File(#[from] io::Error),
}

/// Writes everything that is committed now, as it is at one moment. Servers go on meanwhile.
pub async fn write<W: Write + Send>(
    place: &Place,
    out: W,
    release: &str,
    told: Told<'_>,
    now: Timestamp,
) -> Result<(W, Summary), BackupError> {
    let mut writing = Writing { unopened: Some(out), writer: None, counter: Counter::default() };
    let mut take = |piece| match piece {
        Piece::Contents(contents) => writing.begin(Header {
            release: release.to_owned(),
            created: now.milliseconds(),
            schema: contents.schema,
            orgs: contents.orgs,
        }),
        piece => writing.piece(&piece, told),
    };
    copy_out(place, &mut take).await?;
    writing.counter.end(told);
    let writer = writing.writer.ok_or_else(|| io::Error::other("the copy had no beginning"))?;
    Ok(writer.finish()?)
}

/// A backup between two pieces.
struct Writing<W> {
    unopened: Option<W>,
    writer: Option<Writer<W>>,
    counter: Counter,
}

impl<W: Write> Writing<W> {
    fn begin(&mut self, header: Header) -> io::Result<()> {
        if let Some(out) = self.unopened.take() {
            self.writer = Some(Writer::new(out, header)?);
        }
        Ok(())
    }

    fn piece(&mut self, piece: &Piece, told: Told<'_>) -> io::Result<()> {
        self.counter.count(piece, told);
        match (&mut self.writer, piece) {
            (Some(writer), Piece::Table(table)) => writer.table(table),
            (Some(writer), Piece::Row(row)) => writer.row(row),
            _ => Ok(()),
        }
    }
}

/// Reads a backup to its end; every part of it is right.
pub fn verify(input: impl Read, told: Told<'_>) -> Result<Summary, Damage> {
    let mut reader = Reader::open(input)?;
    let mut counter = Counter::default();
    while let Some(piece) = reader.next_piece()? {
        counter.count(&piece, told);
    }
    counter.end(told);
    Ok(reader.summary())
}

/// Counts the rows that pass.
#[derive(Debug, Default)]
pub(crate) struct Counter(Option<Progress>);

impl Counter {
    pub(crate) fn count(&mut self, piece: &Piece, told: Told<'_>) {
        match (piece, &mut self.0) {
            (Piece::Table(table), _) => {
                self.end(told);
                self.0 = Some(Progress { table: table.name, rows: 0, done: false });
            }
            (Piece::Row(_), Some(progress)) => {
                progress.rows += 1;
                if progress.rows.is_multiple_of(ROWS_BETWEEN_WORDS) {
                    told(*progress);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn end(&mut self, told: Told<'_>) {
        if let Some(progress) = self.0.take() {
            told(Progress { done: true, ..progress });
        }
    }
}

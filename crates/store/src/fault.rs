//! How the store fails: its fault and its kinds, and the errors of a commit and of opening.
//! Leaves out which database error is which kind: each driver classifies its own.

use std::path::PathBuf;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What kind of failure it was, so that a caller can choose between waiting, refusing and alarming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The database cannot be reached or was closed; nothing was written.
    Unavailable,
    /// The disk or the database is full; nothing was written.
    Full,
    /// Somebody else holds a lock for too long; nothing was written.
    Locked,
    /// The store's own queue is full; nothing was written, and trying later may help.
    Overloaded,
    /// What is stored is damaged.
    Corrupt,
    /// The outcome of a commit is unknown: it may or may not have been written.
    Unknown,
    /// A mistake of ours: a statement, a type, a constraint.
    Internal,
}

/// A failure of the store, with its cause for the log.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind of failure it was.
    pub kind: FaultKind,
    /// What happened, for the operator.
    pub message: String,
    /// The driver's error.
    pub source: Option<Source>,
}

impl Fault {
    /// A fault without a driver's error behind it.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn because(kind: FaultKind, source: impl Into<Source>) -> Self {
        let source = source.into();
        Self { kind, message: format!("the database failed: {source}"), source: Some(source) }
    }

    /// The same fault for another of the batches that shared a transaction; the cause stays with the first.
    pub(crate) fn shared(&self) -> Self {
        Self::new(self.kind, self.message.clone())
    }
}

/// Why a batch was not committed. Except for [`FaultKind::Unknown`], nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The step affected another number of rows than it expected.
    #[error("step {step} of the batch missed its expectation")]
    Missed {
        /// Its place in the batch, as the method that added it returned.
        step: usize,
    },
    /// The step would have doubled a key that must be unique.
    #[error("step {step} of the batch conflicts with a row that is there already")]
    Conflict {
        /// Its place in the batch, as the method that added it returned.
        step: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl CommitError {
    pub(crate) fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self::Fault(Fault::new(kind, message))
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process serves from this directory.
    #[error("`{}` is held by process {pid}: one process at a time serves an embedded store", path.display())]
    Held {
        /// The other process, or 0 where it could not be read.
        pid: u32,
        /// The lock file.
        path: PathBuf,
    },
    /// The directory or a file in it cannot be used.
    #[error("cannot use `{}`", path.display())]
    Directory {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A restore was cut off while it put the database in place.
    #[error(
        "a restore into `{}` was cut off: give the same `tokenmint restore` again, and the old database, which lies in \
         a directory beside, stays as it is",
        path.display()
    )]
    HalfRestored {
        /// The data directory.
        path: PathBuf,
    },
    /// Others use the database.
    #[error("a node or another restore uses this database: stop every node, then try again")]
    InUse,
    /// A newer release has changed the schema in a way that this one does not understand.
    #[error("the schema is of major version {found}, this release knows {known}: run a newer release")]
    Newer {
        /// The major version in the database.
        found: i64,
        /// The newest that this release knows.
        known: i64,
    },
    /// A migration that was applied reads differently today.
    #[error("migration {number} `{name}` was applied with other text: {applied}, here {known}")]
    Checksum {
        /// The migration's number.
        number: i64,
        /// Its name.
        name: String,
        /// The checksum in the database.
        applied: String,
        /// The checksum of this release.
        known: String,
    },
    /// What the URL says about TLS does not fit together, or a file that it names cannot be used.
    #[error("the database URL cannot be followed: {0}")]
    Tls(String),
    /// The URL cannot be read.
    #[error("the database URL cannot be read: {0}")]
    Url(String),
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

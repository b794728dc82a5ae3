//! What is remembered: SQLite and PostgreSQL behind one port. The only crate that knows SQL.
//!
//! [`Store`] opens a database, reads typed rows and commits a [`Batch`]. It has no clock: times are milliseconds that
//! the caller brings. Bodies are JSON text and secrets are sealed bytes, neither of which it looks into.

mod batch;
mod copy;
mod fault;
mod inspect;
mod kill_point;
mod migrate;
mod numbering;
mod port;
mod postgres;
#[cfg(feature = "kill-points")]
mod pretended_release;
mod rows;
mod sqlite;
mod statements;
mod value;

#[cfg(test)]
mod tests;

pub use batch::{Batch, Committed, Pending};
pub use copy::{
    Column, Contents, CopyError, Give, Holds, Piece, Place, Staging, TABLES, Table, Take, copy_out,
    newest_schema, tables_at,
};
pub use fault::{CommitError, Fault, FaultKind, OpenError};
pub use inspect::{Embedded, Inspection, inspect_directory, inspect_postgres};
pub use kill_point::{PLACES as KILL_POINTS, kill_point};
pub use numbering::EventId;
pub use port::Store;
pub use rows::*;
pub use sqlite::DATABASE_FILE;
pub use value::Value;

//! The database's clock: the one time that all nodes share. Owns the only statement that reads a clock of the database;
//! leaves out what a node does that is far from it.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::session::Session;
use crate::fault::{Fault, FaultKind};
use crate::statements::Statement;
use crate::value::Row;

/// The time, and whether this server takes writes: where it does not, neither its clock nor what it knows counts.
const CLOCK: &Statement = &Statement {
    name: "CLOCK",
    org: 0,
    sql: "select (extract(epoch from clock_timestamp()) * 1000)::bigint, current_setting('transaction_read_only')",
};

/// It is asked several times a second: an answer that takes longer tells no time, and the next question may find a
/// connection that is better.
const CLOCK_PATIENCE: Duration = Duration::from_secs(1);

impl Session {
    /// Milliseconds since 1970.
    pub(crate) async fn clock(&self) -> Result<i64, Fault> {
        let row = self.query_within(CLOCK_PATIENCE, CLOCK, "", &[]).await?.into_iter().next();
        let mut row: Row = row.ok_or_else(|| Fault::new(FaultKind::Internal, "a clock without a row"))?;
        let (time, read_only): (i64, String) = (row.take()?, row.take()?);
        if read_only == "on" {
            self.note(&SqlState::READ_ONLY_SQL_TRANSACTION);
            return Err(Fault::new(FaultKind::Unavailable, "the database server takes no writes any more"));
        }
        Ok(time)
    }
}

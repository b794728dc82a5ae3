//! The reading threads: each takes the next read from the common queue.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection;
use crate::fault::Fault;
use crate::statements::Statement;
use crate::value::{Row, Value};

/// One read that waits.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) statement: &'static Statement,
    pub(super) org: String,
    pub(super) params: Vec<Value>,
    pub(super) answer: oneshot::Sender<Result<Vec<Row>, Fault>>,
}

impl Read {
    pub(super) fn run(self, connection: &Connection) {
        if self.answer.is_closed() {
            return;
        }
        let rows = connection::query(connection, self.statement, &self.org, &self.params);
        // The caller may have left meanwhile.
        let _ = self.answer.send(rows);
    }
}

type Queue = Arc<Mutex<Receiver<Read>>>;

pub(super) fn share(reads: Receiver<Read>) -> Queue {
    Arc::new(Mutex::new(reads))
}

/// Serves until the store is dropped.
pub(super) fn run(connection: &Connection, reads: &Queue) {
    loop {
        // Whoever has the lock waits for the next read; the others wait for the lock.
        let read = reads.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(read) = read else { return };
        read.run(connection);
    }
}

//! The embedded store: one writer thread, a few readers, one directory that no other process may serve from.
//! Leaves out SQL (`statements`) and what a batch means (`rows`).
//!
//! Reads run on threads of their own and not on tokio's blocking pool: each keeps its connection and its prepared
//! statements, their number bounds the memory, and password hashing cannot starve them.

mod connection;
mod copy;
mod directory;
mod inspect;
mod pace;
mod reader;
mod staging;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::batch::{Answer, Batch, Pending};
use crate::fault::{CommitError, Fault, FaultKind, OpenError};
use crate::numbering::{Numbering, Writer as WriterId};
use crate::statements::{self, Statement};
use crate::value::{Row, Value};
pub(crate) use copy::{copy_out, fill};
pub use directory::DATABASE_FILE;
pub(crate) use inspect::inspect;
use reader::Read;
pub(crate) use staging::StagedDirectory;
use writer::{Job, Writer};

/// The sizes that tests make smaller.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How many jobs may wait for the writer, and as many reads for the readers.
    pub(crate) queue: usize,
    /// How long to wait for another process's lock.
    pub(crate) busy: Duration,
    pub(crate) readers: usize,
    /// The largest size of the database, in pages.
    pub(crate) max_pages: Option<i64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { queue: 2048, busy: Duration::from_secs(2), readers: 3, max_pages: None }
    }
}

/// A running embedded store.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: SyncSender<Job>,
    /// None in memory, where the writer's connection is the only one.
    readers: Option<SyncSender<Read>>,
    closed: AtomicBool,
    /// Batches that were not answered yet.
    waiting: Arc<AtomicUsize>,
}

impl Sqlite {
    pub(crate) fn open(directory: &Path, options: &Options) -> Result<Self, OpenError> {
        let lock = directory::hold(directory)?;
        staging::check_whole(directory)?;
        let file = directory::database(directory)?;
        let mut connection = connection::open(&file, options)?;
        connection::migrate(&mut connection, crate::migrate::known())?;
        let (readers, reads) = sync_channel(options.queue);
        let reads = reader::share(reads);
        for number in 1..=options.readers {
            let connection = connection::open_read_only(&file, options)?;
            let reads = Arc::clone(&reads);
            spawn(&format!("store-read-{number}"), move || reader::run(&connection, &reads))?;
        }
        Self::start(connection, Some(lock), Some(readers), options)
    }

    pub(crate) fn open_memory(options: &Options) -> Result<Self, OpenError> {
        let mut connection = connection::open_memory(options)?;
        connection::migrate(&mut connection, crate::migrate::MIGRATIONS)?;
        Self::start(connection, None, None, options)
    }

    fn start(
        connection: rusqlite::Connection,
        lock: Option<std::fs::File>,
        readers: Option<SyncSender<Read>>,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let id = WriterId::random().map_err(|error| Fault::because(FaultKind::Internal, error))?;
        let (writer, queue) = sync_channel(options.queue);
        let waiting = Arc::default();
        let thread = Writer::new(connection, queue, Numbering::new(id), lock, Arc::clone(&waiting));
        spawn("store-write", move || thread.run())?;
        Ok(Self { writer, readers, closed: AtomicBool::new(false), waiting })
    }

    pub(crate) fn submit(&self, batch: Batch) -> Pending {
        let (answer, pending) = Pending::pair();
        if self.closed.load(Ordering::Relaxed) {
            refuse(answer, closed());
            return pending;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(refused) = self.writer.try_send(Job::Commit(batch, answer)) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let fault = refusal(&refused);
            if let TrySendError::Full(Job::Commit(_, answer))
            | TrySendError::Disconnected(Job::Commit(_, answer)) = refused
            {
                refuse(answer, fault);
            }
        }
        pending
    }

    pub(crate) async fn query(
        &self,
        statement: &'static Statement,
        org: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        let (answer, rows) = oneshot::channel();
        let read = Read { statement, org: org.to_owned(), params, answer };
        match &self.readers {
            Some(readers) => readers.try_send(read).map_err(|refused| refusal(&refused))?,
            None => self.writer.try_send(Job::Read(read)).map_err(|refused| refusal(&refused))?,
        }
        rows.await.map_err(|_| closed())?
    }

    /// How many batches were not answered yet.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A read, and a sign of life of the writer.
    pub(crate) async fn health(&self) -> Result<(), Fault> {
        self.query(statements::ALIVE, "", Vec::new()).await?;
        let (answer, alive) = oneshot::channel();
        self.writer.try_send(Job::Ping(answer)).map_err(|refused| refusal(&refused))?;
        match tokio::time::timeout(Duration::from_secs(5), alive).await {
            Ok(answer) => answer.map_err(|_| closed())?,
            Err(_) => Err(Fault::new(FaultKind::Unavailable, "the writer gives no sign of life")),
        }
    }

    /// Refuses what comes from now on, finishes what waits, and folds the write-ahead log into the database.
    pub(crate) async fn close(&self) -> Result<(), Fault> {
        if self.closed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let (answer, done) = oneshot::channel();
        let mut job = Job::Close(answer);
        while let Err(refused) = self.writer.try_send(job) {
            let TrySendError::Full(again) = refused else { return Ok(()) };
            job = again;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        done.await.map_err(|_| closed())?
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map_err(|error| Fault::because(FaultKind::Internal, error))?;
    Ok(())
}

fn refuse(answer: Answer, fault: Fault) {
    // Nobody waits any more: then nobody needs the answer.
    let _ = answer.send(Err(CommitError::Fault(fault)));
}

fn refusal<T>(error: &TrySendError<T>) -> Fault {
    match error {
        TrySendError::Full(_) => Fault::new(FaultKind::Overloaded, "the queue of the store is full"),
        TrySendError::Disconnected(_) => closed(),
    }
}

fn closed() -> Fault {
    Fault::new(FaultKind::Unavailable, "the store is closed")
}

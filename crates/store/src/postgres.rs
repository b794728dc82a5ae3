//! The store of many nodes: PostgreSQL through a small pool that reconnects by itself, to whichever server takes writes.
//! Leaves out SQL (`statements`) and what a batch means (`rows`).
//!
//! Batches of events only, the mint's, are drained by one task into one transaction, so that many tokens share a
//! commit. Every other batch runs in a transaction of its own.

mod circuit;
mod clock;
mod committer;
mod copy;
mod dial;
mod servers;
mod serving;
mod session;
mod staging;
mod tls;
mod transaction;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_postgres::Config;

use crate::batch::{Batch, Pending};
use crate::fault::{CommitError, Fault, FaultKind, OpenError};
use crate::numbering::{Numbering, Writer};
use crate::statements::{self, Statement};
use crate::value::{Row, Value};
use committer::Job;
use dial::Dial;
use session::Session;
pub(crate) use staging::StagedSchema;

const CONNECTIONS: usize = 16;
/// How long a request waits for one of the pool's connections, and for one that is looked at before it is used again.
const POOL_PATIENCE: Duration = Duration::from_secs(5);
/// How many batches may wait: for the committer, and for a transaction of their own.
const QUEUE: usize = 2048;
const ADMITTED: u32 = 1024;

/// A running connection to a database server.
#[derive(Debug)]
pub(crate) struct Postgres {
    session: Arc<Session>,
    events: mpsc::Sender<Job>,
    admitted: Arc<Semaphore>,
    closed: AtomicBool,
    runtime: Handle,
}

impl Postgres {
    pub(crate) async fn open(url: &str) -> Result<Arc<Self>, OpenError> {
        let session = Self::pool(url, true)?;
        session.migrate(crate::migrate::known()).await?;
        // Migrating gave its connection up, and a restore is to notice this node though nothing was asked of it yet.
        drop(session.connection().await?);
        let (events, queue) = mpsc::channel(QUEUE);
        let runtime = Handle::current();
        runtime.spawn(committer::run(Arc::clone(&session), queue));
        let admitted = Arc::new(Semaphore::new(ADMITTED as usize));
        Ok(Arc::new(Self { session, events, admitted, closed: AtomicBool::new(false), runtime }))
    }

    /// A pool for whoever looks or copies, and does not serve. It connects when it is asked first.
    pub(crate) fn connect(url: &str) -> Result<Arc<Session>, OpenError> {
        Self::pool(url, false)
    }

    fn pool(url: &str, serves: bool) -> Result<Arc<Session>, OpenError> {
        let dial = Dial::new(servers::read(url)?);
        let patience = dial.patience();
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(Config::new(), dial, recycling);
        let mut pool = Pool::builder(manager);
        if serves {
            pool = pool.post_create(serving::share(patience));
        }
        let pool = pool
            .max_size(CONNECTIONS)
            // The one that answered last is the one that will.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(POOL_PATIENCE))
            .create_timeout(Some(patience))
            .recycle_timeout(Some(POOL_PATIENCE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Fault::because(FaultKind::Internal, error))?;
        let writer = Writer::random().map_err(|error| Fault::because(FaultKind::Internal, error))?;
        Ok(Arc::new(Session::new(pool, Numbering::new(writer))))
    }

    pub(crate) fn submit(&self, batch: Batch) -> Pending {
        let (answer, pending) = Pending::pair();
        let refused = if self.closed.load(Ordering::Relaxed) {
            Some((answer, closed()))
        } else if batch.steps.is_empty() {
            match self.events.try_send(Job::Commit(batch, answer)) {
                Err(TrySendError::Full(Job::Commit(_, answer))) => Some((answer, overloaded())),
                Err(TrySendError::Closed(Job::Commit(_, answer))) => Some((answer, closed())),
                _ => None,
            }
        } else if let Ok(permit) = Arc::clone(&self.admitted).try_acquire_owned() {
            let session = Arc::clone(&self.session);
            self.runtime.spawn(async move {
                // Whoever left does not learn it; the commit stands.
                let _ = answer.send(session.commit(&batch).await);
                drop(permit);
            });
            None
        } else {
            Some((answer, overloaded()))
        };
        if let Some((answer, fault)) = refused {
            let _ = answer.send(Err(CommitError::Fault(fault)));
        }
        pending
    }

    /// How many batches were not answered yet; of those in the committer's hands only the queue is known.
    pub(crate) fn waiting(&self) -> usize {
        let queued = self.events.max_capacity() - self.events.capacity();
        queued + (ADMITTED as usize).saturating_sub(self.admitted.available_permits())
    }

    pub(crate) async fn query(
        &self,
        statement: &'static Statement,
        org: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Row>, Fault> {
        self.session.query(statement, org, &params).await
    }

    /// The database's clock.
    pub(crate) async fn clock(&self) -> Result<i64, Fault> {
        self.session.clock().await
    }

    /// Whether the committer still runs.
    pub(crate) fn takes_commits(&self) -> bool {
        !self.closed.load(Ordering::Relaxed) && !self.events.is_closed()
    }

    /// A read, and whether the committer still runs.
    pub(crate) async fn health(&self) -> Result<(), Fault> {
        self.session.query(statements::ALIVE, "", &[]).await?;
        if self.events.is_closed() { Err(closed()) } else { Ok(()) }
    }

    /// Refuses what comes from now on, finishes what waits, and disconnects.
    pub(crate) async fn close(&self) -> Result<(), Fault> {
        if self.closed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let (answer, done) = oneshot::channel();
        if self.events.send(Job::Close(answer)).await.is_ok() {
            // An error means that the committer has ended already.
            let _ = done.await;
        }
        let _ = self.admitted.acquire_many(ADMITTED).await;
        self.session.close();
        Ok(())
    }
}

fn overloaded() -> Fault {
    Fault::new(FaultKind::Overloaded, "the queue of the store is full")
}

fn closed() -> Fault {
    Fault::new(FaultKind::Unavailable, "the store is closed")
}

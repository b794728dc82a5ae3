//! The writing thread: it drains its queue into one transaction and answers after the commit, so that one fsync
//! serves every batch that waited.
//!
//! Each batch stands in a savepoint of its own: a missed expectation or an SQL error undoes that batch only. A failed
//! commit is answered to all of them.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection::{self, fault};
use super::pace::Pace;
use super::reader::Read;
use crate::batch::{Answer, Batch, Committed, NewEvent, Outcome};
use crate::fault::{CommitError, Fault, FaultKind};
use crate::kill_point::{kill_point, kill_point_at};
use crate::numbering::{EventId, Line, Numbering};
use crate::statements::{self, Statement};

const BATCHES_PER_TRANSACTION: usize = 512;
/// After about so many statements, a few MiB, the write-ahead log is folded into the database.
const STATEMENTS_PER_CHECKPOINT: usize = 8192;
/// What a transaction adds to the log by itself, in statements: it writes whole pages.
const STATEMENTS_PER_TRANSACTION: usize = 16;

/// What the writer can be asked to do.
#[derive(Debug)]
pub(super) enum Job {
    Commit(Batch, Answer),
    /// Only in memory: a file has readers.
    Read(Read),
    Ping(oneshot::Sender<Result<(), Fault>>),
    Close(oneshot::Sender<Result<(), Fault>>),
}

/// The writing thread's state.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
    queue: Receiver<Job>,
    numbering: Numbering,
    pace: Pace,
    /// Where the orgs stood before each batch of the open transaction.
    undo: Vec<(Arc<str>, Line)>,
    /// Statements since the last checkpoint.
    unfolded: usize,
    /// Why nothing is written any more.
    broken: Option<String>,
    /// Held as long as the connection.
    _lock: Option<File>,
    /// Batches that were not answered yet.
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        queue: Receiver<Job>,
        numbering: Numbering,
        lock: Option<File>,
        waiting: Arc<AtomicUsize>,
    ) -> Self {
        Self {
            connection,
            queue,
            numbering,
            pace: Pace::new(),
            undo: Vec::new(),
            unfolded: 0,
            broken: None,
            _lock: lock,
            waiting,
        }
    }

    /// Serves until the store is closed or dropped.
    pub(super) fn run(mut self) {
        let mut next = self.queue.recv().ok();
        while let Some(job) = next {
            let left = match job {
                Job::Commit(batch, answer) => self.transaction(batch, answer),
                Job::Read(read) => {
                    read.run(&self.connection);
                    None
                }
                Job::Ping(answer) => {
                    let _ = answer.send(self.writable());
                    None
                }
                Job::Close(answer) => return self.close(answer),
            };
            next = left.or_else(|| self.queue.recv().ok());
        }
    }

    /// Commits the first batch together with those that wait behind it. Returns a job of another kind that was found
    /// in the queue.
    fn transaction(&mut self, batch: Batch, answer: Answer) -> Option<Job> {
        let waited = self.gather();
        kill_point("transaction: to begin");
        let begun = self.writable().and_then(|()| self.control("begin immediate").map_err(fault));
        kill_point("transaction: begun");
        let mut done: Vec<(Answer, Outcome)> = Vec::new();
        let mut next = Some(Job::Commit(batch, answer));
        while let Some(Job::Commit(batch, answer)) = next {
            let outcome = match &begun {
                Ok(()) => self.apply(&batch),
                Err(fault) => Err(fault.shared().into()),
            };
            done.push((answer, outcome));
            if begun.is_ok() && self.connection.is_autocommit() {
                self.given_up(done);
                return None;
            }
            let more = done.len() < BATCHES_PER_TRANSACTION;
            next = if more { self.queue.try_recv().ok() } else { None };
        }
        if begun.is_ok() {
            kill_point("transaction: to commit");
            self.commit(&mut done);
            kill_point("transaction: committed");
        }
        self.pace.learn(waited, done.len());
        self.answer(done);
        if self.unfolded >= STATEMENTS_PER_CHECKPOINT {
            self.checkpoint();
        }
        next
    }

    /// Waits a moment for more batches, where that pays.
    fn gather(&mut self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "how busy the writer is, not what time it is")]
        let wait = self.pace.wait(std::time::Instant::now());
        if let Some(wait) = wait {
            std::thread::sleep(wait);
        }
        wait.is_some()
    }

    /// Carries out one batch inside the open transaction, wholly or not at all.
    fn apply(&mut self, batch: &Batch) -> Outcome {
        let mut line = self.numbering.line(&batch.org);
        let announce = batch.events.first().and_then(|event| line.unannounced(event.at));
        let statements = batch.steps.len() + batch.events.len() + usize::from(announce.is_some());
        self.unfolded += statements;
        // SQLite undoes a single statement by itself.
        let guarded = statements > 1 || batch.steps.iter().any(|step| step.expect.is_some());
        if guarded {
            self.control("savepoint batch").map_err(fault)?;
        }
        let outcome = self.write(batch, line, announce);
        if guarded && !self.connection.is_autocommit() {
            let undone = if outcome.is_err() { self.control("rollback to batch") } else { Ok(()) };
            if undone.and_then(|()| self.control("release batch")).is_err() {
                // Without its savepoint the batch cannot be undone alone.
                self.roll_back();
                return outcome.and(Err(CommitError::new(FaultKind::Internal, "a savepoint was lost")));
            }
        }
        outcome
    }

    fn write(&mut self, batch: &Batch, mut line: Line, announce: Option<i64>) -> Outcome {
        for (step, planned) in batch.steps.iter().enumerate() {
            let affected = self.execute(planned.statement, batch, &planned.params, step)?;
            if planned.expect.is_some_and(|expected| usize::try_from(expected) != Ok(affected)) {
                return Err(CommitError::Missed { step });
            }
        }
        let before = self.numbering.line(&batch.org);
        let mut first_event = None;
        for (place, event) in batch.events.iter().enumerate() {
            let (n, at) = line.number(event.at);
            first_event.get_or_insert(EventId { writer: self.numbering.writer, n });
            self.insert_event(&batch.org, n, at, event)
                .map_err(|error| self.refusal(error, batch.steps.len() + place))?;
            kill_point("event: inserted");
            if let Some(base) = announce.filter(|_| place == 0) {
                let writer = self.numbering.writer.to_string();
                let params = crate::value::params![writer, base, at];
                self.execute(statements::ANNOUNCE_WRITER, batch, &params, batch.steps.len())?;
                line.announced(at);
            }
        }
        if first_event.is_some() {
            self.undo.push((batch.org.clone(), before));
            self.numbering.set(&batch.org, line);
        }
        Ok(Committed { first_event })
    }

    fn execute(
        &self,
        statement: &Statement,
        batch: &Batch,
        params: &[crate::value::Value],
        step: usize,
    ) -> Result<usize, CommitError> {
        kill_point_at("before", statement.name);
        let affected = connection::execute(&self.connection, statement, &batch.org, params);
        kill_point_at("after", statement.name);
        affected.map_err(|error| self.refusal(error, step))
    }

    /// As a step, without a copy of the body: this is the mint's path.
    fn insert_event(&self, org: &str, n: i64, at: i64, event: &NewEvent) -> rusqlite::Result<()> {
        let mut prepared = self.connection.prepare_cached(statements::INSERT_EVENT.sql)?;
        let writer = self.numbering.writer.to_string();
        prepared.execute((org, writer, n, at, event.schema, &event.body)).map(drop)
    }

    #[expect(clippy::unused_self, reason = "reads as the writer's refusal where it is used")]
    fn refusal(&self, error: rusqlite::Error, step: usize) -> CommitError {
        if connection::is_conflict(&error) { CommitError::Conflict { step } } else { fault(error).into() }
    }

    /// Commits, or turns every success into the fault.
    fn commit(&mut self, done: &mut [(Answer, Outcome)]) {
        let Err(error) = self.control("commit") else {
            self.undo.clear();
            self.unfolded += STATEMENTS_PER_TRANSACTION;
            return;
        };
        self.distrust(&error);
        let mut fault = fault(error);
        if fault.kind == FaultKind::Unavailable {
            // The log may hold the commit all the same, and recovery would find it.
            fault.kind = FaultKind::Unknown;
        }
        tracing::error!(%fault, batches = done.len(), "a commit failed");
        self.roll_back();
        fail(done, &fault);
    }

    /// Done here and not by SQLite itself, which would keep a failed sync to itself and try again.
    fn checkpoint(&mut self) {
        self.unfolded = 0;
        kill_point("log: to fold");
        let folded = self.connection.query_row("pragma wal_checkpoint(passive)", (), |_| Ok(()));
        kill_point("log: folded");
        if let Err(error) = folded {
            tracing::error!(%error, "a checkpoint failed");
            self.distrust(&error);
        }
    }

    /// After a failed sync nobody knows what is on the disk, and a second sync would only pretend.
    fn distrust(&mut self, error: &rusqlite::Error) {
        if connection::is_failed_sync(error) {
            let reason =
                format!("stopped writing after a failed sync ({error}): check the disk, then restart");
            self.broken = Some(reason);
        }
    }

    /// SQLite has undone the whole transaction by itself: so have those that went well before.
    fn given_up(&mut self, mut done: Vec<(Answer, Outcome)>) {
        let fault = match done.last() {
            Some((_, Err(CommitError::Fault(fault)))) => fault.shared(),
            _ => Fault::new(FaultKind::Internal, "the transaction was undone"),
        };
        tracing::error!(%fault, batches = done.len(), "a transaction failed");
        self.roll_back();
        fail(&mut done, &fault);
        self.answer(done);
    }

    fn answer(&self, done: Vec<(Answer, Outcome)>) {
        self.waiting.fetch_sub(done.len(), Ordering::Relaxed);
        for (answer, outcome) in done {
            // Whoever left does not learn it; the commit stands.
            let _ = answer.send(outcome);
        }
    }

    fn roll_back(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.control("rollback")
        {
            self.broken = Some(format!("stopped writing after a failed rollback ({error}): restart"));
        }
        for (org, line) in self.undo.drain(..).rev() {
            self.numbering.set(&org, line);
        }
    }

    fn control(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute(()).map(drop)
    }

    fn writable(&self) -> Result<(), Fault> {
        match &self.broken {
            Some(reason) => Err(Fault::new(FaultKind::Unavailable, reason.clone())),
            None => Ok(()),
        }
    }

    fn close(self, answer: oneshot::Sender<Result<(), Fault>>) {
        while let Ok(job) = self.queue.try_recv() {
            if let Job::Commit(_, answer) = job {
                super::refuse(answer, super::closed());
            }
        }
        self.connection.flush_prepared_statement_cache();
        kill_point("close: to fold");
        let checkpoint = "pragma wal_checkpoint(truncate)";
        let folded = self.connection.query_row(checkpoint, (), |_| Ok(())).map_err(fault);
        drop(self);
        let _ = answer.send(folded);
    }
}

fn fail(done: &mut [(Answer, Outcome)], fault: &Fault) {
    for (_, outcome) in done.iter_mut().filter(|(_, outcome)| outcome.is_ok()) {
        *outcome = Err(fault.shared().into());
    }
}

//! One transaction of PostgreSQL: statements sent in one flight, events numbered, the outcome judged.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::time::Instant;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::session::{self, RETRIES, SILENCE, Session, fault};
use crate::batch::{Batch, Committed, Outcome};
use crate::fault::{CommitError, Fault, FaultKind};
use crate::kill_point::kill_point;
use crate::numbering::EventId;
use crate::statements::{self, Statement};
use crate::value::{Value, params};

/// For how long the outcome of a commit is asked for: longer than a transaction may stand still at the server.
const RESOLVING: Duration = Duration::from_secs(10);
pub(super) const BEGIN: &Statement = &Statement { name: "BEGIN", org: 0, sql: "begin" };
pub(super) const COMMIT: &Statement = &Statement { name: "COMMIT", org: 0, sql: "commit" };

/// A statement that is ready to be sent.
pub(super) struct Sending<'b> {
    statement: &'static Statement,
    org: &'b str,
    params: Vec<Value>,
}

/// The events of one batch with their numbers.
pub(super) struct Numbered {
    org: Arc<str>,
    first: Option<EventId>,
    rows: Vec<(i64, i64)>,
    announce: Option<i64>,
}

/// Why a flight did not do what it should.
pub(super) enum Trouble {
    /// The statement at this place failed, and the transaction is certainly undone.
    Refused(usize, Error),
    /// The connection is gone or silent, or the commit itself failed: anything may have happened.
    Doubtful(Fault),
}

impl Session {
    /// Commits one batch in a transaction of its own.
    ///
    /// Bounds: at most five more attempts, and none begins once five seconds have passed, for its caller waits. Finding out
    /// about a doubtful commit may take ten more. The committer's loop makes as many, and begins none after ten seconds
    /// instead of five: it sends the same again before it finds out, because its batches hold only rows that may be sent twice.
    pub(super) async fn commit(&self, batch: &Batch) -> Outcome {
        let mut numbered = None;
        let mut retry = 0;
        let begun = Instant::now();
        loop {
            let fault = match self.attempt(batch, &mut numbered).await {
                Ok(committed) => return Ok(committed),
                Err(Failed::Finally(error)) => {
                    // Unless a number was taken already, nothing of it will be found.
                    let traceless = |fault: &Fault| fault.kind != FaultKind::Internal;
                    if let (Some(numbered), CommitError::Fault(fault)) = (&numbered, &error)
                        && traceless(fault)
                    {
                        self.give_back(numbered);
                    }
                    return Err(error);
                }
                Err(Failed::Traceless(fault)) => fault,
                Err(Failed::Doubtful(fault)) => {
                    let Some(doubtful) = numbered.take().filter(Numbered::has_events) else {
                        return Err(unknown(&fault).into());
                    };
                    match self.came_through(&doubtful).await {
                        Ok(true) => {
                            self.announced(&doubtful);
                            return Ok(doubtful.committed());
                        }
                        Ok(false) => fault,
                        Err(_) => return Err(unknown(&fault).into()),
                    }
                }
            };
            if retry == RETRIES || begun.elapsed() >= SILENCE {
                if let Some(numbered) = &numbered {
                    self.give_back(numbered);
                }
                return Err(fault.into());
            }
            retry += 1;
            tokio::time::sleep(session::pause(retry)).await;
        }
    }

    /// What became of a transaction whose commit nobody answered. The number of its first event is claimed for an empty
    /// one: either the transaction was there before, or it can never be. The claim waits for one that still runs, and
    /// writes in both cases, so that what it saw is as durable as itself.
    pub(super) async fn came_through(&self, numbered: &Numbered) -> Result<bool, Fault> {
        let begun = Instant::now();
        let mut claimed = false;
        for &(n, at) in &numbered.rows {
            let params = params![self.writer(), n, at];
            let rows = loop {
                match self.query(statements::CLAIM_EVENT, &numbered.org, &params).await {
                    Ok(rows) => break rows,
                    // A few that left no number behind are gaps, which are closed later.
                    Err(_) if claimed => return Ok(false),
                    Err(fault) if begun.elapsed() >= RESOLVING => return Err(fault),
                    Err(_) => tokio::time::sleep(session::pause(6)).await,
                }
            };
            let schema: Option<i64> = rows.into_iter().next().map(|mut row| row.take()).transpose()?;
            if schema.is_some_and(|schema| schema > 0) {
                return Ok(true);
            }
            claimed = true;
        }
        Ok(false)
    }

    async fn attempt(&self, batch: &Batch, numbered: &mut Option<Numbered>) -> Result<Committed, Failed> {
        let connection = self.connection().await.map_err(CommitError::from)?;
        let outcome = self.attempt_on(&connection, batch, numbered).await;
        if outcome.is_err() {
            // Nobody knows how far the transaction came: the server undoes it with its connection.
            let missed = matches!(outcome, Err(Failed::Finally(CommitError::Missed { .. })));
            if !(missed && connection.batch_execute("rollback").await.is_ok()) {
                drop(Object::take(connection));
            }
        }
        outcome
    }

    async fn attempt_on(
        &self,
        connection: &Object,
        batch: &Batch,
        numbered: &mut Option<Numbered>,
    ) -> Result<Committed, Failed> {
        kill_point("transaction: to begin");
        let mut opening = vec![control(BEGIN)];
        opening.extend(batch.steps.iter().map(|step| Sending {
            statement: step.statement,
            org: &batch.org,
            params: step.params.clone(),
        }));
        let Flown { affected, trouble } = self.flight(connection, opening).await;
        kill_point("transaction: begun");
        // A miss comes before whatever failed behind it.
        for (step, (planned, affected)) in batch.steps.iter().zip(affected.iter().skip(1)).enumerate() {
            if planned.expect.is_some_and(|expected| expected != *affected) {
                return Err(Failed::Finally(CommitError::Missed { step }));
            }
        }
        match trouble {
            None => {}
            Some(Trouble::Doubtful(fault)) => return Err(Failed::Traceless(fault)),
            Some(Trouble::Refused(_, error)) if session::is_passing(&error) => {
                return Err(Failed::Traceless(fault(error)));
            }
            Some(Trouble::Refused(place, error)) if place > 0 && session::is_conflict(&error) => {
                return Err(Failed::Finally(CommitError::Conflict { step: place - 1 }));
            }
            Some(Trouble::Refused(_, error)) => return Err(Failed::Finally(fault(error).into())),
        }
        // Numbered only now, so that a batch that misses leaves no gap.
        let numbered = numbered.get_or_insert_with(|| self.number(batch));
        let mut closing = numbered.sendings(batch, self.writer());
        closing.push(control(COMMIT));
        kill_point("transaction: to commit");
        let flown = self.flight(connection, closing).await;
        kill_point("transaction: committed");
        match flown.trouble {
            None => {
                self.announced(numbered);
                Ok(numbered.committed())
            }
            Some(Trouble::Refused(_, error)) if session::is_passing(&error) => {
                Err(Failed::Traceless(fault(error)))
            }
            Some(Trouble::Refused(_, error)) => Err(Failed::Finally(fault(error).into())),
            Some(Trouble::Doubtful(fault)) => Err(Failed::Doubtful(fault)),
        }
    }

    /// Sends all statements before it waits for the first answer.
    pub(super) async fn flight(&self, connection: &Object, sendings: Vec<Sending<'_>>) -> Flown {
        let answers = tokio::time::timeout(SILENCE, async {
            let mut prepared = Vec::with_capacity(sendings.len());
            for sending in &sendings {
                let ready = connection.prepare_cached(sending.statement.sql).await;
                prepared.push(ready.map_err(|error| self.judge(0, false, error))?);
            }
            let sent = prepared.into_iter().zip(&sendings).map(|(prepared, sending)| {
                session::execute(connection, prepared, sending.statement, sending.org, &sending.params)
            });
            Ok::<_, Trouble>(together(sent).await)
        });
        let answers = match answers.await {
            Ok(Ok(answers)) => answers,
            Ok(Err(trouble)) => return trouble.into(),
            Err(_) => return Trouble::Doubtful(self.silent()).into(),
        };
        let mut affected = Vec::with_capacity(sendings.len());
        for (place, (answer, sending)) in answers.into_iter().zip(&sendings).enumerate() {
            match answer {
                Ok(rows) => affected.push(rows),
                Err(error) => {
                    let trouble = Some(self.judge(place, sending.statement.name == COMMIT.name, error));
                    return Flown { affected, trouble };
                }
            }
        }
        self.circuit.close();
        Flown { affected, trouble: None }
    }

    /// A statement that the server refused has undone the transaction. A commit that failed tells so only by some codes.
    fn judge(&self, place: usize, commits: bool, error: Error) -> Trouble {
        error.code().into_iter().for_each(|code| self.note(code));
        let told = error.code().map(SqlState::code).is_some_and(|code| {
            // 40003 is of a class that tells, and says that nobody knows.
            !commits || (["40", "23", "25", "53", "55"].contains(&&code[..2]) && code != "40003")
        });
        if told { Trouble::Refused(place, error) } else { Trouble::Doubtful(fault(error)) }
    }

    /// Gives the batch's events their numbers.
    pub(super) fn number(&self, batch: &Batch) -> Numbered {
        let mut numbering = self.numbering();
        let mut line = numbering.line(&batch.org);
        let announce = batch.events.first().and_then(|event| line.unannounced(event.at));
        let rows: Vec<_> = batch.events.iter().map(|event| line.number(event.at)).collect();
        let writer = numbering.writer;
        numbering.set(&batch.org, line);
        let first = rows.first().map(|&(n, _)| EventId { writer, n });
        Numbered { org: batch.org.clone(), first, rows, announce }
    }

    /// Spares the log a gap after a transaction that certainly left no trace.
    pub(super) fn give_back(&self, numbered: &Numbered) {
        if let (Some(&(first, _)), Some(&(last, _))) = (numbered.rows.first(), numbered.rows.last()) {
            let mut numbering = self.numbering();
            let mut line = numbering.line(&numbered.org);
            line.give_back(first, last + 1);
            numbering.set(&numbered.org, line);
        }
    }

    /// Remembers that the sequencer has been told.
    pub(super) fn announced(&self, numbered: &Numbered) {
        if let (Some(_), Some(&(_, at))) = (numbered.announce, numbered.rows.first()) {
            let mut numbering = self.numbering();
            let mut line = numbering.line(&numbered.org);
            line.announced(at);
            numbering.set(&numbered.org, line);
        }
    }

    pub(super) fn writer(&self) -> String {
        self.numbering().writer.to_string()
    }
}

/// Why an attempt ended.
enum Failed {
    /// It certainly left no trace, and another attempt may succeed.
    Traceless(Fault),
    /// Its commit was sent, and not answered.
    Doubtful(Fault),
    Finally(CommitError),
}

impl From<CommitError> for Failed {
    fn from(error: CommitError) -> Self {
        Self::Finally(error)
    }
}

impl Numbered {
    pub(super) fn has_events(&self) -> bool {
        self.first.is_some()
    }

    pub(super) fn committed(&self) -> Committed {
        Committed { first_event: self.first }
    }

    pub(super) fn sendings<'b>(&self, batch: &'b Batch, writer: String) -> Vec<Sending<'b>> {
        let org = &*batch.org;
        let events = batch.events.iter().zip(&self.rows).map(|(event, &(n, at))| {
            let params = params![&writer, n, at, event.schema, &event.body];
            Sending { statement: statements::INSERT_EVENT, org, params }
        });
        let mut sendings: Vec<_> = events.collect();
        if let (Some(base), Some(&(_, at))) = (self.announce, self.rows.first()) {
            let params = params![writer, base, at];
            sendings.push(Sending { statement: statements::ANNOUNCE_WRITER, org, params });
        }
        sendings
    }
}

pub(super) fn control(statement: &'static Statement) -> Sending<'static> {
    Sending { statement, org: "", params: Vec::new() }
}

/// What a flight did: the rows that each statement affected, up to the first that failed.
pub(super) struct Flown {
    affected: Vec<u64>,
    pub(super) trouble: Option<Trouble>,
}

impl From<Trouble> for Flown {
    fn from(trouble: Trouble) -> Self {
        Self { affected: Vec::new(), trouble: Some(trouble) }
    }
}

pub(super) fn unknown(fault: &Fault) -> Fault {
    Fault::new(FaultKind::Unknown, format!("the outcome of a commit is unknown: {fault}"))
}

/// Polls all, and answers in the same order. The server answers in order, so that waiting for the first is enough.
async fn together<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = futures.map(Box::pin).collect();
    let mut answers: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    let mut first = true;
    poll_fn(move |context| {
        for (future, answer) in waiting.iter_mut().zip(&mut answers) {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(ready) => *answer = Some(ready),
                    // The first time round all of them are to be sent.
                    Poll::Pending if first => {}
                    Poll::Pending => return Poll::Pending,
                }
            }
        }
        first = false;
        if answers.iter().all(Option::is_some) {
            Poll::Ready(answers.drain(..).flatten().collect())
        } else {
            Poll::Pending
        }
    })
    .await
}

//! The task that drains batches of events into one transaction.
//!
//! An event's key makes writing it twice harmless: after a commit whose outcome is unknown the same rows are sent
//! again, and that they are there already is then the good news.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Object;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::session::{RETRIES, Session, fault, is_conflict, is_passing, pause};
use super::transaction::{BEGIN, COMMIT, Numbered, Trouble, control, unknown};
use crate::batch::{Answer, Batch};
use crate::fault::{Fault, FaultKind};
use crate::kill_point::kill_point;

const BATCHES_PER_TRANSACTION: usize = 256;
/// After this long nothing is tried again: together with the time-outs of connecting and sending well below the age at
/// which a gap is closed.
const COMMITTER_PATIENCE: Duration = Duration::from_secs(10);

/// What the committer can be asked to do.
pub(super) enum Job {
    Commit(Batch, Answer),
    Close(oneshot::Sender<()>),
}

/// Serves until the store is closed or dropped.
pub(super) async fn run(session: Arc<Session>, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(BATCHES_PER_TRANSACTION);
    while queue.recv_many(&mut jobs, BATCHES_PER_TRANSACTION).await > 0 {
        let mut batches = Vec::with_capacity(jobs.len());
        let mut closing = None;
        for job in jobs.drain(..) {
            match job {
                Job::Commit(batch, answer) => batches.push((batch, answer)),
                Job::Close(answer) => closing = Some(answer),
            }
        }
        commit(&session, batches).await;
        if let Some(answer) = closing {
            let _ = answer.send(());
            return;
        }
    }
}

async fn commit(session: &Session, batches: Vec<(Batch, Answer)>) {
    let numbered: Vec<Numbered> = batches.iter().map(|(batch, _)| session.number(batch)).collect();
    let (batches, answers): (Vec<Batch>, Vec<Answer>) = batches.into_iter().unzip();
    match write(session, &batches, &numbered).await {
        Err(fault) if fault.kind == FaultKind::Internal && batches.len() > 1 => {
            // One of them is to blame: each alone then.
            for ((batch, numbered), answer) in batches.iter().zip(&numbered).zip(answers) {
                let alone = write(session, std::slice::from_ref(batch), std::slice::from_ref(numbered)).await;
                let _ = answer.send(alone.map(|()| numbered.committed()).map_err(Into::into));
            }
        }
        outcome => {
            // Neither unknown nor a number that is taken: then nothing of it will be found.
            let traceless = |fault: &Fault| !matches!(fault.kind, FaultKind::Unknown | FaultKind::Internal);
            if outcome.as_ref().is_err_and(traceless) {
                numbered.iter().rev().for_each(|numbered| session.give_back(numbered));
            }
            for (numbered, answer) in numbered.iter().zip(answers) {
                // Whoever left does not learn it; the commit stands.
                let _ = answer.send(match &outcome {
                    Ok(()) => Ok(numbered.committed()),
                    Err(fault) => Err(fault.shared().into()),
                });
            }
        }
    }
}

/// Writes the events in one transaction; how its bounds compare with those of the other loop says [`Session::commit`].
async fn write(session: &Session, batches: &[Batch], numbered: &[Numbered]) -> Result<(), Fault> {
    let mut doubtful = false;
    let mut retry = 0;
    let begun = Instant::now();
    loop {
        let fault = match attempt(session, batches, numbered).await {
            Ok(()) => break,
            // The attempt before came through; that it did is made as durable as a commit.
            Err(Ended::Refused(error)) if doubtful && is_conflict(&error) => {
                match numbered.iter().find(|numbered| numbered.has_events()) {
                    Some(numbered) if session.came_through(numbered).await.is_ok_and(|came| came) => break,
                    _ => return Err(unknown(&fault(error))),
                }
            }
            Err(Ended::Refused(error)) if !doubtful && !is_passing(&error) => return Err(fault(error)),
            Err(Ended::Disconnected(fault)) if !doubtful => return Err(fault),
            Err(Ended::Refused(error)) => fault(error),
            Err(Ended::Disconnected(fault)) => fault,
            Err(Ended::Doubtful(fault)) => {
                doubtful = true;
                fault
            }
        };
        if retry == RETRIES || begun.elapsed() >= COMMITTER_PATIENCE {
            return Err(if doubtful { unknown(&fault) } else { fault });
        }
        retry += 1;
        // Where the outcome is open, the server may have to undo a transaction that nobody ends.
        tokio::time::sleep(pause(if doubtful { retry + 3 } else { retry })).await;
    }
    for numbered in numbered {
        session.announced(numbered);
    }
    Ok(())
}

/// Why an attempt ended. Not `Trouble` itself: having had no connection at all is a certain end, where nothing is in doubt.
enum Ended {
    /// Nothing was sent.
    Disconnected(Fault),
    /// Something was sent, and what became of it is not known.
    Doubtful(Fault),
    /// The server undid it.
    Refused(tokio_postgres::Error),
}

async fn attempt(session: &Session, batches: &[Batch], numbered: &[Numbered]) -> Result<(), Ended> {
    let connection = session.connection().await.map_err(Ended::Disconnected)?;
    let writer = session.writer();
    let mut sendings = vec![control(BEGIN)];
    for (batch, numbered) in batches.iter().zip(numbered) {
        sendings.extend(numbered.sendings(batch, writer.clone()));
    }
    sendings.push(control(COMMIT));
    kill_point("transaction: to commit");
    let flown = session.flight(&connection, sendings).await;
    kill_point("transaction: committed");
    let Some(trouble) = flown.trouble else { return Ok(()) };
    drop(Object::take(connection));
    Err(match trouble {
        Trouble::Refused(_, error) => Ended::Refused(error),
        Trouble::Doubtful(fault) => Ended::Doubtful(fault),
    })
}

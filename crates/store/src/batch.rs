//! What is committed together: steps and events of one org by one actor, and the promise of an answer.
//! Leaves out which steps there are (`rows`) and how they are carried out (the drivers).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::fault::{CommitError, FaultKind};
use crate::numbering::EventId;
use crate::statements::Statement;
use crate::value::Value;

/// Steps and events that are committed together or not at all.
///
/// Steps are added by the methods of `rows`, each of which returns the step's place for [`CommitError::Missed`]
/// and [`CommitError::Conflict`].
#[derive(Debug)]
pub struct Batch {
    pub(crate) org: Arc<str>,
    pub(crate) actor: Arc<str>,
    pub(crate) steps: Vec<Step>,
    pub(crate) events: Vec<NewEvent>,
}

/// One statement whose first parameter is the batch's org.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) statement: &'static Statement,
    pub(crate) params: Vec<Value>,
    pub(crate) expect: Option<u64>,
}

/// An event that has no number yet.
#[derive(Debug)]
pub(crate) struct NewEvent {
    pub(crate) at: i64,
    pub(crate) schema: i64,
    pub(crate) body: String,
}

impl Batch {
    /// An empty batch. `actor` is JSON text; it is stored with every change and not interpreted.
    pub fn new(org: impl Into<Arc<str>>, actor: impl Into<Arc<str>>) -> Self {
        Self { org: org.into(), actor: actor.into(), steps: Vec::new(), events: Vec::new() }
    }

    /// The org that this batch writes to.
    pub fn org(&self) -> &str {
        &self.org
    }

    /// Whether it would write nothing.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.events.is_empty()
    }

    /// Adds an event to the org's log. `schema` (1 or more) says how to read `body`.
    pub fn event(&mut self, at: i64, schema: i64, body: impl Into<String>) {
        debug_assert!(schema > 0, "schema 0 marks a number that stays empty");
        self.events.push(NewEvent { at, schema, body: body.into() });
    }

    /// Adds a step that may affect any number of rows.
    pub(crate) fn step(&mut self, statement: &'static Statement, params: Vec<Value>) -> usize {
        self.push(statement, params, None)
    }

    /// Adds a step that must affect exactly one row.
    pub(crate) fn one(&mut self, statement: &'static Statement, params: Vec<Value>) -> usize {
        self.push(statement, params, Some(1))
    }

    fn push(&mut self, statement: &'static Statement, params: Vec<Value>, expect: Option<u64>) -> usize {
        self.steps.push(Step { statement, params, expect });
        self.steps.len() - 1
    }
}

/// What a commit can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The first of the batch's events; the others follow it without a gap.
    pub first_event: Option<EventId>,
}

pub(crate) type Outcome = Result<Committed, CommitError>;
pub(crate) type Answer = oneshot::Sender<Outcome>;

/// A commit under way. It goes on whether or not anybody waits for it.
#[must_use = "nothing is durable before the answer"]
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Outcome>);

impl Pending {
    pub(crate) fn pair() -> (Answer, Self) {
        let (answer, pending) = oneshot::channel();
        (answer, Self(pending))
    }
}

impl Future for Pending {
    type Output = Result<Committed, CommitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| {
            answer.unwrap_or_else(|_| {
                Err(CommitError::new(FaultKind::Unknown, "the store ended before it answered"))
            })
        })
    }
}

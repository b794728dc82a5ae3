//! How a use case fails: refused, which is part of its contract, or by a fault, which is ours.

use std::fmt;

use store::{CommitError, FaultKind};

/// Why a use case did not do what it was asked.
#[derive(Debug)]
pub enum Failure<R> {
    /// The caller's affair: expected, typed, and told to the caller.
    Refused(R),
    /// Ours: told to the log, and to the caller only that it happened.
    Fault(Fault),
}

impl<R> From<Fault> for Failure<R> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<R> From<store::Fault> for Failure<R> {
    fn from(fault: store::Fault) -> Self {
        Self::Fault(fault.into())
    }
}

/// What a caller can do about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Try again: the store is away, full, locked or overloaded.
    TryLater,
    /// Try another node: this one ends, for the database was restored since it began.
    TryAnother,
    /// Nothing: it is a mistake of ours.
    None,
}

/// Something of ours went wrong. Opaque to callers; its causes are for the log.
#[derive(Debug)]
pub struct Fault {
    /// What the caller can do.
    pub remedy: Remedy,
    cause: Box<dyn std::error::Error + Send + Sync>,
}

impl Fault {
    /// A mistake of ours.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { remedy: Remedy::None, cause: cause.into() }
    }

    /// This node knows a database that is no more.
    pub(crate) fn overtaken(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { remedy: Remedy::TryAnother, cause: cause.into() }
    }

    /// Something that passes.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { remedy: Remedy::TryLater, cause: cause.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        let mut source = self.cause.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

impl From<store::Fault> for Fault {
    fn from(fault: store::Fault) -> Self {
        let remedy = match fault.kind {
            FaultKind::Corrupt | FaultKind::Internal => Remedy::None,
            _ => Remedy::TryLater,
        };
        Self { remedy, cause: Box::new(fault) }
    }
}

impl From<CommitError> for Fault {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Fault(fault) => fault.into(),
            other => Self::internal(other),
        }
    }
}

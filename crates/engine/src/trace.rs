//! What a decision looked at, for whoever wants to know. [`Silent`] compiles to nothing.

use model::{PolicyId, RuleId};

use crate::matching::Condition;

/// Why a policy's rules were not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// It is inactive.
    Inactive,
    /// It is for other clients.
    OtherClients,
}

/// One step of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A policy, and why its rules were not looked at, if they were not.
    Policy {
        /// Which.
        id: PolicyId,
        /// Its name.
        name: String,
        /// Why it was passed over.
        skipped: Option<Skipped>,
    },
    /// A rule, with the conditions that did not hold; none of them means that it matched. An inactive rule is
    /// passed over.
    Rule {
        /// Which.
        id: RuleId,
        /// Its name.
        name: String,
        /// Whether it takes part.
        active: bool,
        /// The conditions that did not hold.
        failed: Vec<Condition>,
    },
    /// Default scopes that the rule left out, or that a service cannot have.
    DefaultScopesLeftOut {
        /// Their names.
        names: Vec<String>,
    },
}

/// Who is told.
pub trait Trace {
    /// Whether steps are wanted; lets the compiler leave out what only a trace needs.
    const WANTED: bool;

    /// Takes one step, made only if wanted.
    fn note(&mut self, step: impl FnOnce() -> Step);
}

/// Nobody is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Trace for Silent {
    const WANTED: bool = false;

    fn note(&mut self, _: impl FnOnce() -> Step) {}
}

/// Keeps every step in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorder {
    /// What happened.
    pub steps: Vec<Step>,
}

impl Trace for Recorder {
    const WANTED: bool = true;

    fn note(&mut self, step: impl FnOnce() -> Step) {
        self.steps.push(step());
    }
}

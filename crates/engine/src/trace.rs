//! What a decision looked at, for whoever wants to know. [`Silent`] compiles to nothing; [`Recorder`] keeps places in the
//! server instead of names, and [`crate::explanation`] says later what stands there.

use el::Input;
use model::claim::ClaimType;
use serde::Serialize;
use serde_json::Value;

use crate::matching::{Condition, Conditions};
use crate::server::ScopeName;

/// Why a policy's rules were not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// It is inactive.
    Inactive,
    /// It is for other clients.
    OtherClients,
}

/// What carries claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// The access token.
    AccessToken,
    /// The ID token.
    IdToken,
    /// The answer of userinfo.
    Userinfo,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum ClaimOutcome {
    /// The token carries it.
    Released(Value),
    /// It is disabled.
    Disabled,
    /// Its name is the mint's own.
    Reserved,
    /// None of its scopes is granted.
    ScopeNotGranted,
    /// Only userinfo, or an ID token without an access token, carries it.
    OnRequestOnly,
    /// It has no value.
    Null,
    /// A claim of the same name came before it.
    Shadowed,
    /// More groups than a token may carry; it says where to ask for them.
    Overflowed(usize),
    /// It could not be evaluated, and the request is refused.
    Failed(String),
}

/// One step of a decision. Policies, rules and claims are said by their places in the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A policy, and why its rules were not looked at, if they were not.
    Policy {
        /// Which.
        at: usize,
        /// Why it was passed over.
        skipped: Option<Skipped>,
    },
    /// A rule of the last policy. An inactive rule is passed over, whatever holds.
    Rule {
        /// Which of the policy's.
        at: usize,
        /// The conditions that did not hold.
        failed: Conditions,
    },
    /// Default scopes that the rule left out, or that a service cannot have.
    DefaultScopesLeftOut(Vec<ScopeName>),
    /// Scopes that the user is asked to consent to.
    ConsentAsked(Vec<ScopeName>),
    /// A claim.
    Claim {
        /// What would carry it.
        carrier: Carrier,
        /// Which list it is in: userinfo may tell a claim of the access token, too.
        of: ClaimType,
        /// Which of the list.
        at: usize,
        /// What was read.
        inputs: Vec<Input>,
        /// What became of it.
        outcome: ClaimOutcome,
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
#[derive(Debug, Clone, Default, PartialEq)]
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

impl Conditions {
    /// The one that failed first, in the order in which they are asked.
    pub fn first(self) -> Option<Condition> {
        self.iter().next()
    }
}

//! A server's configuration as one document with names as identity: what `tokenmint export` writes and `tokenmint apply`
//! reads, what a version control system keeps, and what a preview tries without saving.
//!
//! Owns the document, its way out of a server (`export`) and its way in (`apply`, which says first what it will do: a
//! `plan`). Leaves out every rule of a thing: those are the functions of `admin`, which both ways use.

mod apply;
mod claims;
mod commit;
mod convert;
mod document;
mod export;
mod naming;
mod object;
mod pairing;
mod plan;
mod policies;
mod problem;
mod renames;
mod rules;
mod scopes;
mod size;
mod world;

pub use apply::{Target, apply};
pub use commit::{Applied, Rehearsal, Wanted, at_length, carry_out, current, rehearse};
pub use document::{Claim, Client, People, Policy, Portable, Rule, Scope, Server, VERSION, ValueType};
pub use export::export;
pub(crate) use problem::did_you_mean;

pub use plan::{Difference, Plan, PlanStep, Verb, What};
pub use problem::Problem;
pub use size::THINGS_MAX;
pub use world::{NAMES_MAX, World};

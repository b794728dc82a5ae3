//! An expression on trial: compiled and evaluated for one request, before any claim has it.

use el::{Diagnostic, EvalError, Input, Limits};
use model::Timestamp;

use super::variables::Surroundings;
use crate::facts::Facts;
use crate::server::{AuthorizationServer, ScopeName};

/// How an expression fared.
#[derive(Debug, Clone, PartialEq)]
pub enum Trial {
    /// It cannot be saved.
    Refused(Vec<Diagnostic>),
    /// It was evaluated.
    Evaluated {
        /// Its value, or why it has none.
        outcome: Result<el::Value, EvalError>,
        /// What it read.
        inputs: Vec<Input>,
        /// What is doubtful about it.
        warnings: Vec<Diagnostic>,
    },
}

/// Tries an expression as a claim of `server`, for the request that `facts` describe, as if it was granted these scopes.
pub fn try_expression(
    server: &AuthorizationServer,
    facts: &Facts,
    granted: &[ScopeName],
    at: Timestamp,
    text: &str,
) -> Trial {
    match el::compile(text, &Limits::default()) {
        Err(problems) => Trial::Refused(problems),
        Ok(program) => {
            let surroundings = Surroundings::new(server, facts, granted, at);
            let (outcome, inputs) = program.evaluate_traced(&surroundings);
            Trial::Evaluated { outcome, inputs, warnings: program.warnings().to_vec() }
        }
    }
}

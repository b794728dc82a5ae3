//! Not asking a database that does not answer: after some failures in a row nobody is made to wait for the next one, but
//! for one attempt at a time, by which its return is noticed. Leaves out what counts as no answer (`session`).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::error::SqlState;

use crate::fault::{Fault, FaultKind};

/// How many failures in a row make it open: one stalled connection among many says nothing about the server.
const FAILURES: u32 = 3;
/// How often it is tried while it is open.
const ATTEMPT_EVERY: Duration = Duration::from_millis(250);

/// Closed as long as the database answers.
#[derive(Debug, Default)]
pub(super) struct Circuit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// When the next attempt may be made.
    open_until: Option<Instant>,
}

impl Circuit {
    /// Lets an attempt pass, or refuses it at once.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Fault> {
        let mut state = self.lock();
        let Some(until) = state.open_until else { return Ok(()) };
        if now < until {
            return Err(Fault::new(FaultKind::Unavailable, "the database did not answer a moment ago"));
        }
        state.open_until = Some(now + ATTEMPT_EVERY);
        Ok(())
    }

    /// The database answered.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        if state.open_until.is_some() {
            tracing::warn!("the database answers again");
        }
        *state = State::default();
    }

    /// It answered with this error: that is an answer, unless the server says by it that it cannot serve.
    pub(super) fn note(&self, code: &SqlState) {
        // Connections, resources, an operator's hand.
        if !["08", "53", "57"].contains(&&code.code()[..2]) {
            self.close();
        }
    }

    /// It did not.
    pub(super) fn fail(&self, now: Instant) {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            if state.open_until.is_none() {
                tracing::error!(
                    "the database does not answer: requests that need it are refused until it does"
                );
            }
            state.open_until = Some(now + ATTEMPT_EVERY);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_attempt_pass_at_a_time() {
        let circuit = Circuit::default();
        let mut now = Instant::now();
        for _ in 0..2 {
            circuit.fail(now);
            circuit.admit(now).expect("too few failures");
        }
        circuit.close();
        for _ in 0..2 {
            circuit.fail(now);
            circuit.admit(now).expect("an answer came between");
        }
        circuit.fail(now);
        assert!(circuit.admit(now).is_err());
        for _ in 0..2 {
            now += ATTEMPT_EVERY;
            circuit.admit(now).expect("one attempt");
            assert!(circuit.admit(now).is_err(), "the others wait for how it ends");
            circuit.fail(now);
            assert!(circuit.admit(now).is_err());
        }
        circuit.close();
        circuit.admit(now).expect("it answered");
        circuit.admit(now).expect("everybody may ask");
    }

    #[test]
    fn an_error_of_a_server_that_serves_is_an_answer_and_one_of_a_server_that_cannot_is_none() {
        let circuit = Circuit::default();
        let now = Instant::now();
        for code in [SqlState::UNIQUE_VIOLATION, SqlState::T_R_SERIALIZATION_FAILURE] {
            circuit.fail(now);
            circuit.fail(now);
            circuit.note(&code);
            circuit.fail(now);
            circuit.admit(now).expect("an answer came between");
            circuit.close();
        }
        for code in [SqlState::ADMIN_SHUTDOWN, SqlState::TOO_MANY_CONNECTIONS, SqlState::CONNECTION_FAILURE] {
            circuit.fail(now);
            circuit.fail(now);
            circuit.note(&code);
            circuit.fail(now);
            assert!(circuit.admit(now).is_err(), "{code:?}");
            circuit.close();
        }
    }
}

//! A copy that was restored is one moment of the life of a node: everything that was acknowledged before the backup began is
//! in it, nothing that began after the backup's end, and of what happened meanwhile no more than a beginning.

use std::collections::BTreeSet;

use super::{Invariant, Violation, check};
use crate::history::{Act, Call, History, Saw};

/// Judges what a copy says, made from `begun` to `ended`; and how many acknowledged writes it does not have.
pub fn restored(history: &History, begun: u64, ended: u64, saw: &Saw) -> (Vec<Violation>, usize) {
    let logged: BTreeSet<&str> = saw
        .events
        .iter()
        .flat_map(|event| event.request.iter().chain(&event.targets))
        .map(String::as_str)
        .collect();
    let writes = || history.calls.iter().filter_map(|call| Some((call, name_of(call)?)));
    let within: Vec<&Call> =
        writes().filter(|(_, name)| logged.contains(name)).map(|(call, _)| call).collect();
    let without: Vec<&Call> =
        writes().filter(|(_, name)| !logged.contains(name)).map(|(call, _)| call).collect();
    let newest = within.iter().map(|call| call.start).max().unwrap_or(0);
    let mut found = Vec::new();
    for call in &without {
        if call.end < begun {
            found.push(format!("the copy lacks {:?}, acknowledged before the backup began", call.act));
        } else if call.end < newest {
            found.push(format!("the copy lacks {:?}, and has what began after its answer", call.act));
        }
    }
    let early = within.iter().filter(|call| call.start > ended);
    found.extend(early.map(|call| format!("the copy has {:?}, which began after the backup", call.act)));
    let lacks = without.len();
    // What the copy has, and what was only read before it was made, is a history of its own.
    let is_of_it = |call: &&Call| match name_of(call) {
        Some(name) => logged.contains(name),
        None => call.end < begun || (call.outcome.is_unknown() && call.start < ended),
    };
    let calls = history.calls.iter().filter(is_of_it).cloned().collect();
    let copy = History { calls, saw: vec![saw.clone()], ..History::default() };
    let said = found.into_iter().map(|what| Violation { invariant: Invariant::Durable, what });
    (said.chain(check(&copy)).collect(), lacks)
}

/// What the log calls an acknowledged write. The end of a token that had ended already has no event of its own.
fn name_of(call: &Call) -> Option<&str> {
    let told = call.outcome.done()?;
    match &call.act {
        Act::Token { .. } => told.jti.as_deref(),
        Act::Change(_) | Act::Rotate { .. } | Act::RevokeKey { .. } | Act::Revoke { .. } => {
            told.request.as_deref()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::{SECOND, change, done_as, event, scope};
    use crate::history::{Entry, Event, What};

    const CREATED: &str = "oauth2.scope.created";

    /// Three changes, a second each, of which the backup meets the second; what is said of a copy with these of them.
    fn said(has: &[u64]) -> Vec<Violation> {
        let made =
            |at: u64| change(at * SECOND, What::Create, &format!("f{at}"), 1, done_as(&format!("q{at}")));
        let history = History::of((1..=3).map(made).collect::<Vec<Entry>>());
        let told = |at: &u64| event(&format!("u{at}"), CREATED, &format!("q{at}"), *at, &format!("f{at}"));
        let events: Vec<Event> = has.iter().map(told).collect();
        let objects = has.iter().map(|at| scope(&format!("f{at}"), 1)).collect();
        let saw = Saw { at: 9 * SECOND, objects, events, ..Saw::default() };
        restored(&history, 2 * SECOND - 1, 2 * SECOND + SECOND / 2, &saw).0
    }

    #[test]
    fn a_copy_has_what_was_before_the_backup_and_of_what_was_meanwhile_a_beginning() {
        assert_eq!(said(&[1]), vec![]);
        assert_eq!(said(&[1, 2]), vec![]);
    }

    #[test]
    fn a_copy_that_lacks_something_or_has_something_later_is_refused() {
        assert!(!said(&[]).is_empty(), "the first was there");
        assert!(!said(&[2]).is_empty(), "the first was there before the second");
        assert!(!said(&[1, 2, 3]).is_empty(), "the third came later");
    }
}

//! I1: what was acknowledged is there after recovery. A step whose outcome nobody knows may have been done or not, and both
//! are right; what was refused was not done.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Act, Change, History, Object, Outcome, Saw, What};

/// What an object may be: gone, or there with a mark and switched on or off.
type State = Option<(u64, bool)>;

/// Half of a token's hour: nobody is asked about tokens that may have expired.
const TOKEN_MICROS: u64 = 50 * 60 * 1_000_000;

pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = Vec::new();
    let states = states(history);
    for saw in &history.saw {
        found.extend(objects(saw, &states));
        found.extend(tokens(saw, history));
    }
    found
}

fn after(state: State, change: &Change) -> State {
    match change.what {
        What::Create => Some((change.mark, true)),
        What::Replace => state.map(|(_, is_active)| (change.mark, is_active)),
        What::Deactivate => state.map(|(mark, _)| (mark, false)),
        What::Delete => None,
    }
}

/// Every state that each object may have in the end.
fn states(history: &History) -> BTreeMap<(&str, &str), BTreeSet<State>> {
    let mut states: BTreeMap<(&str, &str), BTreeSet<State>> = BTreeMap::new();
    for (call, change) in history.changes() {
        let known = states.entry((&change.kind, &change.stem)).or_insert_with(|| BTreeSet::from([None]));
        let changed = known.iter().map(|state| after(*state, change));
        match &call.outcome {
            Outcome::Done(_) => *known = changed.collect(),
            Outcome::Unknown { .. } => *known = changed.chain(known.iter().copied()).collect(),
            Outcome::Refused(_) | Outcome::Unsent => {}
        }
    }
    states
}

fn objects(saw: &Saw, states: &BTreeMap<(&str, &str), BTreeSet<State>>) -> Vec<String> {
    let there: BTreeMap<(&str, &str), &Object> =
        saw.objects.iter().map(|object| ((object.kind.as_str(), object.stem.as_str()), object)).collect();
    let mut found = Vec::new();
    for ((kind, stem), possible) in states {
        let state = there.get(&(*kind, *stem)).map(|object| (object.mark, object.is_active));
        if !possible.contains(&state) {
            found.push(format!("node {}: {kind} `{stem}` is {state:?}, not one of {possible:?}", saw.node));
        }
    }
    for (kind, stem) in there.keys().filter(|key| !states.contains_key(*key)) {
        found.push(format!("node {}: {kind} `{stem}` is there, and nobody made it", saw.node));
    }
    found
}

/// Tokens stand as they were left: revoked ones do not, others do.
fn tokens(saw: &Saw, history: &History) -> Vec<String> {
    let mut ended = BTreeSet::new();
    let mut touched = BTreeSet::new();
    for call in &history.calls {
        let name = match &call.act {
            Act::Revoke { jti } => jti,
            Act::RevokeKey { kid, .. } => kid,
            Act::Change(Change { kind, id: Some(id), .. }) if kind == "app" => id,
            _ => continue,
        };
        if call.outcome.done().is_some() && matches!(call.act, Act::Revoke { .. }) {
            ended.insert(name.as_str());
        }
        touched.insert(name.as_str());
    }
    let mut found = Vec::new();
    for (call, jti, told) in history.tokens() {
        let Some(is_active) = saw.tokens.get(jti) else { continue };
        let Act::Token { client, .. } = &call.act else { continue };
        let kid = told.kid.as_deref().unwrap_or_default();
        let is_touched = [jti, client.as_str(), kid].iter().any(|name| touched.contains(name));
        let is_young = saw.at.saturating_sub(call.start) < TOKEN_MICROS;
        if *is_active && ended.contains(jti) {
            found.push(format!("node {}: token {jti} stands, and its revocation was acknowledged", saw.node));
        } else if !is_active && !is_touched && is_young {
            found.push(format!("node {}: token {jti} does not stand, and nobody ended it", saw.node));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::{SECOND, call, change, done, judge, refused, saw, scope, token, unknown};
    use crate::history::Entry;

    fn in_the_end(entries: Vec<Entry>, objects: Vec<Object>) -> Vec<String> {
        judge(check, entries.into_iter().chain([saw(9 * SECOND, objects, vec![])]).collect())
    }

    #[test]
    fn what_was_acknowledged_is_there() {
        let made = || vec![change(0, What::Create, "a", 1, done()), change(1, What::Replace, "a", 2, done())];
        assert_eq!(in_the_end(made(), vec![scope("a", 2)]), Vec::<String>::new());
        assert_eq!(in_the_end(made(), vec![]).len(), 1, "lost");
        assert_eq!(in_the_end(made(), vec![scope("a", 1)]).len(), 1, "the change is lost");
        let deleted = || made().into_iter().chain([change(2, What::Delete, "a", 2, done())]).collect();
        assert_eq!(in_the_end(deleted(), vec![]), Vec::<String>::new());
        assert_eq!(in_the_end(deleted(), vec![scope("a", 2)]).len(), 1, "risen from the dead");
    }

    #[test]
    fn what_nobody_knows_may_be_either_and_what_was_refused_was_not_done() {
        let doubted =
            || vec![change(0, What::Create, "a", 1, done()), change(1, What::Replace, "a", 2, unknown())];
        assert_eq!(in_the_end(doubted(), vec![scope("a", 1)]), Vec::<String>::new());
        assert_eq!(in_the_end(doubted(), vec![scope("a", 2)]), Vec::<String>::new());
        assert_eq!(in_the_end(doubted(), vec![]).len(), 1);
        let refusal = || vec![change(0, What::Create, "a", 1, refused())];
        assert_eq!(in_the_end(refusal(), vec![]), Vec::<String>::new());
        assert_eq!(in_the_end(refusal(), vec![scope("a", 1)]).len(), 1);
        assert_eq!(in_the_end(vec![], vec![scope("b", 1)]).len(), 1, "nobody made it");
    }

    #[test]
    fn a_revocation_that_was_acknowledged_holds_and_other_tokens_stand() {
        let history = |revoked: Outcome, first: bool, second: bool| {
            let mut last = Saw { at: 9 * SECOND, ..Saw::default() };
            last.tokens.insert("t1".to_owned(), first);
            last.tokens.insert("t2".to_owned(), second);
            let revocation = call(2, Act::Revoke { jti: "t1".to_owned() }, revoked);
            judge(
                check,
                vec![token(0, "c", "t1", "k"), token(1, "c", "t2", "k"), revocation, Entry::Saw(last)],
            )
        };
        assert_eq!(history(done(), false, true), Vec::<String>::new());
        assert_eq!(history(done(), true, true).len(), 1);
        assert_eq!(history(unknown(), true, true), Vec::<String>::new());
        assert_eq!(history(done(), false, false).len(), 1);
    }
}

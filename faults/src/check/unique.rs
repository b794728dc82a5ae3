//! I10: no id of a token, an object or an event is given out twice, and no assertion is granted on twice.

use std::collections::BTreeMap;

use crate::history::{Act, History};

pub(super) fn check(history: &History) -> Vec<String> {
    let done = || history.calls.iter().filter_map(|call| Some((call, call.outcome.done()?)));
    let mut found = Vec::new();
    found.extend(twice("the token id", history.tokens().map(|(_, jti, _)| jti.to_owned())));
    let made = done().filter(|(call, _)| matches!(call.act, Act::Change(_)) && is_creation(&call.act));
    found.extend(twice("the object id", made.filter_map(|(_, told)| told.id.clone())));
    let assertions = done().filter_map(|(call, _)| match &call.act {
        Act::Token { assertion, .. } => assertion.clone(),
        _ => None,
    });
    found.extend(twice("the assertion", assertions));
    for saw in &history.saw {
        found.extend(twice("the event id", saw.events.iter().map(|event| event.uuid.clone())));
    }
    found
}

fn is_creation(act: &Act) -> bool {
    matches!(act, Act::Change(change) if change.what == crate::history::What::Create)
}

fn twice(what: &str, ids: impl Iterator<Item = String>) -> Vec<String> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    ids.for_each(|id| *counts.entry(id).or_default() += 1);
    let repeated = counts.into_iter().filter(|(_, count)| *count > 1);
    repeated.map(|(id, count)| format!("{what} {id} stands for {count} things")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::{call, change, done, event, judge, refused, saw, token, token_act};
    use crate::history::{Entry, Outcome, Told, What};

    #[test]
    fn a_token_id_or_an_event_id_that_comes_twice_is_seen() {
        assert_eq!(
            judge(check, vec![token(0, "c", "t1", "k"), token(1, "c", "t2", "k")]),
            Vec::<String>::new()
        );
        assert_eq!(judge(check, vec![token(0, "c", "t1", "k"), token(1, "c", "t1", "k")]).len(), 1);
        let events = vec![event("u", "x", "q", 1, "a"), event("u", "x", "q", 2, "b")];
        assert_eq!(judge(check, vec![saw(9, vec![], events)]).len(), 1);
    }

    #[test]
    fn two_objects_with_one_id_are_seen() {
        let made = |stem: &str| {
            let told = Told { status: 201, id: Some("same".to_owned()), ..Told::default() };
            change(0, What::Create, stem, 1, Outcome::Done(told))
        };
        assert_eq!(judge(check, vec![made("a")]), Vec::<String>::new());
        assert_eq!(judge(check, vec![made("a"), made("b")]).len(), 1);
    }

    #[test]
    fn an_assertion_is_granted_on_once() {
        let presented = |outcome| -> Entry { call(0, token_act("c", Some("a1"), None), outcome) };
        assert_eq!(judge(check, vec![presented(done()), presented(refused())]), Vec::<String>::new());
        assert_eq!(judge(check, vec![presented(done()), presented(done())]).len(), 1);
    }
}

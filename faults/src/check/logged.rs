//! I7: each acknowledged change, token and revocation has exactly one event; events stand in the order of the commits; and
//! no event tells of what was not done. What nobody knows was done if, and only if, it has its event.

use std::collections::BTreeMap;

use crate::history::{Act, Call, Change, Event, History, Saw, What};

const TOKEN: &str = "app.oauth2.as.token.grant.access_token";
const REVOCATION: &str = "app.oauth2.as.token.revoke";
const ROTATION: &str = "app.oauth2.as.key.rollover";

pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = Vec::new();
    for saw in &history.saw {
        let log = Log::of(saw);
        found.extend(acknowledged(history, &log));
        found.extend(doubtful(history, saw, &log));
        found.extend(tokens(history, &log));
        found.extend(order(history, &log));
    }
    found
}

/// The event type of a change.
fn kind_of(change: &Change) -> &'static str {
    match (change.kind.as_str(), change.what) {
        ("scope", What::Create) => "oauth2.scope.created",
        ("scope", What::Delete) => "oauth2.scope.deleted",
        ("scope", _) => "oauth2.scope.updated",
        ("rule", What::Create) => "policy.rule.add",
        ("rule", What::Delete) => "policy.rule.delete",
        ("rule", _) => "policy.rule.update",
        ("app", What::Create) => "application.lifecycle.create",
        ("app", What::Delete) => "application.lifecycle.delete",
        ("app", What::Deactivate) => "application.lifecycle.deactivate",
        ("app", What::Replace) => "application.lifecycle.update",
        (_, What::Create) => "oauth2.as.created",
        (_, What::Delete) => "oauth2.as.deleted",
        (_, _) => "oauth2.as.updated",
    }
}

/// A log, so that its events are found.
struct Log<'s> {
    node: usize,
    events: &'s [Event],
    /// By type and request.
    by_request: BTreeMap<(&'s str, &'s str), Vec<usize>>,
    /// By type and the name that the driver gave.
    by_stem: BTreeMap<(&'s str, &'s str), usize>,
    /// By type and target.
    by_target: BTreeMap<(&'s str, &'s str), usize>,
}

impl<'s> Log<'s> {
    fn of(saw: &'s Saw) -> Self {
        let mut log = Self {
            node: saw.node,
            events: &saw.events,
            by_request: BTreeMap::new(),
            by_stem: BTreeMap::new(),
            by_target: BTreeMap::new(),
        };
        for (place, event) in saw.events.iter().enumerate() {
            let kind = event.kind.as_str();
            let stem = event.name.split_once('~').map_or(event.name.as_str(), |(stem, _)| stem);
            *log.by_stem.entry((kind, stem)).or_default() += 1;
            if let Some(request) = &event.request {
                log.by_request.entry((kind, request)).or_default().push(place);
            }
            for target in &event.targets {
                *log.by_target.entry((kind, target)).or_default() += 1;
            }
        }
        log
    }

    /// Where the events of a type and a request stand.
    fn places(&self, kind: &'s str, request: &'s str) -> &[usize] {
        self.by_request.get(&(kind, request)).map_or(&[], Vec::as_slice)
    }
}

/// The event type of a call that changes something, and the server's name of the request, if it was acknowledged.
fn change_told(call: &Call) -> Option<(&'static str, &str)> {
    let kind = match &call.act {
        Act::Change(change) => kind_of(change),
        Act::Rotate { .. } => ROTATION,
        _ => return None,
    };
    Some((kind, call.outcome.done()?.request.as_deref()?))
}

fn acknowledged<'s>(history: &'s History, log: &Log<'s>) -> Vec<String> {
    let told = history.calls.iter().filter_map(|call| Some((call, change_told(call)?)));
    let odd = told.filter_map(|(call, (kind, request))| {
        let count = log.places(kind, request).len();
        let node = log.node;
        (count != 1)
            .then(|| format!("node {node}: {count} events `{kind}` for one acknowledged {:?}", call.act))
    });
    odd.collect()
}

/// For each object: as many events of a type as changes were acknowledged, and one more for a doubtful one that was done.
fn doubtful(history: &History, saw: &Saw, log: &Log<'_>) -> Vec<String> {
    let there: BTreeMap<&str, (u64, bool)> =
        saw.objects.iter().map(|object| (object.stem.as_str(), (object.mark, object.is_active))).collect();
    let mut expected: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (call, change) in history.changes() {
        let count = expected.entry((kind_of(change), &change.stem)).or_default();
        let now = there.get(change.stem.as_str());
        let was_done = match change.what {
            // It was not touched again: what is there tells.
            What::Create => now.is_some(),
            What::Replace => now.is_some_and(|(mark, _)| *mark == change.mark),
            What::Deactivate => now.is_some_and(|(_, is_active)| !is_active),
            What::Delete => now.is_none(),
        };
        let is_done = call.outcome.done().is_some() || (call.outcome.is_unknown() && was_done);
        *count += usize::from(is_done);
    }
    let mut found = Vec::new();
    for ((kind, stem), expected) in &expected {
        let count = log.by_stem.get(&(*kind, *stem)).copied().unwrap_or(0);
        if count != *expected {
            let node = log.node;
            found.push(format!(
                "node {node}: {count} events `{kind}` about `{stem}`, and {expected} were done"
            ));
        }
    }
    let is_ours = |stem: &str| {
        stem.strip_prefix('f').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    for (kind, stem) in log.by_stem.keys().filter(|(_, stem)| is_ours(stem)) {
        if !history.changes().any(|(_, change)| change.stem == *stem) {
            found.push(format!("node {}: an event `{kind}` about `{stem}`, which nobody made", log.node));
        }
    }
    found
}

fn tokens(history: &History, log: &Log<'_>) -> Vec<String> {
    let count = |kind, id| log.by_target.get(&(kind, id)).copied().unwrap_or(0);
    let mut found = Vec::new();
    let mut given = 0;
    for (_, jti, _) in history.tokens() {
        given += 1;
        if count(TOKEN, jti) != 1 {
            found.push(format!("node {}: {} events for the token {jti}", log.node, count(TOKEN, jti)));
        }
    }
    for call in history.calls.iter().filter(|call| call.outcome.done().is_some()) {
        if let Act::Revoke { jti } = &call.act
            && count(REVOCATION, jti) != 1
        {
            let count = count(REVOCATION, jti);
            found.push(format!("node {}: {count} events for the revocation of {jti}", log.node));
        }
    }
    let is_token = |act: &Act| matches!(act, Act::Token { .. });
    let doubts = history.calls.iter().filter(|call| call.outcome.is_unknown() && is_token(&call.act)).count();
    let logged = log.events.iter().filter(|event| event.kind == TOKEN).count();
    if logged > given + doubts {
        let node = log.node;
        found.push(format!(
            "node {node}: {logged} tokens in the log; {given} were given out, {doubts} perhaps"
        ));
    }
    found
}

/// Of two acknowledged changes, one of which ended before the other began, the earlier has the lower revision; and asked of
/// the same node, it stands before the other in the log.
fn order<'s>(history: &'s History, log: &Log<'s>) -> Vec<String> {
    let mut told: Vec<(&Call, usize, u64)> = Vec::new();
    for call in &history.calls {
        let Some((kind, request)) = change_told(call) else { continue };
        if let [place] = log.places(kind, request) {
            told.push((call, *place, log.events[*place].revision.unwrap_or(0)));
        }
    }
    let mut by_end = told.clone();
    by_end.sort_by_key(|(call, ..)| call.end);
    let mut ended = by_end.into_iter().peekable();
    let mut newest_revision = 0;
    let mut newest_place: BTreeMap<usize, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (call, place, revision) in told {
        while let Some((earlier, place, revision)) = ended.next_if(|(earlier, ..)| earlier.end < call.start) {
            newest_revision = newest_revision.max(revision);
            let newest = newest_place.entry(earlier.node).or_default();
            *newest = (*newest).max(place);
        }
        let is_behind = newest_place.get(&call.node).is_some_and(|newest| place < *newest);
        if revision < newest_revision || is_behind {
            found.push(format!("node {}: the event of {:?} stands before earlier ones", log.node, call.act));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::{
        SECOND, change, done, done_as, event, judge, saw, scope, token, token_event, unknown,
    };
    use crate::history::Entry;

    const CREATED: &str = "oauth2.scope.created";

    fn create(at: u64, stem: &str, request: &str) -> Entry {
        change(at, What::Create, stem, 1, done_as(request))
    }

    #[test]
    fn an_acknowledged_change_has_one_event() {
        let history = |events: Vec<Event>| {
            judge(check, vec![create(0, "f1", "q1"), saw(9, vec![scope("f1", 1)], events)])
        };
        assert_eq!(history(vec![event("u1", CREATED, "q1", 2, "f1")]), Vec::<String>::new());
        assert!(!history(vec![]).is_empty(), "lost");
        let twice = vec![event("u1", CREATED, "q1", 2, "f1"), event("u2", CREATED, "q1", 3, "f1")];
        assert!(!history(twice).is_empty(), "twice");
    }

    #[test]
    fn a_doubtful_change_has_an_event_if_and_only_if_it_was_done() {
        let history = |is_there: bool, is_logged: bool| {
            let objects = if is_there { vec![scope("f1", 1)] } else { vec![] };
            let events = if is_logged { vec![event("u1", CREATED, "q1", 2, "f1")] } else { vec![] };
            judge(check, vec![change(0, What::Create, "f1", 1, unknown()), saw(9, objects, events)])
        };
        assert_eq!(history(true, true), Vec::<String>::new());
        assert_eq!(history(false, false), Vec::<String>::new());
        assert_eq!(history(true, false).len(), 1);
        assert_eq!(history(false, true).len(), 1);
    }

    #[test]
    fn an_event_of_what_nobody_did_is_seen() {
        let events = vec![event("u1", CREATED, "q1", 2, "f7")];
        assert_eq!(judge(check, vec![saw(9, vec![], events)]).len(), 1);
    }

    #[test]
    fn events_stand_in_the_order_of_the_changes() {
        let history = |events: Vec<Event>| {
            let objects = vec![scope("f1", 1), scope("f2", 1)];
            judge(check, vec![create(0, "f1", "q1"), create(SECOND, "f2", "q2"), saw(9, objects, events)])
        };
        let (first, second) = (event("u1", CREATED, "q1", 2, "f1"), event("u2", CREATED, "q2", 3, "f2"));
        assert_eq!(history(vec![first.clone(), second.clone()]), Vec::<String>::new());
        assert_eq!(history(vec![second, first]).len(), 1, "places");
        let (late, early) = (event("u1", CREATED, "q1", 3, "f1"), event("u2", CREATED, "q2", 2, "f2"));
        assert_eq!(history(vec![late, early]).len(), 1, "revisions");
    }

    #[test]
    fn every_token_and_every_revocation_has_its_event_and_no_other_token_has() {
        let given = || token(0, "c", "t1", "k");
        let history = |entries: Vec<Entry>, events: Vec<Event>| {
            judge(check, entries.into_iter().chain([saw(9, vec![], events)]).collect())
        };
        assert_eq!(history(vec![given()], vec![token_event("u1", "t1")]), Vec::<String>::new());
        assert_eq!(history(vec![given()], vec![]).len(), 1);
        assert_eq!(history(vec![], vec![token_event("u1", "t1")]).len(), 1);
        let revoked = crate::check::forged::call(1, Act::Revoke { jti: "t1".to_owned() }, done());
        assert_eq!(history(vec![given(), revoked], vec![token_event("u1", "t1")]).len(), 1);
    }
}

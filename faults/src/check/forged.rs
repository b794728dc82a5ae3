//! Histories that never happened, for the tests of the checker.

use crate::history::{Act, Call, Change, Entry, Event, History, Object, Outcome, Saw, Told, What};

/// A second of the run's time.
pub const SECOND: u64 = 1_000_000;

/// An acknowledgement.
pub fn done() -> Outcome {
    Outcome::Done(Told { status: 200, ..Told::default() })
}

/// An acknowledgement that names its request.
pub fn done_as(request: &str) -> Outcome {
    Outcome::Done(Told { status: 200, request: Some(request.to_owned()), ..Told::default() })
}

/// A lost answer.
pub fn unknown() -> Outcome {
    Outcome::Unknown { why: "cut off".to_owned(), status: None }
}

/// A refusal.
pub fn refused() -> Outcome {
    Outcome::Refused(Told { status: 400, ..Told::default() })
}

/// A call of a tenth of a second.
pub fn call(start: u64, act: Act, outcome: Outcome) -> Entry {
    Entry::Call(Call { start, end: start + SECOND / 10, node: 0, act, outcome })
}

/// A change of the scope `stem`.
pub fn change(start: u64, what: What, stem: &str, mark: u64, outcome: Outcome) -> Entry {
    change_of(start, what, ("scope", stem), mark, outcome)
}

/// A change of an object.
pub fn change_of(start: u64, what: What, (kind, stem): (&str, &str), mark: u64, outcome: Outcome) -> Entry {
    let id = (what != What::Create).then(|| format!("id-{stem}"));
    call(start, Act::Change(Change { what, kind: kind.to_owned(), stem: stem.to_owned(), mark, id }), outcome)
}

/// A token that was given to `client`, signed by `kid`.
pub fn token(start: u64, client: &str, jti: &str, kid: &str) -> Entry {
    let told = Told { status: 200, jti: Some(jti.to_owned()), kid: Some(kid.to_owned()), ..Told::default() };
    call(start, token_act(client, None, None), Outcome::Done(told))
}

/// What is asked for a token.
pub fn token_act(client: &str, assertion: Option<&str>, must_refuse: Option<&str>) -> Act {
    Act::Token {
        client: client.to_owned(),
        server: "s".to_owned(),
        assertion: assertion.map(str::to_owned),
        must_refuse: must_refuse.map(str::to_owned),
    }
}

/// A scope that is there.
pub fn scope(stem: &str, mark: u64) -> Object {
    let (kind, id) = ("scope".to_owned(), format!("id-{stem}"));
    Object { kind, id, stem: stem.to_owned(), mark, is_active: true }
}

/// An event about `name`.
pub fn event(uuid: &str, kind: &str, request: &str, revision: u64, name: &str) -> Event {
    Event {
        uuid: uuid.to_owned(),
        kind: kind.to_owned(),
        request: Some(request.to_owned()),
        revision: Some(revision),
        targets: vec![format!("id-{name}")],
        name: name.to_owned(),
    }
}

/// The event of a token.
pub fn token_event(uuid: &str, jti: &str) -> Event {
    let kind = "app.oauth2.as.token.grant.access_token";
    Event { targets: vec![jti.to_owned()], ..event(uuid, kind, uuid, 1, "Access Token") }
}

/// What a node said in the end.
pub fn saw(at: u64, objects: Vec<Object>, events: Vec<Event>) -> Entry {
    Entry::Saw(Saw { at, objects, events, ..Saw::default() })
}

/// What `check` says of a history.
pub fn judge(check: fn(&History) -> Vec<String>, entries: Vec<Entry>) -> Vec<String> {
    check(&History::of(entries))
}

//! I4: a second after a revocation, or after a client was switched off or deleted, no node calls the token active and no
//! node gives the client another one.

use std::collections::BTreeMap;

use crate::history::{Act, History, What};

const BOUND_MICROS: u64 = 1_000_000;

pub(super) fn check(history: &History) -> Vec<String> {
    let (mut tokens, mut clients) = (BTreeMap::new(), BTreeMap::new());
    for call in history.calls.iter().filter(|call| call.outcome.done().is_some()) {
        match &call.act {
            Act::Revoke { jti } => drop(tokens.entry(jti.as_str()).or_insert(call.end)),
            Act::Change(change)
                if change.kind == "app" && matches!(change.what, What::Deactivate | What::Delete) =>
            {
                clients.extend(change.id.as_deref().map(|id| (id, call.end)));
            }
            _ => {}
        }
    }
    for (call, jti, _) in history.tokens() {
        let Act::Token { client, .. } = &call.act else { continue };
        if let Some(end) = clients.get(client.as_str()) {
            tokens.entry(jti).or_insert(*end);
        }
    }
    let is_late = |start: u64, end: Option<&u64>| end.is_some_and(|end| start > end + BOUND_MICROS);
    let since = |start: u64, end: Option<&u64>| start.saturating_sub(*end.unwrap_or(&0)) / 1_000;
    let mut found = Vec::new();
    for call in &history.calls {
        let Some(told) = call.outcome.done() else { continue };
        match &call.act {
            Act::Introspect { jti } if told.active == Some(true) => {
                let end = tokens.get(jti.as_str());
                if is_late(call.start, end) {
                    let late = since(call.start, end);
                    found.push(format!("node {} called {jti} active {late} ms after its end", call.node));
                }
            }
            Act::Token { client, .. } => {
                let end = clients.get(client.as_str());
                if is_late(call.start, end) {
                    let late = since(call.start, end);
                    found.push(format!("node {} gave {client} a token {late} ms after its end", call.node));
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::{SECOND, call, change_of, done, judge, token};
    use crate::history::{Entry, Outcome, Told};

    fn introspected(start: u64, jti: &str, active: bool) -> Entry {
        let told = Told { status: 200, active: Some(active), ..Told::default() };
        call(start, Act::Introspect { jti: jti.to_owned() }, Outcome::Done(told))
    }

    #[test]
    fn a_revoked_token_may_be_active_for_a_second_and_no_longer() {
        let asked = |at: u64, active| {
            let revoked = call(SECOND, Act::Revoke { jti: "t".to_owned() }, done());
            judge(check, vec![revoked, introspected(at, "t", active)])
        };
        assert_eq!(asked(2 * SECOND, true), Vec::<String>::new(), "within the second");
        assert_eq!(asked(3 * SECOND, true).len(), 1);
        assert_eq!(asked(3 * SECOND, false), Vec::<String>::new());
    }

    #[test]
    fn a_client_that_was_switched_off_gets_nothing_and_its_tokens_have_ended() {
        let history = |more: Entry| {
            let off = change_of(SECOND, What::Deactivate, ("app", "a"), 1, done());
            judge(check, vec![token(0, "id-a", "t", "k"), off, more])
        };
        assert_eq!(history(introspected(9 * SECOND, "t", false)), Vec::<String>::new());
        assert_eq!(history(introspected(9 * SECOND, "t", true)).len(), 1);
        assert_eq!(history(token(9 * SECOND, "id-a", "t2", "k")).len(), 1);
        assert_eq!(history(token(9 * SECOND, "id-b", "t2", "k")), Vec::<String>::new());
    }
}

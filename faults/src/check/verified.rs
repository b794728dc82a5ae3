//! I5: every token verifies at a resource server that keeps the published keys as long as it was told; a key that signed a
//! token stays published. A key that was revoked in an emergency is the exception: once caches are too old, its tokens are
//! refused.

use std::collections::BTreeMap;

use crate::history::{Act, History};

pub(super) fn check(history: &History) -> Vec<String> {
    // When each revocation of a key began, and when it was known to be done.
    let mut revoked: BTreeMap<&str, (u64, Option<u64>)> = BTreeMap::new();
    for call in &history.calls {
        if let Act::RevokeKey { kid, .. } = &call.act {
            let end = call.outcome.done().map(|_| call.end);
            revoked.entry(kid).or_insert((call.start, end));
        }
    }
    let mut found = Vec::new();
    for call in &history.calls {
        let Act::Verify { jti, kid, verifier, keeps } = &call.act else { continue };
        let revocation = revoked.get(kid.as_str());
        if call.outcome.done().is_some() {
            let end = revocation.and_then(|(_, end)| *end);
            if end.is_some_and(|end| call.start > end + keeps) {
                found.push(format!("a server that {verifier} takes {jti}, whose key {kid} was revoked"));
            }
        } else if revocation.is_none_or(|(start, _)| call.end < *start) {
            found.push(format!("a server that {verifier} refuses {jti}, signed by {kid}"));
        }
    }
    for (call, jti, told) in history.tokens() {
        let Act::Token { server, .. } = &call.act else { continue };
        let kid = told.kid.as_deref().unwrap_or_default();
        for saw in &history.saw {
            let is_missing = saw.keys.get(server).is_some_and(|kids| !kids.iter().any(|known| known == kid));
            if is_missing && !revoked.contains_key(kid) {
                found.push(format!("node {} publishes {kid} no more, which signed {jti}", saw.node));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::{SECOND, call, done, judge, refused, token};
    use crate::history::{Entry, Outcome, Saw};

    fn verify(start: u64, kid: &str, outcome: Outcome) -> Entry {
        let verifier = "caches as advertised".to_owned();
        call(
            start,
            Act::Verify { jti: "t".to_owned(), kid: kid.to_owned(), verifier, keeps: 2 * SECOND },
            outcome,
        )
    }

    fn revoke_key(start: u64) -> Entry {
        call(start, Act::RevokeKey { server: "s".to_owned(), kid: "old".to_owned() }, done())
    }

    #[test]
    fn a_token_that_a_resource_server_refuses_is_seen() {
        assert_eq!(judge(check, vec![verify(0, "k", done())]), Vec::<String>::new());
        assert_eq!(judge(check, vec![verify(0, "k", refused())]).len(), 1);
    }

    #[test]
    fn a_revoked_key_may_be_refused_at_once_and_must_be_when_caches_are_old() {
        let history = |last: Entry| judge(check, vec![revoke_key(SECOND), last]);
        assert_eq!(history(verify(2 * SECOND, "old", refused())), Vec::<String>::new());
        assert_eq!(history(verify(2 * SECOND, "old", done())), Vec::<String>::new(), "still cached");
        assert_eq!(history(verify(9 * SECOND, "old", done())).len(), 1);
        assert_eq!(history(verify(9 * SECOND, "new", refused())).len(), 1);
    }

    #[test]
    fn a_key_that_signed_stays_published() {
        let history = |kids: &[&str]| {
            let mut last = Saw { at: 9 * SECOND, ..Saw::default() };
            last.keys.insert("s".to_owned(), kids.iter().map(|kid| (*kid).to_owned()).collect());
            judge(check, vec![token(0, "c", "t", "k1"), Entry::Saw(last)])
        };
        assert_eq!(history(&["k1", "k2"]), Vec::<String>::new());
        assert_eq!(history(&["k2"]).len(), 1);
    }
}

//! Compares an answer of Token Preview with what a case expects. Pure: the same for an answer of a running server and for
//! one that was made from a file.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::expectation::{Claims, DIFFER, Expectation, Lifetimes};

/// Something that is not as it is expected to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Where: `accessToken.tier`.
    pub place: String,
    /// What is expected; nothing where nothing should be.
    pub expected: Option<Value>,
    /// What is there; nothing where nothing is.
    pub found: Option<Value>,
}

/// Everything in `answer` that is not as expected, in the order of the answer.
pub fn judge(expected: &Expectation, answer: &Value) -> Vec<Mismatch> {
    let mut judgement = Judgement { answer, mismatches: Vec::new() };
    let granted = answer.get("error").is_none();
    if expected.is_granted() != Some(granted) {
        judgement.wrong_outcome(expected, granted);
        return judgement.mismatches;
    }
    if granted {
        judgement.grant(expected);
    } else {
        judgement.refusal(expected);
    }
    judgement.mismatches
}

struct Judgement<'a> {
    answer: &'a Value,
    mismatches: Vec<Mismatch>,
}

impl Judgement<'_> {
    fn at(&self, pointer: &str) -> Option<&Value> {
        self.answer.pointer(pointer).filter(|value| !value.is_null())
    }

    fn mismatch(&mut self, place: impl Into<String>, expected: Option<Value>, found: Option<Value>) {
        self.mismatches.push(Mismatch { place: place.into(), expected, found });
    }

    fn equal(&mut self, place: &str, expected: Option<Value>, pointer: &str) {
        let found = self.at(pointer).cloned();
        if expected.is_some() && expected != found {
            self.mismatch(place, expected, found);
        }
    }

    /// A grant where a refusal is expected, or the other way around: nothing else can be compared.
    fn wrong_outcome(&mut self, expected: &Expectation, granted: bool) {
        if granted {
            let refusal = match (expected.error.as_deref(), expected.reason.as_deref()) {
                (Some(error), Some(reason)) => format!("{error} ({reason})"),
                (error, reason) => error.or(reason).unwrap_or("a refusal").to_owned(),
            };
            let rule = self.at("/grant/rule/name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let found = format!("tokens, by the rule `{rule}`");
            return self.mismatch("outcome", Some(refusal.into()), Some(found.into()));
        }
        let text = |name: &str| self.answer["error"][name].as_str().unwrap_or_default().to_owned();
        let found = format!("{}: {}", text("error"), text("error_description"));
        self.mismatch("outcome", Some("tokens".into()), Some(found.into()));
    }

    fn refusal(&mut self, expected: &Expectation) {
        self.equal("status", expected.status.map(Value::from), "/error/status");
        self.equal("error", expected.error.clone().map(Value::from), "/error/error");
        let description = expected.error_description.clone().map(Value::from);
        self.equal("error_description", description, "/error/error_description");
        self.equal("reason", expected.reason.clone().map(Value::from), "/error/reason");
    }

    fn grant(&mut self, expected: &Expectation) {
        self.equal("policy", expected.policy.clone().map(Value::from), "/grant/policy/name");
        self.equal("rule", expected.rule.clone().map(Value::from), "/grant/rule/name");
        if let Some(scopes) = &expected.scopes {
            self.scopes(scopes);
        }
        if let Some(lifetimes) = &expected.lifetimes {
            self.lifetimes(lifetimes);
        }
        let claims = [
            ("accessToken", &expected.access_token, "/accessToken/claims"),
            ("idToken", &expected.id_token, "/idToken/claims"),
            ("userinfo", &expected.userinfo, "/userinfo"),
        ];
        for (place, wanted, pointer) in claims {
            if let Some(wanted) = wanted {
                self.claims(place, wanted, pointer);
            }
        }
        let refreshable = self.at("/refreshToken").is_some();
        if expected.refresh_token.is_some_and(|wanted| wanted != refreshable) {
            self.mismatch("refreshToken", expected.refresh_token.map(Value::from), Some(refreshable.into()));
        }
    }

    fn scopes(&mut self, expected: &[String]) {
        let found = self.at("/grant/scopes").cloned().unwrap_or_default();
        let granted: BTreeSet<&str> =
            found.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if granted != expected.iter().map(String::as_str).collect() {
            self.mismatch("scopes", Some(expected.into()), Some(found));
        }
    }

    fn lifetimes(&mut self, expected: &Lifetimes) {
        let members = [
            ("accessTokenMinutes", expected.access_token_minutes),
            ("idTokenMinutes", expected.id_token_minutes),
            ("refreshTokenMinutes", expected.refresh_token_minutes),
            ("refreshTokenWindowMinutes", expected.refresh_token_window_minutes),
        ];
        for (name, minutes) in members {
            let pointer = format!("/grant/lifetimes/{name}");
            self.equal(&format!("lifetimes.{name}"), minutes.map(Value::from), &pointer);
        }
    }

    fn claims(&mut self, place: &str, expected: &Claims, pointer: &str) {
        let Some(found) = self.at(pointer).and_then(Value::as_object).cloned() else {
            if expected.given != Some(false) {
                self.mismatch(place, Some("to be given".into()), None);
            }
            return;
        };
        if expected.given == Some(false) {
            self.mismatch(place, None, Some(found.into()));
            return;
        }
        for (name, value) in &expected.contains {
            self.claim(place, name, Some(value), &found);
        }
        for name in &expected.absent {
            self.claim(place, name, None, &found);
        }
        if let Some(all) = &expected.equals {
            for (name, value) in all {
                self.claim(place, name, Some(value), &found);
            }
            let more =
                found.keys().filter(|name| !all.contains_key(*name) && !DIFFER.contains(&name.as_str()));
            for name in more {
                self.claim(place, name, None, &found);
            }
        }
    }

    fn claim(&mut self, place: &str, name: &str, expected: Option<&Value>, found: &Map<String, Value>) {
        let found = found.get(name);
        let same = match (expected, found) {
            (Some(expected), Some(found)) => is_same(expected, found),
            (expected, found) => expected.is_none() && found.is_none(),
        };
        if !same {
            self.mismatch(format!("{place}.{name}"), expected.cloned(), found.cloned());
        }
    }
}

/// Whether a reader of the token could tell no difference: 2 and 2.0 are one number in JSON, and the order of an object's
/// members says nothing.
fn is_same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(expected), Value::Number(found)) => {
            expected == found || (expected.is_f64() || found.is_f64()) && expected.as_f64() == found.as_f64()
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(expected), Value::Object(found)) => {
            expected.len() == found.len()
                && expected.iter().all(|(name, one)| found.get(name).is_some_and(|other| is_same(one, other)))
        }
        _ => expected == found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn granted() -> Value {
        json!({
            "schema": 1,
            "grant": {
                "policy": {"id": "00p1", "name": "Services"}, "rule": {"id": "0pr1", "name": "Couriers"},
                "scopes": ["orders.read", "orders.write"],
                "lifetimes": {"accessTokenMinutes": 15, "refreshTokenMinutes": 0},
            },
            "accessToken": {"header": {"alg": "RS256"}, "claims": {
                "jti": "AT.x", "iss": "https://id.example.com", "iat": 1, "exp": 901, "cid": "courier",
                "scp": ["orders.read"], "tier": 2.0, "place": {"b": 1, "a": [true]},
            }},
        })
    }

    fn refused() -> Value {
        json!({"schema": 1, "error": {
            "status": 401, "error": "access_denied", "error_description": "No.", "reason": "no_matching_policy",
        }})
    }

    fn places(expected: Value, answer: &Value) -> String {
        let expected: Expectation = serde_json::from_value(expected).unwrap();
        let found = judge(&expected, answer);
        found.iter().map(|mismatch| mismatch.place.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_as_expected_says_nothing() {
        for expected in [
            json!({"granted": true}),
            json!({"policy": "Services", "rule": "Couriers", "scopes": ["orders.write", "orders.read"]}),
            json!({"lifetimes": {"accessTokenMinutes": 15, "refreshTokenMinutes": 0}}),
            json!({"accessToken": {"contains": {"tier": 2, "place": {"a": [true], "b": 1}}, "absent": ["email"]}}),
            json!({"accessToken": {"equals": {
                "cid": "courier", "scp": ["orders.read"], "tier": 2, "place": {"a": [true], "b": 1}}}}),
            json!({"idToken": {"given": false}, "refreshToken": false, "userinfo": {"given": false}}),
        ] {
            assert_eq!(places(expected.clone(), &granted()), "", "{expected}");
        }
        for expected in [
            json!({"granted": false}),
            json!({"status": 401, "error": "access_denied", "errorDescription": "No."}),
            json!({"reason": "no_matching_policy"}),
        ] {
            assert_eq!(places(expected.clone(), &refused()), "", "{expected}");
        }
    }

    #[test]
    fn every_difference_is_named_with_its_place() {
        for (expected, named) in [
            (json!({"granted": false}), "outcome"),
            (json!({"policy": "S", "rule": "C"}), "policy rule"),
            (json!({"scopes": ["orders.read"]}), "scopes"),
            (json!({"scopes": ["orders.read", "orders.write", "more"]}), "scopes"),
            (json!({"lifetimes": {"accessTokenMinutes": 16}}), "lifetimes.accessTokenMinutes"),
            (json!({"lifetimes": {"idTokenMinutes": 60}}), "lifetimes.idTokenMinutes"),
            (json!({"accessToken": {"contains": {"tier": "2", "no": 1}}}), "accessToken.no accessToken.tier"),
            (json!({"accessToken": {"contains": {"scp": ["orders.read", "x"]}}}), "accessToken.scp"),
            (json!({"accessToken": {"contains": {"place": {"a": [true]}}}}), "accessToken.place"),
            (json!({"accessToken": {"absent": ["tier"]}}), "accessToken.tier"),
            (json!({"accessToken": {"given": false}}), "accessToken"),
            (
                json!({"accessToken": {"equals": {"iat": 2, "cid": "courier"}}}),
                "accessToken.iat accessToken.scp accessToken.tier accessToken.place",
            ),
            (json!({"idToken": {"contains": {"a": 1}}}), "idToken"),
            (json!({"refreshToken": true}), "refreshToken"),
        ] {
            let mut found: Vec<String> =
                places(expected.clone(), &granted()).split(' ').map(str::to_owned).collect();
            let mut named: Vec<&str> = named.split(' ').collect();
            found.sort_unstable();
            named.sort_unstable();
            assert_eq!(found, named, "{expected}");
        }
        for (expected, named) in [
            (json!({"granted": true}), "outcome"),
            (json!({"rule": "Couriers"}), "outcome"),
            (json!({"status": 400, "error": "invalid_scope"}), "status error"),
            (json!({"errorDescription": "no.", "reason": "x"}), "error_description reason"),
        ] {
            assert_eq!(places(expected.clone(), &refused()), named, "{expected}");
        }
    }
}

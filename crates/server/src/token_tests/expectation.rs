//! What a case expects. Owns the members and which of them make sense together; leaves out comparing (`judge`).

use serde::Deserialize;
use serde_json::{Map, Value};

/// What a case expects of the answer. Whatever it does not name may be anything.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Expectation {
    /// Whether tokens are given out. Need not be said where another member says it.
    pub granted: Option<bool>,
    /// `error` of a refusal.
    pub error: Option<String>,
    /// `error_description` of a refusal.
    pub error_description: Option<String>,
    /// The HTTP status of a refusal.
    pub status: Option<u16>,
    /// The internal name of a refusal, as the log has it: `no_matching_policy`.
    pub reason: Option<String>,
    /// The name of the policy that governs.
    pub policy: Option<String>,
    /// The name of the rule that governs.
    pub rule: Option<String>,
    /// The granted scopes, in any order.
    pub scopes: Option<Vec<String>>,
    /// How long the tokens last.
    pub lifetimes: Option<Lifetimes>,
    /// The access token.
    pub access_token: Option<Claims>,
    /// The ID token.
    pub id_token: Option<Claims>,
    /// Whether a refresh token is given out.
    pub refresh_token: Option<bool>,
    /// What userinfo says to the access token.
    pub userinfo: Option<Claims>,
}

/// How long the tokens last, in minutes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Lifetimes {
    /// The access token.
    pub access_token_minutes: Option<u32>,
    /// The ID token.
    pub id_token_minutes: Option<u32>,
    /// The refresh token; 0 is unlimited.
    pub refresh_token_minutes: Option<u32>,
    /// How long a refresh token may lie unused.
    pub refresh_token_window_minutes: Option<u32>,
}

/// What a set of claims must be.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Claims {
    /// Whether there is such a token at all. Need not be said where another member says it.
    pub given: Option<bool>,
    /// These claims and no others. Those that differ each time ([`DIFFER`]) count only if they are named.
    pub equals: Option<Map<String, Value>>,
    /// At least these claims.
    pub contains: Map<String, Value>,
    /// None of these claims.
    pub absent: Vec<String>,
}

/// Claims that differ from one request or installation to the next, or that only a signer adds.
pub const DIFFER: &[&str] = &["jti", "iss", "iat", "exp", "auth_time", "idp", "at_hash", "c_hash"];

impl Expectation {
    /// Whether tokens are expected; `None` where the members contradict one another.
    pub fn is_granted(&self) -> Option<bool> {
        let of_refusals = self.error.is_some()
            || self.error_description.is_some()
            || self.status.is_some()
            || self.reason.is_some();
        let of_grants = self.policy.is_some()
            || self.rule.is_some()
            || self.scopes.is_some()
            || self.lifetimes.is_some()
            || self.access_token.is_some()
            || self.id_token.is_some()
            || self.refresh_token.is_some()
            || self.userinfo.is_some();
        match (self.granted, of_refusals, of_grants) {
            (_, true, true) | (Some(true), true, _) | (Some(false), _, true) | (None, false, false) => None,
            (Some(granted), ..) => Some(granted),
            (None, refused, _) => Some(!refused),
        }
    }

    /// What is wrong with it: the member and why.
    pub fn mistake(&self) -> Option<(String, String)> {
        if *self == Self::default() {
            return Some((String::new(), "expects nothing, so it could not fail".to_owned()));
        }
        if self.is_granted().is_none() {
            let why = "a refusal has error, error_description, status and reason; all else is of a grant";
            return Some((String::new(), format!("expects a grant and a refusal at once: {why}")));
        }
        [("accessToken", &self.access_token), ("idToken", &self.id_token), ("userinfo", &self.userinfo)]
            .into_iter()
            .find_map(|(member, claims)| {
                let (within, why) = claims.as_ref()?.mistake()?;
                Some((format!("{member}{within}"), why))
            })
    }
}

impl Claims {
    fn mistake(&self) -> Option<(String, String)> {
        if *self == Self::default() {
            return Some((String::new(), "expects nothing, so it could not fail".to_owned()));
        }
        let names_claims = self.equals.is_some() || !self.contains.is_empty() || !self.absent.is_empty();
        if self.given == Some(false) && names_claims {
            return Some((String::new(), "what is not given has no claims".to_owned()));
        }
        let listed = [(".equals", self.equals.as_ref()), (".contains", Some(&self.contains))];
        for (list, claims) in listed {
            let null = claims.into_iter().flatten().find(|(_, value)| value.is_null());
            if let Some((name, _)) = null {
                let why = "a claim without a value is left out: name it in absent";
                return Some((format!("{list}.{name}"), why.to_owned()));
            }
        }
        let known = |name: &&String| {
            self.contains.contains_key(*name)
                || self.equals.as_ref().is_some_and(|all| all.contains_key(*name))
        };
        let both = self.absent.iter().find(known)?;
        Some((".absent".to_owned(), format!("`{both}` is expected to be there and not to be there")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Expectation {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_grant_or_a_refusal_is_told_by_any_of_its_members() {
        for (expectation, granted) in [
            (json!({"granted": true}), Some(true)),
            (json!({"granted": false}), Some(false)),
            (json!({"error": "access_denied"}), Some(false)),
            (json!({"rule": "Staff"}), Some(true)),
            (json!({"refreshToken": false}), Some(true)),
            (json!({"granted": false, "reason": "no_matching_policy"}), Some(false)),
            (json!({"granted": true, "reason": "no_matching_policy"}), None),
            (json!({"rule": "Staff", "status": 401}), None),
            (json!({}), None),
        ] {
            assert_eq!(read(expectation.clone()).is_granted(), granted, "{expectation}");
        }
    }

    #[test]
    fn an_expectation_that_cannot_fail_or_cannot_hold_is_a_mistake() {
        for (expectation, place, why) in [
            (json!({}), "", "expects nothing"),
            (json!({"rule": "Staff", "error": "x"}), "", "expects a grant and a refusal at once"),
            (json!({"accessToken": {}}), "accessToken", "expects nothing"),
            (json!({"idToken": {"given": false, "absent": ["a"]}}), "idToken", "what is not given"),
            (
                json!({"userinfo": {"contains": {"a": null}}}),
                "userinfo.contains.a",
                "a claim without a value",
            ),
            (
                json!({"idToken": {"contains": {"a": 1}, "absent": ["a"]}}),
                "idToken.absent",
                "`a` is expected",
            ),
        ] {
            let (found, said) = read(expectation.clone()).mistake().unwrap();
            assert!(found == place && said.starts_with(why), "{expectation}: {found}: {said}");
        }
        assert_eq!(read(json!({"accessToken": {"equals": {}, "absent": ["a"]}})).mistake(), None);
    }
}

//! The decision behind a case that failed, in a few lines: who decided, the nearest rule of a refusal, and how the claims
//! that differ came about. Leaves out the whole explanation, which Token Preview writes itself.

use std::fmt::Write as _;

use serde_json::Value;

use super::judge::Mismatch;

/// How many values that a claim read are told.
const INPUTS_MAX: usize = 5;

/// What an answer of Token Preview says of its decision, as far as `mismatches` ask for it.
pub fn in_short(answer: &Value, mismatches: &[Mismatch]) -> String {
    let mut text = String::new();
    match answer.get("error") {
        Some(error) => refused(&mut text, error, &answer["trace"]["outcome"]),
        None => granted(&mut text, answer),
    }
    for Mismatch { place, .. } in mismatches {
        if let Some((token, name)) = place.split_once('.') {
            claim(&mut text, &answer["trace"]["claims"], token, name);
        }
    }
    text
}

fn granted(text: &mut String, answer: &Value) {
    let grant = &answer["grant"];
    let _ = writeln!(
        text,
        "granted by the rule `{}` of the policy `{}`",
        said(&grant["rule"]["name"]),
        said(&grant["policy"]["name"])
    );
    let rules = list(&answer["trace"]["policies"]).flat_map(|policy| list(&policy["rules"]));
    let mut conditions =
        rules.filter(|rule| rule["governs"] == true).flat_map(|rule| list(&rule["conditions"]));
    if let Some(scopes) = conditions.find(|verdict| verdict["condition"] == "scopes") {
        let _ = writeln!(text, "  scopes: {}", said(&scopes["text"]));
    }
}

fn refused(text: &mut String, error: &Value, outcome: &Value) {
    let (code, reason) = (said(&error["error"]), said(&error["reason"]));
    let _ = writeln!(text, "refused: {} {code} ({reason})", error["status"]);
    let why = outcome["text"].as_str().or(error["error_description"].as_str()).unwrap_or_default();
    let _ = writeln!(text, "  {why}");
    changes(text, &outcome["changes"]);
    let nearest = &outcome["nearest"];
    if nearest.is_object() {
        let (rule, policy) = (said(&nearest["rule"]["name"]), said(&nearest["policy"]["name"]));
        let _ = writeln!(text, "  nearest is the rule `{rule}` of the policy `{policy}`:");
        changes(text, &nearest["changes"]);
    }
}

fn changes(text: &mut String, changes: &Value) {
    for change in list(changes) {
        let _ = writeln!(text, "  → {}", said(&change["text"]));
    }
}

/// How a claim came to its value, or to none.
fn claim(text: &mut String, claims: &Value, token: &str, name: &str) {
    let carrier = match token {
        "accessToken" => "access_token",
        "idToken" => "id_token",
        other => other,
    };
    let mut told = list(claims).filter(|claim| claim["token"] == carrier && claim["name"] == name);
    let Some(claim) = told.next() else { return };
    let what = claim["source"].as_str().map_or(String::new(), |source| format!(" is {source}"));
    let why = claim["text"].as_str().map_or(String::new(), |why| format!(": {why}"));
    if what.is_empty() && why.is_empty() {
        return;
    }
    let _ = writeln!(text, "the claim {name}{what}{why}");
    for input in list(&claim["inputs"]).take(INPUTS_MAX) {
        let _ = writeln!(text, "  {} = {}", said(&input["path"]), input["value"]);
    }
}

fn said(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_told_with_the_nearest_rule_and_what_would_have_to_change() {
        let answer = json!({
            "error": {"status": 401, "error": "access_denied", "reason": "no_matching_policy"},
            "trace": {"outcome": {"text": "no rule of any policy matches", "changes": [], "nearest": {
                "policy": {"name": "Couriers"}, "rule": {"name": "Sending"},
                "changes": [{"text": "the scope `x` would have to be left out"}],
            }}},
        });
        let expected = "refused: 401 access_denied (no_matching_policy)\n  no rule of any policy matches\n  nearest is \
                        the rule `Sending` of the policy `Couriers`:\n  → the scope `x` would have to be left out\n";
        assert_eq!(in_short(&answer, &[]), expected);
        let early = json!({"error": {"status": 400, "error": "unauthorized_client", "error_description": "no",
            "reason": "x"}, "trace": null});
        assert_eq!(in_short(&early, &[]), "refused: 400 unauthorized_client (x)\n  no\n");
    }

    #[test]
    fn a_claim_that_differs_is_told_with_what_it_is_made_of() {
        let answer = json!({
            "grant": {"policy": {"name": "P"}, "rule": {"name": "R"}},
            "trace": {
                "policies": [{"rules": [
                    {"governs": false, "conditions": [{"condition": "scopes", "text": "no"}]},
                    {"governs": true, "conditions": [{"condition": "scopes", "text": "any scope"}]},
                ]}],
                "claims": [
                    {"token": "id_token", "name": "tier", "source": "other"},
                    {"token": "access_token", "name": "tier", "source": "user.tier", "text": "it is null",
                     "inputs": [{"path": "user.tier", "value": null}]},
                ],
            },
        });
        let mismatch = Mismatch { place: "accessToken.tier".to_owned(), expected: None, found: None };
        let expected = "granted by the rule `R` of the policy `P`\n  scopes: any scope\nthe claim tier is user.tier: it is \
                        null\n  user.tier = null\n";
        assert_eq!(in_short(&answer, &[mismatch]), expected);
    }
}

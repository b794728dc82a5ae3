//! What of a configuration no case touches. Owns what counts: a policy and a rule by governing a request, a scope by being
//! granted, a claim by standing in a token or in userinfo. What is inactive cannot be touched and does not count.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

/// One kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    /// What: `policies`, `rules`, `scopes`, `claims`.
    pub kind: &'static str,
    /// How many there are.
    pub total: usize,
    /// Those that no case touches, in the order of the configuration.
    pub untouched: Vec<String>,
}

/// What the cases touch of one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// The server's name.
    pub server: String,
    /// Of a hundred things, how many are touched; rounded down.
    pub percent: usize,
    /// Kind by kind.
    pub sections: Vec<Section>,
}

/// What was touched so far. Rules are said with their policies, claims with their tokens.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    names: BTreeSet<(&'static str, String)>,
}

const KINDS: [&str; 4] = ["policies", "rules", "scopes", "claims"];

impl Touched {
    /// Notes what an answer of Token Preview shows.
    pub fn note(&mut self, answer: &Value) {
        let text =
            |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let [policy, rule] = ["policy", "rule"].map(|thing| text(&format!("/grant/{thing}/id")));
        let policies = listed(&answer["trace"], "policies");
        let is = |thing: &Value, id: &str| thing["id"].as_str() == Some(id);
        if let Some(policy) = policies.iter().position(|thing| is(thing, &policy)) {
            self.names.insert(("policies", place(policies, policy)));
            let rules = listed(&policies[policy], "rules");
            let rule = rules.iter().position(|thing| is(thing, &rule));
            self.names
                .extend(rule.map(|rule| ("rules", rule_of(&place(policies, policy), &place(rules, rule)))));
        }
        let scopes = answer.pointer("/grant/scopes").and_then(Value::as_array).into_iter().flatten();
        let scopes = scopes.filter_map(Value::as_str).map(|scope| ("scopes", scope.to_owned()));
        self.names.extend(scopes);
        for (pointer, token) in
            [("/accessToken/claims", "RESOURCE"), ("/idToken/claims", "IDENTITY"), ("/userinfo", "IDENTITY")]
        {
            let claims = answer.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
            self.names.extend(claims.map(|(name, _)| ("claims", claim_of(name, token))));
        }
    }

    /// Compares with a server's exported configuration.
    pub fn of(&self, configuration: &Value) -> Coverage {
        let sections: Vec<Section> = KINDS.iter().map(|kind| self.section(kind, configuration)).collect();
        let total: usize = sections.iter().map(|section| section.total).sum();
        let untouched: usize = sections.iter().map(|section| section.untouched.len()).sum();
        let percent = ((total - untouched) * 100).checked_div(total).unwrap_or(100);
        let server = configuration.pointer("/server/name").and_then(Value::as_str).unwrap_or_default();
        Coverage { server: server.to_owned(), percent, sections }
    }

    fn section(&self, kind: &'static str, configuration: &Value) -> Section {
        let names = names(kind, configuration);
        let total = names.len();
        let untouched =
            names.into_iter().filter(|name| !self.names.contains(&(kind, name.clone()))).collect();
        Section { kind, total, untouched }
    }
}

fn rule_of(policy: &str, rule: &str) -> String {
    format!("{policy} / {rule}")
}

fn claim_of(name: &str, token: &str) -> String {
    let token = if token == "IDENTITY" { "ID token" } else { "access token" };
    format!("{name} ({token})")
}

fn listed<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn name(thing: &Value) -> &str {
    thing["name"].as_str().unwrap_or_default()
}

/// The name of the thing that stands at `at`, told from those before it that share the name: an exported configuration has
/// no ids, but the order of priorities.
fn place(things: &[Value], at: usize) -> String {
    let before = things[..at].iter().filter(|thing| name(thing) == name(&things[at])).count();
    if before == 0 {
        name(&things[at]).to_owned()
    } else {
        format!("{} (number {})", name(&things[at]), before + 1)
    }
}

/// The active ones, each by its place.
fn active(things: &[Value]) -> impl Iterator<Item = (String, &Value)> {
    let is_active = |thing: &Value| thing["status"].as_str().is_none_or(|status| status == "ACTIVE");
    let places = things.iter().enumerate().map(|(at, thing)| (place(things, at), thing));
    places.filter(move |(_, thing)| is_active(thing))
}

fn names(kind: &str, configuration: &Value) -> Vec<String> {
    let things = active(listed(configuration, if kind == "rules" { "policies" } else { kind }));
    match kind {
        "rules" => things
            .flat_map(|(policy, thing)| {
                active(listed(thing, "rules")).map(move |(rule, _)| rule_of(&policy, &rule))
            })
            .collect(),
        "claims" => things
            .map(|(_, claim)| claim_of(name(claim), claim["claimType"].as_str().unwrap_or_default()))
            .collect(),
        _ => things.map(|(place, _)| place).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_no_case_touches_is_named_kind_by_kind() {
        let configuration = json!({
            "server": {"name": "Orders"},
            "scopes": [{"name": "orders.read"}, {"name": "orders.write"}],
            "claims": [
                {"name": "tier", "claimType": "RESOURCE"}, {"name": "tier", "claimType": "IDENTITY"},
                {"name": "old", "claimType": "RESOURCE", "status": "INACTIVE"},
            ],
            "policies": [
                {"name": "Services", "rules": [{"name": "Couriers"}, {"name": "Rest"}]},
                {"name": "Off", "status": "INACTIVE", "rules": [{"name": "Never"}]},
            ],
        });
        let mut touched = Touched::default();
        touched.note(&json!({"error": {"error": "access_denied"}}));
        touched.note(&json!({
            "grant": {"policy": {"id": "p", "name": "Services"}, "rule": {"id": "r", "name": "Couriers"}, "scopes": ["orders.read"]},
            "trace": {"policies": [{"id": "p", "name": "Services", "rules": [{"id": "r", "name": "Couriers"}]}]},
            "accessToken": {"claims": {"tier": 1, "cid": "x"}},
        }));
        let coverage = touched.of(&configuration);
        let untouched: Vec<(&str, usize, String)> = coverage
            .sections
            .iter()
            .map(|section| (section.kind, section.total, section.untouched.join(", ")))
            .collect();
        assert_eq!(
            untouched,
            [
                ("policies", 1, String::new()),
                ("rules", 2, "Services / Rest".to_owned()),
                ("scopes", 2, "orders.write".to_owned()),
                ("claims", 2, "tier (ID token)".to_owned()),
            ]
        );
        assert_eq!((coverage.percent, coverage.server.as_str()), (57, "Orders"));
    }

    #[test]
    fn of_policies_and_rules_that_share_a_name_only_those_that_governed_are_touched() {
        let rules = json!([{"id": "r1", "name": "Same"}, {"id": "r2", "name": "Same"}]);
        let policies = json!([{"id": "p1", "name": "Twice", "rules": rules}, {"id": "p2", "name": "Twice", "rules": rules}]);
        let configuration = json!({"policies": policies});
        let mut touched = Touched::default();
        touched.note(&json!({
            "grant": {"policy": {"id": "p2", "name": "Twice"}, "rule": {"id": "r1", "name": "Same"}},
            "trace": {"policies": policies},
        }));
        let sections = touched.of(&configuration).sections;
        assert_eq!(sections[0].untouched, ["Twice"]);
        assert_eq!(
            sections[1].untouched,
            ["Twice / Same", "Twice / Same (number 2)", "Twice (number 2) / Same (number 2)"]
        );
    }

    #[test]
    fn a_configuration_without_anything_is_wholly_touched() {
        assert_eq!(Touched::default().of(&json!({"server": {"name": "x"}})).percent, 100);
    }
}

//! Requests as text: `app Portal, user ana in Engineering and Sales, scopes openid read`.
//!
//! Further parts: `by password` (without it the code grant, or client credentials if there is no user), `granted
//! before read write` in place of `scopes …` (a refresh), and `with {"tier":"gold"}` after an app or a user.

use engine::{ClientFacts, Facts, GroupFacts, Requested, UserFacts};
use model::app::ConsentMethod;
use model::{AppId, ClientId, GrantType, GroupId, UserId};
use serde_json::{Map, Value, json};

use super::configuration::grant_type;
use super::seed;

/// The facts that one line tells.
pub fn facts(text: &str) -> Facts {
    let mut parts = text.split(", ");
    let app = parts.next().and_then(|part| part.strip_prefix("app ")).expect("a request begins with `app …`");
    let (mut user, mut scopes, mut grant) = (None, Requested::Omitted, None);
    for part in parts {
        let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
        match word {
            "user" => user = Some(user_facts(rest)),
            "by" => grant = Some(grant_type(rest)),
            "scopes" => scopes = Requested::Explicit(words(rest)),
            "granted" => scopes = Requested::Original(words(rest.strip_prefix("before").unwrap_or(rest))),
            _ => panic!("a request has no `{part}`"),
        }
    }
    let usual = if user.is_some() { GrantType::AuthorizationCode } else { GrantType::ClientCredentials };
    Facts { user, ..Facts::new(client_facts(app), grant.unwrap_or(usual), scopes) }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn client_facts(text: &str) -> ClientFacts {
    let (name, profile) = with_profile(text);
    ClientFacts {
        client_id: ClientId::new(name),
        app: AppId::mint(seed(name)),
        profile,
        consent_method: ConsentMethod::Trusted,
    }
}

/// Everybody who asks is assigned to the app, under the login name.
fn user_facts(text: &str) -> UserFacts {
    let (text, more) = with_profile(text);
    let (name, groups) = text.split_once(" in ").unwrap_or((text, ""));
    let login = format!("{name}@example.com");
    let mut profile = object(json!({ "login": login.as_str(), "firstName": name }));
    profile.extend(more.unwrap_or_default());
    UserFacts {
        groups: groups
            .split(" and ")
            .filter(|group| !group.is_empty())
            .map(|group| GroupFacts::new(GroupId::mint(seed(group)), group))
            .collect(),
        app_profile: Some(object(json!({ "userName": login }))),
        ..UserFacts::new(UserId::mint(seed(name)), profile)
    }
}

/// `NAME with JSON`
fn with_profile(text: &str) -> (&str, Option<Map<String, Value>>) {
    match text.split_once(" with ") {
        Some((name, json)) => (name, Some(object(json.parse().expect("a profile is JSON")))),
        None => (text, None),
    }
}

fn object(json: Value) -> Map<String, Value> {
    match json {
        Value::Object(members) => members,
        other => panic!("`{other}` is not an object"),
    }
}

//! Requests as text: `app Portal, user ana in Engineering and Sales, scopes openid read`.
//!
//! Further parts: `by password` (without it the code grant, or client credentials if there is no user), `began with
//! password`, `granted before read write` in place of `scopes …` (a refresh), and `with {"tier":"gold"}` after an app or a
//! user; `session pwd mfa`, `nonce abc`, `answer id_token token`; `consent asked` (the app asks its users), `prompt none`,
//! `consented read`; `groups 101 Team` (Team 1 and so on), `imported A and B`
//! (from a directory), `linked {"manager":{…}}`.

use engine::{ClientFacts, Facts, GroupFacts, GroupSource, Prompt, Requested, SessionFacts, UserFacts};
use model::app::{ConsentMethod, ResponseType};
use model::group::GroupKind;
use model::{AppId, ClientId, GrantType, GroupId, Timestamp, UserId};
use serde_json::{Map, Value, json};

use super::configuration::grant_type;
use super::seed;

/// The facts that one line tells.
pub fn facts(text: &str) -> Facts {
    let mut parts = text.split(", ");
    let app = parts.next().and_then(|part| part.strip_prefix("app ")).expect("a request begins with `app …`");
    let mut facts = Facts::new(client_facts(app), GrantType::ClientCredentials, Requested::Omitted);
    let mut grant = None;
    for part in parts {
        let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
        match word {
            "user" => facts.user = Some(user_facts(rest)),
            "by" => grant = Some(grant_type(rest)),
            "began" => facts.began_with = rest.strip_prefix("with ").map(grant_type),
            "scopes" => facts.scopes = Requested::Explicit(words(rest)),
            "granted" => {
                facts.scopes = Requested::Original(words(rest.strip_prefix("before").unwrap_or(rest)));
            }
            _ => more(&mut facts, word, rest),
        }
    }
    let usual =
        if facts.user.is_some() { GrantType::AuthorizationCode } else { GrantType::ClientCredentials };
    facts.grant_type = grant.unwrap_or(usual);
    facts
}

fn more(facts: &mut Facts, word: &str, rest: &str) {
    match word {
        "session" => {
            let auth_time = Timestamp::from_seconds(999_990);
            facts.session =
                Some(SessionFacts { amr: words(rest), auth_time, idp: None, acr: None, sid: None });
        }
        "nonce" => facts.nonce = Some(rest.to_owned()),
        "answer" => {
            let kinds = rest.split(' ').map(|word| ResponseType::from_word(word).expect("a response type"));
            facts.response_types = kinds.collect();
        }
        "consent" => facts.client.consent_method = ConsentMethod::Required,
        "prompt" => {
            facts.consent.prompt = Some(if rest == "none" { Prompt::None } else { Prompt::Consent });
        }
        "consented" => facts.consent.given = words(rest),
        "groups" => {
            let (count, name) = rest.split_once(' ').expect("`groups 101 Team`");
            let numbers = 1..=count.parse::<u32>().expect("a number of groups");
            let user = facts.user.as_mut().expect("groups follow the user");
            user.groups.extend(numbers.map(|number| group(&format!("{name} {number}"))));
        }
        "imported" => {
            let user = facts.user.as_mut().expect("imported groups follow the user");
            let source = GroupSource { id: "0oa1".to_owned(), app_type: "active_directory".to_owned() };
            user.groups.extend(rest.split(" and ").map(|name| GroupFacts {
                kind: GroupKind::App,
                source: Some(source.clone()),
                ..group(name)
            }));
        }
        "linked" => {
            let linked = object(rest.parse().expect("linked objects are JSON"));
            facts.user.as_mut().expect("linked objects follow the user").linked = linked;
        }
        _ => panic!("a request has no `{word} {rest}`"),
    }
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
        groups: groups.split(" and ").filter(|group| !group.is_empty()).map(group).collect(),
        app_profile: Some(object(json!({ "userName": login }))),
        ..UserFacts::new(UserId::mint(seed(name)), profile)
    }
}

fn group(name: &str) -> GroupFacts {
    GroupFacts::new(GroupId::mint(seed(name)), name)
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

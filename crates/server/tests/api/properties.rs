//! Whatever is sent: no fault, no panic, and what is refused changes nothing.

use axum::http::Method;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use crate::preview::portal;
use crate::site::{ADMIN, Reply, Site, service_app};

/// A value of any kind but the one that is due.
fn anything() -> impl Strategy<Value = Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let mild = (0..50).fold(json!(1), |inner, _| json!({"a": inner}));
    prop_oneof![
        select(vec![
            Value::Null,
            json!(true),
            json!(0),
            json!(-1),
            json!(1.5),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
            json!(""),
            json!(" "),
            json!("ACTIVE"),
            json!("EVERYONE"),
            json!("*"),
            json!("default"),
            json!("00g00000000000000000"),
            json!("\u{0}"),
            json!("a\u{0}b\u{1f}"),
            json!("\u{1f600}\u{202e}é"),
            json!("${user.login}"),
            json!("x".repeat(5_000)),
            json!([]),
            json!({}),
            json!([null]),
            json!(["a", 1, {}]),
            json!({"include": null}),
            json!({"id": "cal00000000000000000"}),
            mild,
            deep,
        ]),
        any::<String>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
    ]
}

#[derive(Debug, Clone)]
enum Mutation {
    Replace(Index, Value),
    Remove(Index),
    Add(Index, String, Value),
    Truncate(Index),
    Insert(Index, String),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let index = any::<Index>;
    prop_oneof![
        6 => (index(), anything()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        2 => index().prop_map(Mutation::Remove),
        2 => (index(), any::<String>(), anything()).prop_map(|(at, name, value)| Mutation::Add(at, name, value)),
        1 => index().prop_map(Mutation::Truncate),
        1 => (index(), any::<String>()).prop_map(|(at, text)| Mutation::Insert(at, text)),
    ]
}

/// Every place within a document.
fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &format!("{here}/{name}"), all));
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(at, value)| places(value, &format!("{here}/{at}"), all));
        }
        _ => {}
    }
}

fn mutate(document: &mut Value, mutation: &Mutation) {
    let mut all = Vec::new();
    places(document, "", &mut all);
    match mutation {
        Mutation::Replace(at, with) => {
            if let Some(value) = document.pointer_mut(at.get::<String>(&all)) {
                *value = with.clone();
            }
        }
        Mutation::Remove(at) => {
            if let Some((parent, name)) = at.get::<String>(&all).rsplit_once('/')
                && let Some(Value::Object(members)) = document.pointer_mut(parent)
            {
                members.remove(name);
            }
        }
        Mutation::Add(at, name, with) => {
            if let Some(Value::Object(members)) = document.pointer_mut(at.get::<String>(&all)) {
                members.insert(name.clone(), with.clone());
            }
        }
        Mutation::Truncate(_) | Mutation::Insert(..) => {}
    }
}

/// The document as text; what no document can hold is done to the text.
fn written(document: &Value, mutations: &[Mutation]) -> String {
    let mut document = document.clone();
    for mutation in mutations {
        mutate(&mut document, mutation);
    }
    let mut text = document.to_string();
    for mutation in mutations {
        let boundary =
            |at: &Index| (0..=at.index(text.len() + 1)).rev().find(|at| text.is_char_boundary(*at));
        match mutation {
            Mutation::Truncate(at) => text.truncate(boundary(at).unwrap_or(0)),
            Mutation::Insert(at, what) => text.insert_str(boundary(at).unwrap_or(0), what),
            _ => {}
        }
    }
    text
}

/// Something of each kind, and a valid body for each route that takes one.
struct Subject {
    site: Site,
    bodies: Vec<(Method, String, Value)>,
}

impl Subject {
    async fn new() -> Self {
        let site = Site::new().await;
        let server = "/api/v1/authorizationServers/default";
        let id = |view: &Value| view["id"].as_str().unwrap().to_owned();
        let group = json!({"profile": {"name": "Staff", "description": "All of them"}});
        let group_id = id(&site.create("/api/v1/groups", group.clone()).await);
        let scope = json!({
            "name": "orders.read", "displayName": "Read", "description": "Reads", "consent": "IMPLICIT",
            "optional": false, "default": false, "metadataPublish": "ALL_CLIENTS",
        });
        let scope_id = id(&site.create(&format!("{server}/scopes"), scope.clone()).await);
        let claim = json!({
            "name": "tenant", "status": "ACTIVE", "claimType": "RESOURCE", "valueType": "EXPRESSION",
            "value": "app.clientId", "alwaysIncludeInToken": true, "conditions": {"scopes": ["orders.read"]},
        });
        let claim_id = id(&site.create(&format!("{server}/claims"), claim.clone()).await);
        let policy = json!({
            "type": "OAUTH_AUTHORIZATION_POLICY", "name": "Apps", "description": "Every app", "priority": 1,
            "status": "ACTIVE", "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
        });
        let policy_id = id(&site.create(&format!("{server}/policies"), policy.clone()).await);
        let rules = format!("{server}/policies/{policy_id}/rules");
        let rule = json!({
            "type": "RESOURCE_ACCESS", "name": "Services", "priority": 1, "status": "ACTIVE", "conditions": {
                "people": {
                    "users": {"include": [], "exclude": []},
                    "groups": {"include": ["EVERYONE", group_id], "exclude": []},
                },
                "grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["orders.read"]},
            },
            "actions": {"token": {
                "accessTokenLifetimeMinutes": 30, "refreshTokenLifetimeMinutes": 0,
                "refreshTokenWindowMinutes": 60, "inlineHook": {"id": ""},
            }},
        });
        let rule_id = id(&site.create(&rules, rule.clone()).await);
        let app = whole_app();
        let own = format!("/api/v1/apps/{}", id(&site.create("/api/v1/apps", app.clone()).await));
        site.create("/api/v1/apps", portal()).await;
        let token = site.admin(Method::GET, "/api/v1/api-tokens", None).await.json();
        let token = format!("/api/v1/api-tokens/{}", id(&token[0]));
        let bodies = [
            (Method::PUT, server.to_owned(), whole_server()),
            (Method::POST, format!("{server}/scopes"), scope.clone()),
            (Method::PUT, format!("{server}/scopes/{scope_id}"), scope),
            (Method::POST, format!("{server}/claims"), claim.clone()),
            (Method::PUT, format!("{server}/claims/{claim_id}"), claim),
            (Method::POST, format!("{server}/policies"), policy.clone()),
            (Method::PUT, format!("{server}/policies/{policy_id}"), policy),
            (Method::POST, rules.clone(), rule.clone()),
            (Method::PUT, format!("{rules}/{rule_id}"), rule),
            (Method::POST, "/api/v1/apps".to_owned(), app.clone()),
            (Method::PUT, own.clone(), app),
            (Method::POST, format!("{own}/credentials/jwks"), public_jwk("one")),
            (Method::POST, format!("{own}/credentials/secrets"), json!({"status": "ACTIVE"})),
            (Method::POST, "/api/v1/groups".to_owned(), group.clone()),
            (Method::PUT, format!("/api/v1/groups/{group_id}"), group),
            (Method::POST, format!("{server}/preview"), question()),
            (Method::PUT, token, json!({"name": "A token", "network": {"connection": "ANYWHERE"}})),
        ];
        Self { site, bodies: bodies.into() }
    }

    /// What a refusal must leave as it is: the configuration, the groups and the tokens.
    async fn state(&self) -> String {
        let list = async |target: &str| self.site.admin(Method::GET, target, None).await.body;
        let revision = self.site.tenant.configuration.current().revision;
        format!("{revision} {} {}", list("/api/v1/groups").await, list("/api/v1/api-tokens").await)
    }

    async fn send(&self, method: &Method, target: &str, if_match: Option<&str>, body: String) -> Reply {
        let authorization = format!("SSWS {ADMIN}");
        let mut headers =
            vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        headers.extend(if_match.map(|tag| ("if-match", tag)));
        self.site.call(method, target, &headers, body).await
    }
}

fn whole_server() -> Value {
    json!({
        "name": "default", "description": "d", "audiences": ["api://default"], "issuerMode": "ORG_URL",
        "credentials": {"signing": {"rotationMode": "AUTO"}},
    })
}

/// A question with everything that one may say.
fn question() -> Value {
    json!({
        "client": "Portal", "grantType": "authorization_code", "scopes": ["openid", "orders.read"],
        "at": "2026-01-31T12:00:00Z", "nonce": "n", "responseType": "code",
        "user": {
            "id": "00u00000000000000001", "status": "ACTIVE", "profile": {"login": "ana@example.com", "email": "a"},
            "appProfile": {"userName": "ana"}, "groups": ["Staff", {"name": "Team", "type": "APP_GROUP"}],
            "linked": {"manager": {"login": "mo@example.com"}}, "emailVerified": true,
            "lastUpdated": "2026-01-30T12:00:00Z", "session": {"amr": ["pwd"], "authTime": "2026-01-31T11:00:00Z"},
        },
        "draft": {
            "claims": [{"name": "tier", "claimType": "RESOURCE", "value": "user.email", "scopes": ["orders.read"]}],
            "policies": [{"name": "p", "description": "d", "clients": ["ALL_CLIENTS"], "rules": [{
                "name": "r", "grantTypes": ["authorization_code"], "people": {"groups": ["EVERYONE", "Staff"]},
                "scopes": ["*"], "accessTokenLifetimeMinutes": 5,
            }]}],
        },
    })
}

/// The public key of RFC 7515's appendix A.3.
fn public_jwk(kid: &str) -> Value {
    json!({
        "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "status": "ACTIVE",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

fn whole_app() -> Value {
    let mut app = service_app("Courier");
    let members = app["settings"]["oauthClient"].as_object_mut().unwrap();
    let more = json!({
        "redirect_uris": ["https://app.example/cb"], "post_logout_redirect_uris": [],
        "consent_method": "TRUSTED", "issuer_mode": "ORG_URL", "wildcard_redirect": "DISABLED",
        "dpop_bound_access_tokens": false, "refresh_token": {"rotation_type": "ROTATE", "leeway": 30},
        "network": {"connection": "ANYWHERE"}, "client_uri": "https://app.example",
        "jwks": {"keys": [public_jwk("two")]},
    });
    members.extend(more.as_object().cloned().unwrap_or_else(Map::new));
    app["profile"] = json!({"tenant": "blue"});
    app["visibility"] = json!({"hide": {"iOS": false}});
    app["credentials"]["oauthClient"]["autoKeyRotation"] = json!(true);
    app
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn is_error_object(reply: &Reply) -> bool {
    let json: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    json["errorCode"].is_string() && json["errorCauses"].is_array() && json["errorId"].is_string()
}

#[test]
fn no_body_breaks_the_management_api_and_what_is_refused_changes_nothing() {
    let runtime = runtime();
    let subject = runtime.block_on(Subject::new());
    let tag = option::weighted(0.2, "\\PC{0,12}|\"[0-9]{1,20}\"|\\*|W/\"1\"");
    let case = (any::<Index>(), vec(mutation(), 1..4), tag);
    let played = runner(800).run(&case, |(which, mutations, tag)| {
        let (method, target, valid) = which.get(&subject.bodies);
        let body = written(valid, &mutations);
        runtime.block_on(async {
            let before = subject.state().await;
            let tag = tag.filter(|tag| axum::http::HeaderValue::from_str(tag).is_ok());
            let reply = subject.send(method, target, tag.as_deref(), body.clone()).await;
            let what = || format!("{method} {target} {tag:?} {body}: {reply:?}");
            assert!(reply.status < 500, "{}", what());
            if reply.status >= 400 {
                assert!(is_error_object(&reply), "{}", what());
                assert_eq!(subject.state().await, before, "{}", what());
            } else if target.ends_with("/preview") {
                assert_eq!(subject.state().await, before, "{}", what());
                let json = reply.json();
                assert!(json.get("error").is_some() || json["grant"]["rule"]["id"].is_string(), "{}", what());
            } else {
                assert!(!reply.json()["id"].as_str().unwrap_or_default().is_empty(), "{}", what());
            }
        });
        Ok(())
    });
    played.unwrap();
    // Whatever was taken can be read again, shown, and decided on.
    runtime.block_on(async {
        let tenant = &subject.site.tenant;
        let loaded = service::configuration::load(&tenant.store, tenant.org()).await.unwrap();
        assert_eq!(loaded.revision, tenant.configuration.current().revision);
        for list in
            ["apps", "groups", "authorizationServers/default/scopes", "authorizationServers/default/policies"]
        {
            let reply = subject.site.admin(Method::GET, &format!("/api/v1/{list}"), None).await;
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        let (_, basic) = subject.site.make_service("Last").await;
        let reply = subject.site.ask(&basic, "grant_type=client_credentials&scope=orders.read").await;
        assert!(reply.status < 500, "{reply:?}");
    });
}

/// Parameters of a token request, and bytes that are none.
fn form() -> impl Strategy<Value = Vec<u8>> {
    let name = select(vec![
        "grant_type",
        "scope",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "x",
    ]);
    let value = prop_oneof![
        Just("client_credentials".to_owned()),
        Just("orders.read".to_owned()),
        Just("openid%20orders.read".to_owned()),
        Just("%".to_owned()),
        Just("%FF%00".to_owned()),
        "\\PC{0,40}",
    ];
    let pairs = vec((name, value), 0..6).prop_map(|pairs| {
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&").into_bytes()
    });
    prop_oneof![3 => pairs, 1 => vec(any::<u8>(), 0..200)]
}

#[test]
fn no_bytes_break_the_token_endpoint() {
    let runtime = runtime();
    let subject = runtime.block_on(Subject::new());
    let (_, good) = runtime.block_on(subject.site.make_service("Courier"));
    let authorization = option::of(prop_oneof![
        Just(good),
        Just("Basic YTpi".to_owned()),
        Just("Basic".to_owned()),
        Just("Basic Og==".to_owned()),
        Just("Basic JWZmOiUwMA==".to_owned()),
        Just("Bearer x".to_owned()),
        "[ -~]{0,40}",
    ]);
    let kind = select(vec![
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "application/json",
        "",
    ]);
    let server = select(vec!["default", "aus00000000000000000", "%00", "a%2Fb", "%FF", "..", "v1"]);
    let query = select(vec!["", "?client_secret=x", "?grant_type=client_credentials", "?%FF"]);
    let page = option::weighted(0.2, select(vec!["https://app.example", "null", "", "https://\u{e9}"]));
    let case = (form(), authorization, kind, server, query, page);
    let played = runner(800).run(&case, |(body, authorization, kind, server, query, page)| {
        runtime.block_on(async {
            let revision = subject.site.tenant.configuration.current().revision;
            let mut headers = vec![("content-type", kind)];
            headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
            headers.extend(page.map(|page| ("origin", page)));
            let target = format!("/oauth2/{server}/v1/token{query}");
            let reply = subject.site.call(&Method::POST, &target, &headers, body.clone()).await;
            let what = || format!("{headers:?} {target} {:?}: {reply:?}", String::from_utf8_lossy(&body));
            assert!(reply.status < 500, "{}", what());
            let answer = reply.json();
            assert_eq!(reply.status == 200, answer["access_token"].is_string(), "{}", what());
            if reply.status >= 400 && answer["errorCode"].is_null() {
                let description = answer["error_description"].as_str().unwrap_or_default();
                let legal = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
                assert!(!description.is_empty() && description.chars().all(legal), "{}", what());
            }
            assert_eq!(subject.site.tenant.configuration.current().revision, revision);
        });
        Ok(())
    });
    played.unwrap();
}

const LISTS: &[&str] = &[
    "/api/v1/logs",
    "/api/v1/apps",
    "/api/v1/groups",
    "/api/v1/api-tokens",
    "/api/v1/authorizationServers",
    "/api/v1/authorizationServers/default/scopes",
    "/api/v1/authorizationServers/default/policies",
    "/oauth2/default/.well-known/openid-configuration",
    "/api/v1/users/%00",
    "/api/v1/users/a%2Fb",
    "/api/v1/groups/00g00000000000000000",
];

const PARAMETERS: &[&str] =
    &["limit", "after", "q", "filter", "since", "until", "sortOrder", "activate", "expand", "client_id"];

const ODD_VALUES: &str = r#"0|1|200|-1|99999999999999999999|s0|s1|s7fffffffffffffff|s8000000000000000|a0.|ASCENDING|
DESCENDING|d7fffffffffffffff.00000000-0000-8000-8000-000000000000|2026-01-31T12:00:00.000Z|-009999-01-01T00:00:00Z|
9999-12-30T00:00:00Z|2026-01-31|status eq "ACTIVE"|status eq "|id eq "x" and|((|%|%00|00g00000000000000000|😀"#;

/// Where a page of the log goes on.
async fn cursor(site: &Site) -> String {
    let page = site.admin(Method::GET, "/api/v1/logs?limit=1&sortOrder=DESCENDING", None).await;
    let next = page.headers.get_all("link").iter().next_back().unwrap().to_str().unwrap();
    let (_, after) = next.split_once("after=").unwrap();
    after.split(['&', '>']).next().unwrap().to_owned()
}

#[test]
fn no_query_and_no_cursor_breaks_a_list() {
    let runtime = runtime();
    let subject = runtime.block_on(Subject::new());
    let cursor = runtime.block_on(cursor(&subject.site));
    let odd: Vec<String> = ODD_VALUES.split('|').map(|value| value.trim().to_owned()).collect();
    let value = prop_oneof![
        2 => select(odd),
        1 => Just(cursor.clone()),
        1 => "\\PC{0,30}",
        1 => any::<Index>().prop_map(move |at| {
            let mut text = cursor.clone().into_bytes();
            let at = at.index(text.len());
            text[at] = if text[at] == b'f' { b'0' } else { b'f' };
            String::from_utf8(text).unwrap()
        }),
    ];
    let parameters = vec((select(PARAMETERS), value), 0..4);
    let played = runner(800).run(&(select(LISTS), parameters), |(path, parameters)| {
        runtime.block_on(async {
            let query: String =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(&parameters).finish();
            let before = subject.site.tenant.configuration.current().revision;
            let reply = subject.site.admin(Method::GET, &format!("{path}?{query}"), None).await;
            assert!(reply.status < 500, "{path} {parameters:?}: {reply:?}");
            assert!(reply.status < 400 || is_error_object(&reply), "{path} {parameters:?}: {reply:?}");
            assert_eq!(subject.site.tenant.configuration.current().revision, before);
        });
        Ok(())
    });
    played.unwrap();
}

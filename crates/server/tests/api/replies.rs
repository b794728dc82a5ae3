//! Whole replies, headers and body together, as they are meant to be; what differs from call to call is masked.
//!
//! The texts lie in `snapshots/`. `TOKENMINT_BLESS=1 cargo test -p server --test api` writes them anew: read the
//! difference before it is kept.

use std::path::PathBuf;

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{Reply, Site, service_app};

/// What is another one in each run: ids, times, keys, tokens, and the numbers of the rate limit.
fn masked(reply: &Reply) -> String {
    let mut lines = vec![format!("HTTP {}", reply.status)];
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .map(|(name, value)| {
            let value = value.to_str().unwrap();
            let shown = match name.as_str() {
                "x-okta-request-id" | "x-rate-limit-remaining" | "x-rate-limit-reset" => "…".to_owned(),
                _ => mask(value),
            };
            format!("{name}: {shown}")
        })
        .collect();
    headers.sort();
    lines.append(&mut headers);
    lines.push(String::new());
    match serde_json::from_str::<Value>(&reply.body) {
        Ok(mut body) => {
            mask_values(&mut body);
            lines.push(serde_json::to_string_pretty(&body).unwrap());
        }
        Err(_) => lines.push(reply.body.clone()),
    }
    lines.join("\n") + "\n"
}

fn mask_values(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "n" | "kid" | "client_secret" | "access_token" | "errorId" | "uuid" | "requestId" => {
                        *value = format!("<{name}>").into();
                    }
                    _ => mask_values(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask_values),
        Value::String(text) => *text = mask(text),
        _ => {}
    }
}

/// Ids become their prefix, times and names of keys become a word.
fn mask(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let run = |legal: fn(char) -> bool| rest.find(|c| !legal(c)).unwrap_or(rest.len());
        let (word, name) =
            (run(|c| c.is_ascii_alphanumeric()), run(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
        let (taken, shown) = if is_time(rest) {
            (24, "<time>".to_owned())
        } else if name == 43 {
            (43, "<kid>".to_owned())
        } else if word == 20 && rest[..word].contains(|c: char| c.is_ascii_digit()) {
            (20, format!("<{}>", &rest[..3]))
        } else {
            let taken = word.max(first.len_utf8());
            (taken, rest[..taken].to_owned())
        };
        masked += &shown;
        rest = &rest[taken..];
    }
    masked
}

/// `2025-03-13T23:34:06.000Z`
fn is_time(text: &str) -> bool {
    let form = b"dddd-dd-ddTdd:dd:dd.dddZ";
    text.len() >= form.len()
        && text.bytes().zip(form).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            form => byte == *form,
        })
}

fn check(name: &str, reply: &Reply) {
    let shown = masked(reply);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/api/snapshots/{name}.txt"));
    if std::env::var_os("TOKENMINT_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &shown).unwrap();
        return;
    }
    let meant = std::fs::read_to_string(&file).unwrap_or_default();
    for (number, (meant, shown)) in meant.lines().zip(shown.lines()).enumerate() {
        assert_eq!(meant, shown, "{name}.txt, line {}", number + 1);
    }
    assert_eq!(meant.lines().count(), shown.lines().count(), "{name}.txt:\n{shown}");
}

#[tokio::test]
async fn objects_are_shown_as_okta_shows_them() {
    let site = Site::new().await;
    let server = json!({"name": "Orders", "description": "For orders", "audiences": ["api://orders"]});
    let reply = site.admin(Method::POST, "/api/v1/authorizationServers", Some(&server)).await;
    check("server-created", &reply);
    let own = format!("/api/v1/authorizationServers/{}", reply.json()["id"].as_str().unwrap());
    let scope = json!({"name": "orders.read", "consent": "FLEXIBLE"});
    check("scope-created", &site.admin(Method::POST, &format!("{own}/scopes"), Some(&scope)).await);
    let policy = json!({
        "type": "OAUTH_AUTHORIZATION_POLICY", "name": "Apps", "description": "Every app",
        "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
    });
    let reply = site.admin(Method::POST, &format!("{own}/policies"), Some(&policy)).await;
    check("policy-created", &reply);
    let rules = format!("{own}/policies/{}/rules", reply.json()["id"].as_str().unwrap());
    let rule = json!({
        "type": "RESOURCE_ACCESS", "name": "Services", "conditions": {
            "people": {"users": {}, "groups": {"include": ["EVERYONE"]}},
            "grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["orders.read"]},
        },
    });
    check("rule-created", &site.admin(Method::POST, &rules, Some(&rule)).await);
    let claim = json!({"name": "tenant", "claimType": "RESOURCE", "valueType": "EXPRESSION", "value": "'x'"});
    check("claim-created", &site.admin(Method::POST, &format!("{own}/claims"), Some(&claim)).await);
    let app = service_app("Courier");
    check("app-created", &site.admin(Method::POST, "/api/v1/apps", Some(&app)).await);
    let group = json!({"profile": {"name": "Staff", "description": null}});
    check("group-created", &site.admin(Method::POST, "/api/v1/groups", Some(&group)).await);
    check("keys-listed", &site.admin(Method::GET, &format!("{own}/credentials/keys"), None).await);
}

#[tokio::test]
async fn what_is_beyond_okta_is_shown_where_it_is_used() {
    let site = Site::new().await;
    let format = json!({"signingAlgorithm": "ES256", "accessTokenProfile": "RFC9068"});
    let server = json!({
        "name": "Orders", "description": "For orders", "audiences": ["api://orders"], "tokenmint": format,
    });
    let reply = site.admin(Method::POST, "/api/v1/authorizationServers", Some(&server)).await;
    check("server-beyond-okta", &reply);
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    let keys = format!("/api/v1/authorizationServers/{id}/credentials/keys");
    let listed = site.admin(Method::GET, &keys, None).await.json();
    let active = format!("{keys}/{}", listed[0]["kid"].as_str().unwrap());
    check("key-on-a-curve", &site.admin(Method::GET, &active, None).await);
    check("key-revoked", &site.admin(Method::POST, &format!("{active}/lifecycle/revoke"), None).await);
    check("key-revoked-again", &site.admin(Method::POST, &format!("{active}/lifecycle/revoke"), None).await);
    check("jwks-on-a-curve", &site.call(&Method::GET, &format!("/oauth2/{id}/v1/keys"), &[], "").await);
    let mut log = site.admin(Method::GET, "/api/v1/logs?sortOrder=DESCENDING&limit=1", None).await;
    let mut events = log.json();
    *events.pointer_mut("/0/transaction/id").unwrap() = "<random>".into();
    log.body = events.to_string();
    log.headers.remove("link");
    check("log-of-a-revoked-key", &log);
}

#[tokio::test]
async fn lists_lead_on_by_lines_of_their_own() {
    let site = Site::new().await;
    for name in ["a", "b", "c"] {
        site.create("/api/v1/authorizationServers/default/scopes", json!({"name": name})).await;
    }
    let page = "/api/v1/authorizationServers/default/scopes?limit=2&q=";
    let first = site.admin(Method::GET, page, None).await;
    check("list-first-page", &first);
    let next = first.headers.get_all("link").iter().map(|line| line.to_str().unwrap());
    let next = next.filter(|line| line.ends_with("rel=\"next\"")).collect::<Vec<_>>();
    let [next] = next.as_slice() else { panic!("{first:?}") };
    let target = next.trim_start_matches("<https://id.example.com").split('>').next().unwrap();
    let second = site.admin(Method::GET, target, None).await;
    assert_eq!(second.json().as_array().unwrap().len(), 2);
    assert_ne!(second.json()[0]["id"], first.json()[1]["id"]);
}

#[tokio::test]
async fn refusals_are_shown_as_okta_shows_them() {
    let site = Site::new().await;
    let get = async |target: &str| site.admin(Method::GET, target, None).await;
    check("not-found", &get("/api/v1/authorizationServers/aus00000000000000000").await);
    check("path-not-found", &get("/api/v1/nowhere").await);
    check("no-token", &site.call(&Method::GET, "/api/v1/apps", &[], "").await);
    check("method-not-allowed", &site.admin(Method::PATCH, "/api/v1/apps", None).await);
    let scope = json!({"name": "openid"});
    let scopes = "/api/v1/authorizationServers/default/scopes";
    check("validation-failed", &site.admin(Method::POST, scopes, Some(&scope)).await);
    let typed = json!({"name": 7});
    check("malformed", &site.admin(Method::POST, scopes, Some(&typed)).await);
}

#[tokio::test]
async fn the_oauth_endpoints_answer_as_okta_does() {
    let site = Site::new().await;
    site.create("/api/v1/authorizationServers/default/scopes", json!({"name": "orders.read"})).await;
    let (_, basic) = site.make_service("Courier").await;
    check("token", &site.ask(&basic, "grant_type=client_credentials&scope=orders.read").await);
    check("token-no-scope", &site.ask(&basic, "grant_type=client_credentials").await);
    check("token-wrong-client", &site.ask("Basic YTpi", "grant_type=client_credentials&scope=x").await);
    check("token-twice", &site.ask(&basic, "grant_type=client_credentials&scope=a&scope=b").await);
    let get = async |target: &str| site.call(&Method::GET, target, &[], "").await;
    check("jwks", &get("/oauth2/default/v1/keys").await);
    check("discovery-openid", &get("/oauth2/default/.well-known/openid-configuration").await);
    check("discovery-oauth", &get("/oauth2/default/.well-known/oauth-authorization-server").await);
    check(
        "discovery-unknown-client",
        &get("/oauth2/default/.well-known/openid-configuration?client_id=x").await,
    );
}

#[tokio::test]
async fn introspection_and_revocation_answer_as_okta_does() {
    let site = Site::new().await;
    site.create("/api/v1/authorizationServers/default/scopes", json!({"name": "orders.read"})).await;
    let (_, basic) = site.make_service("Courier").await;
    let granted = site.ask(&basic, "grant_type=client_credentials&scope=orders.read").await;
    let token = format!("token={}", granted.json()["access_token"].as_str().unwrap());
    let introspect = async |form: &str| site.ask_at("introspect", &basic, form).await;
    let mut active = introspect(&token).await;
    let mut body = active.json();
    for name in ["exp", "iat", "jti"] {
        body[name] = format!("<{name}>").into();
    }
    active.body = body.to_string();
    check("introspect-active", &active);
    check("introspect-no-token", &introspect("token_type_hint=access_token").await);
    check("introspect-wrong-client", &site.ask_at("introspect", "Basic YTpi", &token).await);
    check("revoke", &site.ask_at("revoke", &basic, &token).await);
    check("revoke-no-token", &site.ask_at("revoke", &basic, "").await);
    check("introspect-inactive", &introspect(&token).await);
}

#[tokio::test]
async fn the_log_shows_a_grant_as_okta_does() {
    let site = Site::new().await;
    site.create("/api/v1/authorizationServers/default/scopes", json!({"name": "orders.read"})).await;
    let (_, basic) = site.make_service("Courier").await;
    let token = site.ask(&basic, "grant_type=client_credentials&scope=orders.read").await;
    assert_eq!(token.status, 200, "{token:?}");
    let mut reply = site.admin(Method::GET, "/api/v1/logs?sortOrder=DESCENDING&limit=1", None).await;
    let mut events = reply.json();
    let jti = events[0]["target"][0]["id"].as_str().unwrap().to_owned();
    assert!(jti.starts_with("AT."), "{jti}");
    for place in ["/0/target/0/id", "/0/transaction/id"] {
        *events.pointer_mut(place).unwrap() = "<random>".into();
    }
    reply.body = events.to_string();
    reply.headers.remove("link");
    check("log-of-a-grant", &reply);
}

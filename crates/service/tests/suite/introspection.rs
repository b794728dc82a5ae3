//! Introspection: what is said of a token that stands, to whom, and everything that makes a token fall.

use jose::SigningKey;
use model::Status;
use model::policy::ClientCondition;
use serde_json::{Map, Value, json};
use service::access_token::{Refusal, Request};
use service::admin::app::{self, Written};
use service::admin::{Precondition, authorization_server, policy};
use service::client::{self, Credentials};

use crate::world::{
    DEFAULT, World, about, app_settings, basic, introspect_at_once, policy_settings, public_app_settings,
    refused, rule_settings,
};

/// A world with the scope `read`, and an app with a token for it.
async fn with_token() -> (World, Written, String) {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let token = world.token_of(&app).await;
    (world, app, token)
}

fn payload(token: &str) -> Map<String, Value> {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&jose::base64url::decode(part).unwrap()).unwrap()
}

/// Signs other claims with the default server's own key, as only a mistake of ours could.
fn signed(world: &World, claims: Map<String, Value>) -> String {
    let server = world.server(DEFAULT);
    let record = server.keys.active().unwrap();
    let key = record.parse(server.server.value.id, &world.tenant.secrets).unwrap();
    sign(&key, claims)
}

fn sign(key: &SigningKey, claims: Map<String, Value>) -> String {
    let mut token = String::new();
    jose::sign_compact(key, Value::Object(claims).to_string().as_bytes(), &mut token).unwrap();
    token
}

#[tokio::test]
async fn a_token_that_stands_is_described_in_oktas_order() {
    let world = World::new().await;
    world.make_scope("read").await;
    world.try_claim("tenant", "app.profile.tenant").await.unwrap();
    for name in ["active", "scope", "client_id", "token_type"] {
        world.try_claim(name, "'spoilt'").await.unwrap();
    }
    let profile = json!({"tenant": "blue"}).as_object().cloned();
    let app = world.try_app(app::Settings { profile, ..app_settings("Courier") }).await.unwrap();
    let token = world.token_of(&app).await;
    let claims = payload(&token);
    let reader = world.make_app("Reader").await;
    let said = world.introspect(&reader, &token).unwrap();
    let expected = json!({
        "active": true, "token_type": "Bearer", "scope": "read", "client_id": app.entry.app.value.client_id,
        "exp": claims["exp"], "iat": claims["iat"], "sub": claims["sub"], "aud": "api://default",
        "iss": claims["iss"], "jti": claims["jti"], "tenant": "blue",
    });
    assert_eq!(Value::Object(said).to_string(), expected.to_string());
}

#[tokio::test]
async fn a_token_falls_at_its_last_second() {
    let (world, app, token) = with_token().await;
    world.wait(3_599_999);
    assert!(world.is_active(&app, &token));
    world.wait(1);
    assert!(!world.is_active(&app, &token));
}

#[tokio::test]
async fn who_proves_nothing_learns_only_of_its_own_tokens() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let page = world.try_app(public_app_settings("Page")).await.unwrap();
    let token = world.token_of(&app).await;
    let client_id = page.entry.app.value.client_id.to_string();
    let ask = |token: &str| {
        let request = about(Credentials::Public { client_id: client_id.clone() }, token);
        introspect_at_once(&world.tenant, &request, world.now()).unwrap()
    };
    assert_eq!(ask(&token), None);
    // The page cannot have a token yet: its own would need a user.
    let mut claims = payload(&token);
    claims.insert("cid".to_owned(), client_id.as_str().into());
    let own = signed(&world, claims);
    assert_eq!(ask(&own).unwrap()["client_id"], client_id);
    assert!(world.is_active(&app, &own), "a client that proves itself may ask about any");
}

#[tokio::test]
async fn only_whole_tokens_of_this_server_are_known() {
    let (world, app, token) = with_token().await;
    let claims = payload(&token);
    assert!(world.is_active(&app, &signed(&world, claims.clone())), "the test signs as the server does");
    let altered = |name: &str, value: Option<Value>| {
        let mut claims = claims.clone();
        claims.shift_remove(name);
        claims.extend(value.map(|value| (name.to_owned(), value)));
        signed(&world, claims)
    };
    let (start, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = start.split_once('.').unwrap();
    let foreign = SigningKey::generate(jose::Algorithm::Rs256).unwrap();
    let mut bad = vec![
        String::from("x"),
        format!("{token}x"),
        token[1..].to_owned(),
        format!("{start}."),
        format!("{header}.{}.{signature}", jose::base64url::encode(b"{}")),
        format!("{}.{}.", jose::base64url::encode(br#"{"alg":"none"}"#), start.split_once('.').unwrap().1),
        sign(&foreign, claims.clone()),
        altered("iss", Some("https://id.example/oauth2/other".into())),
        altered("iss", Some("https://id.example/oauth2/another".into())),
        altered("exp", Some(world.now().seconds().into())),
        altered("jti", Some("ID.x".into())),
        altered("jti", Some(format!("AT.{}", "A".repeat(43)).into())),
        altered("cid", Some("0oa00000000000000000".into())),
    ];
    bad.extend(["iss", "exp", "jti", "cid"].map(|name| altered(name, None)));
    for token in bad {
        assert_eq!(world.introspect(&app, &token), None, "{token}");
    }
    let other = world.make_server("other").await;
    let request = Request { server: other.server.value.id.to_string(), ..about(basic(&app), &token) };
    assert_eq!(introspect_at_once(&world.tenant, &request, world.now()).unwrap(), None, "another server");
}

#[tokio::test]
async fn who_may_not_ask_is_refused_before_the_token_is_looked_at() {
    let (world, app, token) = with_token().await;
    let ask = |request: Request| refused(introspect_at_once(&world.tenant, &request, world.now()));
    let good = about(basic(&app), &token);
    let unknown = Request { server: "aus00000000000000000".to_owned(), ..good.clone() };
    assert_eq!(ask(unknown), Refusal::UnknownServer);
    assert_eq!(ask(Request { token: None, ..good.clone() }), Refusal::MissingToken);
    let nobody = Request { credentials: Credentials::None, ..good.clone() };
    assert_eq!(ask(nobody), Refusal::Client(client::Refusal::NoCredentials));
    let client_id = app.entry.app.value.client_id.to_string();
    let public =
        Request { credentials: Credentials::Public { client_id: client_id.clone() }, ..good.clone() };
    assert_eq!(ask(public), Refusal::Client(client::Refusal::WrongMethod));
    let secret = "wrong".to_owned();
    let wrong = Request { credentials: Credentials::Basic { client_id, secret }, ..good };
    assert_eq!(ask(wrong), Refusal::Client(client::Refusal::WrongSecret));
}

#[tokio::test]
async fn a_deactivated_app_takes_its_tokens_with_it_for_good() {
    let (world, app, token) = with_token().await;
    let reader = world.make_app("Reader").await;
    world.set_app_status(&app.entry, Status::Inactive).await;
    assert!(!world.is_active(&reader, &token));
    world.set_app_status(&app.entry, Status::Active).await;
    assert!(!world.is_active(&reader, &token), "nor once the app is active again");
    let new = world.token_of(&app).await;
    assert!(world.is_active(&reader, &new), "within the same second");
    world.set_app_status(&app.entry, Status::Active).await;
    assert!(world.is_active(&reader, &new), "it was active already: nothing ends");
    let id = app.entry.app.value.id.to_string();
    let rename = app::replace(&world.tenant, world.asked(), id, app_settings("Bearer"), Precondition::Any);
    rename.await.unwrap();
    assert!(world.is_active(&reader, &new) && !world.is_active(&reader, &token), "a change keeps both");
}

#[tokio::test]
async fn an_app_of_the_same_client_id_does_not_inherit_tokens() {
    let world = World::new().await;
    world.make_scope("read").await;
    let reader = world.make_app("Reader").await;
    let named =
        || app::Settings { client_id: Some(model::ClientId::new("courier")), ..app_settings("Courier") };
    let first = world.try_app(named()).await.unwrap();
    let token = world.token_of(&first).await;
    assert!(world.is_active(&reader, &token));
    world.set_app_status(&first.entry, Status::Inactive).await;
    let id = first.entry.app.value.id.to_string();
    app::delete(&world.tenant, world.asked(), id, Precondition::Any).await.unwrap();
    assert!(!world.is_active(&reader, &token));
    let second = world.try_app(named()).await.unwrap();
    assert!(!world.is_active(&reader, &token));
    let new = world.token_of(&second).await;
    assert!(world.is_active(&reader, &new));
}

#[tokio::test]
async fn a_deactivated_server_takes_its_tokens_with_it_for_good() {
    let (world, app, token) = with_token().await;
    let set = async |status| {
        let (tenant, asked) = (&world.tenant, world.asked());
        authorization_server::set_status(tenant, asked, DEFAULT.to_owned(), status).await.unwrap();
    };
    set(Status::Inactive).await;
    let ask = introspect_at_once(&world.tenant, &about(basic(&app), &token), world.now());
    assert_eq!(refused(ask), Refusal::UnknownServer);
    set(Status::Active).await;
    assert!(!world.is_active(&app, &token));
    let new = world.token_of(&app).await;
    assert!(world.is_active(&app, &new));
    set(Status::Active).await;
    assert!(world.is_active(&app, &new), "nothing ended");
}

#[tokio::test]
async fn a_policy_takes_just_the_tokens_with_it_that_it_governed() {
    let (world, app, by_default) = with_token().await;
    let other = world.make_app("Other").await;
    let clients = Some(ClientCondition::Only(vec![other.entry.app.value.client_id.clone()]));
    let settings = policy::Settings { priority: Some(1), clients, ..policy_settings("Others") };
    let made = world.try_policy(settings).await.unwrap();
    world.make_rule(made.value.id.as_str(), rule_settings("all")).await;
    let by_other = world.token_of(&other).await;
    let id = made.value.id.to_string();
    let set = async |status| {
        let (tenant, asked) = (&world.tenant, world.asked());
        policy::set_status(tenant, asked, DEFAULT.to_owned(), id.clone(), status).await.unwrap();
    };
    assert!(world.is_active(&app, &by_default) && world.is_active(&app, &by_other));
    set(Status::Inactive).await;
    assert!(!world.is_active(&app, &by_other));
    set(Status::Active).await;
    assert!(!world.is_active(&app, &by_other), "nor once the policy is active again");
    let again = world.token_of(&other).await;
    assert!(world.is_active(&app, &again));
    let replace = async |status| {
        let settings = policy::Settings { status: Some(status), ..policy_settings("Others") };
        let (server, id) = (DEFAULT.to_owned(), id.clone());
        let asked = world.asked();
        policy::replace(&world.tenant, asked, server, id, settings, Precondition::Any).await.unwrap();
    };
    replace(Status::Inactive).await;
    replace(Status::Active).await;
    assert!(!world.is_active(&app, &again), "a replacement can deactivate, too");
    let last = world.token_of(&other).await;
    policy::delete(&world.tenant, world.asked(), DEFAULT.to_owned(), id.clone(), Precondition::Any)
        .await
        .unwrap();
    assert!(!world.is_active(&app, &last));
    assert!(world.is_active(&app, &by_default), "another policy governed it");
}

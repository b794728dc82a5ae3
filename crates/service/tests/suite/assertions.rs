//! Clients that sign assertions: what one must say, whose signature it needs, and that it is granted on once.

use jose::{Algorithm, HmacAlgorithm, SigningKey};
use model::Status;
use model::app::{AuthMethod, ClientKeys, OAuthSettings};
use model::event::EventType;
use serde_json::{Map, Value, json};
use service::admin::app::{self, Written};
use service::admin::jwk;
use service::client::{self, Credentials};
use service::client_assertion::{self, ASSERTION_BYTES_MAX, ASSERTION_TYPE, Assertion, Refusal as A};
use service::log::write_early_refusals;
use service::token::Refusal;

use crate::world::{DEFAULT, ISSUER, TOKEN_URL, World, app_settings, authenticate, refused, request};

fn presented(assertion: String) -> Credentials {
    let assertion_type = Some(ASSERTION_TYPE.to_owned());
    Credentials::Assertion(Assertion { client_id: None, assertion_type, assertion })
}

/// What a client says that has read the documentation; `more` replaces, and `null` takes away.
fn claims(world: &World, app: &Written, more: &Value) -> Value {
    let (id, now) = (&app.entry.app.value.client_id, world.now().seconds());
    let mut claims = json!({"iss": id, "sub": id, "aud": TOKEN_URL, "exp": now + 300});
    let members = claims.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    claims
}

fn by_secret(secret: &str, claims: &Value) -> Credentials {
    let mut token = String::new();
    let payload = claims.to_string();
    jose::sign_hmac(HmacAlgorithm::Hs256, secret.as_bytes(), payload.as_bytes(), &mut token).unwrap();
    presented(token)
}

fn by_key(key: &SigningKey, claims: &Value) -> Credentials {
    let mut token = String::new();
    jose::sign_compact(key, claims.to_string().as_bytes(), &mut token).unwrap();
    presented(token)
}

/// A token with any header and a signature of nobody.
fn forged(header: &Value, claims: &Value) -> Credentials {
    let encode = |value: &Value| jose::base64url::encode(value.to_string());
    presented(format!("{}.{}.c2ln", encode(header), encode(claims)))
}

async fn app_with(world: &World, auth_method: AuthMethod, keys: impl Into<Option<ClientKeys>>) -> Written {
    let settings = app_settings("Signer");
    let oauth = OAuthSettings { auth_method, keys: keys.into(), ..settings.oauth.clone() };
    world.try_app(app::Settings { oauth, ..settings }).await.unwrap()
}

fn members(key: &SigningKey, more: &Value) -> Map<String, Value> {
    let mut members = serde_json::to_value(key.public()).unwrap().as_object().cloned().unwrap();
    members.extend(more.as_object().cloned().unwrap());
    members.retain(|_, value| !value.is_null());
    members
}

fn registered(world: &World, keys: Vec<Map<String, Value>>) -> ClientKeys {
    ClientKeys::Jwks(jwk::register(&world.tenant.ids, &[], keys, world.now()).unwrap())
}

/// Why it is refused; none if it is not.
async fn refusal(world: &World, credentials: &Credentials) -> Option<client::Refusal> {
    authenticate(&world.tenant, &world.snapshot(), credentials).await.err().map(|(refusal, _)| refusal)
}

#[tokio::test]
async fn claims_are_judged_one_by_one() {
    let world = World::new().await;
    let app = app_with(&world, AuthMethod::ClientSecretJwt, None).await;
    let other = world.make_app("Other").await;
    let secret = app.client_secret.clone().unwrap();
    let (now, other) = (world.now().seconds(), other.entry.app.value.client_id.to_string());
    let (url, issuer) = (TOKEN_URL, ISSUER);
    let cases = [
        (json!({}), None),
        (json!({"aud": issuer}), None),
        (json!({"aud": [url, "https://elsewhere.example"]}), None),
        (json!({"aud": [1, issuer]}), None),
        (json!({"aud": []}), Some(A::WrongAudience)),
        (json!({"aud": null}), Some(A::WrongAudience)),
        (json!({"aud": {"x": url}}), Some(A::WrongAudience)),
        (json!({"aud": format!("{url}/")}), Some(A::WrongAudience)),
        (json!({"aud": url.replace("https", "http")}), Some(A::WrongAudience)),
        (json!({"aud": url.replace("id.example", "evil.example")}), Some(A::WrongAudience)),
        (json!({"aud": url.replace("v1/token", "v1/introspect")}), Some(A::WrongAudience)),
        (json!({"iss": null}), Some(A::WrongIssuer)),
        (json!({"iss": 7}), Some(A::WrongIssuer)),
        (json!({"iss": "stranger"}), Some(A::WrongIssuer)),
        (json!({"sub": null}), Some(A::WrongSubject)),
        (json!({"sub": other}), Some(A::WrongSubject)),
        (json!({"exp": null}), Some(A::NoExpiry)),
        (json!({"exp": "2030"}), Some(A::NoExpiry)),
        (json!({"exp": now}), Some(A::Expired)),
        (json!({"exp": -1}), Some(A::Expired)),
        (json!({"exp": now + 1}), None),
        (json!({"exp": 0.5}), Some(A::Expired)),
        (json!({"exp": now + 3_600}), None),
        (json!({"exp": now + 3_630}), None),
        (json!({"exp": now + 3_631}), Some(A::ExpiresTooLate)),
        (json!({"exp": u64::MAX}), Some(A::ExpiresTooLate)),
        (json!({"exp": 1e300}), Some(A::ExpiresTooLate)),
        (json!({"iat": now - 100_000}), None),
        (json!({"iat": now + 30}), None),
        (json!({"iat": now + 31}), Some(A::NotYetValid)),
        (json!({"iat": "now"}), Some(A::Unreadable)),
        (json!({"nbf": now + 30}), None),
        (json!({"nbf": now + 31}), Some(A::NotYetValid)),
        (json!({"nbf": []}), Some(A::Unreadable)),
        (json!({"jti": "once"}), None),
        (json!({"jti": 1}), Some(A::Unreadable)),
        (json!({"more": "whatever"}), None),
    ];
    for (more, expected) in cases {
        let credentials = by_secret(&secret, &claims(&world, &app, &more));
        let expected = expected.map(client::Refusal::Assertion);
        assert_eq!(refusal(&world, &credentials).await, expected, "{more}");
    }
}

#[tokio::test]
async fn a_named_client_and_a_type_must_agree_with_the_assertion() {
    let world = World::new().await;
    let app = app_with(&world, AuthMethod::ClientSecretJwt, None).await;
    let id = app.entry.app.value.client_id.to_string();
    let Credentials::Assertion(good) =
        by_secret(app.client_secret.as_ref().unwrap(), &claims(&world, &app, &json!({})))
    else {
        panic!("an assertion")
    };
    let long = format!("{}.{}", good.assertion, "a".repeat(ASSERTION_BYTES_MAX));
    let cases = [
        (Assertion { client_id: Some(id), ..good.clone() }, None),
        (Assertion { client_id: Some("other".to_owned()), ..good.clone() }, Some(A::WrongIssuer)),
        (Assertion { assertion_type: None, ..good.clone() }, Some(A::WrongType)),
        (Assertion { assertion_type: Some("jwt-bearer".to_owned()), ..good.clone() }, Some(A::WrongType)),
        (Assertion { assertion: "a.b".to_owned(), ..good.clone() }, Some(A::Unreadable)),
        (Assertion { assertion: "!.b.c".to_owned(), ..good.clone() }, Some(A::Unreadable)),
        (Assertion { assertion: format!("{}=", good.assertion), ..good.clone() }, Some(A::Unreadable)),
        (Assertion { assertion: long, ..good.clone() }, Some(A::Unreadable)),
    ];
    for (assertion, expected) in cases {
        let expected = expected.map(client::Refusal::Assertion);
        assert_eq!(refusal(&world, &Credentials::Assertion(assertion)).await, expected, "{expected:?}");
    }
}

#[tokio::test]
async fn every_active_secret_verifies_and_no_other_does() {
    let world = World::new().await;
    let app = app_with(&world, AuthMethod::ClientSecretJwt, None).await;
    let first = app.client_secret.clone().unwrap();
    let second = world.add_secret(&app.entry, Status::Active).await.unwrap().clear;
    let said = claims(&world, &app, &json!({}));
    assert_eq!(refusal(&world, &by_secret(&first, &said)).await, None);
    assert_eq!(refusal(&world, &by_secret(&second, &said)).await, None);
    let wrong = Some(client::Refusal::Assertion(A::BadSignature));
    assert_eq!(refusal(&world, &by_secret(&"x".repeat(64), &said)).await, wrong);
    let settings =
        app::Settings { client_secret: Some("fourteen-chars".to_owned()), ..app_settings("Short") };
    let oauth = OAuthSettings { auth_method: AuthMethod::ClientSecretJwt, ..settings.oauth.clone() };
    let short = world.try_app(app::Settings { oauth, ..settings }).await.unwrap();
    let credentials = by_secret("fourteen-chars", &claims(&world, &short, &json!({})));
    let too_short = Some(client::Refusal::Assertion(A::SecretTooShort));
    assert_eq!(refusal(&world, &credentials).await, too_short);
}

#[tokio::test]
async fn the_registration_chooses_the_kind_of_signature() {
    let world = World::new().await;
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let by_keys = app_with(
        &world,
        AuthMethod::PrivateKeyJwt,
        registered(&world, vec![members(&key, &json!({"alg": null}))]),
    )
    .await;
    let by_secrets = app_with(&world, AuthMethod::ClientSecretJwt, None).await;
    let basic = world.make_app("Basic").await;
    let algorithm = Some(client::Refusal::Assertion(A::WrongAlgorithm));
    // What anybody knows, the public key, is no secret.
    let public = serde_json::to_string(key.public()).unwrap();
    assert_eq!(refusal(&world, &by_secret(&public, &claims(&world, &by_keys, &json!({})))).await, algorithm);
    assert_eq!(refusal(&world, &by_key(&key, &claims(&world, &by_secrets, &json!({})))).await, algorithm);
    for alg in ["none", "None", "nOnE", "HS256", "RS257", "es256", ""] {
        let credentials = forged(&json!({"alg": alg}), &claims(&world, &by_keys, &json!({})));
        assert_eq!(refusal(&world, &credentials).await, algorithm, "{alg}");
    }
    for (alg, app) in [("RS256", &by_keys), ("ES384", &by_keys), ("EdDSA", &by_keys)] {
        let credentials = forged(&json!({"alg": alg}), &claims(&world, app, &json!({})));
        assert_eq!(refusal(&world, &credentials).await, algorithm, "{alg} with a key of another type");
    }
    let method = Some(client::Refusal::WrongMethod);
    let secret = basic.client_secret.clone().unwrap();
    assert_eq!(refusal(&world, &by_secret(&secret, &claims(&world, &basic, &json!({})))).await, method);
}

#[tokio::test]
async fn keys_of_every_algorithm_are_found_by_name() {
    let world = World::new().await;
    let algorithms = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];
    let keys: Vec<SigningKey> =
        algorithms.into_iter().map(|algorithm| SigningKey::generate(algorithm).unwrap()).collect();
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let shown = keys.iter().map(|key| members(key, &json!({}))).collect();
    let app = app_with(&world, AuthMethod::PrivateKeyJwt, registered(&world, shown)).await;
    let said = claims(&world, &app, &json!({}));
    for key in &keys {
        assert_eq!(refusal(&world, &by_key(key, &said)).await, None, "{}", key.algorithm());
    }
    let unknown = Some(client::Refusal::Assertion(A::UnknownKey));
    assert_eq!(refusal(&world, &by_key(&stranger, &said)).await, unknown);
    assert_eq!(refusal(&world, &forged(&json!({"alg": "ES256"}), &said)).await, unknown, "one of several");
    // A key that was deactivated is not there.
    let id = app.entry.app.value.id.to_string();
    let one = jwk::list(&app.entry)[0].id.to_string();
    jwk::set_status(&world.tenant, world.asked(), id, one, Status::Inactive).await.unwrap();
    assert_eq!(refusal(&world, &by_key(&keys[0], &said)).await, unknown);
    assert_eq!(refusal(&world, &by_key(&keys[1], &said)).await, None);
    // The right name on a wrong signature.
    let header = json!({"alg": "ES384", "kid": keys[1].kid()});
    let bad = Some(client::Refusal::Assertion(A::BadSignature));
    assert_eq!(refusal(&world, &forged(&header, &said)).await, bad);
}

#[tokio::test]
async fn a_single_key_needs_no_name_on_either_side() {
    let world = World::new().await;
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    for kid in [Value::Null, json!("mine")] {
        let keys = registered(&world, vec![members(&key, &json!({"kid": kid}))]);
        let app = app_with(&world, AuthMethod::PrivateKeyJwt, keys).await;
        let said = claims(&world, &app, &json!({}));
        // Its header names the key by its thumbprint.
        let expected = (!kid.is_null()).then_some(client::Refusal::Assertion(A::UnknownKey));
        assert_eq!(refusal(&world, &by_key(&key, &said)).await, expected, "{kid}");
        let nameless = forged(&json!({"alg": "ES256"}), &said);
        let bad = Some(client::Refusal::Assertion(A::BadSignature));
        assert_eq!(refusal(&world, &nameless).await, bad, "the key is found, the signature is not its");
    }
    let encrypts = SigningKey::generate(Algorithm::Rs256).unwrap();
    let encrypts = members(&encrypts, &json!({"use": "enc", "alg": "RSA-OAEP-256"}));
    let app = app_with(&world, AuthMethod::PrivateKeyJwt, registered(&world, vec![encrypts])).await;
    let none = Some(client::Refusal::Assertion(A::NoKeys));
    assert_eq!(refusal(&world, &by_key(&key, &claims(&world, &app, &json!({})))).await, none);
}

fn already_used() -> Refusal {
    Refusal::Client(client::Refusal::Assertion(A::AlreadyUsed))
}

#[tokio::test]
async fn an_assertion_with_a_name_is_granted_on_once_on_any_node() {
    let one = World::new().await;
    one.make_scope("orders").await;
    let app = app_with(&one, AuthMethod::ClientSecretJwt, None).await;
    let two = one.on_another_node().await;
    let secret = app.client_secret.clone().unwrap();
    let ask = |more: Value, scope| {
        let credentials = by_secret(&secret, &claims(&one, &app, &more));
        request(credentials, Some(scope))
    };
    // Refused for another reason, it was not used.
    let named = || json!({"jti": "once"});
    assert!(matches!(refused(one.ask(&ask(named(), "nothing")).await), Refusal::Decision(_)));
    one.ask(&ask(named(), "orders")).await.unwrap();
    let before = one.count_events().await;
    for world in [&one, &two] {
        assert_eq!(refused(world.ask(&ask(named(), "orders")).await), already_used());
        // Nor does a used one learn why else it would be refused.
        assert_eq!(refused(world.ask(&ask(named(), "nothing")).await), already_used());
        // Another expiry makes no other name of it.
        let again = json!({"jti": "once", "exp": one.now().seconds() + 200});
        assert_eq!(refused(world.ask(&ask(again, "orders")).await), already_used());
    }
    assert_eq!(one.count_events().await, before, "counted, not logged one by one");
    write_early_refusals(&one.tenant, one.now()).await.unwrap();
    let [event] = one.events_since(before).await.try_into().unwrap();
    assert_eq!((event.event_type, event.count), (EventType::InvalidClientCredentials, Some(3)));
    assert_eq!(event.reason.as_deref(), Some("client_assertion_already_used"));
    // Without a name it may come again, and other names are other assertions, whatever the client.
    for _ in 0..2 {
        two.ask(&ask(json!({}), "orders")).await.unwrap();
    }
    two.ask(&ask(json!({"jti": "twice"}), "orders")).await.unwrap();
    let other = app_with(&two, AuthMethod::ClientSecretJwt, None).await;
    let credentials = by_secret(other.client_secret.as_ref().unwrap(), &claims(&two, &other, &named()));
    two.ask(&request(credentials, Some("orders"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_on_two_nodes_one_is_granted() {
    let one = World::new().await;
    one.make_scope("orders").await;
    let app = app_with(&one, AuthMethod::ClientSecretJwt, None).await;
    let two = one.on_another_node().await;
    let said = claims(&one, &app, &json!({"jti": "race"}));
    let ask = request(by_secret(app.client_secret.as_ref().unwrap(), &said), Some("orders"));
    let now = one.now();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..40 {
        let tenant = if number % 2 == 0 { one.tenant.clone() } else { two.tenant.clone() };
        let ask = ask.clone();
        calls.spawn(async move { service::token::issue(&tenant, &ask, now).await });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for answer in answers.into_iter().filter(Result::is_err) {
        assert_eq!(refused(answer), already_used());
    }
    let granted = one.events().await.iter().filter(|e| e.event_type == EventType::AccessTokenGrant).count();
    assert_eq!(granted, 1, "and the log names no token that was not given out");
}

#[tokio::test]
async fn used_assertions_are_forgotten_once_nobody_can_present_them() {
    let world = World::new().await;
    world.make_scope("orders").await;
    let app = app_with(&world, AuthMethod::ClientSecretJwt, None).await;
    let secret = app.client_secret.clone().unwrap();
    let said = claims(&world, &app, &json!({"jti": "once"}));
    world.ask(&request(by_secret(&secret, &said), Some("orders"))).await.unwrap();
    let org = world.org.as_str();
    let kept = async || world.store.has_expired_assertions(org, i64::MAX).await.unwrap();
    world.wait(400_000);
    client_assertion::sweep(&world.tenant, world.now()).await.unwrap();
    assert!(kept().await, "the clocks of nodes may differ");
    world.wait(300_000);
    client_assertion::sweep(&world.tenant, world.now()).await.unwrap();
    assert!(!kept().await);
    let expired = refused(world.ask(&request(by_secret(&secret, &said), Some("orders"))).await);
    assert_eq!(expired, Refusal::Client(client::Refusal::Assertion(A::Expired)));
}

#[tokio::test]
async fn the_default_server_is_called_by_its_id_too() {
    let world = World::new().await;
    world.make_scope("orders").await;
    let app = app_with(&world, AuthMethod::ClientSecretJwt, None).await;
    let secret = app.client_secret.clone().unwrap();
    let id = world.server(DEFAULT).server.value.id.to_string();
    let url = format!("https://id.example/oauth2/{id}/v1/token");
    for (aud, fits) in [(url.as_str(), true), (ISSUER, true), (TOKEN_URL, false)] {
        let credentials = by_secret(&secret, &claims(&world, &app, &json!({"aud": aud})));
        let mut ask = request(credentials, Some("orders"));
        ask.server.clone_from(&id);
        assert_eq!(world.ask(&ask).await.is_ok(), fits, "{aud}");
    }
}

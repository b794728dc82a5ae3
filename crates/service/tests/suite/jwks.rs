//! The public keys of an app: added one by one, each with a name of its own, never all taken away.

use model::Status;
use model::app::{AuthMethod, ClientKeys, OAuthSettings};
use serde_json::{Map, Value, json};
use service::admin::app::{self, Written};
use service::admin::{Refusal, jwk};
use service::{AppEntry, Failure};

use crate::world::{World, app_settings, refused};

/// The public key of RFC 7515's appendix A.3, under a name or under none.
fn public(kid: Option<&str>) -> Map<String, Value> {
    let key = json!({
        "kty": "EC", "crv": "P-256", "use": "sig",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let mut members = key.as_object().cloned().unwrap();
    members.extend(kid.map(|kid| ("kid".to_owned(), kid.into())));
    members
}

/// The public key of RFC 8037's appendix A.2.
fn another() -> Map<String, Value> {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    key.as_object().cloned().unwrap()
}

async fn app_with(world: &World, auth_method: AuthMethod, keys: ClientKeys) -> Written {
    let settings = app_settings("Signer");
    let oauth = OAuthSettings { auth_method, keys: Some(keys), ..settings.oauth.clone() };
    world.try_app(app::Settings { oauth, ..settings }).await.unwrap()
}

fn registered(world: &World, kid: Option<&str>) -> ClientKeys {
    ClientKeys::Jwks(jwk::register(&world.tenant.ids, &[], vec![public(kid)], world.now()).unwrap())
}

async fn add(world: &World, app: &AppEntry, kid: &str) -> Result<(), Failure<Refusal>> {
    let id = app.app.value.id.to_string();
    jwk::create(&world.tenant, world.asked(), id, public(Some(kid))).await.map(drop)
}

async fn set(world: &World, app: &AppEntry, index: usize, status: Status) -> Result<(), Failure<Refusal>> {
    let entry = app::get(&world.snapshot(), app.app.value.id.as_str()).unwrap();
    let (app, key) = (app.app.value.id.to_string(), jwk::list(&entry)[index].id.to_string());
    jwk::set_status(&world.tenant, world.asked(), app, key, status).await.map(drop)
}

#[tokio::test]
async fn an_app_that_publishes_its_keys_elsewhere_keeps_their_address() {
    let world = World::new().await;
    let uri = ClientKeys::JwksUri("https://app.example/jwks".to_owned());
    let app = app_with(&world, AuthMethod::PrivateKeyJwt, uri.clone()).await;
    assert!(matches!(
        refused(add(&world, &app.entry, "one").await),
        Refusal::Invalid { subject: "jwks", .. }
    ));
    let entry = app::get(&world.snapshot(), app.entry.app.value.id.as_str()).unwrap();
    assert_eq!(entry.app.value.oauth.keys, Some(uri));
}

#[tokio::test]
async fn several_keys_each_have_a_name_of_their_own() {
    let world = World::new().await;
    let nameless = app_with(&world, AuthMethod::PrivateKeyJwt, registered(&world, None)).await;
    assert!(matches!(refused(add(&world, &nameless.entry, "one").await), Refusal::Invalid { .. }));
    let app = app_with(&world, AuthMethod::PrivateKeyJwt, registered(&world, Some("one"))).await;
    assert!(matches!(refused(add(&world, &app.entry, "one").await), Refusal::Invalid { subject: "kid", .. }));
    add(&world, &app.entry, "two").await.unwrap();
    let entry = app::get(&world.snapshot(), app.entry.app.value.id.as_str()).unwrap();
    assert_eq!(jwk::list(&entry).len(), 2);
}

#[tokio::test]
async fn a_name_that_is_null_is_none() {
    let world = World::new().await;
    let register = |known: &[_], keys| jwk::register(&world.tenant.ids, known, keys, world.now());
    let null = || {
        let mut members = public(None);
        members.insert("kid".to_owned(), Value::Null);
        members
    };
    for several in [vec![null(), null()], vec![null(), public(Some("one"))], vec![public(None), null()]] {
        let refusal = register(&[], several).unwrap_err();
        assert_eq!(refusal, Refusal::invalid("jwks", "Each of several keys must have a kid"));
    }
    let one = register(&[], vec![null()]).unwrap();
    let app = app_with(&world, AuthMethod::PrivateKeyJwt, ClientKeys::Jwks(one)).await;
    assert!(matches!(refused(add(&world, &app.entry, "one").await), Refusal::Invalid { .. }));
}

/// So that settings can be written back as they are shown, with a key that has no name.
#[tokio::test]
async fn a_key_without_a_name_is_known_again_by_its_numbers() {
    let world = World::new().await;
    let register =
        |known: &[_], key| jwk::register(&world.tenant.ids, known, vec![key], world.now()).unwrap();
    let mut one = register(&[], public(None));
    one[0].status = Status::Inactive;
    let mut shown = public(None);
    shown.extend([("kid".to_owned(), Value::Null), ("id".to_owned(), one[0].id.to_string().into())]);
    let again = register(&one, shown);
    assert_eq!((again[0].id, again[0].status), (one[0].id, Status::Inactive));
    let other = register(&one, another());
    assert_ne!(other[0].id, one[0].id, "another key is another key");
    let named = register(&one, public(Some("one")));
    assert_ne!(named[0].id, one[0].id, "a key is told apart by its name once it has one");
}

#[tokio::test]
async fn a_client_that_signs_keeps_a_key_to_be_known_by() {
    let world = World::new().await;
    let app = app_with(&world, AuthMethod::PrivateKeyJwt, registered(&world, Some("one"))).await;
    let Refusal::Invalid { subject, causes } = refused(set(&world, &app.entry, 0, Status::Inactive).await)
    else {
        panic!("it should be refused by its subject");
    };
    let okta = "Can't deactivate the only active JSON Web Key when the value for `token_endpoint_auth_method` is \
                `private_key_jwt`.";
    assert_eq!((subject, causes), ("JsonWebKey", vec![okta.to_owned()]));
    add(&world, &app.entry, "two").await.unwrap();
    set(&world, &app.entry, 0, Status::Inactive).await.unwrap();
    let before = world.count_events().await;
    set(&world, &app.entry, 0, Status::Inactive).await.unwrap();
    assert_eq!(world.count_events().await, before, "what is so already is no change");
    let basic = app_with(&world, AuthMethod::ClientSecretBasic, registered(&world, Some("one"))).await;
    set(&world, &basic.entry, 0, Status::Inactive).await.unwrap();
}

#[tokio::test]
async fn an_app_whose_last_key_was_deleted_has_none() {
    let world = World::new().await;
    let app = app_with(&world, AuthMethod::ClientSecretBasic, registered(&world, Some("one"))).await;
    set(&world, &app.entry, 0, Status::Inactive).await.unwrap();
    let (id, key) = (app.entry.app.value.id.to_string(), registered_key(&world, &app.entry));
    jwk::delete(&world.tenant, world.asked(), id.clone(), key).await.unwrap();
    assert_eq!(app::get(&world.snapshot(), &id).unwrap().app.value.oauth.keys, None);
}

fn registered_key(world: &World, app: &AppEntry) -> String {
    let entry = app::get(&world.snapshot(), app.app.value.id.as_str()).unwrap();
    jwk::list(&entry)[0].id.to_string()
}

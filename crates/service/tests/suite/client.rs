//! Who a client is: every way to be refused.

use std::collections::HashSet;

use model::app::{AuthMethod, OAuthSettings};
use model::{ClientId, Status};
use service::admin::{Precondition, app};
use service::client::{Credentials, Refusal};

use crate::world::{World, app_settings, authenticate, basic, public_app_settings};

#[tokio::test]
async fn every_refusal_is_produced_and_names_the_client_only_if_it_exists() {
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let gone = world.make_app("Gone").await;
    world.set_app_status(&gone.entry, Status::Inactive).await;
    let public = world.try_app(public_app_settings("Page")).await.unwrap();
    let (id, secret) = (app.entry.app.value.client_id.to_string(), app.client_secret.clone().unwrap());
    let page = public.entry.app.value.client_id.to_string();
    let basic_of =
        |id: &str, secret: &str| Credentials::Basic { client_id: id.to_owned(), secret: secret.to_owned() };
    let post_of =
        |id: &str, secret: &str| Credentials::Post { client_id: id.to_owned(), secret: secret.to_owned() };
    let public_of = |id: &str| Credentials::Public { client_id: id.to_owned() };
    let cases = [
        (Credentials::None, Refusal::NoCredentials, false),
        (Credentials::Malformed, Refusal::MalformedHeader, false),
        (basic_of("0oa00000000000000000", &secret), Refusal::UnknownClient, false),
        (basic_of(&id.to_lowercase(), &secret), Refusal::UnknownClient, false),
        (basic(&gone), Refusal::UnknownClient, false),
        (public_of("stranger"), Refusal::UnknownClient, false),
        (basic_of(&id, "wrong"), Refusal::WrongSecret, true),
        (basic_of(&id, ""), Refusal::WrongSecret, true),
        (basic_of(&id, gone.client_secret.as_ref().unwrap()), Refusal::WrongSecret, true),
        (post_of(&id, &secret), Refusal::WrongMethod, true),
        (public_of(&id), Refusal::WrongMethod, true),
        (basic_of(&page, ""), Refusal::WrongMethod, true),
        (post_of(&page, "x"), Refusal::WrongMethod, true),
    ];
    let mut seen = HashSet::new();
    for (credentials, expected, known) in cases {
        let (refusal, client) = authenticate(&world.tenant, &world.snapshot(), &credentials)
            .await
            .expect_err("it should be refused");
        assert_eq!((refusal, client.is_some()), (expected, known), "{expected:?}");
        seen.insert(refusal.name());
    }
    assert_eq!(seen.len(), 5, "each refusal has its own name: {seen:?}");
    assert!(authenticate(&world.tenant, &world.snapshot(), &basic(&app)).await.is_ok());
    assert!(authenticate(&world.tenant, &world.snapshot(), &public_of(&page)).await.is_ok());
}

#[tokio::test]
async fn a_client_authenticates_in_the_way_that_it_is_registered_for() {
    let world = World::new().await;
    for method in [AuthMethod::ClientSecretBasic, AuthMethod::ClientSecretPost, AuthMethod::ClientSecretJwt] {
        let settings = app_settings("Courier");
        let oauth = OAuthSettings { auth_method: method, ..settings.oauth.clone() };
        let app = world.try_app(app::Settings { oauth, ..settings }).await.unwrap();
        let client_id = app.entry.app.value.client_id.to_string();
        let secret = app.client_secret.clone().unwrap();
        let post = Credentials::Post { client_id, secret };
        for (credentials, fits) in [
            (basic(&app), method == AuthMethod::ClientSecretBasic),
            (post, method == AuthMethod::ClientSecretPost),
        ] {
            let answer = authenticate(&world.tenant, &world.snapshot(), &credentials).await;
            assert_eq!(answer.is_ok(), fits, "{method}");
        }
    }
}

#[tokio::test]
async fn a_chosen_client_id_is_taken_once_and_free_again_afterwards() {
    let world = World::new().await;
    let chosen = || app::Settings { client_id: Some(ClientId::new("my-courier")), ..app_settings("Courier") };
    let app = world.try_app(chosen()).await.unwrap();
    assert!(authenticate(&world.tenant, &world.snapshot(), &basic(&app)).await.is_ok());
    assert!(world.try_app(chosen()).await.is_err());
    world.set_app_status(&app.entry, Status::Inactive).await;
    let id = app.entry.app.value.id.to_string();
    app::delete(&world.tenant, world.asked(), id, Precondition::Any).await.unwrap();
    let again = world.try_app(chosen()).await.unwrap();
    assert!(authenticate(&world.tenant, &world.snapshot(), &basic(&again)).await.is_ok());
    assert!(
        authenticate(&world.tenant, &world.snapshot(), &basic(&app)).await.is_err(),
        "the old secret is gone"
    );
}

#[tokio::test]
async fn an_app_is_found_by_its_client_id_alone_whether_chosen_or_its_own_id() {
    let world = World::new().await;
    let own = world.make_app("Courier").await.entry.app.value.clone();
    let settings = app::Settings { client_id: Some(ClientId::new("courier-of-old")), ..app_settings("Old") };
    let chosen = world.try_app(settings).await.unwrap().entry.app.value.clone();
    let borrowed =
        app::Settings { client_id: Some(ClientId::new(chosen.id.as_str())), ..app_settings("New") };
    let borrowed = world.try_app(borrowed).await.unwrap().entry.app.value.clone();
    for snapshot in [world.loaded().await, (*world.snapshot()).clone()] {
        let found = |client_id: &str| snapshot.client(client_id).map(|entry| entry.app.value.id);
        assert_eq!(found(own.id.as_str()), Some(own.id));
        assert_eq!(found("courier-of-old"), Some(chosen.id));
        assert_eq!(
            found(chosen.id.as_str()),
            Some(borrowed.id),
            "an app that chose another name gave up its id"
        );
        assert_eq!(found(borrowed.id.as_str()), None);
    }
    world.set_app_status(&world.snapshot().app(borrowed.id).unwrap().clone(), Status::Inactive).await;
    app::delete(&world.tenant, world.asked(), borrowed.id.to_string(), Precondition::Any).await.unwrap();
    assert!(world.snapshot().client(chosen.id.as_str()).is_none(), "its name went with it");
    assert!(world.snapshot().client("courier-of-old").is_some());
}

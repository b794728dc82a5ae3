//! The secrets of an app: two at most, each of which authenticates while it is active.

use model::Status;
use model::app::{AuthMethod, OAuthSettings};
use service::admin::app::{self, Written};
use service::admin::client_secret::{self, Shown};
use service::admin::{Precondition, Refusal};
use service::client::{self, Credentials};
use service::{AppEntry, Failure};

use crate::world::{World, app_settings, authenticate, basic, public_app_settings, refused};

fn current(world: &World, app: &Written) -> std::sync::Arc<AppEntry> {
    app::get(&world.snapshot(), app.entry.app.value.id.as_str()).unwrap()
}

async fn works(world: &World, app: &Written, secret: &str) -> bool {
    let client_id = app.entry.app.value.client_id.to_string();
    let credentials = Credentials::Basic { client_id, secret: secret.to_owned() };
    match authenticate(&world.tenant, &world.snapshot(), &credentials).await {
        Ok(entry) => entry.app.value.id == app.entry.app.value.id,
        Err((refusal, _)) => {
            assert_eq!(refusal, client::Refusal::WrongSecret);
            false
        }
    }
}

async fn set(world: &World, app: &Written, secret: &Shown, status: Status) -> Result<(), Failure<Refusal>> {
    let (app, id) = (app.entry.app.value.id.to_string(), secret.secret.id.to_string());
    client_secret::set_status(&world.tenant, world.asked(), app, id, status).await.map(drop)
}

async fn delete(world: &World, app: &Written, id: &str) -> Result<(), Failure<Refusal>> {
    let app = app.entry.app.value.id.to_string();
    client_secret::delete(&world.tenant, world.asked(), app, id.to_owned()).await
}

#[tokio::test]
async fn two_active_secrets_both_authenticate_and_an_inactive_one_does_not() {
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let first = app.client_secret.clone().unwrap();
    let second = world.add_secret(&app.entry, Status::Active).await.unwrap();
    assert!(works(&world, &app, &first).await && works(&world, &app, &second.clear).await);
    assert_ne!(first, second.clear);
    set(&world, &app, &second, Status::Inactive).await.unwrap();
    assert!(works(&world, &app, &first).await && !works(&world, &app, &second.clear).await);
    set(&world, &app, &second, Status::Active).await.unwrap();
    assert!(works(&world, &app, &second.clear).await);
    for wrong in ["", &first[1..], &format!("{first} "), &first.to_uppercase()] {
        assert!(!works(&world, &app, wrong).await);
    }
}

#[tokio::test]
async fn an_app_never_ends_up_without_a_secret_that_works() {
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let only = current(&world, &app).secrets[0].id.to_string();
    let shown = |refusal: Refusal| match refusal {
        Refusal::Invalid { subject, causes } => format!("{subject}: {}", causes.join("; ")),
        other => panic!("{other:?}"),
    };
    let id = app.entry.app.value.id.to_string();
    let off =
        client_secret::set_status(&world.tenant, world.asked(), id, only.clone(), Status::Inactive).await;
    assert_eq!(
        shown(refused(off.map(drop))),
        "status: status: The only active secret of an app cannot be deactivated"
    );
    let deleted = delete(&world, &app, &only).await;
    assert_eq!(shown(refused(deleted)), "status: status: Deactivate the secret before it is deleted");
    let second = world.add_secret(&app.entry, Status::Inactive).await.unwrap();
    assert!(!works(&world, &app, &second.clear).await, "a secret can be made inactive");
    let third = world.add_secret(&app.entry, Status::Active).await;
    assert_eq!(shown(refused(third.map(drop))), "client_secret: client_secret: An app has at most 2 secrets");
    delete(&world, &app, second.secret.id.as_str()).await.unwrap();
    assert!(works(&world, &app, app.client_secret.as_ref().unwrap()).await);
}

#[tokio::test]
async fn a_secret_that_an_admin_sends_back_changes_nothing_and_another_one_replaces_the_newest() {
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let first = app.client_secret.clone().unwrap();
    let second = world.add_secret(&app.entry, Status::Active).await.unwrap();
    let put = async |secret: Option<&str>| {
        let settings = app::Settings { client_secret: secret.map(str::to_owned), ..app_settings("Courier") };
        let id = app.entry.app.value.id.to_string();
        app::replace(&world.tenant, world.asked(), id, settings, Precondition::Any).await.unwrap()
    };
    for same in [None, Some(first.as_str()), Some(second.clear.as_str())] {
        put(same).await;
        assert!(works(&world, &app, &first).await && works(&world, &app, &second.clear).await);
    }
    put(Some("a third secret of mine")).await;
    assert!(works(&world, &app, &first).await && !works(&world, &app, &second.clear).await);
    assert!(works(&world, &app, "a third secret of mine").await);
    assert_eq!(current(&world, &app).secrets.len(), 2);
}

#[tokio::test]
async fn a_client_gets_a_secret_when_it_comes_to_need_one() {
    let world = World::new().await;
    let app = world.try_app(public_app_settings("Page")).await.unwrap();
    assert_eq!((app.client_secret.as_ref(), app.entry.secrets.len()), (None, 0));
    let refusal = refused(world.add_secret(&app.entry, Status::Active).await.map(drop));
    assert!(matches!(refusal, Refusal::Invalid { subject: "client_secret", .. }), "{refusal:?}");
    let id = app.entry.app.value.id.to_string();
    let settings = app_settings("Page");
    let post = OAuthSettings { auth_method: AuthMethod::ClientSecretPost, ..settings.oauth.clone() };
    let settings = app::Settings { oauth: post, ..settings };
    let written = app::replace(&world.tenant, world.asked(), id, settings, Precondition::Any).await.unwrap();
    let secret = written.client_secret.expect("a new secret is shown");
    let client_id = app.entry.app.value.client_id.to_string();
    let credentials = Credentials::Post { client_id, secret };
    assert!(authenticate(&world.tenant, &world.snapshot(), &credentials).await.is_ok());
}

#[tokio::test]
async fn a_secret_is_shown_again_but_never_logged_nor_kept_in_clear() {
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let clear = app.client_secret.clone().unwrap();
    let entry = current(&world, &app);
    assert_eq!(client_secret::show(&world.tenant, &entry, &entry.secrets[0]).unwrap().clear, clear);
    assert_eq!(clear.len(), 64, "as long as Okta's");
    let mut rows = Vec::new();
    let each = |row: store::ClientSecret| {
        rows.push(row);
        Ok::<_, store::Fault>(())
    };
    world.store.each_client_secret(world.org.as_str(), each).await.unwrap();
    assert!(!rows.is_empty());
    let kept = format!("{rows:?}{:?}{:?}", world.events().await, world.snapshot());
    let bytes = format!("{:?}", clear.as_bytes());
    assert!(!kept.contains(&clear) && !kept.contains(bytes.trim_matches(['[', ']'])));
}

#[tokio::test]
async fn chosen_secrets_have_a_length() {
    let world = World::new().await;
    for (secret, accepted) in [("x".repeat(13), false), ("x".repeat(14), true), ("x".repeat(101), false)] {
        let settings = app::Settings { client_secret: Some(secret.clone()), ..app_settings("Courier") };
        let answer = world.try_app(settings).await;
        assert_eq!(answer.is_ok(), accepted, "{}", secret.len());
        if let Ok(app) = answer {
            assert!(authenticate(&world.tenant, &world.snapshot(), &basic(&app)).await.is_ok());
        }
    }
}

//! Secrets are sealed under a master key that can be exchanged while the server runs.

use jose::KeyRing;
use model::Status;
use model::event::EventType;
use service::admin::{api_token, app, client_secret, key};
use service::master_key::{self, OpenSecretsError};
use service::{Tenant, token};

use crate::world::{API_TOKEN, DEFAULT, World, basic, request};

/// A ring with a new key before the world's, and one with the new key alone.
fn new_rings(world: &World) -> (KeyRing, KeyRing) {
    let both = world.ring().with_new_key().unwrap();
    let text = both.to_text();
    let alone = KeyRing::parse(text.expose_text().unwrap().lines().next().unwrap()).unwrap();
    (both, alone)
}

async fn restarted(world: &World, ring: KeyRing) -> Tenant {
    let secrets = master_key::open(&world.store, world.org, ring).await.unwrap();
    Tenant::start(world.store.clone(), world.org, secrets).await.unwrap()
}

#[tokio::test]
async fn everything_moves_to_the_new_key_and_goes_on_working() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let ask = request(basic(&app), Some("read"));
    let (both, alone) = new_rings(&world);
    let done = master_key::rewrap(&world.tenant, both, world.now()).await.unwrap();
    assert_eq!((done.moved, done.kept), (4, 0), "a root key, two signing keys, a client secret");
    assert_eq!(world.events().await.last().unwrap().event_type, EventType::MasterKeyRewrapped);
    assert!(world.ask(&ask).await.is_ok(), "the node that runs goes on");
    let tenant = restarted(&world, alone).await;
    assert!(token::issue(&tenant, &ask, world.now()).await.is_ok(), "and one that knows only the new key");
    let caller = api_token::authenticate(&tenant, API_TOKEN, world.now()).await.unwrap();
    assert!(caller.is_some(), "API tokens stay known");
    let entry = app::get(&tenant.configuration.current(), app.entry.app.value.id.as_str()).unwrap();
    let shown = client_secret::show(&tenant, &entry, &entry.secrets[0]).unwrap();
    assert_eq!(Some(shown.clear), app.client_secret);
    assert!(master_key::open(&world.store, world.org, world.ring()).await.is_err(), "the old key is done");
}

#[tokio::test]
async fn doing_it_again_moves_nothing() {
    let world = World::new().await;
    let (both, _) = new_rings(&world);
    let text = both.to_text().expose_text().unwrap().to_owned();
    let first = master_key::rewrap(&world.tenant, both, world.now()).await.unwrap();
    let again = KeyRing::parse(&text).unwrap();
    let second = master_key::rewrap(&world.tenant, again, world.now()).await.unwrap();
    assert_eq!((second.moved, second.kept), (0, first.moved));
}

/// What the node holds in memory was sealed under the old key; what it writes from then on must not be.
#[tokio::test]
async fn what_is_written_after_the_move_opens_with_the_new_key_alone() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let second = world.add_secret(&app.entry, Status::Active).await.unwrap();
    let other = world.on_another_node().await;
    let (both, alone) = new_rings(&world);
    other.tenant.secrets.replace_ring(KeyRing::parse(both.to_text().expose_text().unwrap()).unwrap());
    master_key::rewrap(&world.tenant, both, world.now()).await.unwrap();
    let (id, secret) = (app.entry.app.value.id.to_string(), second.secret.id.to_string());
    client_secret::set_status(&world.tenant, world.asked(), id, secret, Status::Inactive).await.unwrap();
    key::rotate(&other.tenant, other.asked(), DEFAULT.to_owned()).await.unwrap();
    let tenant = restarted(&world, alone).await;
    let entry = app::get(&tenant.configuration.current(), app.entry.app.value.id.as_str()).unwrap();
    for secret in &entry.secrets {
        assert!(client_secret::show(&tenant, &entry, secret).is_ok(), "the secret {}", secret.id);
    }
    let server = std::sync::Arc::clone(tenant.configuration.current().find_server(DEFAULT).unwrap());
    for key in server.keys.iter() {
        assert!(key.parse(server.server.value.id, &tenant.secrets).is_ok(), "the {} key", key.status);
    }
    let ask = request(basic(&app), Some("read"));
    assert!(token::issue(&tenant, &ask, world.now()).await.is_ok());
}

#[tokio::test]
async fn a_wrong_key_is_told_by_the_names_of_both() {
    let world = World::new().await;
    let other = KeyRing::generate().unwrap();
    let (given, sealed) = (other.current().to_string(), world.ring().current().to_string());
    let Err(OpenSecretsError::Wrong(error)) = master_key::open(&world.store, world.org, other).await else {
        panic!("another key must not open the store");
    };
    let message = error.to_string();
    assert!(message.contains(&given) && message.contains(&sealed), "{message}");
    let both = world.ring().with_new_key().unwrap();
    assert!(master_key::open(&world.store, world.org, both).await.is_ok(), "an older key of the ring opens");
}

#[tokio::test]
async fn a_store_names_its_orgs() {
    let world = World::new().await;
    assert_eq!(master_key::orgs(&world.store).await.unwrap(), [world.org]);
}

//! Refusals that anybody can cause: counted in bounded memory, one event per reason, address and known client.

use std::collections::BTreeMap;

use model::actor::ActorKind;
use model::event::{EventType as E, OutcomeResult};
use service::client::Credentials;
use service::log::write_early_refusals;

use crate::world::{World, request};

#[tokio::test]
async fn there_is_one_event_per_reason_and_address() {
    let world = World::new().await;
    let before = world.count_events().await;
    let refusals = &world.tenant.early_refusals;
    for _ in 0..3 {
        refusals.count(E::TokenGrant, "invalid_client_id", Some("192.0.2.1"), None);
    }
    refusals.count(E::TokenGrant, "invalid_client_id", Some("192.0.2.2"), None);
    refusals.count(E::TokenGrant, "no_client_credentials", Some("192.0.2.1"), None);
    refusals.count(E::TokenGrant, "no_client_credentials", None, None);
    write_early_refusals(&world.tenant, world.now()).await.unwrap();
    write_early_refusals(&world.tenant, world.now()).await.unwrap();
    let mut told = BTreeMap::new();
    for event in world.events_since(before).await {
        assert_eq!((event.result, event.actor.kind), (OutcomeResult::Failure, ActorKind::Unknown));
        assert_eq!(event.origin.address, event.actor.address);
        let key = (event.reason.unwrap(), event.actor.address.unwrap_or_default());
        assert_eq!(told.insert(key, event.count.unwrap()), None);
    }
    let told: Vec<String> =
        told.iter().map(|((reason, address), count)| format!("{reason} {address} {count}")).collect();
    assert_eq!(
        told,
        [
            "invalid_client_id 192.0.2.1 3",
            "invalid_client_id 192.0.2.2 1",
            "no_client_credentials  1",
            "no_client_credentials 192.0.2.1 1",
        ]
    );
}

#[tokio::test]
async fn a_flood_from_everywhere_stays_small_and_none_of_it_is_lost() {
    let world = World::new().await;
    let before = world.count_events().await;
    for number in 0..5_000 {
        let address = format!("198.51.{}.{}", number / 250, number % 250);
        let reason = if number % 2 == 0 { "invalid_client_id" } else { "missing_grant_type" };
        world.tenant.early_refusals.count(E::TokenGrant, reason, Some(&address), None);
    }
    world.tenant.early_refusals.count(E::InvalidClientCredentials, "x", Some("192.0.2.1"), Some("0oa1"));
    write_early_refusals(&world.tenant, world.now()).await.unwrap();
    let events = world.events_since(before).await;
    assert!(events.len() <= 1_002, "{}", events.len());
    assert_eq!(events.iter().filter_map(|event| event.count).sum::<u64>(), 5_001);
    let others: Vec<_> = events.iter().filter(|event| event.reason.as_deref() == Some("other")).collect();
    assert_eq!(others.len(), 2, "one for each type of event");
    assert!(others.iter().all(|event| event.actor.address.is_none() && event.actor.id == "unknown"));
}

#[tokio::test]
async fn wrong_secrets_of_a_known_client_are_told_apart_from_those_of_a_stranger() {
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let client = app.entry.app.value.client_id.to_string();
    let before = world.count_events().await;
    for (client_id, times) in [(client.as_str(), 3), ("stranger-with-a-secret-name", 2)] {
        for _ in 0..times {
            let credentials =
                Credentials::Basic { client_id: client_id.to_owned(), secret: "wrong".to_owned() };
            assert!(world.ask(&request(credentials, Some("read"))).await.is_err());
        }
    }
    write_early_refusals(&world.tenant, world.now()).await.unwrap();
    let events = world.events_since(before).await;
    let known = events.iter().find(|event| event.event_type == E::InvalidClientCredentials).unwrap();
    assert_eq!((known.actor.id.as_str(), known.actor.kind), (client.as_str(), ActorKind::Client));
    assert_eq!((known.reason.as_deref(), known.count), (Some("invalid_client_secret"), Some(3)));
    let stranger = events.iter().find(|event| event.event_type == E::TokenGrant).unwrap();
    assert_eq!((stranger.actor.id.as_str(), stranger.count), ("unknown", Some(2)));
    assert!(!format!("{events:?}").contains("stranger-with"), "a stranger's texts are not kept");
}

#[tokio::test]
async fn counts_wait_until_they_can_be_written() {
    let world = World::new().await;
    world.tenant.early_refusals.count(E::TokenGrant, "invalid_client_id", None, None);
    world.store.close().await.unwrap();
    assert!(write_early_refusals(&world.tenant, world.now()).await.is_err());
    assert!(write_early_refusals(&world.tenant, world.now()).await.is_err(), "they are still there");
}

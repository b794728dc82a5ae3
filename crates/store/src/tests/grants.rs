//! Grants that can be refreshed: listed by server and client, in their org, until they expire or are ended.

use super::bed::{Bed, NOON, ONE, TWO, batch};
use super::on_every_store;
use crate::fault::CommitError;
use crate::port::Store;
use crate::rows::{NewGrant, NewRefreshGrant};

on_every_store!(refresh_grants_are_listed_by_server_and_client, a_grant_is_ended_once);

async fn grant(
    store: &Store,
    org: &str,
    (server, client, id): (&str, &str, &str),
    expires: (i64, Option<i64>),
) {
    let grant = NewGrant {
        id: id.to_owned(),
        account: Some("00u1".to_owned()),
        client: client.to_owned(),
        server: server.to_owned(),
        scopes: r#"["offline_access"]"#.to_owned(),
        audiences: "[]".to_owned(),
        created: NOON,
        ..NewGrant::default()
    };
    let refresh = NewRefreshGrant { updated: NOON + 1, idle_expires: expires.0, expires: expires.1 };
    let mut batch = batch(org);
    batch.insert_grant(&grant);
    batch.insert_refresh_grant(&grant, &refresh);
    store.commit(batch).await.expect("a grant");
}

async fn ids(store: &Store, org: &str, key: (&str, &str), after: &str, limit: i64) -> Vec<String> {
    let found = store.refresh_grants(org, key, after, NOON, limit).await.expect("they are read");
    found.into_iter().map(|grant| grant.id).collect()
}

async fn refresh_grants_are_listed_by_server_and_client(bed: Bed) {
    let store = &bed.store;
    let (long, over) = ((NOON + 100, None), (NOON, None));
    for (org, key, expires) in [
        (ONE, ("aus1", "b", "oar1"), long),
        (ONE, ("aus1", "a", "oar2"), long),
        (ONE, ("aus1", "a", "oar3"), (NOON + 100, Some(NOON + 50))),
        (ONE, ("aus1", "a", "oar4"), over),
        (ONE, ("aus1", "a", "oar5"), (NOON + 100, Some(NOON))),
        (ONE, ("aus1", "c", "oar6"), over),
        (ONE, ("aus2", "a", "oar7"), long),
        (TWO, ("aus1", "a", "oar2"), long),
        (TWO, ("aus1", "d", "oar8"), long),
    ] {
        grant(store, org, key, expires).await;
    }
    let clients =
        async |after, limit| store.refresh_clients(ONE, "aus1", after, NOON, limit).await.expect("read");
    assert_eq!(clients("", 10).await, ["a", "b"], "c holds nothing that lives");
    assert_eq!((clients("", 1).await, clients("a", 10).await), (vec!["a".to_owned()], vec!["b".to_owned()]));
    assert_eq!(ids(store, ONE, ("aus1", "a"), "", 10).await, ["oar2", "oar3"]);
    assert_eq!(ids(store, ONE, ("aus1", "a"), "", 1).await, ["oar2"]);
    assert_eq!(ids(store, ONE, ("aus1", "a"), "oar2", 10).await, ["oar3"]);
    assert_eq!(ids(store, ONE, ("aus1", "d"), "", 10).await, [""; 0]);
    let found =
        store.find_refresh_grant(ONE, ("aus1", "a"), "oar3", NOON).await.expect("read").expect("there");
    assert_eq!(
        (found.account.as_deref(), found.profile.as_deref()),
        (Some("00u1"), None),
        "the user is gone"
    );
    assert_eq!((found.created, found.updated), (NOON, NOON + 1));
    assert_eq!((found.idle_expires, found.expires), (NOON + 100, Some(NOON + 50)));
    for (client, id) in [("b", "oar3"), ("a", "oar4"), ("a", "oar5"), ("a", "oar7")] {
        let found = store.find_refresh_grant(ONE, ("aus1", client), id, NOON).await.expect("read");
        assert_eq!(found, None, "{client} {id}");
    }
    assert_eq!(store.refresh_grant_ids(ONE, ("aus1", "a"), 3).await.expect("read"), ["oar2", "oar3", "oar4"]);
}

async fn a_grant_is_ended_once(bed: Bed) {
    let store = &bed.store;
    for org in [ONE, TWO] {
        grant(store, org, ("aus1", "a", "oar1"), (NOON + 100, None)).await;
    }
    let end = async |server: &str, client: &str| {
        let mut batch = batch(ONE);
        let step = batch.end_refresh_grant(server, client, "oar1", NOON);
        match store.commit(batch).await {
            Ok(_) => true,
            Err(CommitError::Missed { step: at }) if at == step => false,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(!end("aus2", "a").await && !end("aus1", "b").await, "another's is left alone");
    assert_eq!(ids(store, ONE, ("aus1", "a"), "", 10).await, ["oar1"]);
    assert!(end("aus1", "a").await);
    assert!(!end("aus1", "a").await);
    assert_eq!(ids(store, ONE, ("aus1", "a"), "", 10).await, [""; 0]);
    assert_eq!(ids(store, TWO, ("aus1", "a"), "", 10).await, ["oar1"], "the other org has its own");
}

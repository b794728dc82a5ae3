//! A key that somebody else may have: out of use at once, and everything that it signed with it.

use std::sync::Arc;

use model::event::{EventType, Target};
use model::key::KeyStatus;
use service::admin::{Refusal, key};
use service::signing_key::KeyRecord;
use service::{Failure, ServerEntry};

use crate::world::{DEFAULT, World, refused};

const HOUR: i64 = 3_600_000;

async fn try_revoke(world: &World, kid: &str) -> Result<(), Failure<Refusal>> {
    let (tenant, asked) = (&world.tenant, world.asked());
    key::revoke(tenant, asked, DEFAULT.to_owned(), kid.to_owned()).await.map(drop)
}

async fn revoke(world: &World, kid: &str) {
    try_revoke(world, kid).await.unwrap();
}

async fn rotate(world: &World) {
    key::rotate(&world.tenant, world.asked(), DEFAULT.to_owned()).await.unwrap();
}

fn one(world: &World, status: KeyStatus) -> Arc<KeyRecord> {
    let server = world.server(DEFAULT);
    let found: Vec<_> = server.keys.iter().filter(|key| key.status == status).collect();
    let [only] = found.as_slice() else { panic!("{} keys are {status}", found.len()) };
    Arc::clone(only)
}

fn statuses(entry: &ServerEntry) -> Vec<KeyStatus> {
    entry.keys.iter().map(|key| key.status).collect()
}

async fn stored(world: &World) -> Vec<String> {
    let keys = world.stored_keys().await;
    keys.into_iter().map(|key| key.kid).collect()
}

/// The targets of the only revocation in the log as type, id, name, other name; and why.
async fn in_log(world: &World) -> (Vec<(String, String, String)>, Option<String>) {
    let events = world.events().await.into_iter();
    let revocations: Vec<_> = events.filter(|event| event.event_type == EventType::KeyRevoked).collect();
    let [event] = revocations.as_slice() else { panic!("{} revocations", revocations.len()) };
    let key = |target: &Target| {
        let (name, other) = (target.display_name.clone(), target.alternate_id.clone());
        (target.id.clone(), name.unwrap(), other.unwrap_or_default())
    };
    let keys = event.targets.iter().filter(|target| target.kind == "JsonWebKey").map(key).collect();
    assert_eq!(event.targets[0].kind, "AuthorizationServer");
    (keys, event.reason.clone())
}

fn said(key: &KeyRecord, name: &str, other: &str) -> (String, String, String) {
    (key.kid.clone(), name.to_owned(), other.to_owned())
}

#[tokio::test]
async fn a_revoked_active_key_is_gone_at_once_with_all_that_it_signed_and_the_next_one_signs() {
    use KeyStatus::{Active, Next};
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    world.wait(HOUR);
    let (active, next) = (one(&world, Active), one(&world, Next));
    let token = world.token_of(&app).await;
    assert!(world.is_active(&app, &token));
    revoke(&world, &active.kid).await;
    assert!(!world.is_active(&app, &token));
    let after = world.server(DEFAULT);
    assert_eq!(statuses(&after), [Active, Next], "it is not among the expired");
    assert_eq!(one(&world, Active).kid, next.kid);
    assert_eq!(one(&world, Active).activated, Some(world.now()));
    let (kids, new) = (stored(&world).await, one(&world, Next));
    assert!(kids.len() == 2 && !kids.contains(&active.kid), "its private half is deleted");
    assert_ne!(new.kid, next.kid);
    let signed = world.token_of(&app).await;
    assert_eq!(jose::read_header(&signed).unwrap().kid(), Some(next.kid.as_str()));
    assert!(world.is_active(&app, &signed));
    let (keys, reason) = in_log(&world).await;
    assert_eq!(keys, [said(&active, "REVOKED", "ACTIVE"), said(&next, "ACTIVE", ""), said(&new, "NEXT", "")]);
    assert_eq!(reason, None);
}

#[tokio::test]
async fn a_next_key_that_verifiers_may_not_know_signs_all_the_same_and_the_log_says_so() {
    let world = World::new().await;
    world.wait(HOUR - 1_000);
    let active = one(&world, KeyStatus::Active);
    revoke(&world, &active.kid).await;
    let (_, reason) = in_log(&world).await;
    assert!(reason.is_some_and(|reason| reason.contains("less than an hour ago")));
}

#[tokio::test]
async fn a_revoked_next_key_is_replaced_and_an_expired_one_removed() {
    use KeyStatus::{Active, Expired, Next};
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let old = world.token_of(&app).await;
    rotate(&world).await;
    let new = world.token_of(&app).await;
    let (active, next) = (one(&world, Active), one(&world, Next));
    revoke(&world, &next.kid).await;
    assert_eq!(one(&world, Active).kid, active.kid, "nothing changes for who signs");
    assert_ne!(one(&world, Next).kid, next.kid);
    assert_eq!(
        in_log(&world).await.0,
        [said(&next, "REVOKED", "NEXT"), said(&one(&world, Next), "NEXT", "")]
    );
    assert!(world.is_active(&app, &old) && world.is_active(&app, &new));
    let expired = one(&world, Expired);
    revoke(&world, &expired.kid).await;
    assert_eq!(statuses(&world.server(DEFAULT)), [Active, Next]);
    assert!(!world.is_active(&app, &old) && world.is_active(&app, &new));
    let kids = stored(&world).await;
    assert!(kids.len() == 2 && !kids.contains(&next.kid) && !kids.contains(&expired.kid));
}

#[tokio::test]
async fn revoking_the_next_key_puts_off_the_rotation_until_verifiers_know_the_new_one() {
    let world = World::new().await;
    world.wait(90 * 24 * HOUR - 60_000);
    let (active, next) = (one(&world, KeyStatus::Active), one(&world, KeyStatus::Next));
    revoke(&world, &next.kid).await;
    world.wait(HOUR);
    world.look_after_keys().await.unwrap();
    assert_eq!(one(&world, KeyStatus::Active).kid, active.kid, "its time has come, but not the next key's");
    world.wait(5 * 60_000);
    world.look_after_keys().await.unwrap();
    assert_eq!(one(&world, KeyStatus::Expired).kid, active.kid);
}

#[tokio::test]
async fn a_key_that_is_not_there_is_not_found_and_neither_is_one_that_was_revoked() {
    let world = World::new().await;
    assert_eq!(refused(try_revoke(&world, "nokey").await), Refusal::not_found("nokey", "JsonWebKey"));
    let active = one(&world, KeyStatus::Active);
    revoke(&world, &active.kid).await;
    let again = refused(try_revoke(&world, &active.kid).await);
    assert_eq!(again, Refusal::not_found(active.kid.as_str(), "JsonWebKey"));
    let foreign = world.make_server("other").await.keys.active().unwrap().kid.clone();
    assert_eq!(refused(try_revoke(&world, &foreign).await), Refusal::not_found(foreign, "JsonWebKey"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_races_with_rotations_on_another_node_takes_the_key_wherever_it_is() {
    let mut met = std::collections::BTreeSet::new();
    for rotations in [0, 1, 2] {
        let here = World::new().await;
        let there = here.on_another_node().await;
        let active = one(&here, KeyStatus::Active);
        for _ in 0..rotations {
            rotate(&there).await;
        }
        // This node has not heard of it; a third rotation comes while it works.
        let (revoked, ()) = tokio::join!(try_revoke(&here, &active.kid), rotate(&there));
        revoked.unwrap();
        let loaded = here.loaded().await;
        let entry = loaded.find_server(DEFAULT).unwrap();
        assert!(entry.keys.find(&active.kid).is_none());
        for status in [KeyStatus::Active, KeyStatus::Next] {
            assert_eq!(entry.keys.iter().filter(|key| key.status == status).count(), 1, "{status}");
        }
        assert!(!stored(&here).await.contains(&active.kid));
        let (keys, _) = in_log(&here).await;
        met.insert(keys[0].2.clone());
    }
    assert!(met.contains("EXPIRED"), "it was met after a rotation: {met:?}");
}

#[tokio::test]
async fn another_node_refuses_what_a_revoked_key_signed_once_it_has_followed() {
    let here = World::new().await;
    here.make_scope("read").await;
    let app = here.make_app("Courier").await;
    let there = here.on_another_node().await;
    let active = one(&here, KeyStatus::Active);
    revoke(&here, &active.kid).await;
    // It has not heard of it yet, and signs with the key for a last time.
    let late = there.token_of(&app).await;
    assert_eq!(jose::read_header(&late).unwrap().kid(), Some(active.kid.as_str()));
    assert!(!here.is_active(&app, &late));
    there.tenant.follow(there.now()).await.unwrap();
    assert!(!there.is_active(&app, &late));
    let next = there.token_of(&app).await;
    assert_eq!(jose::read_header(&next).unwrap().kid(), Some(one(&here, KeyStatus::Active).kid.as_str()));
}

//! A signing key's life: published as the next one, signing, published a while longer, gone.

use model::authorization_server::RotationMode;
use model::event::EventType;
use model::key::KeyStatus;
use model::rule::Lifetimes;
use service::ServerEntry;
use service::admin::{Precondition, Refusal, authorization_server, key, policy, rule};

use crate::world::{DEFAULT, World, basic, refused, request, rule_path, rule_settings, server_settings};

const HOUR: i64 = 3_600_000;

fn by_status(server: &ServerEntry, status: KeyStatus) -> Vec<String> {
    server.keys.iter().filter(|key| key.status == status).map(|key| key.kid.clone()).collect()
}

async fn rotate(world: &World) {
    key::rotate(&world.tenant, world.asked(), DEFAULT.to_owned()).await.unwrap();
}

async fn signed_with(world: &World) -> String {
    let app = world.make_app("Signer").await;
    let token = world.ask(&request(basic(&app), Some("read"))).await.unwrap().access_token;
    jose::read_header(&token).unwrap().kid().unwrap().to_owned()
}

#[tokio::test]
async fn a_rotation_moves_each_key_one_place_on() {
    use KeyStatus::{Active, Expired, Next};
    let world = World::new().await;
    world.make_scope("read").await;
    let before = world.server(DEFAULT);
    let (active, next) = (by_status(&before, Active), by_status(&before, Next));
    assert_eq!((active.len(), next.len(), by_status(&before, Expired).len()), (1, 1, 0));
    assert_eq!(signed_with(&world).await, active[0]);
    rotate(&world).await;
    let after = world.server(DEFAULT);
    assert_eq!(by_status(&after, Expired), active);
    assert_eq!(by_status(&after, Active), next, "the key that verifiers know already signs now");
    assert!(!next.contains(&by_status(&after, Next)[0]), "the new next key is a new one");
    assert_eq!(signed_with(&world).await, next[0]);
    let order: Vec<KeyStatus> = after.keys.iter().map(|key| key.status).collect();
    assert_eq!(order, [Active, Next, Expired]);
    let (signing, old) = (after.keys.active().unwrap(), after.keys.find(&active[0]).unwrap());
    assert_eq!((signing.activated, old.retired), (Some(world.now()), Some(world.now())));
}

#[tokio::test]
async fn an_expired_key_stays_until_nothing_that_it_signed_can_be_valid() {
    let world = World::new().await;
    let first = by_status(&world.server(DEFAULT), KeyStatus::Active);
    rotate(&world).await;
    world.wait(25 * HOUR);
    rotate(&world).await;
    world.look_after_keys().await.unwrap();
    let expired = by_status(&world.server(DEFAULT), KeyStatus::Expired);
    assert!(expired.contains(&first[0]) && expired.len() == 2, "after 25 hours to the second it stays");
    world.wait(1_000);
    rotate(&world).await;
    let expired = by_status(&world.server(DEFAULT), KeyStatus::Expired);
    assert!(expired.contains(&first[0]), "a rotation takes nothing away");
    world.look_after_keys().await.unwrap();
    let expired = by_status(&world.server(DEFAULT), KeyStatus::Expired);
    assert!(!expired.contains(&first[0]) && expired.len() == 2, "a moment later it is gone");
    let stored = world.loaded().await;
    assert!(stored.find_server(DEFAULT).unwrap().keys.find(&first[0]).is_none(), "from the store, too");
}

#[tokio::test]
async fn the_longest_token_that_a_rule_allows_stands_to_its_end_though_the_key_was_rotated_away() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let policy = world.make_policy("Long", Some(1)).await.value.id.to_string();
    let longest = model::rule::ACCESS_TOKEN_MINUTES_MAX;
    let lifetimes = Lifetimes { access_token_minutes: longest, ..Lifetimes::default() };
    let settings = rule::Settings { lifetimes, ..rule_settings("long") };
    rule::create(&world.tenant, world.asked(), rule_path(&policy, ""), settings).await.unwrap();
    let token = world.token_of(&app).await;
    // Shorter lifetimes from now on: what counts is what may have been given out.
    policy::delete(&world.tenant, world.asked(), DEFAULT.to_owned(), policy, Precondition::Any)
        .await
        .unwrap();
    rotate(&world).await;
    let kid = jose::read_header(&token).unwrap().kid().unwrap().to_owned();
    for _ in 0..24 {
        let server = world.server(DEFAULT);
        let verifies = jose::verify_compact(&token, &[jose::Algorithm::Rs256], |_| {
            server.keys.find(&kid).and_then(|key| key.verifying())
        });
        assert!(verifies.is_ok(), "its key is published");
        world.wait(HOUR);
        world.look_after_keys().await.unwrap();
    }
    assert!(world.server(DEFAULT).keys.find(&kid).is_some(), "and for an hour after its end");
    world.wait(HOUR + 1_000);
    world.look_after_keys().await.unwrap();
    assert!(world.server(DEFAULT).keys.find(&kid).is_none());
}

#[tokio::test]
async fn a_public_key_says_what_its_private_half_is_for_and_never_more() {
    let world = World::new().await;
    for key in world.server(DEFAULT).keys.iter() {
        let members = serde_json::to_value(&key.public).unwrap();
        let mut names: Vec<&String> = members.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
        assert!(!format!("{key:?}").contains("sealed"), "nor does what is logged");
        let server = world.server(DEFAULT).server.value.id;
        let parsed = key.parse(server, &world.tenant.secrets).unwrap();
        assert_eq!(parsed.kid(), key.kid);
        let other = world.tenant.secrets.open_signing_key(server, "another kid", &key.sealed);
        assert!(other.is_err(), "a sealed key opens only in its own row");
    }
}

#[tokio::test]
async fn keys_that_are_not_there_are_not_found() {
    let world = World::new().await;
    let missing = key::get(&world.server(DEFAULT), "nokey").unwrap_err();
    assert_eq!(missing, Refusal::not_found("nokey", "JsonWebKey"));
    let answer = key::rotate(&world.tenant, world.asked(), "aus1".to_owned()).await;
    assert_eq!(refused(answer.map(drop)), Refusal::not_found("aus1", "AuthorizationServer"));
}

const DAY: i64 = 24 * HOUR;

#[tokio::test]
async fn a_server_rotates_by_itself_when_its_time_has_come_and_not_before() {
    let world = World::new().await;
    let next = by_status(&world.server(DEFAULT), KeyStatus::Next);
    world.wait(90 * DAY - 1_000);
    world.look_after_keys().await.unwrap();
    assert_eq!(by_status(&world.server(DEFAULT), KeyStatus::Next), next, "a second too early");
    world.wait(1_000);
    world.look_after_keys().await.unwrap();
    assert_eq!(by_status(&world.server(DEFAULT), KeyStatus::Active), next);
    world.look_after_keys().await.unwrap();
    assert_eq!(by_status(&world.server(DEFAULT), KeyStatus::Active), next, "once is enough");
}

#[tokio::test]
async fn a_server_whose_rotation_fails_keeps_no_other_from_rotating() {
    let world = World::new().await;
    let other = world.make_server("other").await.server.value.id;
    world.wait(90 * DAY);
    // A row that should be there is not, as after a repair by hand.
    let (id, next) =
        (world.server(DEFAULT).server.value.id, by_status(&world.server(DEFAULT), KeyStatus::Next));
    let mut batch = store::Batch::new(world.org.as_str(), "{}");
    batch.delete_signing_key(id.as_str(), &next[0]);
    world.store.commit(batch).await.unwrap();
    let next = by_status(&world.server(other.as_str()), KeyStatus::Next);
    assert!(world.look_after_keys().await.is_err(), "it is told");
    assert_eq!(by_status(&world.server(other.as_str()), KeyStatus::Active), next);
}

#[tokio::test]
async fn a_server_that_an_admin_rotates_never_does_so_by_itself() {
    let world = World::new().await;
    let settings = authorization_server::Settings {
        rotation_mode: Some(RotationMode::Manual),
        ..server_settings("manual")
    };
    let server = authorization_server::create(&world.tenant, world.asked(), settings).await.unwrap();
    let id = server.server.value.id;
    world.wait(900 * DAY);
    world.look_after_keys().await.unwrap();
    let active = |entry: &ServerEntry| by_status(entry, KeyStatus::Active);
    assert_eq!(active(&world.server(id.as_str())), active(&server));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_nodes_exactly_one_rotates() {
    let one = World::new().await;
    let two = one.on_another_node().await;
    one.wait(91 * DAY);
    let before = one.count_events().await;
    let now = one.now();
    let (a, b) = tokio::join!(key::rotate_due(&one.tenant, now), key::rotate_due(&two.tenant, now));
    a.and(b).unwrap();
    let rollovers = one.events_since(before).await.into_iter();
    assert_eq!(rollovers.filter(|event| event.event_type == EventType::KeyRollover).count(), 1);
}

#[tokio::test]
async fn expired_keys_go_by_themselves_when_nothing_that_they_signed_is_valid() {
    let world = World::new().await;
    rotate(&world).await;
    world.wait(25 * HOUR);
    world.look_after_keys().await.unwrap();
    assert_eq!(by_status(&world.server(DEFAULT), KeyStatus::Expired).len(), 1);
    world.wait(1_000);
    world.look_after_keys().await.unwrap();
    assert_eq!(by_status(&world.server(DEFAULT), KeyStatus::Expired).len(), 0);
}

#[tokio::test]
async fn a_rotation_to_a_key_that_verifiers_may_not_know_yet_is_said_in_the_log() {
    let world = World::new().await;
    rotate(&world).await;
    world.wait(HOUR);
    rotate(&world).await;
    let rollovers =
        world.events().await.into_iter().filter(|event| event.event_type == EventType::KeyRollover);
    let reasons: Vec<Option<String>> = rollovers.map(|event| event.reason).collect();
    assert!(
        reasons[0].as_deref().is_some_and(|reason| reason.contains("less than an hour ago")),
        "{reasons:?}"
    );
    assert_eq!(reasons[1], None);
}

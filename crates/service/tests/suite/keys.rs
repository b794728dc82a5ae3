//! A signing key's life: published as the next one, signing, published a while longer, gone.

use model::key::KeyStatus;
use service::ServerEntry;
use service::admin::{Refusal, key};

use crate::world::{DEFAULT, World, basic, refused, request};

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
    let expired = by_status(&world.server(DEFAULT), KeyStatus::Expired);
    assert!(expired.contains(&first[0]) && expired.len() == 2, "after 25 hours to the second it stays");
    world.wait(1_000);
    rotate(&world).await;
    let expired = by_status(&world.server(DEFAULT), KeyStatus::Expired);
    assert!(!expired.contains(&first[0]) && expired.len() == 2, "a moment later it is gone");
    let stored = world.loaded().await;
    assert!(stored.find_server(DEFAULT).unwrap().keys.find(&first[0]).is_none(), "from the store, too");
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

//! What a server's tokens are signed with and how they are shaped, and how that is changed while it works.

use jose::{Algorithm, PublicKey, SigningKey};
use model::authorization_server::RotationMode;
use model::event::EventType;
use model::key::KeyStatus;
use model::token_format::{AccessTokenProfile, SigningAlgorithm};
use serde_json::{Map, Value};
use service::admin::app::Written;
use service::admin::authorization_server::{self, Settings};
use service::admin::{Precondition, key};
use service::{ServerEntry, key_schedule};

use crate::world::{DEFAULT, World, basic, request, server_settings};

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
const ALL: [(SigningAlgorithm, Algorithm); 4] = [
    (SigningAlgorithm::Rs256, Algorithm::Rs256),
    (SigningAlgorithm::Ps256, Algorithm::Ps256),
    (SigningAlgorithm::Es256, Algorithm::Es256),
    (SigningAlgorithm::EdDsa, Algorithm::EdDsa),
];

/// A world with the scope `read` and an app.
async fn with_app() -> (World, Written) {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    (world, app)
}

async fn change(world: &World, settings: Settings) {
    let (tenant, asked) = (&world.tenant, world.asked());
    let changed =
        authorization_server::replace(tenant, asked, DEFAULT.to_owned(), settings, Precondition::Any);
    changed.await.unwrap();
}

async fn sign_with(world: &World, algorithm: SigningAlgorithm) {
    change(world, Settings { signing_algorithm: Some(algorithm), ..server_settings("default") }).await;
}

async fn rotate(world: &World) {
    key::rotate(&world.tenant, world.asked(), DEFAULT.to_owned()).await.unwrap();
}

async fn keep(world: &World) {
    world.look_after_keys().await.unwrap();
}

fn algorithms(entry: &ServerEntry) -> Vec<(KeyStatus, Algorithm)> {
    entry.keys.iter().map(|key| (key.status, key.algorithm)).collect()
}

fn header(token: &str) -> String {
    let part = token.split('.').next().unwrap();
    String::from_utf8(jose::base64url::decode(part).unwrap()).unwrap()
}

fn payload(token: &str) -> Map<String, Value> {
    serde_json::from_slice(&jose::base64url::decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// Verifies a token as a resource server does: by the key that its `kid` names among those that are published.
fn verify(world: &World, token: &str) -> Algorithm {
    let server = world.server(DEFAULT);
    let read = jose::read_header(token).unwrap();
    let published = server.keys.find(read.kid().unwrap()).expect("its key is published").public.clone();
    let algorithm = Algorithm::find(read.algorithm()).unwrap();
    assert_eq!(published.algorithm(), Some(algorithm), "the key says what it signs with");
    let key = PublicKey::new(&published).unwrap();
    jose::verify_compact(token, &[algorithm], |_| Some(&key)).expect("it verifies");
    algorithm
}

#[tokio::test]
async fn a_new_server_has_keys_of_its_algorithm_at_once() {
    use KeyStatus::{Active, Next};
    let world = World::new().await;
    let made = world.make_server("usual").await;
    assert_eq!(algorithms(&made), [(Active, Algorithm::Rs256), (Next, Algorithm::Rs256)]);
    for (set, algorithm) in ALL {
        let settings = Settings { signing_algorithm: Some(set), ..server_settings(set.as_str()) };
        let made = authorization_server::create(&world.tenant, world.asked(), settings).await.unwrap();
        assert_eq!(algorithms(&made), [(Active, algorithm), (Next, algorithm)]);
        assert_eq!(made.keys.active().unwrap().public.algorithm(), Some(algorithm));
        let loaded = world.loaded().await;
        let stored = loaded.server(made.server.value.id).unwrap();
        assert_eq!(algorithms(stored), [(Active, algorithm), (Next, algorithm)], "stored alike");
        assert_eq!(stored.server.value.token_format.signing_algorithm, set);
    }
}

#[tokio::test]
async fn each_algorithm_signs_after_the_next_rotation_and_what_was_signed_before_stands() {
    let (world, app) = with_app().await;
    let mut tokens = vec![world.token_of(&app).await];
    for (set, algorithm) in ALL.into_iter().cycle().skip(1).take(4) {
        sign_with(&world, set).await;
        let before = verify(&world, &world.token_of(&app).await);
        assert_ne!(before, algorithm, "the active key goes on signing");
        rotate(&world).await;
        let token = world.token_of(&app).await;
        assert_eq!(verify(&world, &token), algorithm);
        tokens.push(token);
        assert!(tokens.iter().all(|token| world.is_active(&app, token)), "after {algorithm}");
    }
}

#[tokio::test]
async fn a_change_publishes_a_next_key_of_the_new_algorithm_in_place_of_the_old_one() {
    use KeyStatus::{Active, Next};
    let world = World::new().await;
    let before = world.server(DEFAULT);
    sign_with(&world, SigningAlgorithm::Es256).await;
    let after = world.server(DEFAULT);
    assert_eq!(algorithms(&after), [(Active, Algorithm::Rs256), (Next, Algorithm::Es256)]);
    assert_eq!(after.keys.active().unwrap().kid, before.keys.active().unwrap().kid);
    assert_eq!(after.keys.next().unwrap().created, world.now(), "published since now");
    let old = before.keys.next().unwrap().kid.clone();
    let stored = world.stored_keys().await;
    assert!(stored.iter().all(|key| key.kid != old), "the old one is forgotten");
    let event = world.events().await.pop().unwrap();
    assert_eq!(event.event_type, EventType::AuthorizationServerUpdated);
    let said = event.targets.last().map(|target| (target.id.as_str(), target.display_name.as_deref()));
    assert_eq!(said, Some((after.keys.next().unwrap().kid.as_str(), Some("NEXT"))));
    // What leaves the algorithm alone leaves the keys alone.
    let kids = |entry: &ServerEntry| entry.keys.iter().map(|key| key.kid.clone()).collect::<Vec<_>>();
    change(&world, server_settings("default")).await;
    sign_with(&world, SigningAlgorithm::Es256).await;
    assert_eq!(kids(&world.server(DEFAULT)), kids(&after));
    let format = world.server(DEFAULT).server.value.token_format;
    assert_eq!(format.signing_algorithm, SigningAlgorithm::Es256, "absent is kept");
}

#[tokio::test]
async fn a_server_switches_by_itself_once_verifiers_have_had_an_hour_to_learn_the_new_key() {
    let (world, app) = with_app().await;
    world.wait(30 * 24 * HOUR);
    sign_with(&world, SigningAlgorithm::EdDsa).await;
    let planned = key_schedule::planned_rotation(&world.server(DEFAULT)).unwrap();
    assert_eq!(planned, world.now().plus_milliseconds(HOUR + 5 * MINUTE));
    world.wait(HOUR + 5 * MINUTE - 1_000);
    keep(&world).await;
    assert_eq!(verify(&world, &world.token_of(&app).await), Algorithm::Rs256, "a second too early");
    world.wait(1_000);
    keep(&world).await;
    assert_eq!(verify(&world, &world.token_of(&app).await), Algorithm::EdDsa);
    let rollover = world.events().await.into_iter().rfind(|event| event.event_type == EventType::KeyRollover);
    assert_eq!(rollover.unwrap().reason, None, "nothing to warn of");
    let planned = key_schedule::planned_rotation(&world.server(DEFAULT)).unwrap();
    assert_eq!(planned, world.now().plus_days(90), "and then goes on as ever");
}

#[tokio::test]
async fn a_server_that_an_admin_rotates_waits_with_its_new_algorithm_for_the_admin() {
    let (world, app) = with_app().await;
    let manual = Settings { rotation_mode: Some(RotationMode::Manual), ..server_settings("default") };
    change(&world, Settings { signing_algorithm: Some(SigningAlgorithm::Ps256), ..manual }).await;
    assert_eq!(key_schedule::planned_rotation(&world.server(DEFAULT)), None);
    world.wait(300 * 24 * HOUR);
    keep(&world).await;
    assert_eq!(verify(&world, &world.token_of(&app).await), Algorithm::Rs256);
    rotate(&world).await;
    assert_eq!(verify(&world, &world.token_of(&app).await), Algorithm::Ps256);
}

#[tokio::test]
async fn a_change_of_mind_before_the_switch_leaves_the_active_key_its_ninety_days() {
    let world = World::new().await;
    let start = world.now();
    sign_with(&world, SigningAlgorithm::Es256).await;
    world.wait(HOUR);
    sign_with(&world, SigningAlgorithm::Rs256).await;
    let planned = key_schedule::planned_rotation(&world.server(DEFAULT));
    assert_eq!(planned, Some(start.plus_days(90)));
    world.wait(2 * HOUR);
    keep(&world).await;
    assert!(world.server(DEFAULT).keys.iter().all(|key| key.status != KeyStatus::Expired));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_changes_the_algorithm_at_once_the_next_key_is_of_the_one_that_stands() {
    let one = World::new().await;
    let two = one.on_another_node().await;
    for _ in 0..5 {
        tokio::join!(
            sign_with(&one, SigningAlgorithm::Es256),
            sign_with(&two, SigningAlgorithm::EdDsa),
            rotate(&one),
            sign_with(&one, SigningAlgorithm::Es256),
            rotate(&two),
        );
        let loaded = one.loaded().await;
        let entry = loaded.find_server(DEFAULT).unwrap();
        let set = service::signing_key::algorithm(entry.server.value.token_format.signing_algorithm);
        let next: Vec<Algorithm> =
            entry.keys.iter().filter(|key| key.status == KeyStatus::Next).map(|key| key.algorithm).collect();
        assert_eq!(next, [set]);
        assert_eq!(entry.keys.iter().filter(|key| key.status == KeyStatus::Active).count(), 1);
    }
}

#[tokio::test]
async fn a_key_verifies_only_the_algorithm_that_it_signs_with() {
    let (world, app) = with_app().await;
    let token = world.token_of(&app).await;
    let server = world.server(DEFAULT);
    let record = server.keys.active().unwrap();
    let private = record.parse(server.server.value.id, &world.tenant.secrets).unwrap();
    // The very same private key, bound to another algorithm: all that is wrong is `alg`.
    let pss = SigningKey::from_pkcs8(Algorithm::Ps256, private.to_pkcs8().unwrap().expose()).unwrap();
    assert_eq!(pss.kid(), record.kid);
    let mut forged = String::new();
    jose::sign_compact(&pss, Value::Object(payload(&token)).to_string().as_bytes(), &mut forged).unwrap();
    assert!(!world.is_active(&app, &forged));
    // Public numbers as a shared secret, and a stranger's key of each algorithm under our key's name.
    let rest = token.split_once('.').unwrap().1.rsplit_once('.').unwrap().0;
    let public = serde_json::to_vec(&record.public).unwrap();
    let mut hmac = String::new();
    jose::sign_hmac(jose::HmacAlgorithm::Hs256, &public, rest.as_bytes(), &mut hmac).unwrap();
    assert!(!world.is_active(&app, &hmac));
    for (_, algorithm) in ALL {
        let head = format!(r#"{{"kid":"{}","alg":"{algorithm}"}}"#, record.kid);
        let mut foreign = String::new();
        let stranger = SigningKey::generate(algorithm).unwrap();
        jose::sign_compact(&stranger, Value::Object(payload(&token)).to_string().as_bytes(), &mut foreign)
            .unwrap();
        let rest = foreign.split_once('.').unwrap().1;
        let forged = format!("{}.{rest}", jose::base64url::encode(head));
        assert!(!world.is_active(&app, &forged), "{algorithm}");
    }
    assert!(world.is_active(&app, &token));
}

#[tokio::test]
async fn under_rfc_9068_a_token_says_what_it_is_and_introspection_answers_as_ever() {
    let (world, app) = with_app().await;
    world.try_claim("scope", "'spoilt'").await.unwrap();
    let before = world.token_of(&app).await;
    let profile = Some(AccessTokenProfile::Rfc9068);
    change(&world, Settings { access_token_profile: profile, ..server_settings("default") }).await;
    let token = world.ask(&request(basic(&app), Some("read"))).await.unwrap().access_token;
    let kid = world.server(DEFAULT).keys.active().unwrap().kid.clone();
    assert_eq!(header(&token), format!(r#"{{"kid":"{kid}","alg":"RS256","typ":"at+jwt"}}"#));
    assert_eq!(header(&before), format!(r#"{{"kid":"{kid}","alg":"RS256"}}"#));
    let (claims, client_id) = (payload(&token), app.entry.app.value.client_id.as_str());
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        assert!(claims.contains_key(name), "RFC 9068 section 2.2 wants `{name}`");
    }
    assert_eq!((claims["sub"].as_str(), claims["client_id"].as_str()), (Some(client_id), Some(client_id)));
    assert_eq!(claims["scope"], "read");
    assert_eq!((claims["cid"].as_str(), &claims["scp"]), (Some(client_id), &serde_json::json!(["read"])));
    let said = |token: &str| {
        let mut said = world.introspect(&app, token).unwrap();
        said.shift_remove("jti");
        said.shift_remove("aud");
        Value::Object(said).to_string()
    };
    assert_eq!(said(&token), said(&before), "introspection tells no difference");
    change(&world, Settings { access_token_profile: Some(AccessTokenProfile::Okta), ..server_settings("x") })
        .await;
    let after = world.token_of(&app).await;
    assert_eq!(header(&after), header(&before));
    assert_eq!(payload(&after)["scope"], "spoilt", "an admin's own claim is released again");
}

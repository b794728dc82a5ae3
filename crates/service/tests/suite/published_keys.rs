//! Keys that clients publish: when they are fetched, for how long they are kept, and what is said when they cannot be.

use std::collections::VecDeque;
use std::future::Future as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use jose::{Algorithm, JwkSet, SigningKey};
use model::app::{AuthMethod, ClientKeys, OAuthSettings};
use serde_json::json;
use service::admin::app::{self, Written};
use service::client::Credentials;
use service::client_assertion::{ASSERTION_TYPE, Assertion, Refusal as A};
use service::freshness::Freshness;
use service::outbound::{Call, Fetched, Outbound, OutboundError};
use service::published_keys::{WAITING_FOR_ONE_MAX, WAITING_MAX};
use service::token::Refusal;
use service::{Failure, Remedy, client};
use tokio::sync::{Mutex, Semaphore};

use crate::world::{ISSUER, World, app_settings, refused, request};

const URI: &str = "https://app.example/jwks";
/// A site that answers at once, whatever the other one does.
const SOUND: &str = "https://sound.example/jwks";

/// Answers what a test has laid ready, the last of it again and again; each call waits for its turn.
#[derive(Debug)]
struct Site {
    answers: Mutex<VecDeque<Answer>>,
    calls: AtomicUsize,
    turns: Semaphore,
}

impl Site {
    fn new(answers: Vec<Answer>) -> Arc<Self> {
        let (answers, calls) = (Mutex::new(answers.into()), AtomicUsize::new(0));
        Arc::new(Self { answers, calls, turns: Semaphore::new(1_000) })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Outbound for Site {
    fn get<'a>(&'a self, url: &'a str) -> Call<'a> {
        Box::pin(async move {
            assert!([URI, SOUND].contains(&url), "{url}");
            self.calls.fetch_add(1, Ordering::SeqCst);
            if url == URI {
                self.turns.acquire().await.unwrap().forget();
            }
            let mut answers = self.answers.lock().await;
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
        })
    }
}

/// What the site answers, if it does.
type Answer = Result<Fetched, OutboundError>;

#[expect(clippy::unnecessary_wraps, reason = "it stands beside those that are away")]
fn published(keys: &[&SigningKey], max_age_seconds: Option<u64>) -> Answer {
    let set = JwkSet::new(keys.iter().map(|key| key.public().clone()).collect()).unwrap();
    Ok(Fetched { body: serde_json::to_vec(&set).unwrap(), max_age_seconds })
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside those that are away")]
fn text(body: &str) -> Answer {
    Ok(Fetched { body: body.as_bytes().to_vec(), max_age_seconds: None })
}

fn away() -> Answer {
    Err(OutboundError("away".to_owned()))
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).unwrap()
}

async fn world_with(site: &Arc<Site>) -> (World, Written) {
    let world = World::new().await.with_outbound(Arc::<Site>::clone(site)).await;
    world.make_scope("orders").await;
    let app = signer(&world, URI).await;
    (world, app)
}

/// A client that publishes its keys at `uri`.
async fn signer(world: &World, uri: &str) -> Written {
    let settings = app_settings("Signer");
    let keys = Some(ClientKeys::JwksUri(uri.to_owned()));
    let oauth = OAuthSettings { auth_method: AuthMethod::PrivateKeyJwt, keys, ..settings.oauth.clone() };
    world.try_app(app::Settings { oauth, ..settings }).await.unwrap()
}

fn signed(world: &World, app: &Written, key: &SigningKey) -> service::token::Request {
    let id = &app.entry.app.value.client_id;
    let claims = json!({"iss": id, "sub": id, "aud": ISSUER, "exp": world.now().seconds() + 300});
    let mut assertion = String::new();
    jose::sign_compact(key, claims.to_string().as_bytes(), &mut assertion).unwrap();
    let assertion_type = Some(ASSERTION_TYPE.to_owned());
    let credentials = Credentials::Assertion(Assertion { client_id: None, assertion_type, assertion });
    request(credentials, Some("orders"))
}

/// Why it is refused; none if a token is given out.
async fn refusal(world: &World, app: &Written, key: &SigningKey) -> Option<A> {
    match world.ask(&signed(world, app, key)).await {
        Ok(_) => None,
        Err(Failure::Refused(Refusal::Client(client::Refusal::Assertion(refusal)))) => Some(refusal),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn keys_are_kept_for_as_long_as_their_server_says_within_bounds() {
    let key = key();
    for (said, kept_seconds) in [(None, 300), (Some(0), 60), (Some(600), 600), (Some(u64::MAX), 3_600)] {
        let site = Site::new(vec![published(&[&key], said)]);
        let (world, app) = world_with(&site).await;
        assert_eq!(refusal(&world, &app, &key).await, None);
        world.wait(kept_seconds * 1_000 - 1);
        assert_eq!((refusal(&world, &app, &key).await, site.calls()), (None, 1), "{said:?}");
        world.wait(1);
        assert_eq!((refusal(&world, &app, &key).await, site.calls()), (None, 2), "{said:?}");
    }
}

#[tokio::test]
async fn a_new_key_is_found_at_once_and_strangers_cannot_make_us_ask_again_and_again() {
    let (old, new, stranger) = (key(), key(), key());
    let site = Site::new(vec![published(&[&old], Some(3_600)), published(&[&new, &old], Some(3_600))]);
    let (world, app) = world_with(&site).await;
    assert_eq!(refusal(&world, &app, &old).await, None);
    assert_eq!((refusal(&world, &app, &new).await, site.calls()), (None, 2), "the client has a new key");
    for _ in 0..20 {
        assert_eq!(refusal(&world, &app, &stranger).await, Some(A::UnknownKey));
    }
    assert_eq!(site.calls(), 2, "within a minute of the last unknown name");
    world.wait(60_000);
    assert_eq!((refusal(&world, &app, &stranger).await, site.calls()), (Some(A::UnknownKey), 3));
    assert_eq!(refusal(&world, &app, &old).await, None);
}

#[tokio::test]
async fn keys_that_cannot_be_used_are_told_apart_and_asked_for_again_soon() {
    let key = key();
    let own = serde_json::to_value(key.public()).unwrap();
    let private = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": own["x"], "y": own["y"], "d": "AA"}]});
    let cases = [
        (away(), A::KeysUnreachable),
        (text("<html>"), A::BadKeys),
        (text("[]"), A::BadKeys),
        (text(r#"{"keys":{}}"#), A::BadKeys),
        (text(r#"{"keys":[],"keys":[]}"#), A::BadKeys),
        (text(&private.to_string()), A::BadKeys),
        (text(r#"{"keys":[]}"#), A::NoKeyAtUri),
        (text(r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#), A::NoKeyAtUri),
        (text(&json!({"keys": [own, own]}).to_string()), A::SameKidAtUri),
    ];
    for (answer, expected) in cases {
        let site = Site::new(vec![answer, published(&[&key], None)]);
        let (world, app) = world_with(&site).await;
        for _ in 0..5 {
            assert_eq!((refusal(&world, &app, &key).await, site.calls()), (Some(expected), 1));
        }
        world.wait(1_000);
        assert_eq!((refusal(&world, &app, &key).await, site.calls()), (None, 2), "{expected:?}");
    }
}

#[tokio::test]
async fn old_keys_do_not_outlive_their_time_when_the_site_is_away() {
    let key = key();
    let site = Site::new(vec![published(&[&key], None), away()]);
    let (world, app) = world_with(&site).await;
    assert_eq!(refusal(&world, &app, &key).await, None);
    world.wait(300_000);
    assert_eq!(refusal(&world, &app, &key).await, Some(A::KeysUnreachable));
}

#[tokio::test]
async fn rubbish_makes_us_ask_nobody() {
    let key = key();
    let site = Site::new(vec![published(&[&key], None)]);
    let (world, app) = world_with(&site).await;
    let ask = signed(&world, &app, &key);
    world.wait(301_000);
    let expired = Refusal::Client(client::Refusal::Assertion(A::Expired));
    assert_eq!(refused(world.ask(&ask).await), expired);
    assert_eq!(site.calls(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_wait_for_one_fetch_and_too_many_are_sent_away() {
    let key = key();
    let site = Site::new(vec![published(&[&key], None)]);
    site.turns.forget_permits(1_000);
    let (world, app) = world_with(&site).await;
    let (ask, now) = (signed(&world, &app, &key), world.now());
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..WAITING_FOR_ONE_MAX + 10 {
        let (tenant, ask) = (Arc::clone(&world.tenant), ask.clone());
        calls.spawn(async move { service::token::issue(&tenant, &ask, now).await });
    }
    // Those for whom there is no room are answered while the site still thinks.
    for _ in 0..10 {
        match calls.join_next().await.unwrap().unwrap() {
            Err(Failure::Fault(fault)) => assert_eq!(fault.remedy, Remedy::TryLater),
            other => panic!("{other:?}"),
        }
    }
    // Nor does it hold up anybody else: neither who needs no keys nor who waits for another site.
    let other = world.make_app("Other").await;
    world.ask(&request(crate::world::basic(&other), Some("orders"))).await.unwrap();
    let sound = signer(&world, SOUND).await;
    assert_eq!((refusal(&world, &sound, &key).await, site.calls()), (None, 2));
    site.turns.add_permits(1);
    let answers = calls.join_all().await;
    assert!(answers.len() == WAITING_FOR_ONE_MAX && answers.iter().all(Result::is_ok));
    assert_eq!(site.calls(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_who_wait_for_many_sites_never_fill_the_endpoint() {
    let key = key();
    let site = Site::new(vec![published(&[&key], None)]);
    site.turns.forget_permits(1_000);
    let (world, _) = world_with(&site).await;
    let mut asks = Vec::new();
    for _ in 0..WAITING_MAX / WAITING_FOR_ONE_MAX {
        let ask = signed(&world, &signer(&world, URI).await, &key);
        asks.extend(std::iter::repeat_n(ask, WAITING_FOR_ONE_MAX));
    }
    let nobody = &mut Context::from_waker(Waker::noop());
    let mut calls: Vec<_> = asks.iter().map(|ask| Box::pin(world.ask(ask))).collect();
    for call in &mut calls {
        assert!(call.as_mut().poll(nobody).is_pending(), "it waits for its keys");
    }
    let last = signed(&world, &signer(&world, URI).await, &key);
    let refused = world.ask(&last).await;
    assert!(matches!(refused, Err(Failure::Fault(fault)) if fault.remedy == Remedy::TryLater));
    site.turns.add_permits(100);
    for call in calls {
        call.await.unwrap();
    }
}

#[tokio::test]
async fn another_address_means_other_keys() {
    let key = key();
    let site = Site::new(vec![published(&[&key], Some(3_600))]);
    let (world, app) = world_with(&site).await;
    assert_eq!(refusal(&world, &app, &key).await, None);
    let other = signer(&world, URI).await;
    assert_eq!((refusal(&world, &other, &key).await, site.calls()), (None, 2), "each client has its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_became_stale_while_it_waited_neither_mints_nor_judges() {
    let key = key();
    let site = Site::new(vec![published(&[&key], Some(60))]);
    let (mut world, app) = world_with(&site).await;
    let plain = world.make_app("Plain").await;
    let token = world.ask(&request(crate::world::basic(&plain), Some("orders"))).await.unwrap().access_token;
    Arc::get_mut(&mut world.tenant).unwrap().freshness = Freshness::shared();
    site.turns.forget_permits(1_000);
    let before = world.count_events().await;
    for follows_meanwhile in [false, true] {
        // The keys of before are too old by now.
        world.wait(3_600_000);
        world.tenant.follow(world.now()).await.unwrap();
        let (mint, now) = (signed(&world, &app, &key), world.now());
        let judge = crate::world::about(mint.credentials.clone(), &token);
        let minted = service::token::issue(&world.tenant, &mint, now);
        let judged = service::introspect::introspect(&world.tenant, &judge, now);
        let later = async {
            // Nobody can wait for less: the time that passes is measured.
            tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
            if follows_meanwhile {
                world.tenant.follow(now.plus_milliseconds(1_200)).await.unwrap();
            }
            site.turns.add_permits(1);
        };
        let (minted, judged, ()) = tokio::join!(minted, judged, later);
        if follows_meanwhile {
            assert!(minted.is_ok(), "{minted:?}");
            continue;
        }
        assert!(matches!(minted, Err(Failure::Fault(fault)) if fault.remedy == Remedy::TryLater));
        assert!(matches!(judged, Err(Failure::Fault(fault)) if fault.remedy == Remedy::TryLater));
        assert_eq!(world.count_events().await, before, "nothing was given out");
    }
}

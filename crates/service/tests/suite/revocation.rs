//! Revocation: who may, what remains of it, when other nodes know it, and what a node does that cannot know.

use model::Status;
use model::authorization_server::DEFAULT;
use model::event::{EventType, OutcomeResult};
use service::access_token::Refusal;
use service::admin::app::Written;
use service::admin::key;
use service::client::{self, Credentials};
use service::freshness::{Followed, STALE_AFTER_MILLISECONDS};
use service::revoke::revoke;
use service::{Failure, Remedy, revocations};

use crate::world::{World, about, basic, introspect_at_once, refused, request, types};

async fn with_token() -> (World, Written, String) {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let token = world.token_of(&app).await;
    (world, app, token)
}

#[tokio::test]
async fn a_revoked_token_falls_at_once_and_the_log_says_who_gave_it_back() {
    let (world, app, token) = with_token().await;
    let other = world.token_of(&app).await;
    let before = world.count_events().await;
    world.revoke(&app, &token).await;
    assert!(!world.is_active(&app, &token));
    assert!(world.is_active(&app, &other), "the other one stays");
    let events = world.events_since(before).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.event_type, event.result), (EventType::TokenRevoke, OutcomeResult::Success));
    assert_eq!(event.actor.id, app.entry.app.value.client_id.as_str());
    let kinds: Vec<&str> = event.targets.iter().map(|target| target.kind.as_str()).collect();
    assert_eq!(kinds, ["access_token", "PublicClientApp", "AuthorizationServer"]);
    assert!(event.targets[0].id.starts_with("AT."));
    assert!(!serde_json::to_string(event).unwrap().contains(&token));
    world.revoke(&app, &token).await;
    assert_eq!(world.count_events().await, before + 1, "there is nothing left to revoke");
}

#[tokio::test]
async fn nobody_revokes_what_is_not_their_own_and_nobody_can_tell() {
    let (world, app, token) = with_token().await;
    let other = world.make_app("Other").await;
    let before = world.count_events().await;
    let expired = world.token_of(&app).await;
    for token in [&token, &format!("{token}x"), "x"] {
        world.revoke(&other, token).await;
    }
    world.wait(3_600_000);
    world.revoke(&app, &expired).await;
    world.wait(-3_600_000);
    assert!(world.is_active(&app, &token) && world.is_active(&app, &expired));
    assert_eq!(types(&world.events_since(before).await), [EventType::AccessTokenGrant]);
    let wrong = Credentials::Basic { client_id: "nobody".to_owned(), secret: "x".to_owned() };
    let refusal = refused(revoke(&world.tenant, &about(wrong, &token), world.now()).await);
    assert_eq!(refusal, Refusal::Client(client::Refusal::UnknownClient));
}

#[tokio::test]
async fn another_node_knows_a_revocation_once_it_followed_and_a_new_one_from_the_start() {
    let (one, app, token) = with_token().await;
    let two = one.on_another_node().await;
    let (first, second) = (one.token_of(&app).await, one.token_of(&app).await);
    one.revoke(&app, &token).await;
    assert!(two.is_active(&app, &token), "it could not know yet");
    two.tenant.follow(two.now()).await.unwrap();
    assert!(!two.is_active(&app, &token));
    // What is dated a minute ago is found when more is read again, as is done every ten seconds.
    two.wait(60_000);
    two.tenant.follow(two.now()).await.unwrap();
    one.revoke(&app, &first).await;
    two.wait(9_999);
    two.tenant.follow(two.now()).await.unwrap();
    assert!(two.is_active(&app, &first));
    two.wait(1);
    two.tenant.follow(two.now()).await.unwrap();
    assert!(!two.is_active(&app, &first));
    // A clock that was set back.
    two.wait(-600_000);
    two.tenant.follow(two.now()).await.unwrap();
    two.wait(600_000);
    one.revoke(&app, &second).await;
    two.tenant.follow(two.now()).await.unwrap();
    assert!(!two.is_active(&app, &second));
    let three = one.on_another_node().await;
    for token in [&token, &first, &second] {
        assert!(!three.is_active(&app, token));
    }
}

#[tokio::test]
async fn a_token_whose_key_another_node_made_a_moment_ago_is_revoked_all_the_same() {
    let (one, app, _) = with_token().await;
    let mut two = one.on_another_node().await;
    two.tenant = one.shared_node().await;
    two.tenant.follow(two.now()).await.unwrap();
    for _ in 0..2 {
        key::rotate(&one.tenant, one.asked(), DEFAULT.to_owned()).await.unwrap();
    }
    let token = one.token_of(&app).await;
    two.revoke(&app, &token).await;
    one.tenant.follow(one.now()).await.unwrap();
    assert!(!one.is_active(&app, &token));
}

#[tokio::test]
async fn what_ended_on_one_node_has_ended_on_another_once_it_followed() {
    let (one, app, token) = with_token().await;
    let reader = one.make_app("Reader").await;
    let two = one.on_another_node().await;
    one.set_app_status(&app.entry, Status::Inactive).await;
    one.set_app_status(&app.entry, Status::Active).await;
    // Minted by a node that does not know yet that everything before is over.
    let late = two.token_of(&app).await;
    two.tenant.follow(two.now()).await.unwrap();
    for token in [&token, &late] {
        assert!(!two.is_active(&reader, token) && !one.is_active(&reader, token));
    }
    let new = two.token_of(&app).await;
    assert!(one.is_active(&reader, &new));
}

#[tokio::test]
async fn a_node_that_could_not_follow_neither_mints_nor_judges() {
    let (mut world, app, token) = with_token().await;
    world.tenant = world.shared_node().await;
    let refuses = async || {
        let minted = world.ask(&request(basic(&app), Some("read"))).await.map(drop);
        let judged = introspect_at_once(&world.tenant, &about(basic(&app), &token), world.now()).map(drop);
        match (minted, judged) {
            (Ok(()), Ok(())) => false,
            (Err(Failure::Fault(minted)), Err(Failure::Fault(judged))) => {
                assert_eq!((minted.remedy, judged.remedy), (Remedy::TryLater, Remedy::TryLater));
                true
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(refuses().await, "it never followed");
    world.tenant.follow(world.now()).await.unwrap();
    assert!(!refuses().await);
    world.wait(STALE_AFTER_MILLISECONDS + 1);
    assert!(refuses().await, "for longer than a second");
    world.tenant.freshness.confirm(Followed::Clock, world.now());
    world.tenant.freshness.confirm(Followed::Revocations, world.now());
    assert!(refuses().await, "the configuration is not known");
    world.wait(5_000);
    world.tenant.freshness.confirm(Followed::Clock, world.now());
    world.tenant.freshness.confirm(Followed::Configuration, world.now());
    assert!(refuses().await, "the revocations are not known");
    world.tenant.follow(world.now()).await.unwrap();
    assert!(!refuses().await);
    // A change that waits in the queue does not make the node stale, as long as nobody changed anything.
    let pause = world.tenant.configuration.pause().await.unwrap();
    world.wait(5_000);
    world.tenant.follow(world.now()).await.unwrap();
    assert!(!refuses().await);
    drop(pause);
    world.store.close().await.unwrap();
    world.wait(5_000);
    assert!(world.tenant.follow(world.now()).await.is_err());
    assert!(refuses().await);
}

#[tokio::test]
async fn a_node_whose_clock_is_far_from_the_others_neither_mints_nor_judges_nor_revokes() {
    let (mut world, app, token) = with_token().await;
    world.tenant = world.shared_node().await;
    let set = async |ahead: i64| {
        world.tenant.follow(world.now()).await.unwrap();
        let (now, theirs) = (world.now(), world.now().plus_milliseconds(-ahead));
        world.tenant.freshness.clock.compare(now, theirs, now);
    };
    for (ahead, is_right) in [(0, true), (59_000, true), (90_000, false), (-90_000, false), (-59_000, true)] {
        set(ahead).await;
        let other = world.ask(&request(basic(&app), Some("read"))).await;
        let judged = introspect_at_once(&world.tenant, &about(basic(&app), &token), world.now());
        assert_eq!((other.is_ok(), judged.is_ok()), (is_right, is_right), "{ahead}");
        let given_back = other.map_or(token.clone(), |tokens| tokens.access_token);
        let revoked = revoke(&world.tenant, &about(basic(&app), &given_back), world.now()).await;
        assert_eq!(revoked.is_ok(), is_right, "{ahead}");
        if is_right {
            // Others look for it by the time that all share.
            let rows = world.store.revocations_after(world.org.as_str(), i64::MIN, &[], 100).await.unwrap();
            let at = rows.iter().map(|row| row.at - (world.now().milliseconds() - ahead));
            assert!(
                at.clone().any(|apart| (0..5_000).contains(&apart)),
                "{ahead}: {:?}",
                at.collect::<Vec<_>>()
            );
        }
    }
    // A jump of the clock is noticed before it was compared again.
    set(0).await;
    for jump in [3_600_000, -7_200_000, 3_600_000 - 5_000] {
        world.wait(jump);
        assert!(world.ask(&request(basic(&app), Some("read"))).await.is_err(), "{jump}");
    }
}

#[tokio::test]
async fn a_revocation_that_could_not_be_written_is_not_acknowledged() {
    let (world, app, token) = with_token().await;
    world.store.close().await.unwrap();
    let refused = revoke(&world.tenant, &about(basic(&app), &token), world.now()).await;
    assert!(matches!(refused, Err(Failure::Fault(fault)) if fault.remedy == Remedy::TryLater));
    assert!(world.is_active(&app, &token), "it was told so: the token stands, and introspection goes on");
}

#[tokio::test]
async fn revocations_are_forgotten_some_time_after_the_token_expired() {
    let (world, app, token) = with_token().await;
    let (jti_hash, rows) = {
        world.revoke(&app, &token).await;
        let rows = async || world.store.revocations_after(world.org.as_str(), 0, &[], 10).await.unwrap();
        (rows().await[0].jti_hash.clone(), rows)
    };
    let jti_hash: revocations::JtiHash = jti_hash.try_into().unwrap();
    world.wait(2 * 3_600_000);
    revocations::sweep(&world.tenant, world.now()).await.unwrap();
    assert!(world.tenant.revocations.contains(&jti_hash));
    assert_eq!(rows().await.len(), 1);
    world.wait(1_000);
    revocations::sweep(&world.tenant, world.now()).await.unwrap();
    assert!(world.tenant.revocations.is_empty());
    assert_eq!(rows().await.len(), 0);
}

#[tokio::test]
async fn a_caller_who_leaves_has_revoked_all_the_same() {
    let (world, app, token) = with_token().await;
    {
        let (request, now) = (about(basic(&app), &token), world.now());
        let leaving = std::pin::pin!(revoke(&world.tenant, &request, now));
        let polled = leaving.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(polled.is_pending(), "it waits for the commit");
    }
    let gone = async {
        while world.is_active(&app, &token) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone).await.expect("the token ends");
}

#[tokio::test]
async fn a_node_whose_clock_was_set_back_reads_everything_again() {
    let (world, app, token) = with_token().await;
    let other = world.on_another_node().await;
    let follow = async |later| {
        let revocations = &other.tenant.revocations;
        let at = world.now().plus_milliseconds(later);
        revocations.follow(&world.store, world.org, at).await.unwrap();
    };
    follow(600_000).await;
    world.revoke(&app, &token).await;
    follow(600_250).await;
    assert!(other.is_active(&app, &token), "it reads ahead of what is written");
    follow(300_000).await;
    assert!(!other.is_active(&app, &token));
}

//! Upkeep under clocks that are wrong: what must not be forgotten, rotated or dated by them.

use std::time::Duration;

use model::authorization_server::DEFAULT;
use model::event::EventType;
use service::admin::app::Written;
use service::admin::{authorization_server, key};
use service::upkeep::Upkeep;
use service::{Failure, Remedy};

use crate::world::{World, server_settings};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// An org and its upkeep.
struct Kept {
    world: World,
    upkeep: Upkeep,
    running: Duration,
}

impl Kept {
    async fn new() -> (Self, Written, String) {
        let world = World::new().await;
        world.make_scope("read").await;
        let app = world.make_app("Courier").await;
        let token = world.token_of(&app).await;
        (Self { world, upkeep: Upkeep::default(), running: Duration::ZERO }, app, token)
    }

    /// A round after `seconds`, by a clock that was set ahead by `step` milliseconds meanwhile.
    async fn round(&mut self, seconds: u64, step: i64) {
        self.running += Duration::from_secs(seconds);
        self.world.wait(i64::try_from(seconds).unwrap() * 1_000 + step);
        self.upkeep.round(&self.world.tenant, self.world.now(), self.running).await;
    }

    async fn stored_revocations(&self) -> usize {
        let (store, org) = (&self.world.store, self.world.org);
        store.revocations_after(org.as_str(), i64::MIN, &[], 10).await.unwrap().len()
    }

    async fn rollovers(&self) -> usize {
        let events = self.world.events_since(0).await.into_iter();
        events.filter(|event| event.event_type == EventType::KeyRollover).count()
    }
}

#[tokio::test]
async fn a_clock_that_is_set_ahead_and_back_brings_no_revoked_token_back() {
    let (mut kept, app, token) = Kept::new().await;
    kept.world.revoke(&app, &token).await;
    for _ in 0..40 {
        kept.round(100, 0).await;
    }
    kept.round(10, 2 * HOUR + 300_000).await;
    kept.round(10, 0).await;
    assert_eq!(kept.stored_revocations().await, 1, "its time is over only by a clock that may be wrong");
    kept.round(10, -2 * HOUR - 300_000).await;
    kept.world.wait(-HOUR);
    assert!(!kept.world.is_active(&app, &token));
    kept.world.wait(HOUR);
    for _ in 0..80 {
        kept.round(100, 0).await;
    }
    assert_eq!(kept.stored_revocations().await, 0, "an hour later the clock is believed");
}

#[tokio::test]
async fn a_node_whose_clock_is_wrong_rotates_nothing_and_forgets_nothing() {
    let (mut kept, app, token) = Kept::new().await;
    kept.world.revoke(&app, &token).await;
    key::rotate(&kept.world.tenant, kept.world.asked(), DEFAULT.to_owned()).await.unwrap();
    kept.world.tenant = kept.world.shared_node().await;
    kept.world.wait(91 * DAY);
    for _ in 0..40 {
        kept.world.wait(100_000);
        kept.running += Duration::from_secs(100);
        let now = kept.world.now();
        kept.world.tenant.follow(now).await.unwrap();
        kept.world.tenant.freshness.clock.compare(now, now.plus_milliseconds(-91 * DAY), now);
        kept.upkeep.round(&kept.world.tenant, now, kept.running).await;
    }
    assert_eq!((kept.rollovers().await, kept.stored_revocations().await), (1, 1));
    assert_eq!(kept.world.server(DEFAULT).keys.iter().count(), 3, "the expired key is published");
    let now = kept.world.now();
    kept.world.tenant.follow(now).await.unwrap();
    kept.world.tenant.freshness.clock.compare(now, now, now);
    kept.upkeep.round(&kept.world.tenant, now, kept.running).await;
    assert_eq!(
        (kept.rollovers().await, kept.stored_revocations().await),
        (2, 1),
        "right again, not yet even"
    );
}

#[tokio::test]
async fn keys_are_dated_by_the_clock_that_all_nodes_share_and_by_none_that_is_far_from_it() {
    let (mut kept, ..) = Kept::new().await;
    kept.world.tenant = kept.world.shared_node().await;
    let (tenant, now) = (&kept.world.tenant, kept.world.now());
    let theirs = now.plus_milliseconds(59_000);
    tenant.freshness.clock.compare(now, theirs, now);
    let made = authorization_server::create(tenant, kept.world.asked(), server_settings("Orders"));
    let id = made.await.unwrap().server.value.id.to_string();
    let keys = key::rotate(tenant, kept.world.asked(), id.clone()).await.unwrap();
    for key in keys.iter() {
        assert_eq!(key.created, theirs.whole_second());
        assert!(key.activated.is_none_or(|at| at == theirs.whole_second()), "{key:?}");
    }
    tenant.freshness.clock.compare(now, now.plus_milliseconds(4_000_000), now);
    let create = authorization_server::create(tenant, kept.world.asked(), server_settings("Invoices")).await;
    let rotate = key::rotate(tenant, kept.world.asked(), id).await;
    let is_later = |failure: Option<Failure<_>>| matches!(failure, Some(Failure::Fault(fault)) if fault.remedy == Remedy::TryLater);
    assert!(is_later(create.err()) && is_later(rotate.err()));
}

//! Use cases over a PostgreSQL behind a bad wire: whoever acts is told the truth about a commit that nobody answered,
//! and nothing is done twice. Needs PostgreSQL on this machine; `TOKENMINT_TEST_SKIP_POSTGRES=1` skips it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jose::HmacAlgorithm;
use model::Timestamp;
use model::app::{AuthMethod, OAuthSettings};
use model::event::EventType;
use serde_json::json;
use service::access_token::Refusal;
use service::admin::api_token;
use service::admin::app::{self, Written};
use service::client::Credentials;
use service::client_assertion::{ASSERTION_TYPE, Assertion};
use service::freshness::{Followed, Freshness, Passing};
use service::{Failure, Remedy, introspect, revoke, token};
use store::Store;

use crate::keeper::Keeper;
use crate::wire::Wire;
use crate::world::{ISSUER, World, about, app_settings, basic, request};

struct Bed {
    /// While it lives, the server does.
    _keeper: Keeper,
    wire: Wire,
    world: World,
}

/// A server of its own, and where it listens; none where tests skip PostgreSQL.
pub fn postgres() -> Option<(Keeper, u16)> {
    if std::env::var("TOKENMINT_TEST_SKIP_POSTGRES").is_ok_and(|skip| skip == "1") {
        eprintln!("skipped: TOKENMINT_TEST_SKIP_POSTGRES=1");
        return None;
    }
    let Some(mut keeper) = Keeper::new() else {
        let named = std::env::var_os("TOKENMINT_TEST_DATABASE_URL").is_some();
        assert!(named, "PostgreSQL is not installed, and TOKENMINT_TEST_SKIP_POSTGRES is not 1");
        return None;
    };
    keeper.make("data");
    let port = keeper.start("data", "");
    Some((keeper, port))
}

/// A new org in the database that listens there.
pub async fn world_at(port: u16) -> World {
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable");
    World::in_store(Store::open_postgres(&url).await.unwrap()).await
}

impl Bed {
    async fn new() -> Option<Self> {
        let (keeper, port) = postgres()?;
        let wire = Wire::to(port).await;
        let world = world_at(wire.port).await;
        let theirs = world.store.shared_clock().await.unwrap().unwrap();
        world.wait(theirs - world.now().milliseconds());
        world.tenant.follow(world.now()).await.unwrap();
        Some(Self { _keeper: keeper, wire, world })
    }

    /// Does `action` each time with another way of losing its next commit.
    async fn losing(&self, mut action: impl AsyncFnMut()) {
        let faults = &self.wire.faults;
        let losses: [&AtomicUsize; 3] =
            [&faults.lose_commit_answers, &faults.lose_commits, &faults.late_commits];
        faults.late_milliseconds.store(300, Ordering::Relaxed);
        for loss in losses {
            self.world.tenant.follow(self.world.now()).await.unwrap();
            loss.store(1, Ordering::Relaxed);
            action().await;
            assert_eq!(loss.load(Ordering::Relaxed), 0, "a commit was lost");
        }
    }

    /// What the log says of these types, once every gap is closed.
    async fn count(&self, event_type: EventType) -> usize {
        self.world.wait(120_000);
        let events = self.world.events().await;
        self.world.wait(-120_000);
        events.iter().filter(|event| event.event_type == event_type).count()
    }
}

/// An assertion that is good for one use.
fn once(world: &World, app: &Written, jti: &str) -> Credentials {
    let id = &app.entry.app.value.client_id;
    let now = world.now().seconds();
    let claims = json!({"iss": id, "sub": id, "aud": ISSUER, "exp": now + 300, "jti": jti});
    let secret = app.client_secret.clone().unwrap();
    let mut assertion = String::new();
    jose::sign_hmac(HmacAlgorithm::Hs256, secret.as_bytes(), claims.to_string().as_bytes(), &mut assertion)
        .unwrap();
    let assertion_type = Some(ASSERTION_TYPE.to_owned());
    Credentials::Assertion(Assertion { client_id: None, assertion_type, assertion })
}

async fn signer(world: &World) -> Written {
    let settings = app_settings("Signer");
    let oauth = OAuthSettings { auth_method: AuthMethod::ClientSecretJwt, ..settings.oauth.clone() };
    world.try_app(app::Settings { oauth, ..settings }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_commit_nobody_answered_is_made_once_and_answered_truly() {
    let Some(bed) = Bed::new().await else { return };
    let (world, mut number) = (&bed.world, 0);
    let revision = world.snapshot().revision;
    bed.losing(async || {
        number += 1;
        world.make_scope(&format!("s{number}")).await;
        assert_eq!(world.snapshot().revision, revision + number);
    })
    .await;
    assert_eq!(world.loaded().await.revision, revision + 3);
    assert_eq!(bed.count(EventType::ScopeCreated).await, 3);
    let mut number = 0;
    bed.losing(async || {
        number += 1;
        world.make_group(&format!("g{number}")).await;
    })
    .await;
    assert_eq!(bed.count(EventType::GroupCreated).await, 4, "the first start made one, too");
    let mut tokens = Vec::new();
    bed.losing(async || {
        let name = format!("t{}", tokens.len());
        let made = api_token::create(&world.tenant, world.asked(), name, None).await.map(|made| made.value);
        tokens.push(made.unwrap_or_else(|_| panic!("a token is made")));
    })
    .await;
    for token in &tokens {
        let caller = api_token::authenticate(&world.tenant, token, world.now()).await.unwrap();
        api_token::revoke(&world.tenant, world.asked(), caller.unwrap().token.as_str()).await.unwrap();
    }
    assert_eq!(bed.count(EventType::ApiTokenCreated).await, 4, "the first start made one, too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_not_told_that_it_used_an_assertion_whose_commit_was_lost() {
    let Some(bed) = Bed::new().await else { return };
    let world = &bed.world;
    world.make_scope("read").await;
    let app = signer(world).await;
    let mut minted = Vec::new();
    bed.losing(async || {
        let ask = request(once(world, &app, &format!("mint {}", minted.len())), Some("read"));
        minted.push(world.ask(&ask).await.unwrap().access_token);
        assert!(matches!(world.ask(&ask).await, Err(Failure::Refused(_))), "once is once");
    })
    .await;
    assert_eq!(bed.count(EventType::AccessTokenGrant).await, 3);
    let mut number = 0;
    bed.losing(async || {
        let judge = about(once(world, &app, &format!("judge {number}")), &minted[number]);
        number += 1;
        assert!(introspect::introspect(&world.tenant, &judge, world.now()).await.unwrap().is_some());
        let again = introspect::introspect(&world.tenant, &judge, world.now()).await;
        assert!(matches!(again, Err(Failure::Refused(_))), "once is once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_whose_commit_was_lost_is_made_once_and_every_node_learns_of_it() {
    let Some(bed) = Bed::new().await else { return };
    let world = &bed.world;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let other = world.on_another_node().await;
    other.tenant.follow(world.now()).await.unwrap();
    bed.losing(async || {
        let token = world.token_of(&app).await;
        world.revoke(&app, &token).await;
        other.tenant.follow(world.now()).await.unwrap();
        assert!(!world.is_active(&app, &token) && !other.is_active(&app, &token));
    })
    .await;
    assert_eq!(bed.count(EventType::TokenRevoke).await, 3);
}

/// Says that the node has followed everything.
fn confirm(world: &World, at: Timestamp) {
    for what in [Followed::Configuration, Followed::Revocations, Followed::Clock] {
        world.tenant.freshness.confirm(what, at);
    }
}

struct Slow {
    ask: service::access_token::Request,
    outcome: Result<(), Failure<Refusal>>,
    /// How many milliseconds after the request the row is dated.
    late: i64,
}

/// A revocation while each statement takes so long, on a node that stays fresh all the same.
async fn revoke_slowly(bed: &Bed, delay_milliseconds: u64) -> Slow {
    let world = &bed.world;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    confirm(world, world.now());
    let token = world.token_of(&app).await;
    bed.wire.faults.delay_milliseconds.store(delay_milliseconds, Ordering::Relaxed);
    let (ask, passing) = (about(basic(&app), &token), Passing::since(world.now()));
    let staying_fresh = async {
        loop {
            confirm(world, passing.now());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let outcome = tokio::select! {
        outcome = revoke::revoke(&world.tenant, &ask, world.now()) => outcome,
        () = staying_fresh => unreachable!("it has no end"),
    };
    bed.wire.faults.delay_milliseconds.store(0, Ordering::Relaxed);
    let rows = world.store.revocations_after(world.org.as_str(), i64::MIN, &[], 10).await.unwrap();
    assert_eq!((rows.len(), bed.count(EventType::TokenRevoke).await), (1, 1));
    let asked = world.tenant.freshness.clock.shared(world.now());
    Slow { ask, outcome, late: rows[0].at - asked.milliseconds() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_took_long_is_dated_when_it_was_durable() {
    let Some(mut bed) = Bed::new().await else { return };
    Arc::get_mut(&mut bed.world.tenant).unwrap().freshness = Freshness::shared();
    let slow = revoke_slowly(&bed, 1_400).await;
    slow.outcome.unwrap();
    assert!(slow.late > 5_000, "{}", slow.late);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_took_long_twice_is_not_acknowledged_until_it_is_asked_for_again() {
    let Some(mut bed) = Bed::new().await else { return };
    Arc::get_mut(&mut bed.world.tenant).unwrap().freshness = Freshness::shared();
    let slow = revoke_slowly(&bed, 1_750).await;
    assert!(matches!(slow.outcome, Err(Failure::Fault(fault)) if fault.remedy == Remedy::TryLater));
    assert!(slow.late > 5_000, "{}", slow.late);
    let world = &bed.world;
    world.wait(20_000);
    // A machine that is busy may take a second for this, too, and then it is not acknowledged either.
    let mut asked = 0;
    let acknowledged = loop {
        asked += 1;
        confirm(world, world.now());
        let outcome = revoke::revoke(&world.tenant, &slow.ask, world.now()).await;
        if outcome.is_ok() || asked == 20 {
            break outcome;
        }
    };
    acknowledged.unwrap();
    let rows = world.store.revocations_after(world.org.as_str(), i64::MIN, &[], 10).await.unwrap();
    let dated = world.tenant.freshness.clock.shared(world.now()).milliseconds();
    assert_eq!(rows[0].at, dated, "it is not taken for known before it was dated well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_that_took_long_is_good_as_it_is_where_nobody_else_reads_it() {
    let Some(mut bed) = Bed::new().await else { return };
    Arc::get_mut(&mut bed.world.tenant).unwrap().freshness = Freshness::exclusive();
    let slow = revoke_slowly(&bed, 1_400).await;
    slow.outcome.unwrap();
    assert_eq!(slow.late, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_given_out_while_one_statement_in_five_fails_by_serialization() {
    let Some(bed) = Bed::new().await else { return };
    let world = &bed.world;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    world.tenant.follow(world.now()).await.unwrap();
    bed.wire.faults.refused_percent.store(20, Ordering::Relaxed);
    let mut granted = 0;
    for _ in 0..60 {
        match world.ask(&request(basic(&app), Some("read"))).await {
            Ok(_) => granted += 1,
            Err(Failure::Fault(fault)) => assert_eq!(fault.remedy, Remedy::TryLater, "{fault}"),
            Err(other) => panic!("{other:?}"),
        }
        world.tenant.follow(world.now()).await.ok();
    }
    bed.wire.faults.refused_percent.store(0, Ordering::Relaxed);
    assert!(granted > 50, "{granted}");
    assert_eq!(bed.count(EventType::AccessTokenGrant).await, granted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_database_gives_out_nothing_and_is_back_once_it_answers() {
    let Some(bed) = Bed::new().await else { return };
    let world = &bed.world;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let ask = request(basic(&app), Some("read"));
    world.tenant.follow(world.now()).await.unwrap();
    token::issue(&world.tenant, &ask, world.now()).await.unwrap();
    bed.wire.faults.silent.store(true, Ordering::Relaxed);
    assert!(world.tenant.follow(world.now()).await.is_err());
    world.wait(1_001);
    for _ in 0..50 {
        let refused = crate::world::at_once(token::issue(&world.tenant, &ask, world.now()));
        assert!(matches!(refused, Err(Failure::Fault(fault)) if fault.remedy == Remedy::TryLater));
    }
    bed.wire.faults.silent.store(false, Ordering::Relaxed);
    let back = async {
        while world.tenant.follow(world.now()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back).await.expect("the database is found again");
    token::issue(&world.tenant, &ask, world.now()).await.unwrap();
}

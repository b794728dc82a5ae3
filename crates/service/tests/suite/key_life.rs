//! Whatever admins do to a server's keys, and whenever: who reads the keys once an hour verifies every token, unless an
//! admin was told that it would not.

use std::collections::{BTreeMap, BTreeSet};

use jose::PublicJwk;
use model::Timestamp;
use model::authorization_server::RotationMode;
use model::event::EventType;
use model::key::KeyStatus;
use model::token_format::SigningAlgorithm;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use service::admin::authorization_server::{self, Settings};
use service::admin::{Precondition, key};
use service::signing_key::algorithm;
use service::{ServerEntry, key_schedule};

use crate::world::{World, server_settings};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// Time passes.
    Wait(i64),
    /// An admin sets the algorithm, and who rotates.
    Set(SigningAlgorithm, RotationMode),
    /// An admin rotates.
    Rotate,
    /// An admin revokes the key at this place.
    Revoke(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let algorithm = prop_oneof![Just(SigningAlgorithm::Es256), Just(SigningAlgorithm::EdDsa)];
    let mode = prop_oneof![3 => Just(RotationMode::Auto), 1 => Just(RotationMode::Manual)];
    prop_oneof![
        5 => (1..100_i64).prop_map(|minutes| Step::Wait(minutes * MINUTE)),
        2 => (1..60_i64).prop_map(|hours| Step::Wait(hours * HOUR)),
        1 => (80..100_i64).prop_map(|days| Step::Wait(days * 24 * HOUR)),
        3 => (algorithm, mode).prop_map(|(algorithm, mode)| Step::Set(algorithm, mode)),
        2 => Just(Step::Rotate),
        1 => (0..3_usize).prop_map(Step::Revoke),
    ]
}

/// A server's life as seen from outside.
struct Life {
    world: World,
    server: String,
    /// What was published, and since when.
    published: Vec<(Timestamp, BTreeSet<String>)>,
    /// Which key signed, and when last.
    signed: Vec<(Timestamp, String)>,
    revoked: BTreeSet<String>,
    /// The log warned that verifiers may not know these, and when.
    warned_of: BTreeMap<String, Timestamp>,
}

impl Life {
    async fn begin() -> Self {
        let world = World::new().await;
        let settings =
            Settings { signing_algorithm: Some(SigningAlgorithm::Es256), ..server_settings("life") };
        let made = authorization_server::create(&world.tenant, world.asked(), settings).await.unwrap();
        let mut life = Self {
            world,
            server: made.server.value.id.to_string(),
            published: Vec::new(),
            signed: Vec::new(),
            revoked: BTreeSet::new(),
            warned_of: BTreeMap::new(),
        };
        life.look();
        life
    }

    fn entry(&self) -> std::sync::Arc<ServerEntry> {
        self.world.server(&self.server)
    }

    /// Notes what is published and who signs.
    fn look(&mut self) {
        let (now, entry) = (self.world.now(), self.entry());
        let kids = entry.keys.iter().map(|key| key.kid.clone()).collect();
        self.published.push((now, kids));
        self.signed.push((now, entry.keys.active().unwrap().kid.clone()));
    }

    /// Lets time pass, a few minutes at once where something may happen, with the rounds that a node makes.
    async fn wait(&mut self, milliseconds: i64) {
        let mut left = milliseconds;
        while left > 0 {
            let next = key_schedule::next_change(&self.entry());
            let until = next.map_or(left, |at| at.milliseconds() - self.world.now().milliseconds());
            let step = until.clamp(5 * MINUTE, left.max(5 * MINUTE)).min(left);
            // A token is signed in the last moment before, too.
            self.world.wait(step);
            self.look();
            self.world.look_after_keys().await.unwrap();
            self.look();
            self.check();
            left -= step;
        }
    }

    async fn apply(&mut self, step: Step) {
        let before = self.world.count_events().await;
        let (tenant, asked, server) = (&self.world.tenant, self.world.asked(), self.server.clone());
        match step {
            Step::Wait(milliseconds) => self.wait(milliseconds).await,
            Step::Set(algorithm, mode) => {
                let settings = Settings {
                    signing_algorithm: Some(algorithm),
                    rotation_mode: Some(mode),
                    ..server_settings("life")
                };
                let changed =
                    authorization_server::replace(tenant, asked, server, settings, Precondition::Any);
                changed.await.unwrap();
            }
            Step::Rotate => drop(key::rotate(tenant, asked, server).await.unwrap()),
            Step::Revoke(place) => {
                let entry = self.entry();
                let kid = entry.keys.iter().nth(place).map_or_else(String::new, |key| key.kid.clone());
                if key::revoke(tenant, asked, server, kid.clone()).await.is_ok() {
                    self.revoked.insert(kid);
                }
            }
        }
        for event in self.world.events_since(before).await {
            let by_hand = matches!(step, Step::Rotate | Step::Revoke(_));
            let moved = matches!(event.event_type, EventType::KeyRollover | EventType::KeyRevoked);
            if moved && event.reason.is_some() {
                assert!(by_hand, "what comes by itself needs no warning");
                let signs = self.entry().keys.active().unwrap().kid.clone();
                self.warned_of.insert(signs, self.world.now());
            }
        }
        self.look();
    }

    /// What somebody may have read who reads the keys once an hour.
    fn readable(&self, at: Timestamp) -> impl Iterator<Item = &BTreeSet<String>> {
        let oldest = at.plus_milliseconds(-HOUR);
        let known = self.published.iter().rposition(|(since, _)| *since <= oldest).unwrap_or_default();
        self.published[known..].iter().filter(move |(since, _)| *since <= at).map(|(_, kids)| kids)
    }

    /// Every token that is alive now, whenever the verifier read the keys within the last hour.
    fn check(&self) {
        let (now, entry) = (self.world.now(), self.entry());
        let oldest = now.plus_milliseconds(-24 * HOUR);
        let alive = self.signed.iter().filter(|(at, _)| *at > oldest).map(|(_, kid)| kid);
        let alive: BTreeSet<_> = alive.filter(|kid| !self.revoked.contains(*kid)).collect();
        for kid in alive {
            let warned = self.warned_of.get(kid).is_some_and(|at| now < at.plus_milliseconds(HOUR));
            for kids in self.readable(now).filter(|_| !warned) {
                assert!(kids.contains(kid), "`{kid}` signed, and is not among {kids:?}");
            }
            assert!(entry.keys.find(kid).is_some(), "`{kid}` signed, and is not published");
        }
        let of = |status| entry.keys.iter().filter(move |key| key.status == status).collect::<Vec<_>>();
        let (active, next) = (of(KeyStatus::Active), of(KeyStatus::Next));
        assert_eq!((active.len(), next.len()), (1, 1));
        let set = algorithm(entry.server.value.token_format.signing_algorithm);
        assert_eq!(next[0].algorithm, set);
        assert!(entry.keys.iter().all(|key| !self.revoked.contains(&key.kid)), "a revoked key came back");
        let public: Vec<PublicJwk> = entry.keys.iter().map(|key| key.public.clone()).collect();
        assert!(public.iter().all(|key| key.algorithm().is_some() && key.kid().is_some()));
    }
}

#[test]
fn who_reads_the_keys_once_an_hour_verifies_every_token_unless_an_admin_was_warned() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 32,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    });
    let played = runner.run(&vec(step(), 1..25), |steps| {
        runtime.block_on(async {
            let mut life = Life::begin().await;
            for step in &steps {
                life.apply(*step).await;
                life.check();
            }
        });
        Ok(())
    });
    played.unwrap();
}

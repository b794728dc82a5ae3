//! Every change is remembered: who, when, before, after, in one revision with one event.

use std::collections::BTreeMap;

use model::event::EventType as E;
use model::{Actor, Event, Status};
use service::admin::{
    Precondition, app, authorization_server, claim, client_secret, group, key, policy, rule, scope,
};

use crate::world::{
    DEFAULT, World, app_settings, claim_settings, policy_settings, rule_path, rule_settings, scope_settings,
    server_settings,
};

type Documents = BTreeMap<(String, String), (String, i64)>;

/// Kinds whose rows hold secrets, or that have none: the change says that something changed, and nothing else.
const SILENT: [&str; 3] = ["signing_key", "client_secret", "nothing"];

/// Compares what was remembered of one call with what the call did.
struct Witness<'a> {
    world: &'a World,
    documents: Documents,
    revision: u64,
    events: usize,
}

impl<'a> Witness<'a> {
    async fn new(world: &'a World) -> Self {
        let mut witness = Self { world, documents: Documents::new(), revision: 0, events: 0 };
        witness.look().await;
        witness
    }

    async fn look(&mut self) {
        let (store, org) = (&self.world.store, self.world.org.as_str());
        self.documents.clear();
        let each = |d: store::Document| {
            self.documents.insert((d.kind, d.id), (d.body, d.revision));
            Ok::<_, store::Fault>(())
        };
        store.each_document(org, each).await.unwrap();
        self.revision = u64::try_from(store.revision(org).await.unwrap().unwrap()).unwrap();
        self.events = self.world.count_events().await;
    }

    /// The last call made just one revision, whose rows are what changed, and one event.
    async fn expect(&mut self, event_type: E) -> Event {
        let (before, revision, events) = (std::mem::take(&mut self.documents), self.revision, self.events);
        self.look().await;
        let asked = self.world.asked();
        assert_eq!(self.revision, revision + 1, "{event_type}");
        let since = i64::try_from(revision).unwrap();
        let changes = self.world.store.changes_after(self.world.org.as_str(), since, 1_000).await.unwrap();
        let mut told = Documents::new();
        for (ordinal, change) in (0_i64..).zip(changes) {
            assert_eq!((change.revision, change.ordinal), (since + 1, ordinal), "{event_type}");
            assert_eq!(serde_json::from_str::<Actor>(&change.actor).unwrap(), asked.actor);
            assert_eq!(change.at, asked.now.milliseconds());
            let key = (change.kind, change.id);
            if SILENT.contains(&key.0.as_str()) {
                assert_eq!((change.before, change.after), (None, None));
                continue;
            }
            assert_eq!(change.before.as_ref(), before.get(&key).map(|(body, _)| body), "{key:?}");
            assert_eq!(change.after.as_ref(), self.documents.get(&key).map(|(body, _)| body), "{key:?}");
            assert_ne!(change.before, change.after, "{key:?}");
            told.insert(key, (change.after.unwrap_or_default(), change.revision));
        }
        let differs = |(key, now): &(&(String, String), &(String, i64))| before.get(*key) != Some(*now);
        for (key, now) in self.documents.iter().filter(differs) {
            assert_eq!(told.remove(key).as_ref(), Some(now), "{key:?} changed, and its change is remembered");
        }
        assert!(told.values().all(|(after, _)| after.is_empty()), "what else was told is gone: {told:?}");
        let logged = self.world.events_since(events).await;
        assert_eq!(logged.len(), 1, "{logged:?}");
        let event = logged.into_iter().next().unwrap();
        assert_eq!((event.event_type, event.revision), (event_type, Some(revision + 1)));
        assert_eq!((&event.actor, &event.origin), (&asked.actor, &asked.origin));
        assert!(!event.targets.is_empty(), "{event_type}");
        event
    }
}

#[tokio::test]
async fn every_change_is_one_revision_with_its_before_and_after_and_one_event() {
    let world = World::new().await;
    let mut witness = Witness::new(&world).await;
    let tenant = &world.tenant;
    let asked = || {
        world.wait(1_000);
        world.asked()
    };
    let at = || DEFAULT.to_owned();
    let server = authorization_server::create(tenant, asked(), server_settings("orders")).await.unwrap();
    witness.expect(E::AuthorizationServerCreated).await;
    let own = server.server.value.id.to_string();
    authorization_server::replace(tenant, asked(), own.clone(), server_settings("o"), Precondition::Any)
        .await
        .unwrap();
    witness.expect(E::AuthorizationServerUpdated).await;
    for (status, event) in [
        (Status::Inactive, E::AuthorizationServerDeactivated),
        (Status::Active, E::AuthorizationServerActivated),
    ] {
        authorization_server::set_status(tenant, asked(), own.clone(), status).await.unwrap();
        witness.expect(event).await;
    }
    key::rotate(tenant, asked(), own.clone()).await.unwrap();
    witness.expect(E::KeyRollover).await;

    let scope = scope::create(tenant, asked(), own.clone(), scope_settings("read")).await.unwrap();
    witness.expect(E::ScopeCreated).await;
    let (id, settings) = (scope.value.id.to_string(), scope_settings("write"));
    scope::replace(tenant, asked(), own.clone(), id.clone(), settings, Precondition::Any).await.unwrap();
    witness.expect(E::ScopeUpdated).await;
    scope::delete(tenant, asked(), own.clone(), id, Precondition::Any).await.unwrap();
    witness.expect(E::ScopeDeleted).await;

    let claim = claim::create(tenant, asked(), own.clone(), claim_settings("x", "'a'")).await.unwrap();
    witness.expect(E::ClaimCreated).await;
    let (id, settings) = (claim.value.id.to_string(), claim_settings("x", "'b'"));
    claim::replace(tenant, asked(), own.clone(), id.clone(), settings, Precondition::Any).await.unwrap();
    witness.expect(E::ClaimUpdated).await;
    claim::delete(tenant, asked(), own.clone(), id, Precondition::Any).await.unwrap();
    witness.expect(E::ClaimDeleted).await;

    let policy =
        policy::create(tenant, asked(), at(), policy_settings("p")).await.unwrap().value.id.to_string();
    witness.expect(E::PolicyCreated).await;
    let first = policy::Settings { priority: Some(1), ..policy_settings("p") };
    policy::replace(tenant, asked(), at(), policy.clone(), first, Precondition::Any).await.unwrap();
    witness.expect(E::PolicyUpdated).await;
    for (status, event) in [(Status::Inactive, E::PolicyDeactivated), (Status::Active, E::PolicyActivated)] {
        policy::set_status(tenant, asked(), at(), policy.clone(), status).await.unwrap();
        witness.expect(event).await;
    }
    for name in ["one", "two", "three"] {
        let settings = rule::Settings { priority: Some(1), ..rule_settings(name) };
        rule::create(tenant, asked(), rule_path(&policy, ""), settings).await.unwrap();
        witness.expect(E::RuleAdded).await;
    }
    let entry = world.server(DEFAULT);
    let rule = rule_path(&policy, entry.policies[0].rules[2].value.id.as_str());
    let first = rule::Settings { priority: Some(1), ..rule_settings("one") };
    rule::replace(tenant, asked(), rule.clone(), first, Precondition::Any).await.unwrap();
    witness.expect(E::RuleUpdated).await;
    for (status, event) in [(Status::Inactive, E::RuleDeactivated), (Status::Active, E::RuleActivated)] {
        rule::set_status(tenant, asked(), rule.clone(), status).await.unwrap();
        witness.expect(event).await;
    }
    rule::delete(tenant, asked(), rule, Precondition::Any).await.unwrap();
    witness.expect(E::RuleDeleted).await;
    policy::delete(tenant, asked(), at(), policy, Precondition::Any).await.unwrap();
    witness.expect(E::PolicyDeleted).await;
    authorization_server::delete(tenant, asked(), own, Precondition::Any).await.unwrap();
    witness.expect(E::AuthorizationServerDeleted).await;
}

#[tokio::test]
async fn every_change_of_an_app_is_one_revision_too() {
    let world = World::new().await;
    let mut witness = Witness::new(&world).await;
    let tenant = &world.tenant;
    let asked = || {
        world.wait(1_000);
        world.asked()
    };
    let app = app::create(tenant, asked(), app_settings("a"), Status::Active).await.unwrap();
    witness.expect(E::AppCreated).await;
    let id = app.entry.app.value.id.to_string();
    app::replace(tenant, asked(), id.clone(), app_settings("b"), Precondition::Any).await.unwrap();
    witness.expect(E::AppUpdated).await;
    let secret = client_secret::create(tenant, asked(), id.clone(), None, Status::Active).await.unwrap();
    witness.expect(E::ClientSecretCreated).await;
    let secret = secret.secret.id.to_string();
    for (status, event) in [
        (Status::Inactive, E::ClientSecretDeactivated),
        (Status::Active, E::ClientSecretActivated),
        (Status::Inactive, E::ClientSecretDeactivated),
    ] {
        client_secret::set_status(tenant, asked(), id.clone(), secret.clone(), status).await.unwrap();
        witness.expect(event).await;
    }
    client_secret::delete(tenant, asked(), id.clone(), secret).await.unwrap();
    witness.expect(E::ClientSecretDeleted).await;
    for (status, event) in [(Status::Inactive, E::AppDeactivated), (Status::Active, E::AppActivated)] {
        app::set_status(tenant, asked(), id.clone(), status).await.unwrap();
        witness.expect(event).await;
    }
    app::set_status(tenant, asked(), id.clone(), Status::Inactive).await.unwrap();
    witness.expect(E::AppDeactivated).await;
    app::delete(tenant, asked(), id, Precondition::Any).await.unwrap();
    witness.expect(E::AppDeleted).await;
}

#[tokio::test]
async fn groups_are_rows_with_an_event_for_each_change() {
    let world = World::new().await;
    let before = world.count_events().await;
    let group = world.make_group("Staff").await;
    let profile = |name: &str| group::Profile { name: name.to_owned(), description: None };
    let (tenant, id) = (&world.tenant, group.id.as_str());
    group::replace(tenant, world.asked(), id, profile("All staff")).await.unwrap();
    group::delete(tenant, world.asked(), id).await.unwrap();
    let events = world.events_since(before).await;
    let types: Vec<E> = events.iter().map(|event| event.event_type).collect();
    assert_eq!(types, [E::GroupCreated, E::GroupUpdated, E::GroupDeleted]);
    assert!(events.iter().all(|event| event.actor == world.asked().actor && event.targets[0].id == id));
}

#[tokio::test]
async fn what_changes_nothing_is_no_change() {
    let world = World::new().await;
    let (revision, events) = (world.snapshot().revision, world.count_events().await);
    let asked = world.asked();
    authorization_server::set_status(&world.tenant, asked, DEFAULT.to_owned(), Status::Active).await.unwrap();
    assert_eq!((world.snapshot().revision, world.count_events().await), (revision, events));
}

#[tokio::test]
async fn ids_increase_strictly_in_the_order_of_creation() {
    let world = World::new().await;
    let mut last = String::new();
    for number in 0..50 {
        // The clock stands still, and steps back once.
        if number == 25 {
            world.wait(-60_000);
        }
        let made = world.make_scope(&format!("s{number}")).await.value.id.to_string();
        assert!(made > last, "{made} after {last}");
        last = made;
    }
}

//! Several nodes over one store: nothing is lost, nothing is overwritten by what is stale.

use std::collections::BTreeSet;

use model::Status;
use service::admin::{Precondition, Refusal, authorization_server, group, policy, rule};
use service::failure::Remedy;
use service::{Failure, configuration};

use crate::portrait::{difference, portrait};
use crate::world::{
    DEFAULT, World, basic, policy_settings, refused, request, rule_settings, scope_settings, server_settings,
    types,
};

/// What a node knows once it has followed.
async fn followed(world: &World) -> String {
    let known = service::Snapshot::clone(&world.snapshot());
    portrait(&configuration::follow(&world.store, known).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_of_two_nodes_at_once_are_all_there_in_one_order() {
    let one = World::new().await;
    let two = one.on_another_node().await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..40_u32 {
        let node = if number % 2 == 0 { &one } else { &two };
        let (tenant, asked) = (node.tenant.clone(), node.asked());
        calls.spawn(async move {
            let priority = Some(number % 5 + 1);
            let settings = policy::Settings { priority, ..policy_settings(&format!("p{number}")) };
            let made = policy::create(&tenant, asked.clone(), DEFAULT.to_owned(), settings).await.unwrap();
            let path = rule::Path {
                server: DEFAULT.to_owned(),
                policy: made.value.id.to_string(),
                rule: String::new(),
            };
            rule::create(&tenant, asked, path, rule_settings("r")).await.unwrap();
        });
    }
    calls.join_all().await;
    let stored = portrait(&one.loaded().await);
    assert_eq!(difference(&followed(&one).await, &stored), None);
    assert_eq!(difference(&followed(&two).await, &stored), None);
    let loaded = one.loaded().await;
    let entry = loaded.find_server(DEFAULT).unwrap();
    let priorities: Vec<u32> = entry.policies.iter().map(|policy| policy.policy.value.priority).collect();
    assert_eq!(priorities, (1..=41).collect::<Vec<_>>());
    let names: BTreeSet<&str> =
        entry.policies.iter().map(|policy| policy.policy.value.name.as_str()).collect();
    assert_eq!(names.len(), 41, "each of the forty, and the default one");
    assert!(entry.policies.iter().all(|policy| policy.rules.len() == 1));
    assert_eq!(loaded.revision, 81, "one revision for each change");
}

#[tokio::test]
async fn a_stale_node_never_overwrites_what_another_one_did() {
    let one = World::new().await;
    let two = one.on_another_node().await;
    let policy = one.make_policy("Made by one", None).await;
    one.make_scope("orders").await;
    two.make_scope("offers").await;
    let names: Vec<String> =
        two.server(DEFAULT).scopes().iter().map(|scope| scope.value.name.clone()).collect();
    assert!(["orders", "offers"].iter().all(|scope| names.iter().any(|name| name == scope)), "{names:?}");
    assert!(two.snapshot().find_server(DEFAULT).unwrap().find_policy(policy.value.id).is_some());
    // An old tag from before another node's change is refused; it does not win.
    let replace = |world: &World, name: &str, precondition| {
        let (tenant, asked) = (world.tenant.clone(), world.asked());
        let (settings, id) = (policy_settings(name), policy.value.id.to_string());
        async move { policy::replace(&tenant, asked, DEFAULT.to_owned(), id, settings, precondition).await }
    };
    replace(&one, "Renamed by one", Precondition::Any).await.unwrap();
    let stale = Precondition::OneOf(vec![policy.revision]);
    assert_eq!(refused(replace(&two, "Renamed by two", stale).await), Refusal::PreconditionFailed);
    let loaded = one.loaded().await;
    let found = loaded.find_server(DEFAULT).unwrap().find_policy(policy.value.id).unwrap();
    assert_eq!(found.policy.value.name, "Renamed by one");
}

#[tokio::test]
async fn a_stale_node_refuses_only_what_the_newest_configuration_refuses() {
    let one = World::new().await;
    let two = one.on_another_node().await;
    let policy = one.make_policy("Made by one", None).await;
    two.make_rule(policy.value.id.as_str(), rule_settings("made by two")).await;
    let scope = two.make_scope("orders").await;
    two.delete_scope(scope.value.id.as_str()).await.unwrap();
    one.make_scope("orders").await;
    assert!(matches!(refused(two.try_scope(scope_settings("orders")).await), Refusal::Invalid { .. }));
}

#[tokio::test]
async fn a_stale_node_does_not_take_for_done_what_another_one_undid() {
    let one = World::new().await;
    let two = one.on_another_node().await;
    let set = async |world: &World, status| {
        let (tenant, asked) = (&world.tenant, world.asked());
        authorization_server::set_status(tenant, asked, DEFAULT.to_owned(), status).await.unwrap();
    };
    set(&one, Status::Inactive).await;
    set(&two, Status::Active).await;
    let loaded = one.loaded().await;
    assert_eq!(loaded.find_server(DEFAULT).unwrap().server.value.status, Status::Active);
}

#[tokio::test]
async fn a_revision_without_documents_does_not_stop_the_other_node() {
    let one = World::new().await;
    let group = one.make_group("Gone soon").await;
    let two = one.on_another_node().await;
    group::delete(&one.tenant, one.asked(), group.id.as_str()).await.unwrap();
    two.make_scope("orders").await;
    assert_eq!(difference(&portrait(&two.snapshot()), &portrait(&one.loaded().await)), None);
}

/// Changes rows behind everybody's back: what a restore leaves where the tables were.
async fn replace(world: &World, revision: i64, restored: bool, change: impl FnOnce(&mut store::Batch)) {
    let head = world.store.revision(world.org.as_str()).await.unwrap().unwrap();
    let mut batch = store::Batch::new(world.org.as_str(), "{}");
    batch.advance_revision(head, revision);
    change(&mut batch);
    if restored {
        let (org, at) = (world.org.as_str(), 0);
        let (parent, before, after) = (None, None, None);
        let (kind, ordinal, schema) = ("restored", 0, 1);
        let change = store::NewChange { revision, ordinal, kind, id: org, parent, at, schema, before, after };
        batch.append_change(change);
    }
    world.store.commit(batch).await.unwrap();
}

#[tokio::test]
async fn a_node_that_lives_through_a_restore_mints_and_judges_nothing_any_more() {
    for (revision, restored) in [(1_000, true), (1, false)] {
        let old = World::new().await;
        old.make_scope("read").await;
        let (kept, gone) = (old.make_app("Kept").await, old.make_app("Undone").await);
        old.ask(&request(basic(&gone), Some("read"))).await.unwrap();
        let id = gone.entry.app.value.id.to_string();
        replace(&old, revision, restored, |batch| {
            batch.delete_document("app", &id);
        })
        .await;
        let followed = old.tenant.follow(old.now()).await.unwrap_err();
        assert_eq!(followed.remedy, Remedy::TryAnother, "{followed}");
        assert!(old.tenant.freshness.is_overtaken());
        for app in [&kept, &gone] {
            let minted = old.ask(&request(basic(app), Some("read"))).await;
            let is_overtaken =
                matches!(&minted, Err(Failure::Fault(fault)) if fault.remedy == Remedy::TryAnother);
            assert!(is_overtaken, "it can tell no more which of them is an app: {minted:?}");
        }
        let changed = old.try_scope(scope_settings("late")).await;
        assert!(matches!(changed, Err(Failure::Fault(_))), "nor does it change anything");
        let paused = old.tenant.configuration.pause().await.unwrap().reload().await.unwrap_err();
        assert_eq!(paused.remedy, Remedy::TryAnother, "nor read it anew");
        let new = old.on_another_node().await;
        new.ask(&request(basic(&kept), Some("read"))).await.unwrap();
        let refused = new.ask(&request(basic(&gone), Some("read"))).await;
        assert!(matches!(refused, Err(Failure::Refused(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn revisions_whose_changes_are_missing_are_read_as_a_whole_and_never_taken_for_nothing() {
    for tells_later_ones in [false, true] {
        let old = World::new().await;
        let gone = old.make_app("Gone").await;
        let other = old.on_another_node().await;
        let id = gone.entry.app.value.id.to_string();
        let next = i64::try_from(old.snapshot().revision).unwrap() + 1;
        replace(&old, next, false, |batch| {
            batch.delete_document("app", &id);
        })
        .await;
        if tells_later_ones {
            World::on_another_node(&old).await.make_scope("later").await;
        }
        other.tenant.follow(other.now()).await.unwrap();
        assert_eq!(difference(&portrait(&other.snapshot()), &portrait(&other.loaded().await)), None);
        assert!(other.snapshot().app(gone.entry.app.value.id).is_none());
    }
}

#[tokio::test]
async fn every_revision_has_a_change_so_that_none_is_read_as_a_whole_without_need() {
    let world = World::new().await;
    let first = i64::try_from(world.snapshot().revision).unwrap();
    let group = world.make_group("Gone soon").await;
    group::delete(&world.tenant, world.asked(), group.id.as_str()).await.unwrap();
    world.make_scope("orders").await;
    let changes = world.store.changes_after(world.org.as_str(), first, 100).await.unwrap();
    let revisions: BTreeSet<i64> = changes.iter().map(|change| change.revision).collect();
    let last = i64::try_from(world.snapshot().revision).unwrap();
    assert_eq!(revisions, (first + 1..=last).collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_while_another_one_works_knows_everything_in_the_end() {
    let one = World::new().await;
    let busy = async {
        for number in 0..30 {
            let policy = one.make_policy(&format!("p{number}"), Some(1)).await.value.id.to_string();
            one.make_rule(&policy, rule_settings("r")).await;
        }
    };
    let starting = async {
        let mut loaded = Vec::new();
        for _ in 0..30 {
            loaded.push(one.loaded().await);
        }
        loaded
    };
    let ((), loaded) = tokio::join!(busy, starting);
    let newest = portrait(&one.loaded().await);
    for snapshot in loaded {
        let followed = configuration::follow(&one.store, snapshot).await.unwrap();
        assert_eq!(difference(&portrait(&followed), &newest), None);
    }
}

#[tokio::test]
async fn a_node_follows_a_server_from_its_creation_to_its_end() {
    let one = World::new().await;
    let two = one.on_another_node().await;
    let made = one.make_server("orders").await;
    assert_eq!(difference(&followed(&two).await, &portrait(&one.snapshot())), None);
    let path = made.server.value.id.to_string();
    authorization_server::replace(
        &two.tenant,
        two.asked(),
        path.clone(),
        server_settings("offers"),
        Precondition::Any,
    )
    .await
    .unwrap();
    authorization_server::delete(&one.tenant, one.asked(), path, Precondition::Any).await.unwrap();
    assert_eq!(difference(&followed(&two).await, &portrait(&one.snapshot())), None);
    let keys = one.stored_keys().await;
    assert!(keys.iter().all(|key| key.server != made.server.value.id.as_str()), "its keys went with it");
    let last = types(&one.events().await).pop().unwrap();
    assert_eq!(last, model::event::EventType::AuthorizationServerDeleted);
}

//! How far back the configuration can be made again, and what is answered beyond.

use model::{Document, Policy};
use service::Failure;
use service::history::{CHANGES_MAX, Lost, configuration_at};
use store::Batch;

use crate::portrait::{difference, documents};
use crate::world::{DEFAULT, World, refused};

/// One change that renames the policy `times` times, each time with a row of its own.
async fn rename(world: &World, times: usize) {
    let renamed: Result<(), Failure<()>> = world
        .tenant
        .configuration
        .change(world.asked(), move |draft| {
            let entry = draft.snapshot().find_server(DEFAULT).unwrap();
            let policy = entry.policies[0].policy.value.clone();
            for number in 0..times {
                draft.put(Document::Policy(Policy { name: format!("p{number}"), ..policy.clone() }));
            }
            Ok(())
        })
        .await;
    renamed.unwrap();
}

#[tokio::test]
async fn a_revision_that_never_was_is_unknown() {
    let world = World::new().await;
    world.make_scope("orders").await;
    let newest = world.snapshot();
    for never in [0, newest.revision + 1, u64::MAX] {
        let answer = configuration_at(&world.store, &newest, never).await;
        assert_eq!(refused(answer), Lost::Unknown, "{never}");
    }
}

#[tokio::test]
async fn what_lies_more_changes_back_than_the_limit_is_too_long_ago() {
    let world = World::new().await;
    let first = world.snapshot();
    rename(&world, CHANGES_MAX).await;
    let again = configuration_at(&world.store, &world.snapshot(), first.revision).await.unwrap();
    assert_eq!(difference(&documents(&first), &documents(&again)), None);
    let second = world.snapshot();
    rename(&world, 1).await;
    let newest = world.snapshot();
    let answer = configuration_at(&world.store, &newest, first.revision).await;
    assert_eq!(refused(answer), Lost::TooLongAgo);
    let again = configuration_at(&world.store, &newest, second.revision).await.unwrap();
    assert_eq!(difference(&documents(&second), &documents(&again)), None);
}

#[tokio::test]
async fn what_another_node_changed_is_taken_back_too() {
    let world = World::new().await;
    let other = world.on_another_node().await;
    let before = world.snapshot();
    other.make_policy("Elsewhere", Some(1)).await;
    // This node has not followed: what it knows is the newest that it asks about.
    let here = configuration_at(&world.store, &world.snapshot(), before.revision).await.unwrap();
    let there = configuration_at(&world.store, &other.snapshot(), before.revision).await.unwrap();
    for again in [here, there] {
        assert_eq!(difference(&documents(&before), &documents(&again)), None);
    }
}

#[tokio::test]
async fn a_revision_that_a_restore_skipped_is_unknown_and_one_of_before_is_not() {
    let world = World::new().await;
    world.make_scope("orders").await;
    let before = world.snapshot();
    let known = i64::try_from(before.revision).unwrap();
    let mut batch = Batch::new(world.org.as_str(), "{}");
    batch.advance_revision(known, known + 5);
    batch.append_change(store::NewChange {
        revision: known + 5,
        ordinal: 0,
        kind: "restored",
        id: world.org.as_str(),
        parent: None,
        at: world.now().milliseconds(),
        schema: 1,
        before: None,
        after: None,
    });
    world.store.commit(batch).await.unwrap();
    let newest = world.loaded().await;
    assert_eq!(newest.revision, before.revision + 5);
    let again = configuration_at(&world.store, &newest, before.revision).await.unwrap();
    assert_eq!(difference(&documents(&before), &documents(&again)), None);
    for skipped in 1..5 {
        let answer = configuration_at(&world.store, &newest, before.revision + skipped).await;
        assert_eq!(refused(answer), Lost::Unknown, "{skipped}");
    }
}

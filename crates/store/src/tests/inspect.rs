//! A look from outside finds what is there, on both databases, and leaves no trace.

use std::fs;

use super::bed::{Directory, NOON, ONE, batch, found_orgs};
use super::cluster;
use crate::inspect::{Embedded, Inspection, inspect_directory, inspect_postgres};
use crate::migrate::MIGRATIONS;
use crate::port::Store;

const SECRET: &str = "root";

async fn fill(store: &Store) {
    found_orgs(store).await;
    let mut batch = batch(ONE);
    batch.put_org_secret(SECRET, b"sealed");
    batch.event(NOON, 1, "{}");
    store.commit(batch).await.expect("a secret and an event");
}

fn check(found: &Inspection) {
    assert_eq!((found.pending, found.newest_event), (0, Some(NOON)));
    assert_eq!(found.orgs, [("org1".to_owned(), Some(b"sealed".to_vec())), ("org2".to_owned(), None)]);
}

#[tokio::test]
async fn a_directory_is_looked_at_only_while_nobody_serves_from_it() {
    let directory = Directory::new();
    fs::create_dir(directory.path()).expect("a directory");
    let look = || inspect_directory(directory.path(), SECRET).expect("a look");
    assert!(matches!(look(), Embedded::Absent));
    let store = Store::open_directory(directory.path()).expect("the directory opens");
    assert!(matches!(look(), Embedded::Held));
    fill(&store).await;
    store.close().await.expect("the store closes");
    drop(store);
    let names = || fs::read_dir(directory.path()).expect("files").count();
    let before = names();
    let mut found = look();
    // The writer's thread gives the lock back a moment after the store has closed.
    for _ in 0..100 {
        if !matches!(found, Embedded::Held) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        found = look();
    }
    let Embedded::Found(found) = found else { panic!("{found:?}") };
    check(&found);
    assert!(names() <= before, "nothing was made");
}

#[tokio::test]
async fn postgresql_is_looked_at_before_and_after_its_first_start() {
    let Some(url) = cluster::fresh_database().await else { return };
    let empty = inspect_postgres(&url, SECRET).await.expect("a look");
    assert_eq!((empty.pending, empty.orgs.len()), (MIGRATIONS.len(), 0));
    let store = Store::open_postgres(&url).await.expect("the database opens");
    fill(&store).await;
    check(&inspect_postgres(&url, SECRET).await.expect("a look"));
    store.close().await.expect("the store closes");
}

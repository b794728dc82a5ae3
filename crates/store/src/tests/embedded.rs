//! What only the embedded store does: files, locks, queues, a full disk.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::bed::{Directory, NOON, ONE, TWO, batch, found_orgs};
use super::promises::document;
use crate::fault::{CommitError, FaultKind, OpenError};
use crate::port::Store;
use crate::rows::Order;
use crate::sqlite::Options;

fn kind<T: std::fmt::Debug>(outcome: Result<T, CommitError>) -> FaultKind {
    match outcome {
        Err(CommitError::Fault(fault)) => fault.kind,
        other => panic!("a fault was expected, not {other:?}"),
    }
}

/// Opens as soon as the writer of the last store has let go.
async fn reopen(path: &Path) -> Store {
    for _ in 0..200 {
        match Store::open_directory(path) {
            Err(OpenError::Held { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
            opened => return opened.expect("the directory opens"),
        }
    }
    panic!("the lock is still held");
}

#[tokio::test]
async fn commits_are_counted_until_they_are_answered() {
    let directory = Directory::new();
    let store = Store::open_directory(directory.path()).expect("the directory opens");
    found_orgs(&store).await;
    assert_eq!(store.waiting_commits(), 0);
    let other = Connection::open(directory.path().join("tokenmint.db")).expect("it opens");
    other.execute_batch("begin immediate").expect("nobody writes");
    let pending: Vec<_> = (0..3)
        .map(|_| {
            let mut one = batch(ONE);
            one.event(NOON, 1, "{}");
            store.submit(one)
        })
        .collect();
    assert_eq!(store.waiting_commits(), 3);
    other.execute_batch("rollback").expect("others may write");
    for answer in pending {
        answer.await.expect("it commits");
    }
    assert_eq!(store.waiting_commits(), 0);
}

#[tokio::test]
async fn what_was_answered_is_there_after_reopening() {
    let directory = Directory::new();
    let store = Store::open_directory(directory.path()).expect("the directory opens");
    found_orgs(&store).await;
    let mut kept = batch(ONE);
    kept.put_document(&document("app", "a", 1, "{}"));
    kept.event(NOON, 1, "kept");
    store.commit(kept).await.expect("a commit");
    // As a crash would leave it: the files as they are, nothing folded.
    let crashed = Directory::new();
    std::fs::create_dir(crashed.path()).expect("a directory");
    for file in ["tokenmint.db", "tokenmint.db-wal"] {
        std::fs::copy(directory.path().join(file), crashed.path().join(file)).expect("a copy");
    }
    store.close().await.expect("it closes");
    assert_eq!(std::fs::metadata(directory.path().join("tokenmint.db-wal")).map_or(0, |file| file.len()), 0);
    drop(store);
    for path in [directory.path(), crashed.path()] {
        let store = reopen(path).await;
        assert!(store.find_document(ONE, "app", "a").await.expect("a read").is_some());
        let mut more = batch(ONE);
        more.event(NOON + 1, 1, "more");
        store.commit(more).await.expect("a commit");
        let log = super::log::all(&store, ONE, Order::Persisted).await;
        assert!(log.iter().map(|event| (event.seq, event.body.as_str())).eq([(1, "kept"), (2, "more")]));
        assert_ne!(log[0].id.writer, log[1].id.writer, "every start is a writer of its own");
    }
}

#[tokio::test]
async fn a_second_opener_is_told_who_holds_it() {
    let directory = Directory::new();
    let store = Store::open_directory(directory.path()).expect("the directory opens");
    match Store::open_directory(directory.path()) {
        Err(OpenError::Held { pid, path }) => {
            assert_eq!((pid, path), (std::process::id(), directory.path().join("tokenmint.lock")));
        }
        other => panic!("{other:?}"),
    }
    store.close().await.expect("it closes");
    Store::open_directory(directory.path()).expect("a closed store lets go");
}

#[tokio::test]
async fn files_are_private() {
    let directory = Directory::new();
    let store = Store::open_directory(directory.path()).expect("the directory opens");
    found_orgs(&store).await;
    let mode = |path: &Path| std::fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!(mode(directory.path()), 0o700);
    let files: Vec<_> = std::fs::read_dir(directory.path()).expect("a listing").flatten().collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_queue_that_is_full_refuses_at_once() {
    let directory = Directory::new();
    let options = Options { queue: 4, busy: Duration::from_millis(300), ..Options::default() };
    let store = Store::open_directory_with(directory.path(), &options).expect("the directory opens");
    found_orgs(&store).await;
    let other = Connection::open(directory.path().join("tokenmint.db")).expect("another connection");
    other.execute_batch("begin immediate").expect("a write lock");
    let pending: Vec<_> = (0..50).map(|_| store.submit(batch(ONE))).collect();
    let mut kinds = Vec::new();
    for answer in pending {
        kinds.push(kind(answer.await));
    }
    assert!(kinds.iter().filter(|kind| **kind == FaultKind::Overloaded).count() >= 40, "{kinds:?}");
    assert!(kinds.contains(&FaultKind::Locked), "{kinds:?}");
    other.execute_batch("rollback").expect("the lock is given back");
    store.commit(batch(ONE)).await.expect("it goes on by itself");
}

#[tokio::test]
async fn a_locked_database_is_a_fault_and_reads_go_on() {
    let directory = Directory::new();
    let options = Options { busy: Duration::from_millis(50), ..Options::default() };
    let store = Store::open_directory_with(directory.path(), &options).expect("the directory opens");
    found_orgs(&store).await;
    let other = Connection::open(directory.path().join("tokenmint.db")).expect("another connection");
    other.execute_batch("begin immediate").expect("a write lock");
    let mut event = batch(ONE);
    event.event(NOON, 1, "{}");
    assert_eq!(kind(store.commit(event).await), FaultKind::Locked);
    assert_eq!(store.revision(TWO).await.expect("reads go on"), Some(0));
    other.execute_batch("rollback").expect("the lock is given back");
    let mut event = batch(ONE);
    event.event(NOON, 1, "{}");
    let committed = store.commit(event).await.expect("it goes on by itself");
    assert_eq!(committed.first_event.map(|id| id.n), Some(1), "no number was lost");
}

#[tokio::test]
async fn a_full_database_is_a_fault_and_reads_go_on() {
    let directory = Directory::new();
    let options = Options { max_pages: Some(80), ..Options::default() };
    let store = Store::open_directory_with(directory.path(), &options).expect("the directory opens");
    found_orgs(&store).await;
    let body = "x".repeat(3_000);
    let mut written = 0;
    let full = loop {
        let pending: Vec<_> = (0..5)
            .map(|_| {
                let mut event = batch(ONE);
                event.event(NOON, 1, body.clone());
                store.submit(event)
            })
            .collect();
        let mut fault = None;
        for answer in pending {
            match answer.await {
                Ok(_) => written += 1,
                Err(error) => fault = Some(error),
            }
        }
        if let Some(fault) = fault {
            break fault;
        }
    };
    assert_eq!(kind::<()>(Err(full)), FaultKind::Full);
    assert_eq!(store.orgs().await.expect("reads go on").len(), 2);
    assert!(written > 10);
    store.close().await.expect("it closes");
    drop(store);
    let store = reopen(directory.path()).await;
    let mut more = batch(ONE);
    more.event(NOON, 1, "{}");
    store.commit(more).await.expect("with room it goes on");
    let log = super::log::all(&store, ONE, Order::Persisted).await;
    assert_eq!(log.len(), written + 1, "what was answered is there, and nothing else");
}

#[tokio::test]
async fn one_error_harms_no_neighbour() {
    let directory = Directory::new();
    let store = Store::open_directory(directory.path()).expect("the directory opens");
    found_orgs(&store).await;
    let pending: Vec<_> = (0..30)
        .map(|number| {
            let mut batch = batch(ONE);
            batch.event(NOON, 1, number.to_string());
            if number == 7 {
                // A check of the schema fails.
                batch
                    .step(crate::statements::INSERT_EVENT, crate::value::params!["w", None::<i64>, 1, 1, ""]);
            }
            store.submit(batch)
        })
        .collect();
    for (number, answer) in pending.into_iter().enumerate() {
        if number == 7 {
            assert_eq!(kind(answer.await), FaultKind::Internal);
        } else {
            answer.await.expect("a neighbour commits");
        }
    }
    assert_eq!(super::log::all(&store, ONE, Order::Persisted).await.len(), 29);
}

#[tokio::test]
async fn a_migration_that_reads_otherwise_is_refused() {
    let directory = Directory::new();
    Store::open_directory(directory.path()).expect("it opens").close().await.expect("it closes");
    let file = directory.path().join("tokenmint.db");
    let change =
        |sql: &str| Connection::open(&file).expect("it opens").execute_batch(sql).expect("it changes");
    change("update schema_migration set checksum = 'other' where number = 2");
    let refused = Store::open_directory(directory.path());
    assert!(matches!(&refused, Err(OpenError::Checksum { number: 2, .. })), "{refused:?}");
    change(
        "delete from schema_migration where number = 2; insert into schema_migration values (99, 2, 'later', '')",
    );
    let refused = Store::open_directory(directory.path());
    assert!(matches!(&refused, Err(OpenError::Newer { found: 2, known: 1 })), "{refused:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let directory = Directory::new();
    std::fs::create_dir(directory.path()).expect("a directory");
    std::fs::write(directory.path().join("tokenmint.db"), "x".repeat(5_000)).expect("a file");
    let refused = Store::open_directory(directory.path());
    assert!(
        matches!(&refused, Err(OpenError::Fault(fault)) if fault.kind == FaultKind::Corrupt),
        "{refused:?}"
    );
}

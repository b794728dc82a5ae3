//! What only PostgreSQL does: reconnecting, many nodes, batches that spoil a shared transaction.

use tokio_postgres::NoTls;

use super::bed::{NOON, ONE, batch, found_orgs};
use super::cluster;
use super::promises::document;
use crate::batch::Batch;
use crate::fault::{CommitError, FaultKind, OpenError};
use crate::port::Store;
use crate::rows::Order;

async fn admin(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    client
}

fn event(body: &str) -> Batch {
    let mut batch = batch(ONE);
    batch.event(NOON, 1, body);
    batch
}

const KICK_ALL: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
     where datname = current_database() and pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_migrate_once() {
    let Some(url) = cluster::fresh_database().await else { return };
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { Store::open_postgres(&url).await.expect("it opens") })
        })
        .collect();
    for node in nodes {
        node.await.expect("it ends").health().await.expect("it is well");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_one_log() {
    let Some(url) = cluster::fresh_database().await else { return };
    let one = Store::open_postgres(&url).await.expect("it opens");
    let two = Store::open_postgres(&url).await.expect("it opens");
    found_orgs(&one).await;
    let writers: Vec<_> = [&one, &two, &one, &two]
        .into_iter()
        .enumerate()
        .map(|(writer, store)| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..100 {
                    store.commit(event(&format!("{writer}/{number}"))).await.expect("a commit");
                    if number % 10 == 0 {
                        store.sequence(ONE, NOON).await.expect("places");
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("it ends well");
    }
    let log = super::log::all(&two, ONE, Order::Persisted).await;
    assert!(log.iter().map(|event| event.seq).eq(1..=400), "every event has one place");
    assert!(super::log::all(&one, ONE, Order::Persisted).await == log);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reconnects_by_itself() {
    let Some(url) = cluster::fresh_database().await else { return };
    let store = Store::open_postgres(&url).await.expect("it opens");
    found_orgs(&store).await;
    let admin = admin(&url).await;
    for round in 0..5 {
        admin.execute(KICK_ALL, &[]).await.expect("everybody is thrown out");
        match round % 3 {
            0 => drop(store.commit(event("{}")).await.expect("events are sent again")),
            1 => {
                let mut batch = batch(ONE);
                batch.put_document(&document("app", "a", 1, "{}"));
                store.commit(batch).await.expect("a transaction that had not begun is tried again");
            }
            _ => assert_eq!(store.revision(ONE).await.expect("a read is tried again"), Some(0)),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_being_thrown_out() {
    let Some(url) = cluster::fresh_database().await else { return };
    let store = Store::open_postgres(&url).await.expect("it opens");
    found_orgs(&store).await;
    let admin = admin(&url).await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut answered = Vec::new();
                for number in 0..60 {
                    let body = format!("{writer}/{number}");
                    if store.commit(event(&body)).await.is_ok() {
                        answered.push(body);
                    }
                }
                answered
            })
        })
        .collect();
    for _ in 0..10 {
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        admin.execute(KICK_ALL, &[]).await.expect("everybody is thrown out");
    }
    let mut answered = Vec::new();
    for writer in writers {
        answered.extend(writer.await.expect("it ends"));
    }
    store.sequence(ONE, NOON + 60_000).await.expect("gaps are closed");
    let mut logged: Vec<_> =
        super::log::all(&store, ONE, Order::Persisted).await.into_iter().map(|event| event.body).collect();
    let count = logged.len();
    logged.sort();
    logged.dedup();
    assert_eq!(logged.len(), count, "nothing is written twice");
    assert!(
        answered.iter().all(|body| logged.binary_search(body).is_ok()),
        "nothing that was answered is lost"
    );
    assert!(answered.len() > 300, "{}", answered.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_error_harms_no_neighbour() {
    let Some(url) = cluster::fresh_database().await else { return };
    let store = Store::open_postgres(&url).await.expect("it opens");
    found_orgs(&store).await;
    // PostgreSQL cannot store the character zero.
    let pending: Vec<_> =
        (0..30).map(|number| store.submit(event(if number == 7 { "\0" } else { "{}" }))).collect();
    for (number, answer) in pending.into_iter().enumerate() {
        let outcome = answer.await;
        if number == 7 {
            let internal = |error: &CommitError| matches!(error, CommitError::Fault(fault) if fault.kind == FaultKind::Internal);
            assert!(outcome.as_ref().is_err_and(internal), "{outcome:?}");
        } else {
            outcome.expect("a neighbour commits");
        }
    }
    store.sequence(ONE, NOON + 60_000).await.expect("the gap is closed");
    assert_eq!(super::log::all(&store, ONE, Order::Persisted).await.len(), 29);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_a_fault() {
    let Some(url) = cluster::fresh_database().await else { return };
    drop(url);
    let refused = Store::open_postgres("postgres://postgres@127.0.0.1:1/none").await;
    assert!(
        matches!(&refused, Err(OpenError::Fault(fault)) if fault.kind == FaultKind::Unavailable),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_leaves_no_gap() {
    let Some(url) = cluster::fresh_database().await else { return };
    let more = if url.contains('?') { '&' } else { '?' };
    let slow = format!("{url}{more}options=-c%20lock_timeout%3D50ms");
    let store = Store::open_postgres(&slow).await.expect("it opens");
    found_orgs(&store).await;
    store.commit(event("before")).await.expect("a commit");
    let admin = admin(&url).await;
    admin.batch_execute("begin; lock table event in exclusive mode").await.expect("a lock");
    let pending: Vec<_> = (0..20).map(|_| store.submit(event("{}"))).collect();
    for answer in pending {
        let outcome = answer.await;
        let locked = |error: &CommitError| matches!(error, CommitError::Fault(fault) if fault.kind == FaultKind::Locked);
        assert!(outcome.as_ref().is_err_and(locked), "{outcome:?}");
    }
    admin.batch_execute("rollback").await.expect("the lock is given back");
    store.commit(event("after")).await.expect("a commit");
    let log = super::log::all(&store, ONE, Order::Persisted).await;
    assert!(log.iter().map(|event| (event.seq, event.body.as_str())).eq([(1, "before"), (2, "after")]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_held_is_a_fault() {
    let Some(url) = cluster::fresh_database().await else { return };
    let more = if url.contains('?') { '&' } else { '?' };
    let slow = format!("{url}{more}options=-c%20lock_timeout%3D100ms");
    let store = Store::open_postgres(&slow).await.expect("it opens");
    found_orgs(&store).await;
    let admin = admin(&url).await;
    admin.batch_execute("begin; lock table document in exclusive mode").await.expect("a lock");
    let mut batch = batch(ONE);
    batch.put_document(&document("app", "a", 1, "{}"));
    let outcome = store.commit(batch).await;
    assert!(
        matches!(&outcome, Err(CommitError::Fault(fault)) if fault.kind == FaultKind::Locked),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nodes_read_one_clock_and_an_embedded_store_has_none() {
    let Some(url) = cluster::fresh_database().await else { return };
    let store = Store::open_postgres(&url).await.expect("it opens");
    let first = store.shared_clock().await.expect("a clock").expect("it is shared");
    let second = store.shared_clock().await.expect("a clock").expect("it is shared");
    assert!(first > NOON && (first..first + 60_000).contains(&second), "{first} {second}");
    assert_eq!(Store::open_memory().expect("memory opens").shared_clock().await.expect("an answer"), None);
}

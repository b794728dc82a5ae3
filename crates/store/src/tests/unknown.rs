//! Commits over a bad wire: what was lost is found out, what was refused is tried again, and nothing is done twice.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::bed::{NOON, ONE, batch, found_orgs, wait_for};
use super::cluster;
use super::promises::document;
use super::wire::Wire;
use crate::batch::Batch;
use crate::fault::{CommitError, FaultKind};
use crate::port::Store;
use crate::rows::Order;

struct Bed {
    wire: Wire,
    store: Store,
    /// The same database by a good wire.
    sound: Store,
}

impl Bed {
    async fn new() -> Option<Self> {
        let url = cluster::fresh_database().await?;
        let port = url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')).expect("a port").0;
        let wire = Wire::to(port.parse().expect("a number")).await;
        let bad = url.replace(&format!(":{port}/"), &format!(":{}/", wire.port));
        let store = Store::open_postgres(&format!("{bad}?sslmode=disable")).await.expect("it opens");
        found_orgs(&store).await;
        let sound = Store::open_postgres(&url).await.expect("it opens");
        Some(Self { wire, store, sound })
    }

    /// The log, with its gaps closed.
    async fn log(&self) -> Vec<String> {
        self.sound.sequence(ONE, NOON + 120_000).await.expect("places");
        super::log::all(&self.sound, ONE, Order::Persisted)
            .await
            .into_iter()
            .map(|event| event.body)
            .collect()
    }

    async fn revision(&self) -> i64 {
        self.sound.revision(ONE).await.expect("a read").expect("the org")
    }
}

/// A change as the configuration makes it, which cannot be made twice.
fn change(from: i64, body: &str) -> Batch {
    let mut batch = batch(ONE);
    batch.advance_revision(from, from + 1);
    batch.put_document(&document("app", body, from + 1, "{}"));
    batch.event(NOON, 1, body);
    batch
}

fn event(body: &str) -> Batch {
    let mut batch = batch(ONE);
    batch.event(NOON, 1, body);
    batch
}

fn is_a(kind: FaultKind) -> impl Fn(&CommitError) -> bool {
    move |error| matches!(error, CommitError::Fault(fault) if fault.kind == kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_found_out_and_answered_truly() {
    let Some(bed) = Bed::new().await else { return };
    for revision in 0..10 {
        bed.wire.faults.lose_commit_answers.store(1, Ordering::Relaxed);
        let committed = bed.store.commit(change(revision, &format!("c{revision}"))).await;
        assert!(committed.expect("it came through").first_event.is_some());
        bed.wire.faults.lose_commit_answers.store(1, Ordering::Relaxed);
        bed.store.commit(event(&format!("e{revision}"))).await.expect("it came through");
    }
    assert_eq!(bed.revision().await, 10);
    let expected: Vec<String> =
        (0..10).flat_map(|number| [format!("c{number}"), format!("e{number}")]).collect();
    assert_eq!(bed.log().await, expected, "each once, in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_arrived_is_made_again() {
    let Some(bed) = Bed::new().await else { return };
    for revision in 0..10 {
        bed.wire.faults.lose_commits.store(1, Ordering::Relaxed);
        bed.store.commit(change(revision, &format!("c{revision}"))).await.expect("it is made again");
        bed.wire.faults.lose_commits.store(1, Ordering::Relaxed);
        bed.store.commit(event(&format!("e{revision}"))).await.expect("it is made again");
    }
    assert_eq!(bed.revision().await, 10);
    let mut log = bed.log().await;
    log.sort();
    let mut expected: Vec<String> =
        (0..10).flat_map(|number| [format!("c{number}"), format!("e{number}")]).collect();
    expected.sort();
    assert_eq!(log, expected, "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_arrives_late_counts_once_and_its_outcome_is_waited_for() {
    let Some(bed) = Bed::new().await else { return };
    bed.wire.faults.late_milliseconds.store(700, Ordering::Relaxed);
    for revision in 0..2 {
        bed.wire.faults.late_commits.store(1, Ordering::Relaxed);
        bed.store.commit(change(revision, &format!("c{revision}"))).await.expect("it came through");
        bed.wire.faults.late_commits.store(1, Ordering::Relaxed);
        bed.store.commit(event(&format!("e{revision}"))).await.expect("it came through");
    }
    assert_eq!(bed.revision().await, 2);
    assert_eq!(bed.log().await, ["c0", "e0", "c1", "e1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_cannot_be_found_out_is_unknown_and_a_repeated_change_misses() {
    let Some(bed) = Bed::new().await else { return };
    let faults = Arc::clone(&bed.wire.faults);
    faults.lose_commit_answers.store(1, Ordering::Relaxed);
    let losing = tokio::spawn({
        let (faults, sound) = (Arc::clone(&faults), bed.sound.clone());
        async move {
            // Without a pause: the wire is to fall silent as soon as it may.
            let carried_out = async {
                while sound.revision(ONE).await.expect("a read") != Some(1) {
                    tokio::task::yield_now().await;
                }
            };
            timeout(Duration::from_secs(20), carried_out).await.expect("the commit is carried out");
            faults.silent.store(true, Ordering::Relaxed);
        }
    });
    // The wire falls silent before the outcome could be asked for, or just after it was.
    let outcome = bed.store.commit(change(0, "c")).await;
    losing.await.expect("it ends");
    faults.silent.store(false, Ordering::Relaxed);
    assert!(outcome.is_ok() || outcome.as_ref().is_err_and(is_a(FaultKind::Unknown)), "{outcome:?}");
    let again = wait_for("the database is found again", async || {
        let outcome = bed.store.commit(change(0, "c")).await;
        (!outcome.as_ref().is_err_and(is_a(FaultKind::Unavailable))).then_some(outcome)
    })
    .await;
    assert!(matches!(again, Err(CommitError::Missed { step: 0 })), "{again:?}");
    assert_eq!((bed.revision().await, bed.log().await), (1, vec!["c".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_statement_in_five_that_fails_by_serialization_is_hardly_noticed() {
    let Some(bed) = Bed::new().await else { return };
    bed.wire.faults.refused_percent.store(20, Ordering::Relaxed);
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let store = bed.store.clone();
        writers.spawn(async move {
            let mut answered = Vec::new();
            for number in 0..50 {
                let body = format!("{writer}/{number}");
                match store.commit(event(&body)).await {
                    Ok(_) => answered.push(body),
                    // The bound was reached: an honest fault, and nothing of it is there.
                    Err(error) => assert!(is_a(FaultKind::Locked)(&error), "{error:?}"),
                }
            }
            answered
        });
    }
    let mut answered = writers.join_all().await.concat();
    let mut changed = 0;
    for _ in 0..40 {
        match bed.store.commit(change(changed, &format!("c{changed}"))).await {
            Ok(_) => {
                answered.push(format!("c{changed}"));
                changed += 1;
            }
            Err(error) => assert!(is_a(FaultKind::Locked)(&error), "{error:?}"),
        }
        bed.store.revision(ONE).await.expect("a read is tried again");
    }
    bed.wire.faults.refused_percent.store(0, Ordering::Relaxed);
    assert_eq!(bed.revision().await, changed);
    let mut log = bed.log().await;
    log.sort();
    answered.sort();
    assert_eq!(log, answered, "what was answered is there once, and nothing else");
    assert!(answered.len() > 150, "{}", answered.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_without_end_end_in_a_fault_that_left_no_trace() {
    let Some(bed) = Bed::new().await else { return };
    bed.store.commit(event("before")).await.expect("a commit");
    bed.wire.faults.refused_percent.store(100, Ordering::Relaxed);
    for batch in [event("lost"), change(0, "lost")] {
        let before = bed.wire.faults.statements.load(Ordering::Relaxed);
        let refused = bed.store.commit(batch).await;
        assert!(refused.as_ref().is_err_and(is_a(FaultKind::Locked)), "{refused:?}");
        let statements = bed.wire.faults.statements.load(Ordering::Relaxed) - before;
        assert!(statements <= 6 * 5, "six attempts, no more: {statements}");
    }
    bed.wire.faults.refused_percent.store(0, Ordering::Relaxed);
    bed.store.commit(event("after")).await.expect("a commit");
    bed.store.sequence(ONE, NOON).await.expect("places");
    let log = super::log::all(&bed.sound, ONE, Order::Persisted).await;
    let log: Vec<_> = log.iter().map(|event| (event.seq, event.body.as_str())).collect();
    assert_eq!(log, [(1, "before"), (2, "after")], "no number was lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_is_given_up_then_not_asked_and_found_again() {
    let Some(bed) = Bed::new().await else { return };
    bed.wire.faults.silent.store(true, Ordering::Relaxed);
    let reads = |count: usize| {
        let reads = (0..count).map(|_| {
            let store = bed.store.clone();
            async move { store.revision(ONE).await }
        });
        reads.collect::<tokio::task::JoinSet<_>>().join_all()
    };
    let statements = || bed.wire.faults.statements.load(Ordering::Relaxed);
    for answer in reads(8).await {
        assert_eq!(answer.expect_err("nobody answers").kind, FaultKind::Unavailable);
    }
    let (asked, begun) = (statements(), Instant::now());
    for answer in reads(200).await {
        assert_eq!(answer.expect_err("nobody answers").kind, FaultKind::Unavailable);
    }
    println!("200 reads were refused in {:?}", begun.elapsed());
    assert!(statements() - asked <= 1, "they were refused without asking");
    bed.wire.faults.silent.store(false, Ordering::Relaxed);
    let begun = Instant::now();
    wait_for("the database is found again", async || bed.store.revision(ONE).await.ok()).await;
    println!("the database was found again after {:?}", begun.elapsed());
    for answer in reads(50).await {
        assert_eq!(answer.expect("everybody is let through"), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_whose_host_is_gone_are_given_up_together() {
    let Some(bed) = Bed::new().await else { return };
    let faults = &bed.wire.faults;
    // Many at once need many connections.
    faults.delay_milliseconds.store(100, Ordering::Relaxed);
    let reads = (0..12).map(|_| {
        let store = bed.store.clone();
        async move { store.revision(ONE).await }
    });
    for answer in reads.collect::<tokio::task::JoinSet<_>>().join_all().await {
        answer.expect("a read");
    }
    faults.delay_milliseconds.store(0, Ordering::Relaxed);
    let open = faults.connections.load(Ordering::Relaxed);
    assert!(open >= 12, "{open}");
    faults.abandoned_before.store(open, Ordering::Relaxed);
    assert_eq!(bed.store.shared_clock().await.expect_err("nobody answers").kind, FaultKind::Unavailable);
    bed.store.shared_clock().await.expect("a new connection has a new host");
    bed.store.commit(change(0, "c")).await.expect("a commit");
    bed.store.commit(event("e")).await.expect("a commit");
    assert_eq!(bed.store.revision(ONE).await.expect("a read"), Some(1));
}

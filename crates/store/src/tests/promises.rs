//! What every commit promises: all of a batch or nothing, neighbours unharmed, one winner.

use super::bed::{Bed, NOON, ONE, TWO, batch};
use super::nouns::documents;
use super::on_every_store;
use crate::fault::{CommitError, FaultKind};
use crate::rows::{Document, NewChange, Order};

on_every_store!(
    a_missed_expectation_undoes_its_batch_only,
    a_doubled_key_is_a_conflict_at_its_step,
    sixteen_writers_move_one_revision,
    a_closed_store_has_finished_and_refuses,
    a_healthy_store_says_so,
    an_empty_batch_commits,
);

pub(super) fn document(kind: &str, id: &str, revision: i64, body: &str) -> Document {
    Document { kind: kind.into(), id: id.into(), parent: None, revision, schema: 1, body: body.into() }
}

async fn a_missed_expectation_undoes_its_batch_only(bed: Bed) {
    let mut pending = Vec::new();
    for number in 0..60 {
        let mut batch = batch(ONE);
        batch.put_document(&document("app", &format!("{number:02}"), 1, "{}"));
        batch.event(NOON + number, 1, format!("{number}"));
        let miss = if number % 3 == 1 { Some(batch.delete_document("app", "nobody")) } else { None };
        pending.push((number, miss, bed.store.submit(batch)));
    }
    let mut committed = 0;
    for (number, miss, answer) in pending {
        match (answer.await, miss) {
            (Ok(_), None) => committed += 1,
            (Err(CommitError::Missed { step }), Some(expected)) => assert_eq!(step, expected),
            (other, _) => panic!("batch {number}: {other:?}"),
        }
    }
    assert_eq!(committed, 40);
    let ids: Vec<_> = documents(&bed.store, ONE).await.into_iter().map(|document| document.id).collect();
    let expected: Vec<_> =
        (0..60).filter(|number| number % 3 != 1).map(|number| format!("{number:02}")).collect();
    assert_eq!(ids, expected);
    let log = super::log::all(&bed.store, ONE, Order::Persisted).await;
    assert_eq!(log.len(), 40, "an event stands or falls with its batch");
    assert!(log.iter().map(|event| event.seq).eq(1..=40), "no number is lost");
    assert!(super::log::all(&bed.store, TWO, Order::Persisted).await.is_empty());
}

async fn a_doubled_key_is_a_conflict_at_its_step(bed: Bed) {
    let login = |account: &str| {
        let mut batch = batch(ONE);
        batch.put_document(&document("app", account, 1, "{}"));
        (batch.insert_login("ana@example.com", account), batch)
    };
    let (_, first) = login("00u1");
    bed.store.commit(first).await.expect("the first has it");
    let (step, second) = login("00u2");
    let refused = bed.store.commit(second).await;
    assert!(matches!(refused, Err(CommitError::Conflict { step: at }) if at == step), "{refused:?}");
    assert_eq!(bed.store.find_document(ONE, "app", "00u2").await.expect("a read"), None);
    let mut elsewhere = batch(TWO);
    elsewhere.insert_login("ana@example.com", "00u2");
    bed.store.commit(elsewhere).await.expect("another org has its own logins");
}

async fn sixteen_writers_move_one_revision(bed: Bed) {
    let writers = (0..16).map(|writer| {
        let store = bed.store.clone();
        tokio::spawn(async move {
            for turn in 0..5 {
                loop {
                    let from = store.revision(ONE).await.expect("a read").expect("the org");
                    let mut batch = batch(ONE);
                    let id = format!("{writer}-{turn}");
                    let change = NewChange {
                        revision: from + 1,
                        ordinal: 0,
                        kind: "app",
                        id: &id,
                        parent: None,
                        at: NOON,
                        schema: 1,
                        before: None,
                        after: Some("{}"),
                    };
                    let swap = batch.advance_revision(from, from + 1);
                    batch.append_change(change);
                    match store.commit(batch).await {
                        Ok(_) => break,
                        Err(CommitError::Missed { step }) => assert_eq!(step, swap),
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("a writer ends well");
    }
    assert_eq!(bed.store.revision(ONE).await.expect("a read"), Some(80));
    assert_eq!(bed.store.revision(TWO).await.expect("a read"), Some(0));
    let changes = bed.store.changes_after(ONE, 0, 1000).await.expect("changes");
    assert!(changes.iter().map(|change| change.revision).eq(1..=80), "each revision once, in order");
    assert!(changes.iter().all(|change| change.actor == r#"{"kind":"test"}"#));
}

async fn a_closed_store_has_finished_and_refuses(bed: Bed) {
    let pending: Vec<_> = (0..100)
        .map(|number| {
            let mut batch = batch(ONE);
            if number % 2 == 0 {
                batch.put_document(&document("app", &number.to_string(), 1, "{}"));
            }
            batch.event(NOON, 1, "{}");
            bed.store.submit(batch)
        })
        .collect();
    bed.store.close().await.expect("it closes");
    for answer in pending {
        answer.await.expect("what was submitted before is committed");
    }
    let refused = bed.store.commit(batch(ONE)).await;
    assert!(
        matches!(&refused, Err(CommitError::Fault(fault)) if fault.kind == FaultKind::Unavailable),
        "{refused:?}"
    );
    bed.store.close().await.expect("twice is once");
}

async fn a_healthy_store_says_so(bed: Bed) {
    bed.store.health().await.expect("it is well");
    bed.store.close().await.expect("it closes");
    assert!(bed.store.health().await.is_err());
}

async fn an_empty_batch_commits(bed: Bed) {
    let committed = bed.store.commit(batch(ONE)).await.expect("nothing is easily written");
    assert_eq!(committed.first_event, None);
}

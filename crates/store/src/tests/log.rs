//! The log: numbers, places, orders, cursors and gaps.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::bed::{Bed, NOON, ONE, TWO, batch};
use super::on_every_store;
use crate::batch::Batch;
use crate::numbering::EventId;
use crate::port::Store;
use crate::rows::{Cursor, LogQuery, LoggedEvent, Order};
use crate::statements;
use crate::value::params;

on_every_store!(
    an_event_is_found_by_its_id,
    polling_neither_misses_nor_repeats_while_eight_write,
    the_published_order_is_by_time_both_ways,
    events_of_one_moment_are_paged,
    a_young_gap_waits_and_an_old_one_is_closed,
    who_commits_into_a_closed_gap_is_refused,
    a_window_bounds_every_order,
    two_who_sequence_at_once_do_no_harm,
    a_silent_writer_is_forgotten,
    a_busy_writer_fills_whole_segments,
);

fn query(order: Order, limit: usize) -> LogQuery {
    LogQuery { since: None, until: None, order, after: None, limit }
}

/// Every event in an order, in pages of seven. The persisted order ends with an empty page.
pub(super) async fn all(store: &Store, org: &str, order: Order) -> Vec<LoggedEvent> {
    pages(store, org, query(order, 7)).await
}

async fn pages(store: &Store, org: &str, mut query: LogQuery) -> Vec<LoggedEvent> {
    let mut found = Vec::new();
    loop {
        let page = store.read_log(org, &query, NOON).await.expect("a page");
        assert!(page.events.len() <= query.limit);
        let empty = page.events.is_empty();
        found.extend(page.events);
        let Some(next) = page.next else { return found };
        if empty {
            return found;
        }
        query.after = Some(Cursor::parse(query.order, &next.to_string()).expect("a cursor reads back"));
    }
}

async fn write(store: &Store, org: &str, at: i64, body: &str) -> EventId {
    let mut batch = batch(org);
    batch.event(at, 1, body);
    store.commit(batch).await.expect("an event is written").first_event.expect("it has a number")
}

/// Adds an event of another process.
fn foreign(batch: &mut Batch, writer: &str, n: i64, at: i64) {
    batch.step(statements::INSERT_EVENT, params![writer, n, at, 1, format!("{writer}/{n}")]);
    batch.step(statements::ANNOUNCE_WRITER, params![writer, 1, at]);
}

const OTHER: &str = "00000000000000a";

async fn an_event_is_found_by_its_id(bed: Bed) {
    let first = write(&bed.store, ONE, NOON, "first").await;
    let second = write(&bed.store, ONE, NOON - 5, "second").await;
    assert_eq!(bed.store.find_event(ONE, first).await.expect("a read"), None, "it has no place yet");
    let log = all(&bed.store, ONE, Order::Persisted).await;
    assert_eq!(log.iter().map(|event| (event.seq, event.at)).collect::<Vec<_>>(), [(1, NOON), (2, NOON)]);
    assert_eq!(bed.store.find_event(ONE, second).await.expect("a read"), Some(log[1].clone()));
    assert_eq!(log[1].body, "second");
    assert_eq!(bed.store.find_event(TWO, second).await.expect("a read"), None);
    let other = write(&bed.store, TWO, NOON - 9, "other").await;
    assert_eq!(all(&bed.store, TWO, Order::Persisted).await[0].at, NOON - 9, "each org has its own time");
    assert_eq!(other.to_string().split('-').next(), first.to_string().split('-').next());
}

async fn polling_neither_misses_nor_repeats_while_eight_write(bed: Bed) {
    const EACH: i64 = 60;
    let running = Arc::new(AtomicUsize::new(8));
    for writer in 0..8 {
        let (store, running) = (bed.store.clone(), Arc::clone(&running));
        tokio::spawn(async move {
            for number in 0..EACH {
                let mut batch = batch(ONE);
                batch.event(NOON + number, 1, format!("{writer}/{number}"));
                if number % 4 == 0 {
                    // Takes the way of batches that do more than log.
                    batch.insert_role("00u1", &format!("{writer}"), NOON);
                    batch.event(NOON, 1, format!("{writer}/{number}+"));
                }
                store.commit(batch).await.expect("a commit");
            }
            running.fetch_sub(1, Ordering::SeqCst);
        });
    }
    let mut query = query(Order::Persisted, 13);
    let (mut seen, mut last) = (Vec::new(), 0);
    loop {
        let over = running.load(Ordering::SeqCst) == 0;
        let page = bed.store.read_log(ONE, &query, NOON).await.expect("a page");
        query.after = page.next;
        assert!(
            page.events.iter().all(|event| event.seq > last)
                && page.events.is_sorted_by_key(|event| event.seq)
        );
        last = page.events.last().map_or(last, |event| event.seq);
        let empty = page.events.is_empty();
        seen.extend(page.events.into_iter().map(|event| event.body));
        if over && empty {
            break;
        }
    }
    let distinct: HashSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (600, 600));
    assert_eq!(usize::try_from(last), Ok(seen.len()), "no place stays empty");
    let published = all(&bed.store, ONE, Order::Published).await;
    assert_eq!(published.len(), seen.len());
    assert!(all(&bed.store, TWO, Order::Persisted).await.is_empty());
}

async fn the_published_order_is_by_time_both_ways(bed: Bed) {
    let mut writers = batch(ONE);
    for n in 1..=300 {
        for (place, writer) in [(0, "00000000000000a"), (1, "00000000000000b"), (2, "fffffffffffffff")] {
            foreign(&mut writers, writer, n, NOON - 100_000 + n * 9 + place * (n % 5));
        }
    }
    bed.store.commit(writers).await.expect("a commit");
    // Far apart, and more segments than are looked at together.
    for number in 0..150 {
        write(&bed.store, ONE, NOON - 10_000_000_000 + number * 40_000_000, "far").await;
        bed.store.sequence(ONE, NOON).await.expect("places");
    }
    write(&bed.store, TWO, NOON, "other").await;
    let mut expected = all(&bed.store, ONE, Order::Persisted).await;
    assert_eq!(expected.len(), 1050);
    expected.sort_by_key(|event| (event.at, event.id));
    assert!(all(&bed.store, ONE, Order::Published).await == expected);
    expected.reverse();
    assert!(all(&bed.store, ONE, Order::PublishedDescending).await == expected);
    for (since, until) in
        [(NOON - 99_000, NOON - 98_000), (NOON - 9_000_000_000, NOON - 99_900), (NOON, NOON + 1)]
    {
        let within = |event: &&LoggedEvent| event.at >= since && event.at < until;
        let window: Vec<_> = expected.iter().filter(within).cloned().collect();
        let query =
            LogQuery { since: Some(since), until: Some(until), ..query(Order::PublishedDescending, 50) };
        assert!(pages(&bed.store, ONE, query.clone()).await == window, "{since}..{until}");
        let mut forward = pages(&bed.store, ONE, LogQuery { order: Order::Published, ..query }).await;
        forward.reverse();
        assert!(forward == window, "{since}..{until} forward");
    }
}

async fn events_of_one_moment_are_paged(bed: Bed) {
    let mut moment = batch(ONE);
    for writer in ["00000000000000a", "00000000000000b", "00000000000000c"] {
        for n in 1..=40 {
            foreign(&mut moment, writer, n, NOON);
        }
    }
    bed.store.commit(moment).await.expect("a commit");
    for order in [Order::Published, Order::PublishedDescending, Order::Persisted] {
        let found = all(&bed.store, ONE, order).await;
        let distinct: HashSet<_> = found.iter().map(|event| event.id).collect();
        assert_eq!((found.len(), distinct.len()), (120, 120), "{order:?}");
    }
}

async fn a_young_gap_waits_and_an_old_one_is_closed(bed: Bed) {
    let mut holes = batch(ONE);
    for n in [1, 2, 4, 5, 1500] {
        foreign(&mut holes, OTHER, n, NOON);
    }
    bed.store.commit(holes).await.expect("a commit");
    assert_eq!(bed.store.sequence(ONE, NOON + 59_999).await.expect("places"), 2, "3 may still come");
    let mut late = batch(ONE);
    foreign(&mut late, OTHER, 3, NOON);
    bed.store.commit(late).await.expect("it came");
    assert_eq!(bed.store.sequence(ONE, NOON + 59_999).await.expect("places"), 5);
    assert_eq!(bed.store.sequence(ONE, NOON + 60_000).await.expect("places"), 1500, "6 to 1499 never came");
    let found = all(&bed.store, ONE, Order::Persisted).await;
    assert!(found.iter().map(|event| event.seq).eq([1, 2, 3, 4, 5, 1500]), "closed gaps are not shown");
    assert_eq!(all(&bed.store, ONE, Order::Published).await.len(), 6);
    assert_eq!(bed.store.sequence(TWO, NOON).await.expect("places"), 0);
}

async fn who_commits_into_a_closed_gap_is_refused(bed: Bed) {
    let mut holes = batch(ONE);
    foreign(&mut holes, OTHER, 2, NOON);
    bed.store.commit(holes).await.expect("a commit");
    assert_eq!(bed.store.sequence(ONE, NOON + 60_000).await.expect("places"), 2);
    let mut late = batch(ONE);
    foreign(&mut late, OTHER, 1, NOON);
    assert!(bed.store.commit(late).await.is_err(), "it must not be acknowledged and then lost");
}

async fn a_window_bounds_every_order(bed: Bed) {
    for minute in 0..200 {
        write(&bed.store, ONE, NOON + minute * 60_000, "tick").await;
    }
    for order in [Order::Persisted, Order::Published, Order::PublishedDescending] {
        let (since, until) = (Some(NOON + 100 * 60_000), Some(NOON + 110 * 60_000));
        let found = pages(&bed.store, ONE, LogQuery { since, until, ..query(order, 4) }).await;
        assert_eq!(found.len(), 10, "{order:?}");
    }
    let later = LogQuery { since: Some(NOON + 1_000 * 60_000), ..query(Order::Persisted, 4) };
    let page = bed.store.read_log(ONE, &later, NOON).await.expect("a page");
    assert!(page.events.is_empty());
    write(&bed.store, ONE, NOON + 1_000 * 60_000, "late").await;
    let page = bed.store.read_log(ONE, &LogQuery { after: page.next, ..later }, NOON).await.expect("a page");
    assert_eq!(page.events.len(), 1, "who polls from the end gets what comes");
}

async fn two_who_sequence_at_once_do_no_harm(bed: Bed) {
    let mut events = batch(ONE);
    for n in 1..=2_500 {
        foreign(&mut events, OTHER, n, NOON);
    }
    bed.store.commit(events).await.expect("a commit");
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move { store.sequence(ONE, NOON).await.expect("places") })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("it ends"), 2_500);
    }
    let found = pages(&bed.store, ONE, query(Order::Persisted, 1_000)).await;
    assert!(found.iter().map(|event| event.seq).eq(1..=2_500));
    assert!(found.iter().map(|event| event.id.n).eq(1..=2_500));
}

async fn a_silent_writer_is_forgotten(bed: Bed) {
    let month = 31 * 86_400_000;
    let mut events = batch(ONE);
    foreign(&mut events, OTHER, 1, NOON);
    bed.store.commit(events).await.expect("a commit");
    write(&bed.store, ONE, NOON, "mine").await;
    bed.store.sequence(ONE, NOON).await.expect("places");
    bed.store.sequence(ONE, NOON + month).await.expect("places");
    // This process comes back after long silence, and announces itself anew.
    write(&bed.store, ONE, NOON + month, "again").await;
    write(&bed.store, ONE, NOON + month, "and again").await;
    let found = all(&bed.store, ONE, Order::Persisted).await;
    assert!(found.iter().map(|event| event.seq).eq(1..=4));
}

async fn a_busy_writer_fills_whole_segments(bed: Bed) {
    let (mut first, mut second) = (batch(ONE), batch(ONE));
    for number in 0..700 {
        first.event(NOON + number, 1, "{}");
        second.event(NOON + number, 1, "{}");
    }
    bed.store.commit(first).await.expect("a commit");
    assert_eq!(bed.store.sequence(ONE, NOON).await.expect("places"), 700);
    bed.store.commit(second).await.expect("a commit");
    assert_eq!(bed.store.sequence(ONE, NOON).await.expect("places"), 1_400);
    let found = pages(&bed.store, ONE, query(Order::Persisted, 300)).await;
    assert!(found.iter().map(|event| event.id.n).eq(1..=1_400));
    assert!(found.iter().map(|event| event.seq).eq(1..=1_400));
}

#[test]
fn a_cursor_reads_only_in_its_order() {
    let id = EventId::parse("00000000-0000-800a-8000-000000000007").expect("an id");
    for order in [Order::Persisted, Order::Published, Order::PublishedDescending] {
        assert_eq!(Cursor::parse(order, ""), None);
        assert_eq!(Cursor::parse(order, "é"), None);
        assert_eq!(Cursor::parse(order, "s"), None);
    }
    assert!(Cursor::parse(Order::Persisted, "sff").is_some());
    assert_eq!(Cursor::parse(Order::Persisted, "s+ff"), None);
    assert!(Cursor::parse(Order::Published, &format!("aff.{id}")).is_some());
    assert_eq!(Cursor::parse(Order::PublishedDescending, &format!("aff.{id}")), None);
    assert_eq!(Cursor::parse(Order::Published, "sff"), None);
}

//! Several servers behind one URL: the one that takes writes is found, also when it becomes another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::NoTls;

use super::bed::{NOON, ONE, batch, found_orgs, wait_for};
use super::cluster;
use super::keeper::{Keeper, free_port};
use super::wire::Wire;
use crate::batch::Batch;
use crate::fault::CommitError;
use crate::port::Store;
use crate::rows::Order;

fn event(body: &str) -> Batch {
    let mut batch = batch(ONE);
    batch.event(NOON, 1, body);
    batch
}

async fn tell(port: u16, statements: &[&str]) {
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("the server answers");
    let connection = tokio::spawn(connection);
    for statement in statements {
        client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    drop(client);
    connection.await.expect("it ends").expect("it ends well");
}

async fn is_read_only(port: u16, yes: bool) {
    let value = if yes { "on" } else { "off" };
    let setting = format!("alter system set default_transaction_read_only = {value}");
    let begin_writing = "begin read write";
    tell(port, &[begin_writing, "commit", &setting, "select pg_reload_conf()"]).await;
    wait_for("the setting counts", async || {
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        let row = client.query_one("show transaction_read_only", &[]).await.expect("a setting");
        (row.get::<_, String>(0) == value).then_some(())
    })
    .await;
}

/// Commits until it is taken, and says how long that took and how often it was refused.
async fn commit_in_the_end(store: &Store, body: &str) -> (Duration, u32) {
    let begun = Instant::now();
    let mut refusals = 0;
    wait_for("a commit is taken", async || match store.commit(event(body)).await {
        Ok(_) => Some(()),
        Err(CommitError::Fault(_)) => {
            refusals += 1;
            None
        }
        Err(other) => panic!("{other:?}"),
    })
    .await;
    (begun.elapsed(), refusals)
}

async fn bodies(store: &Store) -> Vec<String> {
    store.sequence(ONE, NOON + 120_000).await.expect("places");
    super::log::all(store, ONE, Order::Persisted).await.into_iter().map(|event| event.body).collect()
}

/// Two servers that know nothing of each other, each with the schema and the orgs; the second takes no writes.
async fn pair() -> Option<(Keeper, u16, u16)> {
    let mut keeper = cluster::own_servers().await?;
    let mut ports = Vec::new();
    for name in ["one", "two"] {
        keeper.make(name);
        let port = keeper.start(name, "");
        let store = Store::open_postgres(&format!("postgres://postgres@127.0.0.1:{port}/postgres")).await;
        found_orgs(&store.expect("it opens")).await;
        ports.push(port);
    }
    is_read_only(ports[1], true).await;
    Some((keeper, ports[0], ports[1]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_leaves_the_server_that_stopped_taking_writes_for_the_one_that_began() {
    let Some((_keeper, one, two)) = pair().await else { return };
    // The one that is read-only stands first, and does not get it.
    let url = format!(
        "postgres://postgres@127.0.0.1:{two},127.0.0.1:{one}/postgres?target_session_attrs=read-write"
    );
    let store = Store::open_postgres(&url).await.expect("it opens");
    let pending: Vec<_> = (0..20).map(|_| store.revision(ONE)).collect();
    for answer in pending {
        answer.await.expect("a read");
    }
    store.commit(event("to one")).await.expect("a commit");
    is_read_only(two, false).await;
    is_read_only(one, true).await;
    // The open connections still lead to the first; whoever asks for the time leaves it, too.
    let told = store.shared_clock().await;
    assert!(told.is_err_and(|fault| fault.to_string().contains("takes no writes")));
    store.shared_clock().await.expect("the other server has a clock");
    is_read_only(two, true).await;
    is_read_only(one, false).await;
    assert!(store.shared_clock().await.is_err());
    store.commit(event("to one, too")).await.expect("a commit");
    is_read_only(two, false).await;
    is_read_only(one, true).await;
    let (elapsed, refusals) = commit_in_the_end(&store, "to two").await;
    println!("the other server was found after {elapsed:?} and {refusals} refusals");
    let mut batch = batch(ONE);
    batch.advance_revision(0, 1);
    store.commit(batch).await.expect("a transaction of its own goes there, too");
    assert_eq!(store.revision(ONE).await.expect("a read"), Some(1));
    let url = format!("postgres://postgres@127.0.0.1:{two}/postgres");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("the server answers");
    tokio::spawn(connection);
    let rows = client.query("select event.body, revision from event, org where org.org = $1", &[&ONE]).await;
    let rows: Vec<(String, i64)> =
        rows.expect("rows").iter().map(|row| (row.get("body"), row.get("revision"))).collect();
    assert_eq!(rows, [("to two".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_server_takes_writes_the_fault_says_so() {
    let Some((_keeper, one, two)) = pair().await else { return };
    is_read_only(one, true).await;
    let url = format!("postgres://postgres@127.0.0.1:{one},127.0.0.1:{two}/postgres");
    let refused = Store::open_postgres(&url).await.expect_err("nobody takes writes");
    assert!(refused.to_string().contains("does not allow writes"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_gone_or_says_nothing_costs_a_moment() {
    let Some((_keeper, one, _)) = pair().await else { return };
    let mute = Wire::to(one).await;
    mute.faults.silent.store(true, Ordering::Relaxed);
    let nobody = free_port();
    // 192.0.2.0/24 is nobody's: what is sent there is not even refused.
    let hosts = format!("192.0.2.1:5432,127.0.0.1:{nobody},127.0.0.1:{},127.0.0.1:{one}", mute.port);
    let begun = Instant::now();
    let url = format!("postgres://postgres@{hosts}/postgres?sslmode=disable");
    let store = Store::open_postgres(&url).await.expect("it opens");
    println!("the fourth host was found after {:?}", begun.elapsed());
    let begun = Instant::now();
    for number in 0..50 {
        store.commit(event(&number.to_string())).await.expect("a commit");
    }
    println!("fifty commits took {:?}", begun.elapsed());
    assert_eq!(bodies(&store).await.len(), 50);
}

/// Commits until a hundred were answered after the promotion; what was answered, and the longest time without.
async fn write_until_after(
    promoted: Arc<AtomicBool>,
    store: Store,
    writer: usize,
) -> (Vec<String>, Duration) {
    let (mut answered, mut longest, mut after) = (Vec::new(), Duration::ZERO, 0);
    let begun = Instant::now();
    let mut last = begun;
    for number in 0.. {
        assert!(begun.elapsed() < Duration::from_mins(1), "{after} of 100 were answered after the promotion");
        let was_promoted = promoted.load(Ordering::Relaxed);
        let body = format!("{writer}/{number}");
        if store.commit(event(&body)).await.is_ok() {
            answered.push(body);
            longest = longest.max(last.elapsed());
            last = Instant::now();
            after += usize::from(was_promoted);
        }
        if after == 100 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (answered, longest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_fail_over_to_a_standby_nothing_that_was_answered_is_missing() {
    let Some(mut keeper) = cluster::own_servers().await else { return };
    keeper.make("one");
    let one = keeper.start("one", "-c synchronous_standby_names=* -c synchronous_commit=local");
    keeper.run(&format!(
        r#""$bin/pg_basebackup" -h 127.0.0.1 -p {one} -U postgres -D "$dir/two" -R -c fast --no-sync"#
    ));
    let two = keeper.start("two", "");
    tell(one, &["alter system set synchronous_commit = on", "select pg_reload_conf()"]).await;
    let url = format!(
        "postgres://postgres@127.0.0.1:{one},127.0.0.1:{two}/postgres?options=-c%20synchronous_commit%3Don"
    );
    let store = Store::open_postgres(&url).await.expect("it opens");
    found_orgs(&store).await;
    let promoted = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| tokio::spawn(write_until_after(Arc::clone(&promoted), store.clone(), writer)))
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let promoting = tokio::task::spawn_blocking(move || {
        keeper.run(r#""$bin/pg_ctl" -D "$dir/one" -m immediate stop"#);
        keeper.run(r#""$bin/pg_ctl" -D "$dir/two" -w promote"#);
        keeper
    });
    let _keeper = promoting.await.expect("it is promoted");
    promoted.store(true, Ordering::Relaxed);
    let mut answered = Vec::new();
    for writer in writers {
        let (bodies, longest) = writer.await.expect("it ends");
        println!("{} were answered, the longest pause was {longest:?}", bodies.len());
        answered.extend(bodies);
    }
    let mut logged = bodies(&store).await;
    let count = logged.len();
    logged.sort();
    logged.dedup();
    assert_eq!(logged.len(), count, "nothing is written twice");
    assert!(answered.iter().all(|body| logged.binary_search(body).is_ok()), "nothing is lost");
}

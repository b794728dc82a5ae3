//! Measures what one event costs from `submit` to its answer: events a second and CPU per event.
//!
//! `cargo run --release -p store --example commit_cost [directory | postgres URL] [committers] [seconds] [body bytes]`

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use store::{Batch, Store};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.get(1).map_or("/tmp/tokenmint-commit-cost", String::as_str);
    let number = |place: usize, default: u64| {
        arguments.get(place).map_or(default, |given| given.parse().expect("a number"))
    };
    let (committers, seconds, bytes) = (number(2, 64), number(3, 5), number(4, 400));
    let store = if place.starts_with("postgres") {
        Store::open_postgres(place).await.expect("it opens")
    } else {
        Store::open_directory(Path::new(place)).expect("it opens")
    };
    println!("resident after opening: {} KiB", resident());
    let body = format!("{{\"b\":\"{}\"}}", "x".repeat(usize::try_from(bytes).expect("it fits") - 8));
    let (org, actor): (Arc<str>, Arc<str>) = ("00o1".into(), "{}".into());
    let (running, done) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let before = processor();
    let tasks: Vec<_> = (0..committers)
        .map(|_| {
            let (store, body, running, done) = (store.clone(), body.clone(), running.clone(), done.clone());
            let (org, actor) = (org.clone(), actor.clone());
            tokio::spawn(async move {
                while running.load(Ordering::Relaxed) {
                    let mut batch = Batch::new(org.clone(), actor.clone());
                    batch.event(1_790_000_000_000, 1, body.clone());
                    store.submit(batch).await.expect("a commit");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    running.store(false, Ordering::Relaxed);
    for task in tasks {
        task.await.expect("it ends");
    }
    let events = done.load(Ordering::Relaxed);
    println!("{committers} committers: {} events a second", events / seconds);
    for (thread, ticks) in processor() {
        let spent = ticks - before.get(&thread).copied().unwrap_or(0);
        let micros = spent * 10_000_000 / events;
        println!("  {thread}: {}.{} µs of CPU an event", micros / 1000, micros % 1000 / 100);
    }
    println!("resident at the end: {} KiB", resident());
    store.close().await.expect("it closes");
}

/// Ticks of 10 ms by thread name.
fn processor() -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").expect("threads").flatten() {
        let stat = std::fs::read_to_string(task.path().join("stat")).expect("its times");
        let (name, rest) = stat.rsplit_once(") ").expect("its name");
        let name = name.split_once('(').map_or(name, |(_, name)| name);
        let fields: Vec<&str> = rest.split(' ').collect();
        let [user, system] = [11, 12].map(|field| fields[field].parse::<u64>().expect("ticks"));
        *found.entry(format!("{name} user")).or_default() += user;
        *found.entry(format!("{name} system")).or_default() += system;
    }
    found
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

//! A store to test on, with two orgs in it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::cluster;
use crate::batch::Batch;
use crate::port::Store;

/// The org that cases work in.
pub(super) const ONE: &str = "org1";
/// The org that must not notice.
pub(super) const TWO: &str = "org2";
/// Noon of some day.
pub(super) const NOON: i64 = 1_790_000_000_000;

pub(super) struct Bed {
    pub(super) store: Store,
    _directory: Option<Directory>,
}

impl Bed {
    pub(super) async fn memory() -> Self {
        Self::with(Store::open_memory().expect("memory opens"), None).await
    }

    pub(super) async fn file() -> Self {
        let directory = Directory::new();
        let store = Store::open_directory(&directory.0).expect("the directory opens");
        Self::with(store, Some(directory)).await
    }

    /// None where the tests of PostgreSQL are to be skipped.
    pub(super) async fn postgres() -> Option<Self> {
        let url = cluster::fresh_database().await?;
        let store = Store::open_postgres(&url).await.expect("the database opens");
        Some(Self::with(store, None).await)
    }

    async fn with(store: Store, directory: Option<Directory>) -> Self {
        found_orgs(&store).await;
        Self { store, _directory: directory }
    }
}

pub(super) async fn found_orgs(store: &Store) {
    for org in [ONE, TWO] {
        let mut batch = batch(org);
        batch.insert_org(r#"{"name":"x"}"#, 0, NOON);
        store.commit(batch).await.expect("an org is founded");
    }
}

pub(super) fn batch(org: &str) -> Batch {
    Batch::new(org, r#"{"kind":"test"}"#)
}

/// Asks again and again, for 20 seconds at most, until there is an answer.
pub(super) async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A directory that is removed with its contents.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tokenmint-store-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed now is the system's to remove.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

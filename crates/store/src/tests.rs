//! The store's suite: every case runs over SQLite in memory, SQLite in a file, and PostgreSQL, always with two orgs.

mod bed;
mod cluster;
mod copy;
mod embedded;
mod grants;
mod hosts;
mod inspect;
mod keeper;
mod log;
mod nouns;
mod promises;
mod server;
mod serving;
mod statements;
mod tls;
mod unknown;
mod wire;

/// Runs cases, functions of a [`bed::Bed`], over each kind of store.
macro_rules! on_every_store {
    ($($case:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(super::super::bed::Bed::memory().await).await;
            })*
        }
        mod file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(super::super::bed::Bed::file().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(bed) = super::super::bed::Bed::postgres().await {
                    super::$case(bed).await;
                }
            })*
        }
    };
}
use on_every_store;

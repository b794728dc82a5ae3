//! A temporary PostgreSQL for this test process, fresh databases in it, and servers that a test has to itself.
//!
//! `TOKENMINT_TEST_DATABASE_URL` names a server to use instead; `TOKENMINT_TEST_SKIP_POSTGRES=1` skips these tests.

use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

use super::keeper::Keeper;

const MISSING: &str = "no PostgreSQL was found to test with: install it (`apt-get install postgresql`), or name a \
     server in TOKENMINT_TEST_DATABASE_URL, or set TOKENMINT_TEST_SKIP_POSTGRES=1";

struct Cluster {
    url: String,
    /// While it lives, the server does.
    _keeper: Option<std::sync::Mutex<Keeper>>,
}

/// The URL of a database that nobody has used, or None where these tests are to be skipped.
pub(super) async fn fresh_database() -> Option<String> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let cluster =
        tokio::task::spawn_blocking(|| CLUSTER.get_or_init(start)).await.expect("it starts").as_ref()?;
    let (client, connection) =
        tokio_postgres::connect(&cluster.url, NoTls).await.expect("the server answers");
    let connection = tokio::spawn(connection);
    let name = format!("store_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    client.batch_execute(&format!("drop database if exists {name}")).await.expect("an old one is dropped");
    client.batch_execute(&format!("create database {name}")).await.expect("a database is created");
    drop(client);
    connection.await.expect("it ends").expect("it ends well");
    Some(with_database(&cluster.url, &name))
}

/// Servers of a test's own. None where these tests are to be skipped, or PostgreSQL is only named and not installed.
pub(super) async fn own_servers() -> Option<Keeper> {
    if is_skipped() {
        return None;
    }
    let keeper = tokio::task::spawn_blocking(Keeper::new).await.expect("it starts");
    if keeper.is_none() {
        assert!(std::env::var_os("TOKENMINT_TEST_DATABASE_URL").is_some(), "{MISSING}");
        eprintln!("skipped: this needs servers of its own");
    }
    keeper
}

fn is_skipped() -> bool {
    let skipped = std::env::var("TOKENMINT_TEST_SKIP_POSTGRES").is_ok_and(|skip| skip == "1");
    if skipped {
        eprintln!("skipped: TOKENMINT_TEST_SKIP_POSTGRES=1");
    }
    skipped
}

fn with_database(url: &str, name: &str) -> String {
    let (base, options) = url.split_once('?').map_or((url, None), |(base, options)| (base, Some(options)));
    let server =
        base.rfind('/').filter(|slash| *slash > "postgresql://".len()).map_or(base, |slash| &base[..slash]);
    let mut with = format!("{server}/{name}");
    if let Some(options) = options {
        write!(with, "?{options}").expect("text grows");
    }
    with
}

fn start() -> Option<Cluster> {
    if is_skipped() {
        return None;
    }
    if let Ok(url) = std::env::var("TOKENMINT_TEST_DATABASE_URL") {
        return Some(Cluster { url, _keeper: None });
    }
    let mut keeper = Keeper::new().expect(MISSING);
    keeper.make("data");
    let port = keeper.start("data", "");
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
    Some(Cluster { url, _keeper: Some(std::sync::Mutex::new(keeper)) })
}

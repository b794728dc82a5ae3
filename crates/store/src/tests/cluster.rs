//! A temporary PostgreSQL for this test process, and fresh databases in it.
//!
//! `TOKENMINT_TEST_DATABASE_URL` names a server to use instead; `TOKENMINT_TEST_SKIP_POSTGRES=1` skips these tests.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

const MISSING: &str = "no PostgreSQL was found to test with: install it (`apt-get install postgresql`), or name a \
     server in TOKENMINT_TEST_DATABASE_URL, or set TOKENMINT_TEST_SKIP_POSTGRES=1";

/// Starts the server as somebody who is not root, and tidies up when the pipe from this process closes.
const SCRIPT: &str = r#"
set -e
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1
"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -o "-p $port -k $dir -c listen_addresses=127.0.0.1 -c fsync=off \
 -c max_connections=400 -c shared_buffers=64MB" start >>"$dir/log" 2>&1 || { echo failed; exit 1; }
echo ready
cat >/dev/null
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
rm -rf "$dir/data" "$dir/log"; rmdir "$dir"
"#;

struct Cluster {
    url: String,
    /// Its standard input is the pipe.
    _keeper: Option<Child>,
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
    if std::env::var("TOKENMINT_TEST_SKIP_POSTGRES").is_ok_and(|skip| skip == "1") {
        eprintln!("skipped: TOKENMINT_TEST_SKIP_POSTGRES=1");
        return None;
    }
    if let Ok(url) = std::env::var("TOKENMINT_TEST_DATABASE_URL") {
        return Some(Cluster { url, _keeper: None });
    }
    let binaries = binaries().expect(MISSING);
    let directory = std::env::temp_dir().join(format!("tokenmint-pg-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir(&directory).expect("a directory for the cluster");
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    let mut shell = shell(&directory);
    shell.env("bin", &binaries).env("dir", &directory).env("port", port.to_string());
    shell.current_dir(&directory).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut keeper = shell.spawn().expect("a shell");
    let mut said = String::new();
    let output = keeper.stdout.take().expect("its output");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut said).expect("its word");
    let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
    assert_eq!(said.trim(), "ready", "PostgreSQL does not start: {log}");
    Some(Cluster { url: format!("postgres://postgres@127.0.0.1:{port}/postgres"), _keeper: Some(keeper) })
}

/// PostgreSQL refuses to run as root: then as `postgres`, who exists where Debian installed it, or `nobody`.
fn shell(directory: &Path) -> Command {
    let id = Command::new("id").arg("-u").output().expect("`id` runs").stdout;
    if id.trim_ascii() != b"0" {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT]);
        return shell;
    }
    let known =
        |name: &str| Command::new("id").arg(name).output().is_ok_and(|output| output.status.success());
    let user = if known("postgres") { "postgres" } else { "nobody" };
    let given = Command::new("chown").arg(user).arg(directory).status().expect("`chown` runs");
    assert!(given.success(), "the directory can be given to `{user}`");
    let mut shell = Command::new("setpriv");
    shell.args([&format!("--reuid={user}"), "--clear-groups", "--", "sh", "-c", SCRIPT]);
    shell
}

fn binaries() -> Option<PathBuf> {
    let mut places: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|version| version.path().join("bin")));
    places.into_iter().find(|place| place.join("initdb").is_file() && place.join("pg_ctl").is_file())
}

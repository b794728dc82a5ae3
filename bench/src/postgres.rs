//! A PostgreSQL of this run's own: a fresh cluster on a free port, durable as it comes out of the box, gone at the end.
//! What it has used is told by `/proc`, as for every server.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::{clock, usage};

const START_LIMIT: Duration = Duration::from_secs(30);
/// It refuses to run as root: then one of these runs it.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// A running cluster with one empty database.
#[derive(Debug)]
pub struct Postgres {
    server: Child,
    directory: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts one in the system's place for what is temporary: a run's own directory is closed to its account.
    pub fn start() -> Result<Self, String> {
        let binaries = binaries().ok_or("no PostgreSQL: install it (`apt-get install postgresql`)")?;
        let directory = std::env::temp_dir().join(format!("bench-postgres-{}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|error| format!("`{}`: {error}", directory.display()))?;
        let account = account(&directory)?;
        let data = directory.join("data");
        let mut initdb = as_account(account, &binaries.join("initdb"));
        let arguments =
            ["--username=bench", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"];
        run(initdb.args(arguments).arg(&data).current_dir(&directory))?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.map_err(|error| error.to_string())?.port();
        let mut server = as_account(account, &binaries.join("postgres"));
        server.arg("-D").arg(&data).args(["-c", &format!("port={port}"), "-c", "listen_addresses=127.0.0.1"]);
        server.args(["-c", "unix_socket_directories="]).current_dir(&directory);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = server.spawn().map_err(|error| format!("PostgreSQL: {error}"))?;
        let postgres = Self { server, directory, port };
        postgres.wait(&binaries)?;
        Ok(postgres)
    }

    /// Where its database is.
    pub fn url(&self) -> String {
        format!("postgresql://bench@127.0.0.1:{}/postgres", self.port)
    }

    /// Processor time of the server and of those that it started and that are still there, in microseconds.
    pub fn cpu_micros(&self) -> Result<u64, String> {
        let own = self.server.id();
        let processes = fs::read_dir("/proc").map_err(|error| error.to_string())?.flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let children = pids.filter(|pid| usage::parent(*pid) == Some(own));
        // One that ends just now has nothing to tell.
        Ok(usage::cpu_micros(own)? + children.filter_map(|pid| usage::cpu_micros(pid).ok()).sum::<u64>())
    }

    fn wait(&self, binaries: &Path) -> Result<(), String> {
        let begun = clock::now();
        let port = self.port.to_string();
        while begun.elapsed() < START_LIMIT {
            let mut asked = Command::new(binaries.join("pg_isready"));
            asked.args(["-q", "-h", "127.0.0.1", "-p", &port]);
            if asked.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err(format!("PostgreSQL gave no answer within {} s", START_LIMIT.as_secs()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT ends it with all its processes at once.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The account that it must run as, who gets the directory; none if we are not root.
fn account(directory: &Path) -> Result<Option<&'static str>, String> {
    let id = Command::new("id").arg("-u").output().map_err(|error| format!("`id`: {error}"))?;
    if id.stdout.trim_ascii() != b"0" {
        return Ok(None);
    }
    let exists = |name: &&str| Command::new("id").arg(name).output().is_ok_and(|id| id.status.success());
    let name = ACCOUNTS.into_iter().find(|name| exists(name)).ok_or("no account that may run PostgreSQL")?;
    run(Command::new("chown").arg(name).arg(directory))?;
    Ok(Some(name))
}

fn as_account(account: Option<&str>, program: &Path) -> Command {
    let Some(account) = account else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={account}"), "--clear-groups", "--"]).arg(program);
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{name}`: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("`{name}` failed: {}", String::from_utf8_lossy(&output.stderr)))
}

fn binaries() -> Option<PathBuf> {
    let mut places: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|version| version.path().join("bin")));
    places.into_iter().find(|place| place.join("initdb").is_file() && place.join("pg_isready").is_file())
}

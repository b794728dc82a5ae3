//! A PostgreSQL of a run's own, which can be killed and started again; gone at the end. Owns the processes and what they have
//! used, as `/proc` tells it; what lies in it is the nodes'.

use std::fs::{self, OpenOptions};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::{clock, usage};

const START_LIMIT: Duration = Duration::from_mins(1);
/// It refuses to run as root: then one of these runs it.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];
/// What a row or a benchmark asks it with, and what makes and runs it.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];

/// A running cluster with one empty database.
#[derive(Debug)]
pub struct Cluster {
    binaries: PathBuf,
    directory: PathBuf,
    address: SocketAddr,
    settings: Vec<String>,
    server: Option<Child>,
}

impl Cluster {
    /// Makes a cluster and starts it at `address`, with these settings besides its own; `None` where PostgreSQL is not
    /// installed. It lies in the system's place for what is temporary: a run's own directory is closed to its account.
    pub fn start(name: &str, address: SocketAddr, settings: &[&str]) -> Result<Option<Self>, String> {
        let Some(binaries) = binaries() else { return Ok(None) };
        let directory = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).map_err(|error| format!("`{}`: {error}", directory.display()))?;
        give_away(&directory)?;
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut cluster = Self { binaries, directory, address, settings, server: None };
        let mut initdb = cluster.program("initdb");
        initdb.arg("-D").arg(cluster.data());
        said(initdb.args(["-U", "tokenmint", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]))?;
        cluster.resume()?;
        Ok(Some(cluster))
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the database that every cluster has, through `address`: the server's own or a proxy's.
    pub fn url(address: SocketAddr) -> String {
        format!("postgresql://tokenmint@{address}/postgres")
    }

    /// Starts the server, after the making or after a kill, and waits until it answers.
    pub fn resume(&mut self) -> Result<(), String> {
        let log = OpenOptions::new().create(true).append(true).open(self.directory.join("log"));
        let log = log.map_err(|error| error.to_string())?;
        let port = format!("port={}", self.address.port());
        let own = [port.as_str(), "listen_addresses=127.0.0.1", "unix_socket_directories="];
        let settings = own.into_iter().chain(self.settings.iter().map(String::as_str));
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).args(settings.flat_map(|setting| ["-c", setting]));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.server = Some(command.spawn().map_err(|error| format!("`postgres`: {error}"))?);
        let begun = clock::now();
        while begun.elapsed() < START_LIMIT {
            if self.query("select 1").is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        let said = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        Err(format!("PostgreSQL does not answer: {said}"))
    }

    /// Ends every process of it by SIGKILL, as a machine that goes down does, and waits until they are gone.
    pub fn kill(&mut self) -> Result<(), String> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        // The children notice the death of their parent only by and by, and would hold what they share.
        let children = children_of(server.id());
        server.kill().and_then(|()| server.wait()).map_err(|error| error.to_string())?;
        for child in &children {
            // It may have gone by itself.
            let mut kill = Command::new("kill");
            let _ = kill.args(["-KILL", &child.to_string()]).stderr(Stdio::null()).status();
        }
        let begun = clock::now();
        while children.iter().any(|child| usage::is_running(*child)) && begun.elapsed() < START_LIMIT {
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// What a statement answers with, as text.
    pub fn query(&self, statement: &str) -> Result<String, String> {
        // Without somebody who listens, `psql` would take its time to say so.
        TcpStream::connect(self.address).map_err(|error| error.to_string())?;
        let url = Self::url(self.address);
        said(self.program("psql").args([&url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]))
    }

    /// Processor time of the server and of those that it started and that are still there, in microseconds.
    pub fn cpu_micros(&self) -> Result<u64, String> {
        let own = self.server.as_ref().map(Child::id).ok_or("PostgreSQL does not run")?;
        // One that ends just now has nothing to tell.
        let children = children_of(own).into_iter().filter_map(|pid| usage::cpu_micros(pid).ok());
        Ok(usage::cpu_micros(own)? + children.sum::<u64>())
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// One of PostgreSQL's programs, as the one whom the directory belongs to.
    fn program(&self, name: &str) -> Command {
        let path = self.binaries.join(name);
        let owner = fs::metadata(&self.directory).map_or(0, |found| found.uid());
        let mut command = if owner == own_id() {
            Command::new(path)
        } else {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={owner}"), "--clear-groups", "--"]).arg(path);
            command
        };
        command.current_dir(&self.directory).env("LC_ALL", "C");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn own_id() -> u32 {
    fs::metadata("/proc/self").map_or(0, |found| found.uid())
}

/// To somebody who is not root, if we are.
fn give_away(directory: &Path) -> Result<(), String> {
    if own_id() != 0 {
        return Ok(());
    }
    let given = ACCOUNTS.iter().any(|account| {
        let changed = Command::new("chown").arg(account).arg(directory).stderr(Stdio::null()).status();
        changed.is_ok_and(|status| status.success())
    });
    if given { Ok(()) } else { Err("PostgreSQL needs an account that is not root".to_owned()) }
}

/// What a program wrote, if it ended well.
fn said(command: &mut Command) -> Result<String, String> {
    let output =
        command.output().map_err(|error| format!("`{}`: {error}", command.get_program().display()))?;
    let said = if output.status.success() { output.stdout } else { output.stderr };
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

fn binaries() -> Option<PathBuf> {
    let mut places: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|version| version.path().join("bin")));
    places.into_iter().find(|place| PROGRAMS.iter().all(|name| place.join(name).is_file()))
}

fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.filter(|id| usage::parent(*id) == Some(parent)).collect()
}

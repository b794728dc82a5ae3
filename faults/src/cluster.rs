//! A PostgreSQL of a row's own, which can be killed and started again. Owns the processes; what lies in it is the nodes'.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use bench::clock;

use crate::node::{free_address, signal};

/// Why a row was skipped.
pub const MISSING: &str = "PostgreSQL is not installed, or TOKENMINT_TEST_SKIP_POSTGRES=1";
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    binaries: PathBuf,
    directory: PathBuf,
    address: SocketAddr,
    server: Option<Child>,
}

impl Cluster {
    /// Makes a cluster in a directory of its own within `scratch` and starts it; `None` where PostgreSQL is not installed
    /// or not wanted.
    pub fn start(scratch: &Path) -> Result<Option<Self>, String> {
        let is_unwanted = std::env::var("TOKENMINT_TEST_SKIP_POSTGRES").is_ok_and(|skip| skip == "1");
        let Some(binaries) = binaries().filter(|_| !is_unwanted) else { return Ok(None) };
        let directory = std::env::temp_dir().join(format!("faults-pg-{}", scratch_name(scratch)));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        give_away(&directory)?;
        let mut cluster = Self { binaries, directory, address: free_address()?, server: None };
        let data = cluster.data();
        let made = cluster
            .program("initdb")
            .arg("-D")
            .arg(&data)
            .args(["-U", "tokenmint", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
            .output();
        let made = made.map_err(|error| format!("`initdb`: {error}"))?;
        if !made.status.success() {
            return Err(format!("`initdb`: {}", String::from_utf8_lossy(&made.stderr)));
        }
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
        let log = fs::OpenOptions::new().create(true).append(true).open(self.directory.join("log"));
        let log = log.map_err(|error| error.to_string())?;
        let port = self.address.port();
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "max_connections=200".to_owned(),
            "shared_buffers=64MB".to_owned(),
            // The processes are killed, the machine is not.
            "fsync=off".to_owned(),
        ];
        let data = self.data();
        let mut command = self.program("postgres");
        command.arg("-D").arg(data).args(settings.iter().flat_map(|setting| ["-c", setting.as_str()]));
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
            let _ = signal(*child, "KILL");
        }
        let begun = clock::now();
        while children.iter().any(|child| is_running(*child)) && begun.elapsed() < START_LIMIT {
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// What a statement answers with, as text.
    pub fn query(&self, statement: &str) -> Result<String, String> {
        // Without somebody who listens, `psql` would take its time to say so.
        TcpStream::connect(self.address).map_err(|error| error.to_string())?;
        let url = Self::url(self.address);
        let mut command = self.program("psql");
        let output = command.args([&url, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement]).output();
        let output = output.map_err(|error| format!("`psql`: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// One of PostgreSQL's programs, as the one whom the directory belongs to: it refuses to run as root.
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

/// Short: the path of a socket has a limit, and the directory must be one that others may reach.
fn scratch_name(scratch: &Path) -> String {
    scratch.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn own_id() -> u32 {
    fs::metadata("/proc/self").map_or(0, |found| found.uid())
}

/// To somebody who is not root, if we are.
fn give_away(directory: &Path) -> Result<(), String> {
    if own_id() != 0 {
        return Ok(());
    }
    let given = ["postgres", "nobody"].iter().any(|user| {
        let changed = Command::new("chown").arg(user).arg(directory).stderr(Stdio::null()).status();
        changed.is_ok_and(|status| status.success())
    });
    if given { Ok(()) } else { Err("PostgreSQL needs an account that is not root".to_owned()) }
}

fn binaries() -> Option<PathBuf> {
    let mut places: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    places.extend(versions.map(|version| version.path().join("bin")));
    let has = |place: &Path, name: &str| place.join(name).is_file();
    places.into_iter().find(|place| has(place, "initdb") && has(place, "postgres") && has(place, "psql"))
}

fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent_of(*id) == Some(parent)).collect()
}

fn parent_of(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may hold anything.
    stat[stat.rfind(')')? + 1..].split_whitespace().nth(1)?.parse().ok()
}

fn is_running(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rfind(')').is_some_and(|end| !stat[end + 1..].trim_start().starts_with('Z'))
}

//! A node: the program as a process on an address that it keeps over restarts. Owns starting, signals and what it wrote to
//! its outputs; leaves out what is asked of it (`connection`).

use std::fs::{self, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use bench::clock;

use crate::connection::{Connection, Request};

/// The administrator's API token of every run.
pub const API_TOKEN: &str = "00faultsFaultsFaultsFaultsFaultsFaultsFault";
/// The first administrator's password.
pub const PASSWORD: &str = "Fau1ts-do-not-frighten-us";
/// The origin that tokens name, whatever node gave them out.
pub const ORIGIN: &str = "http://mint.example.com";

const START_LIMIT: Duration = Duration::from_secs(40);
const STOP_LIMIT: Duration = Duration::from_secs(40);

/// How a node is started.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program.
    pub binary: PathBuf,
    /// Its data directory.
    pub data: PathBuf,
    /// Where its outputs are kept, start after start.
    pub log: PathBuf,
    /// Its address.
    pub address: SocketAddr,
    /// More of its environment.
    pub environment: Vec<(String, String)>,
    /// More of its flags.
    pub flags: Vec<String>,
}

/// A running node.
#[derive(Debug)]
pub struct Node {
    /// How it was started, and how it can be started again.
    pub plan: Plan,
    child: Child,
}

impl Plan {
    /// A node of its own within `scratch`.
    pub fn new(binary: &Path, scratch: &Path, name: &str) -> Result<Self, String> {
        Ok(Self {
            binary: binary.to_owned(),
            data: scratch.join(name),
            log: scratch.join(format!("{name}.log")),
            address: free_address()?,
            environment: Vec::new(),
            flags: Vec::new(),
        })
    }

    /// The same with one more variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Runs another command of the program on the same data, to its end.
    pub fn command(&self, words: &[&str]) -> Result<(ExitStatus, String), String> {
        let mut command = self.program();
        command.args(words).arg("--data").arg(&self.data);
        let output = command.output().map_err(|error| format!("`{}`: {error}", self.binary.display()))?;
        let said = [output.stdout, output.stderr].concat();
        Ok((output.status, String::from_utf8_lossy(&said).into_owned()))
    }

    /// Whether the embedded database is whole, while nobody serves from it; what the program says of it if not.
    pub fn is_whole(&self) -> Result<Result<(), String>, String> {
        let address = self.address.to_string();
        let (_, said) = self.command(&["doctor", "--listen", &address, "--base-url", ORIGIN])?;
        Ok(if said.contains("database: whole") { Ok(()) } else { Err(said) })
    }

    fn program(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TOKENMINT_")) {
            command.env_remove(name);
        }
        command
            .env("TOKENMINT_ADMIN_LOGIN", "faults@example.com")
            .env("TOKENMINT_ADMIN_PASSWORD", PASSWORD)
            .env("TOKENMINT_API_TOKEN", API_TOKEN)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the process, and waits for nothing.
    pub fn launch(&self) -> Result<Node, String> {
        let told = |error: std::io::Error| format!("`{}`: {error}", self.log.display());
        let log = OpenOptions::new().create(true).append(true).open(&self.log).map_err(told)?;
        let mut command = self.program();
        command
            .args(["serve", "--base-url", ORIGIN, "--log-level", "info"])
            .args(["--listen", &self.address.to_string()])
            .arg("--data")
            .arg(&self.data)
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(told)?)
            .stderr(log);
        let child = command.spawn().map_err(|error| format!("`{}`: {error}", self.binary.display()))?;
        Ok(Node { plan: self.clone(), child })
    }

    /// Starts it and waits until it calls itself ready; how long that took.
    pub fn start(&self) -> Result<(Node, Duration), String> {
        let begun = clock::now();
        let mut node = self.launch()?;
        if node.wait_ready(START_LIMIT)? {
            Ok((node, begun.elapsed()))
        } else {
            Err(format!("it ended while it started; it said:\n{}", node.said_last()))
        }
    }
}

impl Node {
    /// Waits until it is ready; `false` if it ended instead.
    pub fn wait_ready(&mut self, limit: Duration) -> Result<bool, String> {
        let begun = clock::now();
        let ready = Request::get("/health/ready");
        while begun.elapsed() < limit {
            if self.has_ended()? {
                return Ok(false);
            }
            let answer = Connection::new(self.plan.address).call(&ready);
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(format!("it did not become ready in {} s; it said:\n{}", limit.as_secs(), self.said_last()))
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.pid())).map_or(0, Iterator::count)
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process is over.
    pub fn has_ended(&mut self) -> Result<bool, String> {
        self.child.try_wait().map(|status| status.is_some()).map_err(|error| error.to_string())
    }

    /// Waits for its end; `false` if it goes on.
    pub fn wait_end(&mut self, limit: Duration) -> Result<bool, String> {
        let begun = clock::now();
        while begun.elapsed() < limit {
            if self.has_ended()? {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(false)
    }

    /// Whether it was ended by SIGKILL, now that it has ended.
    pub fn was_killed(&mut self) -> Result<bool, String> {
        const SIGKILL: i32 = 9;
        let status = self.child.try_wait().map_err(|error| error.to_string())?;
        Ok(status.and_then(|status| status.signal()) == Some(SIGKILL))
    }

    /// Asks it to end, by SIGTERM; it may have ended already.
    pub fn ask_to_stop(&mut self) -> Result<(), String> {
        if self.has_ended()? { Ok(()) } else { signal(self.pid(), "TERM") }
    }

    /// Ends it by SIGKILL.
    pub fn kill(mut self) -> Plan {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.plan.clone()
    }

    /// Asks it to end, by SIGTERM, and waits for that.
    pub fn stop(mut self) -> Result<Plan, String> {
        signal(self.pid(), "TERM")?;
        if self.wait_end(STOP_LIMIT)? {
            Ok(self.plan.clone())
        } else {
            Err(format!("it did not end within {} s of SIGTERM", STOP_LIMIT.as_secs()))
        }
    }

    /// Everything it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.plan.log).unwrap_or_default()
    }

    fn said_last(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that this one started.
pub fn signal(pid: u32, name: &str) -> Result<(), String> {
    let mut kill = Command::new("kill");
    let sent = kill.args([&format!("-{name}"), &pid.to_string()]).stderr(Stdio::null()).status();
    match sent {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("cannot send SIG{name} to process {pid}")),
    }
}

/// A loopback address that nobody listens on, below the range that the kernel gives to outgoing connections: a node that
/// is down must find its port free when it comes back.
pub fn free_address() -> Result<SocketAddr, String> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + u16::try_from(std::process::id() % 9_000).unwrap_or(0);
    for _ in 0..2_000 {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err("no port is free".to_owned())
}

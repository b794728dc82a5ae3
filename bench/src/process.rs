//! A server as a child process: started, waited for until it tells its address, asked to end. Nothing outlives its owner.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::clock;

const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// A command that runs `program`, on one core if that is wanted.
pub fn command(program: &Path, core: Option<usize>) -> Command {
    let Some(core) = core else { return Command::new(program) };
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(program);
    command
}

/// A server that has told where it listens.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://host:port`.
    pub url: String,
}

impl Server {
    /// Starts `command` and waits for the line on stdout that holds its address. Its stderr goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let file = File::create(log).map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        let mut child = command.spawn().map_err(|error| format!("`{name}`: {error}"))?;
        let address = child.stdout.take().map(first_address);
        let mut server = Self { child, url: String::new() };
        match address.and_then(|address| address.recv_timeout(START_LIMIT).ok()) {
            Some(url) => server.url = url,
            None => return Err(format!("`{name}` told no address; it said:\n{}", tail(log))),
        }
        Ok(server)
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `host:port`
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Sends SIGTERM and waits for the end.
    pub fn stop(mut self) -> Result<(), String> {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        if !sent.is_ok_and(|status| status.success()) {
            return Err("`kill` failed".to_owned());
        }
        let begun = clock::now();
        while begun.elapsed() < STOP_LIMIT {
            if self.child.try_wait().map_err(|error| error.to_string())?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(2));
        }
        Err(format!("it did not end within {} s of SIGTERM", STOP_LIMIT.as_secs()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first address on `stdout`. What follows is read and dropped, so that the server never waits for a full pipe.
fn first_address(stdout: ChildStdout) -> Receiver<String> {
    let (tell, told) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(url) = address_in(&line) {
                let _ = tell.send(url.to_owned());
            }
        }
    });
    told
}

fn address_in(line: &str) -> Option<&str> {
    let rest = &line[line.find("http://")?..];
    let end = rest.find(|letter: char| letter.is_whitespace() || "\"'`,;)>".contains(letter));
    let url = end.map_or(rest, |end| &rest[..end]).trim_end_matches(['/', '.']);
    url.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map(|_| url)
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// A directory that goes when its owner goes.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes an empty directory of this process within `parent`.
    pub fn new(parent: &Path) -> Result<Self, String> {
        let path = parent.join(format!("bench-data-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
        Ok(Self { path })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_wherever_the_line_has_it() {
        assert_eq!(address_in("listening on http://127.0.0.1:8080"), Some("http://127.0.0.1:8080"));
        assert_eq!(address_in(r#"{"url":"http://127.0.0.1:1/","x":1}"#), Some("http://127.0.0.1:1"));
        assert_eq!(address_in("see http://127.0.0.1:80, please"), Some("http://127.0.0.1:80"));
        assert_eq!(address_in("serving http://[::1]:443."), Some("http://[::1]:443"));
        assert_eq!(address_in("see http://example.com/docs"), None);
        assert_eq!(address_in("starting"), None);
    }

    #[test]
    fn a_server_that_tells_no_address_is_an_error_with_its_words() {
        let log = std::env::temp_dir().join(format!("bench-test-{}", std::process::id()));
        let mut command = Command::new("sh");
        let error = Server::start(command.args(["-c", "echo no disk >&2"]), &log).unwrap_err();
        let _ = fs::remove_file(&log);
        assert_eq!(error, "`sh` told no address; it said:\nno disk");
    }
}

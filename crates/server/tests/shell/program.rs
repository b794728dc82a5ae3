//! The program as people and scripts start it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A directory that goes with the test.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new() -> Self {
        let name = format!("tokenmint-{}", server::request_id::RequestId::new());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn tokenmint(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tokenmint"));
    command.args(arguments).env_clear();
    command
}

fn run(arguments: &[&str]) -> (i32, String) {
    let Output { status, stderr, .. } = tokenmint(arguments).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running server, and the origin that it printed.
pub struct Running {
    pub child: Child,
    pub origin: String,
}

impl Running {
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let mut command = tokenmint(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
        let mut child = command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let origin = line.trim().strip_prefix("Tokenmint listens on ").expect("the line that tells where");
        Self { origin: origin.to_owned(), child }
    }

    pub fn send(&self, text: &str) -> String {
        let port: u16 = self.origin.rsplit(':').next().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    /// Sends SIGTERM, and returns the exit code and what was logged.
    pub fn stop(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
fn it_says_where_it_listens_serves_and_stops_on_sigterm() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    let running = Running::start(&data, &[]);
    assert!(running.origin.starts_with("http://localhost:"));
    assert!(running.send(LIVE).starts_with("HTTP/1.1 200 OK\r\n"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("tokenmint.sock")), 0o600);
    let (code, log) = running.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped"));
    assert!(!data.join("tokenmint.sock").exists());
}

#[test]
fn a_configured_origin_is_the_one_that_is_told() {
    let directory = Directory::new();
    let mut command =
        tokenmint(&["serve", "--listen", "127.0.0.1:0", "--data", directory.0.to_str().unwrap()]);
    command.env("TOKENMINT_BASE_URL", "https://id.example.com").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line, "Tokenmint listens on https://id.example.com\n");
}

#[test]
fn a_port_in_use_is_a_failure_in_words() {
    let directory = Directory::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = run(&["serve", "--listen", &address, "--data", directory.0.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert_eq!(
        said,
        format!(
            "error: cannot listen on {address}: the port is in use by another process; choose another one with --listen\n"
        )
    );
}

#[test]
fn two_servers_do_not_share_a_data_directory() {
    let directory = Directory::new();
    let _running = Running::start(&directory.0, &[]);
    let (code, said) = run(&["serve", "--listen", "127.0.0.1:0", "--data", directory.0.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(said.starts_with("error: another Tokenmint runs on the data directory"), "{said}");
}

#[test]
fn mistakes_of_usage_exit_with_2_and_say_what_is_wrong() {
    for (arguments, said) in [
        (&["serve", "--base-url", "localhost"][..], "error: --base-url: `localhost` has no scheme"),
        (&["serve", "--speed"], "error: unexpected argument '--speed' found"),
        (&["sevre"], "error: unrecognized subcommand 'sevre'"),
        (&[], "Tokenmint, an authorization server"),
    ] {
        let (code, message) = run(arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(message.starts_with(said), "{message}");
    }
}

#[test]
fn help_teaches_every_setting() {
    let Output { status, stdout, .. } = tokenmint(&["serve", "--help"]).output().unwrap();
    assert!(status.success());
    let help = String::from_utf8(stdout).unwrap();
    for setting in server::settings::ALL {
        assert!(help.contains(&format!("--{}", setting.flag)), "{}", setting.flag);
    }
    for word in
        ["TOKENMINT_BASE_URL", "TOKENMINT_MASTER_KEY", "TOKENMINT_API_TOKEN", "127.0.0.1:8080", "./.data"]
    {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn a_command_reaches_the_running_server_and_says_when_there_is_none() {
    let directory = Directory::new();
    let data = directory.0.to_str().unwrap();
    let (code, said) = run(&["key", "rewrap", "--data", data]);
    assert_eq!(code, 1);
    assert!(said.starts_with("error: no Tokenmint runs on the data directory"), "{said}");
}

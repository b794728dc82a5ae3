//! A shell that runs PostgreSQL's programs as somebody who is not root, and tidies up when this process ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Carries out each line that it reads; the end of its input is the end of the servers.
const SCRIPT: &str = r#"
while IFS= read -r line; do
    if eval "$line" >>"$dir/log" 2>&1 </dev/null; then echo done; else echo failed; fi
done
for pid in "$dir"/*/postmaster.pid; do
    if [ -f "$pid" ]; then "$bin/pg_ctl" -D "${pid%/*}" -m immediate stop >/dev/null 2>&1; fi
done
rm -rf "$dir"/*; rmdir "$dir"
"#;

/// What every server of a test is started with.
const SETTINGS: &str =
    "-c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=400 -c shared_buffers=64MB";

/// A directory with data directories of servers in it, and the shell.
pub(super) struct Keeper {
    _shell: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    directory: PathBuf,
}

impl Keeper {
    /// None where PostgreSQL is not installed.
    pub(super) fn new() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let binaries = binaries()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("tokenmint-pg-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir(&directory).expect("a directory for servers");
        let mut shell = shell(&directory);
        shell.env("bin", &binaries).env("dir", &directory).current_dir(&directory);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut shell = shell.spawn().expect("a shell");
        let commands = shell.stdin.take().expect("its input");
        let answers = BufReader::new(shell.stdout.take().expect("its output"));
        Some(Self { _shell: shell, commands, answers, directory })
    }

    /// Runs a line of shell, in which `$bin` is where PostgreSQL's programs are and `$dir` the directory.
    pub(super) fn run(&mut self, line: &str) {
        writeln!(self.commands, "{line}").expect("the shell listens");
        let mut said = String::new();
        self.answers.read_line(&mut said).expect("the shell answers");
        let log = || std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        assert_eq!(said.trim(), "done", "{line}\n{}", log());
    }

    /// Makes the data directory of a server.
    pub(super) fn make(&mut self, name: &str) {
        self.run(&format!(
            r#""$bin/initdb" -D "$dir/{name}" -U postgres -A trust -E UTF8 --locale=C --no-sync"#
        ));
    }

    /// Starts a server, and says where it listens.
    pub(super) fn start(&mut self, name: &str, settings: &str) -> u16 {
        let port = free_port();
        self.start_at(name, port, settings);
        port
    }

    pub(super) fn start_at(&mut self, name: &str, port: u16, settings: &str) {
        self.run(&format!(
            r#""$bin/pg_ctl" -D "$dir/{name}" -l "$dir/{name}.log" -w -o "-p $(({port})) -k $dir {SETTINGS} {settings}" start"#
        ));
    }

    /// Hands a file to the server's user, who alone may read it.
    pub(super) fn put(&mut self, name: &str, text: &str) {
        std::fs::write(self.directory.join("handed"), text).expect("a file");
        self.run(&format!(r#"cp "$dir/handed" "$dir/{name}" && chmod 600 "$dir/{name}""#));
    }
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
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
    let programs = ["initdb", "pg_ctl", "pg_basebackup"];
    places.into_iter().find(|place| programs.iter().all(|program| place.join(program).is_file()))
}

//! The server under test: how it is started, and when it is ready.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::admin::API_TOKEN;
use crate::http::{self, Target};
use crate::options::Options;
use crate::process::{Server, command};
use crate::{clock, usage};

const READY_LIMIT: Duration = Duration::from_secs(20);
/// How long a server that has just started is left alone before its idle memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// The program, and where a run may write.
#[derive(Clone, Debug)]
pub struct Mint {
    pub binary: PathBuf,
    pub scratch: PathBuf,
    /// The core that it is kept on.
    pub core: Option<usize>,
    /// A database that several nodes share, and its master key; the embedded one otherwise.
    pub database: Option<(String, String)>,
}

impl Mint {
    /// The program that the options name.
    pub fn of(options: &Options, scratch: &Path) -> Result<Self, String> {
        let binary = PathBuf::from(options.text("binary").unwrap_or("target/release/tokenmint"));
        if !binary.is_file() {
            return Err(format!("no `{}`: build it with `cargo build --release`", binary.display()));
        }
        Ok(Self { binary, scratch: scratch.to_owned(), core: None, database: None })
    }

    /// Starts it on the data directory `data`, which need not exist.
    pub fn start(&self, data: &Path) -> Result<Server, String> {
        let mut command = command(&self.binary, self.core);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("TOKENMINT_ADMIN_LOGIN", "bench@example.com")
            .env("TOKENMINT_ADMIN_PASSWORD", "Bench-the-m1nt-twice")
            .env("TOKENMINT_API_TOKEN", API_TOKEN);
        if let Some((url, key)) = &self.database {
            command.args(["--database-url", url]).env("TOKENMINT_MASTER_KEY", key);
        }
        let name = data.file_name().unwrap_or_default().to_string_lossy();
        Server::start(&mut command, &self.scratch.join(format!("{name}.log")))
    }

    /// Starts it, waits until it is ready and reads its memory after a while of rest, in KiB.
    pub fn start_and_settle(&self, data: &Path) -> Result<(Server, u64), String> {
        let server = self.start(data)?;
        wait_ready(&server.url)?;
        settled(server)
    }
}

/// A server after a while of rest, and its memory in KiB.
pub fn settled(server: Server) -> Result<(Server, u64), String> {
    thread::sleep(SETTLE);
    let idle = usage::resident_kib(server.pid())?;
    Ok((server, idle))
}

/// Waits until the server calls itself ready.
pub fn wait_ready(url: &str) -> Result<(), String> {
    let target = Target::parse(&format!("{url}/health/ready"))?;
    let request = http::request("GET", &target, &[], "");
    let begun = clock::now();
    loop {
        let answer = http::call(&target.address, &request);
        if answer.as_ref().is_ok_and(|reply| reply.status == 200) {
            return Ok(());
        }
        if begun.elapsed() > READY_LIMIT {
            return Err(format!("/health/ready never said 200: {answer:?}"));
        }
        thread::sleep(Duration::from_millis(1));
    }
}

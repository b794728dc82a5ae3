//! `tokenmint doctor`: reads what `serve` would read and says what is wrong and how to mend it. Changes nothing. Owns the
//! order of the checks and their words; what only the running server knows, it says itself over the control socket.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::{OrgId, Timestamp};
use rustls::crypto::aws_lc_rs::default_provider;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::Tenant;
use service::org_secrets::{OrgSecrets, ROOT_MAC_KEY};
use store::{Embedded, Inspection};

use crate::access::BoxFuture;
use crate::config::{Config, Database};
use crate::control::{self, Command};
use crate::origin::Origin;
use crate::{clock, key_file, tls};

/// The command of the running server.
pub const COMMAND: &str = "doctor";

/// How far clocks may differ before it is said.
const SKEW_MILLISECONDS: i64 = 5_000;
/// A certificate that ends sooner is a warning.
const DAYS_LEFT: i64 = 21;
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the running server may look at itself.
const SERVER_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mark {
    Ok,
    Warning,
    Error,
}

/// One line of the answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Finding {
    mark: Mark,
    text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.mark {
            Mark::Ok => "ok",
            Mark::Warning => "warning",
            Mark::Error => "error",
        };
        write!(f, "{mark:<8} {}", self.text.replace('\n', " "))
    }
}

/// What was found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, text: impl Into<String>) {
        self.0.push(Finding { mark: Mark::Ok, text: text.into() });
    }

    fn warning(&mut self, text: impl Into<String>) {
        self.0.push(Finding { mark: Mark::Warning, text: text.into() });
    }

    fn error(&mut self, text: impl Into<String>) {
        self.0.push(Finding { mark: Mark::Error, text: text.into() });
    }
}

/// Examines everything and prints what was found; whether nothing is wrong.
pub fn examine(config: Result<Config, String>) -> bool {
    let mut findings = Findings::default();
    match config {
        Err(error) => findings.error(format!("settings: {error}")),
        Ok(config) => {
            findings.ok("settings: readable");
            all(&config, &mut findings);
        }
    }
    let mut out = std::io::stdout();
    for finding in &findings.0 {
        let _ = writeln!(out, "{finding}");
    }
    findings.0.iter().all(|finding| finding.mark != Mark::Error)
}

fn all(config: &Config, findings: &mut Findings) {
    directory(&config.data, findings);
    let running = ask(&config.data, findings);
    let found = match &config.database {
        Database::Embedded if running => None,
        Database::Embedded => embedded(&config.data, findings),
        Database::Postgres(url) => postgres(url.expose(), findings),
    };
    master_key(config, found.as_ref(), findings);
    if let Some(newest) = found.and_then(|found| found.newest_event) {
        clock(Timestamp::from_milliseconds(newest), findings);
    }
    certificate(config, findings);
    if !running {
        for (flag, address) in [("listen", Some(config.listen)), ("metrics-listen", config.metrics_listen)] {
            if let Some(address) = address {
                port(flag, address, findings);
            }
        }
    }
    for origin in &config.base_urls {
        base_url(origin, running, findings);
    }
}

fn directory(data: &Path, findings: &mut Findings) {
    let shown = data.display();
    match std::fs::metadata(data) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.ok(format!("data directory: `{shown}` is not there; serve makes it"));
        }
        Err(error) => {
            findings.error(format!("data directory: `{shown}` cannot be read: {error}; see --data"));
        }
        Ok(found) if !found.is_dir() => {
            findings.error(format!("data directory: `{shown}` is no directory; see --data"));
        }
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            findings.warning(format!("data directory: others may enter `{shown}`: chmod 700 closes it"));
        }
        // Who we are stands on what the kernel says of us.
        Ok(found) if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() != found.uid()) => {
            findings.warning(format!(
                "data directory: `{shown}` belongs to another user; run serve and doctor as that one"
            ));
        }
        Ok(_) => findings.ok(format!("data directory: `{shown}` is there, for its owner alone")),
    }
}

/// The view of the server that runs on the directory; whether there is one.
fn ask(data: &Path, findings: &mut Findings) -> bool {
    if !control::is_answered(data) {
        findings.ok("server: none runs on this data directory");
        return false;
    }
    findings.ok("server: runs on this data directory");
    // A server that hangs is just what one asks the doctor about.
    let (sender, answer) = std::sync::mpsc::channel();
    let place = data.to_owned();
    std::thread::spawn(move || sender.send(control::call(&place, COMMAND, Value::Null)));
    let hangs =
        |_| Err(format!("it did not answer within {} seconds; see its log", SERVER_PATIENCE.as_secs()));
    match answer
        .recv_timeout(SERVER_PATIENCE)
        .unwrap_or_else(hangs)
        .map(serde_json::from_value::<Vec<Finding>>)
    {
        Ok(Ok(view)) => findings.0.extend(view),
        Ok(Err(_)) => findings.warning("server: its own view is of another release and was not understood"),
        Err(error) => findings.error(format!("server: {error}")),
    }
    true
}

fn embedded(data: &Path, findings: &mut Findings) -> Option<Inspection> {
    if !data.is_dir() {
        return None;
    }
    match store::inspect_directory(data, ROOT_MAC_KEY) {
        Ok(Embedded::Absent) => findings.ok("database: none yet; the first start makes one"),
        Ok(Embedded::Held) => findings.error(
            "database: another process holds it and does not answer on the control socket; end it, or wait for its end",
        ),
        Ok(Embedded::Unfolded) => findings.warning(
            "database: the last server was cut off; the next start takes in what it left, and only then can it be checked",
        ),
        Ok(Embedded::Damaged(said)) => findings.error(format!(
            "database: `{}` is damaged ({said}); put back the newest backup",
            data.join("tokenmint.db").display()
        )),
        Ok(Embedded::Found(found)) => {
            findings.ok(format!("database: whole, {}", schema(&found)));
            return Some(found);
        }
        Err(error) => findings.error(format!("database: {}", crate::error::with_causes(&error))),
    }
    None
}

fn postgres(url: &str, findings: &mut Findings) -> Option<Inspection> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let looked = match &runtime {
        Ok(runtime) => runtime.block_on(store::inspect_postgres(url, ROOT_MAC_KEY)),
        Err(error) => {
            findings.error(format!("database: cannot be asked: {error}"));
            return None;
        }
    };
    match looked {
        Ok(found) => {
            findings.ok(format!("database: PostgreSQL answers, {}", schema(&found)));
            Some(found)
        }
        Err(error) => {
            findings.error(format!("database: {}; see --database-url", crate::error::with_causes(&error)));
            None
        }
    }
}

fn schema(found: &Inspection) -> String {
    match found.pending {
        0 => "its schema is this release's".to_owned(),
        pending => format!("the next start applies {pending} migrations"),
    }
}

fn master_key(config: &Config, found: Option<&Inspection>, findings: &mut Findings) {
    if config.master_key.is_none() && config.database == Database::Embedded {
        let path = config.data.join(key_file::NAME);
        let is_empty =
            |file: &str| std::fs::metadata(config.data.join(file)).map_or(0, |found| found.len()) == 0;
        if !path.exists() && is_empty("tokenmint.db") {
            return findings.ok("master key: none yet; the first start makes one");
        }
        if std::fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
            let path = path.display();
            findings.error(format!("master key: others may read `{path}`: chmod 600 closes it"));
        }
    }
    let ring = match key_file::read(config, false) {
        Ok(keys) => keys.ring,
        Err(error) => return findings.error(format!("master key: {error}")),
    };
    let mut orgs = found.into_iter().flat_map(|found| &found.orgs).peekable();
    if orgs.peek().is_none() {
        findings.ok("master key: readable");
    }
    for (org, sealed) in orgs {
        let parsed = OrgId::parse(org).zip(sealed.as_deref());
        let ring = jose::KeyRing::parse(ring.to_text().expose_text().unwrap_or_default());
        match (parsed, ring) {
            (Some((id, sealed)), Ok(ring)) => match OrgSecrets::open(id, ring, sealed) {
                Ok(_) => findings.ok(format!("master key: opens the root key of the org {org}")),
                Err(error) => findings.error(format!("master key: {error}")),
            },
            _ => findings.error(format!("master key: the org {org} has no root key; put back a backup")),
        }
    }
}

fn clock(newest: Timestamp, findings: &mut Findings) {
    let now = clock::now();
    if newest.milliseconds() - now.milliseconds() > SKEW_MILLISECONDS {
        findings.error(format!(
            "clock: it is {now} here, and the newest event is of {newest}: one of the clocks is wrong; tokens would be dated by it"
        ));
    } else {
        findings.ok(format!("clock: {now}, not before the newest event"));
    }
}

fn certificate(config: &Config, findings: &mut Findings) {
    let Some(tls::Settings::Files(files)) = &config.tls else { return };
    let now = clock::now();
    match files.read(&default_provider(), now) {
        Ok(identity) => {
            let days = (identity.ends.seconds() - now.seconds()) / 86_400;
            let text = format!("certificate: valid for {days} more days, until {}", identity.ends);
            if days < DAYS_LEFT { findings.warning(format!("{text}: renew it")) } else { findings.ok(text) }
        }
        Err(error) => findings.error(format!("certificate: {error}")),
    }
}

fn port(flag: &str, address: SocketAddr, findings: &mut Findings) {
    match TcpListener::bind(address) {
        Ok(_) => findings.ok(format!("port: {address} is free (--{flag})")),
        Err(error) => findings.error(format!("port: cannot listen on {address}: {error}; see --{flag}")),
    }
}

fn base_url(origin: &Origin, running: bool, findings: &mut Findings) {
    let authority = origin.as_str().split_once("://").map_or(origin.as_str(), |(_, authority)| authority);
    let port = if origin.is_https() { 443 } else { 80 };
    let named = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let place = if named { authority.to_owned() } else { format!("{authority}:{port}") };
    let Ok(Some(address)) = place.to_socket_addrs().map(|mut found| found.next()) else {
        return findings
            .warning(format!("base URL: {origin} has no address here; clients need one (--base-url)"));
    };
    if !running {
        return findings.ok(format!("base URL: {origin} has the address {}", address.ip()));
    }
    if origin.is_https() {
        return match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(_) => {
                findings
                    .ok(format!("base URL: {origin} accepts connections (what it answers was not asked)"));
            }
            Err(error) => findings.warning(format!("base URL: {origin} is not reached from here: {error}")),
        };
    }
    match is_ready(address, authority) {
        Ok(true) => findings.ok(format!("base URL: {origin}/health/ready answers that it is ready")),
        Ok(false) => {
            findings
                .error(format!("base URL: {origin}/health/ready does not answer 200: is it this server?"));
        }
        Err(error) => findings.warning(format!("base URL: {origin} is not reached from here: {error}")),
    }
}

fn is_ready(address: SocketAddr, authority: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    Ok(&line == b"HTTP/1.1 200")
}

/// The running server's half.
pub struct View(pub Arc<Tenant>);

impl Command for View {
    fn run(&self, _: Value) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async {
            let mut findings = Findings::default();
            match self.0.store.health().await {
                Ok(()) => findings.ok("server: its store reads and writes"),
                Err(fault) => findings.error(format!("server: its store fails: {fault}")),
            }
            self.revision(&mut findings).await;
            self.keys(&mut findings).await;
            findings.ok(format!("server: its clock says {}", clock::now()));
            Ok(json!(findings.0))
        })
    }
}

impl View {
    async fn revision(&self, findings: &mut Findings) {
        let known = self.0.configuration.current().revision;
        match self.0.store.revision(self.0.org().as_str()).await {
            Ok(Some(stored)) if i64::try_from(known).is_ok_and(|known| known >= stored) => {
                findings.ok(format!("server: knows the newest configuration, revision {known}"));
            }
            Ok(stored) => findings.warning(format!(
                "server: knows revision {known} and the database has {}: run doctor again, and if that stays, see the log",
                stored.unwrap_or_default()
            )),
            Err(fault) => findings.error(format!("server: the configuration's revision cannot be read: {fault}")),
        }
    }

    async fn keys(&self, findings: &mut Findings) {
        let tenant = Arc::clone(&self.0);
        let Ok((opened, lost)) = tokio::task::spawn_blocking(move || open_keys(&tenant)).await else {
            return findings.error("server: its signing keys could not be looked at");
        };
        findings.ok(format!("server: the master key opens {opened} signing keys"));
        if let Some(first) = lost.first() {
            findings.error(format!(
                "server: the master key does not open {} signing keys, such as {first}: give the key that they were \
                 sealed under, too, and restart; or rotate them",
                lost.len()
            ));
        }
    }
}

/// How many signing keys open, and those that do not.
fn open_keys(tenant: &Tenant) -> (usize, Vec<String>) {
    let (snapshot, mut opened, mut lost) = (tenant.configuration.current(), 0, Vec::new());
    for entry in snapshot.servers_after(None) {
        let server = entry.server.value.id;
        for key in entry.keys.iter() {
            match tenant.secrets.open_signing_key(server, &key.kid, &key.sealed) {
                Ok(_) => opened += 1,
                Err(_) => lost.push(format!("{} of {server}", key.kid)),
            }
        }
    }
    (opened, lost)
}

//! The running server: how it is asked, and its own view of itself. Leaves out what is seen from outside.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use service::Tenant;

use super::finding::{Finding, Findings};
use crate::access::BoxFuture;
use crate::clock;
use crate::control::{self, Command};

/// The command of the running server.
pub const COMMAND: &str = "doctor";
/// How long the running server may look at itself.
const SERVER_PATIENCE: Duration = Duration::from_secs(30);

/// The view of the server that runs on the directory; whether there is one.
pub fn ask(data: &Path, findings: &mut Findings) -> bool {
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

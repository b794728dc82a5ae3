//! `tokenmint doctor`: reads what `serve` would read and says what is wrong and how to mend it. Changes nothing. Owns the
//! order of the checks; what only the running server knows, it says itself over the control socket.

mod backup;
mod database;
mod files;
mod finding;
mod master_key;
mod network;
mod server;

use std::path::Path;

use model::Timestamp;

use crate::config::{Config, Database};
use crate::operator::terminal;
use finding::{Findings, Mark};
pub use server::{COMMAND, View};

/// Examines everything and prints what was found; whether nothing is wrong.
pub fn examine(config: Result<Config, String>, backup: Option<&Path>) -> bool {
    let mut findings = Findings::default();
    match config {
        Err(error) => findings.error(format!("settings: {error}")),
        Ok(config) => {
            findings.ok("settings: readable");
            all(&config, &mut findings);
        }
    }
    if let Some(file) = backup {
        backup::examine(file, &mut findings);
    }
    for finding in &findings.0 {
        terminal::show(&format!("{finding}\n"));
    }
    findings.0.iter().all(|finding| finding.mark != Mark::Error)
}

fn all(config: &Config, findings: &mut Findings) {
    files::directory(&config.data, findings);
    files::contents(&config.data, findings);
    files::room(&config.data, findings);
    let running = server::ask(&config.data, findings);
    let found = match &config.database {
        Database::Embedded if running => None,
        Database::Embedded => database::embedded(&config.data, findings),
        Database::Postgres(url) => database::postgres(url.expose(), findings),
    };
    master_key::examine(config, found.as_ref(), findings);
    if let Some(newest) = found.and_then(|found| found.newest_event) {
        database::newest_event(Timestamp::from_milliseconds(newest), findings);
    }
    network::certificate(config, findings);
    if !running {
        for (flag, address) in [("listen", Some(config.listen)), ("metrics-listen", config.metrics_listen)] {
            if let Some(address) = address {
                network::port(flag, address, findings);
            }
        }
    }
    for origin in &config.base_urls {
        network::base_url(origin, running, findings);
    }
}

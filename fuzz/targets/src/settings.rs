//! The file of settings. What is taken is within the limits that are documented; a refusal names a place and never shows
//! the database's URL, which holds a password.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use server::config::{Config, Database};
use server::settings::{self, Sources};

const PASSWORD: &str = "hunter2";

/// A TOML document.
pub fn run(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (flags, environment) = (ArgMatches::default(), |_: &str| None);
    let sources = Sources::open(&flags, &environment).expect("nothing was given");
    let refusal = match sources.with_file(PathBuf::from("tokenmint.toml"), text) {
        // The master key's file would be read.
        Ok(sources) if sources.find(settings::MASTER_KEY_FILE).is_ok_and(|found| found.is_some()) => return,
        Ok(sources) => match Config::read(&sources) {
            Ok(config) => return check(&config),
            Err(refusal) => refusal.to_string(),
        },
        Err(refusal) => refusal.to_string(),
    };
    assert!(refusal.contains("tokenmint.toml"), "{refusal}");
    let is_only_in_the_url = text.parse::<toml::Table>().is_ok_and(|mut table| {
        let is_there = table.remove("database_url").is_some_and(|url| url.to_string().contains(PASSWORD));
        is_there && !table.to_string().contains(PASSWORD)
    });
    assert!(!is_only_in_the_url || !refusal.contains(PASSWORD), "{refusal}");
}

fn check(config: &Config) {
    let limits = &config.limits;
    for count in [limits.connections, limits.headers, limits.reset_streams] {
        assert!((1..=1_000_000).contains(&count));
    }
    for size in [limits.header_bytes, limits.body_bytes, limits.all_body_bytes] {
        assert!((1..=1 << 30).contains(&size));
    }
    assert!(limits.header_bytes >= 8 * 1_024);
    for time in
        [limits.header_time, limits.body_pause, limits.idle_time, limits.request_time, limits.shutdown_time]
    {
        assert!(time >= Duration::from_millis(1) && time <= Duration::from_hours(24));
    }
    if let Database::Postgres(url) = &config.database {
        assert!(url.expose().starts_with("postgres"));
    }
    let mut origins: Vec<&str> = config.base_urls.iter().map(server::origin::Origin::as_str).collect();
    origins.sort_unstable();
    origins.dedup();
    assert_eq!(origins.len(), config.base_urls.len(), "an origin stands twice");
}

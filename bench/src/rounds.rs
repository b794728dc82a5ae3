//! One side of the comparison (floor or mint), and the rounds that it was loaded for. Owns starting the driver and reading
//! what it tells.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::histogram::Histogram;
use crate::http::{self, Target};
use crate::mint::Client;
use crate::process::Server;
use crate::usage;

/// How a round is driven.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub connections: usize,
    pub warm_seconds: u64,
    pub seconds: u64,
}

/// What one round showed.
#[derive(Debug)]
pub struct Round {
    pub wall_micros: u64,
    pub server_micros: u64,
    pub driver_micros: u64,
    pub written_bytes: Option<u64>,
    pub errors: u64,
    pub first_error: Option<String>,
    pub latencies: Histogram,
}

impl Round {
    fn from_json(line: &Value) -> Option<Self> {
        Some(Self {
            wall_micros: line["wall_us"].as_u64()?,
            server_micros: line["server_cpu_us"].as_u64()?,
            driver_micros: line["driver_cpu_us"].as_u64()?,
            written_bytes: line["written_bytes"].as_u64(),
            errors: line["errors"].as_u64()?,
            first_error: line["first_error"].as_str().map(str::to_owned),
            latencies: Histogram::from_json(&line["latencies"])?,
        })
    }

    /// Tokens within the measured time.
    pub fn tokens(&self) -> u64 {
        self.latencies.count()
    }
}

/// A server, whom to ask it as, and what the rounds showed.
#[derive(Debug)]
pub struct Side {
    pub name: &'static str,
    url: String,
    pid: u32,
    client: Client,
    /// Length of an access token.
    pub token_bytes: usize,
    pub idle_kib: u64,
    pub peak_kib: u64,
    /// Everything that was not a token, the warming included.
    pub errors: u64,
    pub rounds: Vec<Round>,
}

impl Side {
    /// A side that answers, with a token of the kind that is compared.
    pub fn new(name: &'static str, server: &Server, client: Client, idle_kib: u64) -> Result<Self, String> {
        let (url, pid) = (server.url.clone(), server.pid());
        let token = token(&url, &client).map_err(|error| format!("{name}: {error}"))?;
        is_rs256_2048(&token).ok_or_else(|| format!("{name}: not RS256 with 2,048 bits: {token}"))?;
        usage::forget_peak(pid);
        let token_bytes = token.len();
        Ok(Self { name, url, pid, client, token_bytes, idle_kib, peak_kib: 0, errors: 0, rounds: Vec::new() })
    }

    /// Loads the server once. Whether the round counts is the caller's affair; errors always do.
    pub fn drive(&mut self, load: Load) -> Result<Round, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut driver = Command::new(program)
            .args(["drive", &format!("{}{}", self.url, self.client.path)])
            .args(["--connections", &load.connections.to_string()])
            .args(["--warm", &load.warm_seconds.to_string()])
            .args(["--seconds", &load.seconds.to_string()])
            .args(["--pid", &self.pid.to_string()])
            .env("BENCH_AUTHORIZATION", &self.client.authorization)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("driver: {error}"))?;
        let line = self.watch(&mut driver).inspect_err(|_| drop(driver.kill()))?;
        let told = serde_json::from_str(&line).ok().as_ref().and_then(Round::from_json);
        let round = told.ok_or_else(|| format!("{}: the driver said `{line}`", self.name))?;
        self.errors += round.errors;
        Ok(round)
    }

    /// Looks at the server's memory until the driver has ended.
    fn watch(&mut self, driver: &mut Child) -> Result<String, String> {
        let stdout = driver.stdout.take().ok_or("the driver has no stdout")?;
        let reader = thread::spawn(move || std::io::read_to_string(stdout).unwrap_or_default());
        while driver.try_wait().map_err(|error| error.to_string())?.is_none() {
            // The kernel's own peak can lag behind what it calls resident now: the larger one counts.
            let seen = usage::peak_kib(self.pid)?.max(usage::resident_kib(self.pid)?);
            self.peak_kib = self.peak_kib.max(seen);
            thread::sleep(Duration::from_millis(100));
        }
        reader.join().map_err(|_| "the driver's words were lost".to_owned())
    }

    /// Tokens within the measured time of all rounds.
    pub fn tokens(&self) -> u64 {
        self.rounds.iter().map(Round::tokens).sum()
    }

    /// Latencies of all rounds together.
    pub fn latencies(&self) -> Histogram {
        let mut all = Histogram::default();
        self.rounds.iter().for_each(|round| all.merge(&round.latencies));
        all
    }
}

/// Asks for one token, on a connection of its own.
pub fn token(url: &str, client: &Client) -> Result<String, String> {
    let target = Target::parse(&format!("{url}{}", client.path))?;
    let (status, body) = http::call(&target.address, &http::token_request(&target, &client.authorization))?;
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    match answer["access_token"].as_str() {
        Some(token) if status == 200 => Ok(token.to_owned()),
        _ => Err(format!("no token: {status} {}", String::from_utf8_lossy(&body))),
    }
}

/// The comparison is fair only between signatures of one kind.
fn is_rs256_2048(token: &str) -> Option<()> {
    let mut parts = token.split('.');
    let header = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(parts.nth(1)?).ok()?;
    (header["alg"] == "RS256" && signature.len() == 256).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(header: &str, signature: &[u8]) -> String {
        format!("{}.e30.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(signature))
    }

    #[test]
    fn only_rs256_with_2048_bits_is_compared() {
        assert!(is_rs256_2048(&token_of(r#"{"alg":"RS256"}"#, &[0; 256])).is_some());
        assert!(is_rs256_2048(&token_of(r#"{"alg":"RS256"}"#, &[0; 512])).is_none());
        assert!(is_rs256_2048(&token_of(r#"{"alg":"ES256"}"#, &[0; 256])).is_none());
        assert!(is_rs256_2048("opaque").is_none());
    }

    #[test]
    fn what_the_driver_tells_is_understood() {
        let line = serde_json::json!({
            "wall_us": 10, "server_cpu_us": 8, "driver_cpu_us": 1, "written_bytes": null,
            "errors": 1, "first_error": "503", "latencies": [[5, 2]],
        });
        let round = Round::from_json(&line).unwrap();
        assert_eq!((round.tokens(), round.errors, round.first_error.as_deref()), (2, 1, Some("503")));
        assert!(Round::from_json(&serde_json::json!({})).is_none());
    }
}

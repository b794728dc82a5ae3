//! One side of a comparison, and the rounds that it was loaded for. Owns starting the driver and reading what it tells.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::histogram::Histogram;
use crate::options::Options;
use crate::process::{Server, command};
use crate::{plan, usage};

/// How a round is driven.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub connections: usize,
    pub warm_seconds: u64,
    pub seconds: u64,
    /// How many rounds count.
    pub rounds: usize,
}

impl Load {
    /// As the options say; `seconds` and `rounds` where they say nothing.
    pub fn of(options: &Options, seconds: u64, rounds: usize) -> Result<Self, String> {
        Ok(Self {
            connections: options.get("connections", 64)?,
            warm_seconds: 1,
            seconds: options.get("seconds", seconds)?,
            rounds: options.get("rounds", rounds)?,
        })
    }
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

    /// Good replies within the measured time.
    pub fn replies(&self) -> u64 {
        self.latencies.count()
    }
}

/// A server, what it is asked, and what the rounds showed.
#[derive(Debug)]
pub struct Side {
    pub name: &'static str,
    address: String,
    pid: u32,
    /// Where its plan is written.
    plan: PathBuf,
    /// What is asked in turn.
    pub requests: Vec<Vec<u8>>,
    /// Whether each request may be sent only once.
    pub once: bool,
    /// What a good reply holds.
    pub expected: &'static str,
    /// The core that the driver is kept on.
    pub driver_core: Option<usize>,
    pub idle_kib: u64,
    pub peak_kib: u64,
    /// Everything that was not a good reply, the warming included.
    pub errors: u64,
    pub rounds: Vec<Round>,
}

impl Side {
    /// A side that was not loaded yet and is asked for tokens.
    pub fn new(name: &'static str, server: &Server, scratch: &Path, requests: Vec<Vec<u8>>) -> Self {
        let pid = server.pid();
        usage::forget_peak(pid);
        Self {
            name,
            address: server.address().to_owned(),
            pid,
            plan: scratch
                .join(format!("{}.plan", name.replace(|letter: char| !letter.is_alphanumeric(), "-"))),
            requests,
            once: false,
            expected: "\"access_token\"",
            driver_core: None,
            idle_kib: 0,
            peak_kib: 0,
            errors: 0,
            rounds: Vec::new(),
        }
    }

    /// The same with what the server held before anybody asked.
    #[must_use]
    pub fn idle(self, kib: u64) -> Self {
        Self { idle_kib: kib, ..self }
    }

    /// Loads the server once. Whether the round counts is the caller's affair; errors always do.
    pub fn drive(&mut self, load: Load) -> Result<Round, String> {
        plan::write(&self.plan, &self.requests)?;
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut driver = command(&program, self.driver_core);
        driver
            .args(["drive", &self.address])
            .arg(&self.plan)
            .args(["--connections", &load.connections.to_string()])
            .args(["--warm", &load.warm_seconds.to_string()])
            .args(["--seconds", &load.seconds.to_string()])
            .args(["--pid", &self.pid.to_string()])
            .args(["--expect", self.expected])
            .args(self.once.then_some("--once"))
            .stdout(Stdio::piped());
        let mut driver = driver.spawn().map_err(|error| format!("driver: {error}"))?;
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

    /// Good replies within the measured time of all rounds.
    pub fn replies(&self) -> u64 {
        self.rounds.iter().map(Round::replies).sum()
    }

    /// Latencies of all rounds together.
    pub fn latencies(&self) -> Histogram {
        let mut all = Histogram::default();
        self.rounds.iter().for_each(|round| all.merge(&round.latencies));
        all
    }
}

/// Rounds in turn, so that what disturbs the machine disturbs every side. The first one of each only warms. `prepare` is
/// called before each round.
pub fn in_turn<const N: usize>(
    mut sides: [Side; N],
    load: Load,
    mut prepare: impl FnMut(&mut Side) -> Result<(), String>,
) -> Result<[Side; N], String> {
    for number in 0..=load.rounds {
        for side in &mut sides {
            prepare(side)?;
            let round = side.drive(load)?;
            report(side.name, number, load, &round);
            if number > 0 {
                side.rounds.push(round);
            }
        }
    }
    Ok(sides)
}

/// Says on stderr how a round went.
pub fn report(name: &str, number: usize, load: Load, round: &Round) {
    let (replies, errors, rounds) = (round.replies(), round.errors, load.rounds);
    eprintln!("bench: round {number} of {rounds}: {name} {replies} replies, {errors} errors");
    if let Some(error) = &round.first_error {
        eprintln!("bench: {name}: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_driver_tells_is_understood() {
        let line = serde_json::json!({
            "wall_us": 10, "server_cpu_us": 8, "driver_cpu_us": 1, "written_bytes": null,
            "errors": 1, "first_error": "503", "latencies": [[5, 2]],
        });
        let round = Round::from_json(&line).unwrap();
        assert_eq!((round.replies(), round.errors, round.first_error.as_deref()), (2, 1, Some("503")));
        assert!(Round::from_json(&serde_json::json!({})).is_none());
    }
}

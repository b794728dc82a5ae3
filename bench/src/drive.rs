//! The driver: keep-alive connections in a closed loop, which send the requests of a plan in turn. It runs as a process of
//! its own, on one thread, and looks no closer at a reply than it must, so that what it costs is small and is not counted as
//! the server's.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, LocalSet};

use crate::histogram::Histogram;
use crate::http;
use crate::options::Options;
use crate::{clock, plan, usage};

/// How long replies may still be out when the time is over.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Warm,
    Measured,
    Over,
}

/// What the connections share.
struct Tally {
    phase: Phase,
    requests: Vec<Vec<u8>>,
    /// How many were sent.
    sent: usize,
    /// Whether each may be sent only once.
    once: bool,
    /// What a good reply holds.
    expected: String,
    latencies: Histogram,
    errors: u64,
    first_error: Option<String>,
}

impl Tally {
    fn fail(&mut self, message: String) {
        self.errors += 1;
        self.first_error.get_or_insert(message);
    }

    /// Which request comes next; none if they have run out, which is an error.
    fn next(&mut self) -> Option<usize> {
        let number = self.sent;
        self.sent += 1;
        if self.once && number >= self.requests.len() {
            self.fail("the requests that can be sent only once have run out: make more".to_owned());
            return None;
        }
        Some(number % self.requests.len())
    }
}

/// Loads the server and prints what was seen, as one line of JSON.
pub fn drive(options: &Options) -> Result<(), String> {
    let address = options.argument(0, "ADDRESS")?.to_owned();
    let requests = plan::read(Path::new(options.argument(1, "PLAN")?))?;
    let connections: usize = options.get("connections", 64)?;
    let warm = Duration::from_secs(options.get("warm", 1)?);
    let measured = Duration::from_secs(options.get("seconds", 5)?);
    let pid = options.text("pid").map(str::parse).transpose().map_err(|_| "`--pid` is no number")?;
    let tally = Rc::new(RefCell::new(Tally {
        phase: Phase::Warm,
        requests,
        sent: 0,
        once: options.has("once"),
        expected: options.text("expect").unwrap_or("\"access_token\"").to_owned(),
        latencies: Histogram::default(),
        errors: 0,
        first_error: None,
    }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let line = LocalSet::new().block_on(&runtime.map_err(|error| error.to_string())?, async {
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            tasks.spawn_local(converse(address.clone(), Rc::clone(&tally)));
        }
        let line = watch(&tally, pid, warm, measured).await;
        if tokio::time::timeout(PATIENCE, async { while tasks.join_next().await.is_some() {} }).await.is_err()
        {
            for _ in 0..tasks.len() {
                tally.borrow_mut().fail(format!("no reply {} s after the end", PATIENCE.as_secs()));
            }
        }
        line
    })?;
    println!("{}", complete(line, &tally.borrow()));
    Ok(())
}

/// Changes the phases. What the processes have used is read at the moments at which counting begins and ends.
async fn watch(
    tally: &RefCell<Tally>,
    pid: Option<u32>,
    warm: Duration,
    measured: Duration,
) -> Result<Value, String> {
    tokio::time::sleep(warm).await;
    let before = Reading::take(pid)?;
    tally.borrow_mut().phase = Phase::Measured;
    tokio::time::sleep(measured).await;
    tally.borrow_mut().phase = Phase::Over;
    let after = Reading::take(pid)?;
    Ok(json!({
        "wall_us": clock::micros(after.at - before.at),
        "server_cpu_us": after.server - before.server,
        "driver_cpu_us": after.driver - before.driver,
        "written_bytes": after.written.zip(before.written).map(|(after, before)| after - before),
    }))
}

struct Reading {
    at: Instant,
    server: u64,
    driver: u64,
    written: Option<u64>,
}

impl Reading {
    fn take(pid: Option<u32>) -> Result<Self, String> {
        let server = pid.map_or(Ok(0), usage::cpu_micros)?;
        let driver = usage::cpu_micros(std::process::id())?;
        Ok(Self { at: clock::now(), server, driver, written: pid.and_then(usage::written_bytes) })
    }
}

fn complete(mut line: Value, tally: &Tally) -> Value {
    line["errors"] = tally.errors.into();
    line["first_error"] = tally.first_error.clone().into();
    line["p50_us"] = tally.latencies.quantile(500).into();
    line["p99_us"] = tally.latencies.quantile(990).into();
    line["requests"] = tally.latencies.count().into();
    line["latencies"] = tally.latencies.to_json();
    line
}

/// One connection after the other, until the time is over.
async fn converse(address: String, tally: Rc<RefCell<Tally>>) {
    while tally.borrow().phase != Phase::Over {
        let ended = match TcpStream::connect(&address).await {
            Ok(stream) => exchange(stream, &tally).await,
            Err(error) => Err(error.to_string()),
        };
        if let Err(message) = ended {
            tally.borrow_mut().fail(message);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Requests and replies on one connection, until the time is over or the server closes it.
async fn exchange(mut stream: TcpStream, tally: &RefCell<Tally>) -> Result<(), String> {
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (mut request, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
    while tally.borrow().phase != Phase::Over {
        let Some(number) = tally.borrow_mut().next() else {
            tally.borrow_mut().phase = Phase::Over;
            return Ok(());
        };
        request.clone_from(&tally.borrow().requests[number]);
        let sent = clock::now();
        stream.write_all(&request).await.map_err(|error| error.to_string())?;
        let mut filled = 0;
        let closes = loop {
            let read = stream.read(&mut buffer[filled..]).await.map_err(|error| error.to_string())?;
            if read == 0 {
                return Err("the server closed the connection, or its reply is too long".to_owned());
            }
            filled += read;
            let Some(reply) = http::reply(&buffer[..filled])? else { continue };
            note(tally, &reply, sent);
            break reply.closes;
        };
        if closes {
            break;
        }
    }
    Ok(())
}

fn note(tally: &RefCell<Tally>, reply: &http::Reply<'_>, sent: Instant) {
    let mut tally = tally.borrow_mut();
    if reply.status != 200 || http::find(&reply.body, tally.expected.as_bytes()).is_none() {
        let body = String::from_utf8_lossy(&reply.body);
        tally.fail(format!("{} {}", reply.status, body.chars().take(200).collect::<String>()));
    } else if tally.phase == Phase::Measured {
        tally.latencies.record(clock::micros(sent.elapsed()));
    }
}

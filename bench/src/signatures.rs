//! Where the signature weighs less, or there is more than one: ES256, clients that authenticate by assertions, and
//! introspection. Each is held against a floor that does the same cryptography and nothing else.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::json;

use crate::client::{self, Client, ES256, RS256, request_with_assertion};
use crate::keys::Signer;
use crate::mint::Mint;
use crate::options::Options;
use crate::page::{self, Part};
use crate::process::{Server, command};
use crate::rounds::{self, Load, Side};
use crate::run::floor_client;
use crate::table::Aim;
use crate::{clock, compare, fixture};

const ES256_RATIO: f64 = 2.5;
const ASSERTION_RATIO: f64 = 1.3;
const INTROSPECTIONS: f64 = 40_000.0;

/// Assertions that are made for each second of a round. Each is good for one token.
const ASSERTIONS_PER_SECOND: u64 = 8_000;
/// Enough of them for a server that does not mind.
const ASSERTIONS_OF_FLOOR: u64 = 1_000;
const ASSERTION_SECONDS: u64 = 600;

/// Floor and mint that sign with ES256.
pub fn es256(options: &Options) -> Result<ExitCode, String> {
    page::run(options, "es256", |scratch| {
        let load = Load::of(options, 3, 5)?;
        let (floor_server, floor) = (floor(scratch, &["--algorithm", "ES256"], None)?, floor_client());
        client::signed_with(&floor.token(&floor_server.url)?, ES256)?;
        let server = Mint::of(options, scratch)?.start(&scratch.join("data"))?;
        let client = fixture::small(&server.url, Some("ES256"))?;
        client::signed_with(&client.token(&server.url)?, ES256)?;
        let floor = Side::new("floor", &floor_server, scratch, vec![floor.request(&floor_server.url)?]);
        let side = Side::new("mint", &server, scratch, vec![client.request(&server.url)?]);
        let [floor, side] = rounds::in_turn([floor, side], load, |_| Ok(()))?;
        let what = "server CPU per token with ES256, times the floor";
        Ok(judged(
            &floor,
            &side,
            load,
            Aim::at_most(what, compare::cpu_ratio(&floor, &side), ES256_RATIO, ""),
        ))
    })
}

/// Floor and mint whose client signs an assertion for every token.
pub fn assertions(options: &Options) -> Result<ExitCode, String> {
    page::run(options, "assertions", |scratch| {
        let load = Load::of(options, 3, 4)?;
        let key = Signer::generate("RS256")?;
        let floor_server = floor(scratch, &["--verify", &key.public_text()], None)?;
        let server = Mint::of(options, scratch)?.start(&scratch.join("data"))?;
        let client = fixture::small(&server.url, None)?;
        client::signed_with(&client.token(&server.url)?, RS256)?;
        let client_id = fixture::client_with_key(&server.url, &key.public_jwk("bench"))?;
        let asserting = |server: &Server, client: &Client| Asserting {
            key: &key,
            url: server.url.clone(),
            issuer_path: client.issuer_path.clone(),
            client_id: client_id.clone(),
        };
        let for_floor = asserting(&floor_server, &floor_client()).requests(ASSERTIONS_OF_FLOOR)?;
        let asserting = asserting(&server, &client);
        let floor = Side::new("floor", &floor_server, scratch, for_floor);
        let mut side = Side::new("mint", &server, scratch, Vec::new());
        side.once = true;
        let [floor, side] = rounds::in_turn([floor, side], load, |side| {
            if side.once {
                let seconds = load.warm_seconds + load.seconds;
                side.requests = asserting.requests(seconds * ASSERTIONS_PER_SECOND)?;
            }
            Ok(())
        })?;
        let what = "server CPU per token for an assertion, times the floor that signs and verifies once";
        let ratio = compare::cpu_ratio(&floor, &side);
        Ok(judged(&floor, &side, load, Aim::at_most(what, ratio, ASSERTION_RATIO, "")))
    })
}

/// Floor and server on one core each in turn, asked about one token; the driver has the other core.
pub fn introspection(options: &Options) -> Result<ExitCode, String> {
    page::run(options, "introspection", |scratch| {
        let load = Load::of(options, 3, 5)?;
        let (floor_server, floor) = (floor(scratch, &[], Some(0))?, floor_client());
        let mint = Mint { core: Some(0), ..Mint::of(options, scratch)? };
        let server = mint.start(&scratch.join("data"))?;
        let client = fixture::small(&server.url, None)?;
        let side = |name, server: &Server, client: &Client| -> Result<Side, String> {
            let answer = client.token(&server.url)?;
            let token = client::signed_with(&answer, RS256)?;
            let request = client.introspection(&server.url, token)?;
            let mut side = Side::new(name, server, scratch, vec![request]);
            (side.expected, side.driver_core) = ("\"active\":true", Some(1));
            Ok(side)
        };
        let sides = [side("floor", &floor_server, &floor)?, side("server", &server, &client)?];
        let [floor, side] = rounds::in_turn(sides, load, |_| Ok(()))?;
        // By the core's time: it is the rate, too, where nothing else wants the core.
        let rate = 1_000_000.0 / compare::cpu(&side);
        Ok(judged(
            &floor,
            &side,
            load,
            Aim::at_least("introspections in a second of one core's time", rate, INTROSPECTIONS),
        ))
    })
}

fn judged(floor: &Side, side: &Side, load: Load, aim: Aim) -> Part {
    let aims = vec![aim, Aim::no_errors("errors", floor.errors + side.errors)];
    Part { aims, text: compare::markdown(&[floor, side], load) }
}

fn floor(scratch: &Path, arguments: &[&str], core: Option<usize>) -> Result<Server, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = command(&program, core);
    Server::start(command.arg("floor").args(arguments), &scratch.join("floor.log"))
}

/// A client that signs.
struct Asserting<'a> {
    key: &'a Signer,
    url: String,
    issuer_path: String,
    client_id: String,
}

impl Asserting<'_> {
    /// So many requests, each with an assertion of its own, signed on every core.
    fn requests(&self, count: u64) -> Result<Vec<Vec<u8>>, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
        thread::scope(|scope| {
            let sign =
                || (0..count.div_ceil(threads)).map(|_| self.request(&NEXT)).collect::<Result<Vec<_>, _>>();
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(sign)).collect();
            let mut requests = Vec::new();
            for worker in workers {
                requests.extend(worker.join().map_err(|_| "signing panicked".to_owned())??);
            }
            Ok(requests)
        })
    }

    fn request(&self, next: &AtomicU64) -> Result<Vec<u8>, String> {
        let now = clock::unix_seconds();
        let claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": format!("{}{}/token", self.url, self.issuer_path),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": format!("bench-{:036}", next.fetch_add(1, Ordering::Relaxed)),
        });
        let header = json!({ "alg": "RS256", "kid": "bench" }).to_string();
        let assertion =
            self.key.compact(&header, &claims.to_string()).ok_or("an assertion cannot be signed")?;
        request_with_assertion(&self.url, &self.issuer_path, &assertion)
    }
}

//! What an introspection costs, on one core. `cargo bench -p service` prints a table in Markdown and nothing else.

#[path = "../tests/suite/world.rs"]
#[expect(dead_code, reason = "the suite uses the rest")]
mod world;

use std::hint::black_box;
use std::time::{Duration, Instant};

use jose::{Algorithm, PublicKey};
use service::client::authenticate;
use service::client_assertion::Endpoint;
use service::issuer::IssuerOrigins;
use world::{DEFAULT, World, about, at_once, basic, introspect_at_once};

/// A clock's reading costs some 20 ns, so that many calls are measured at once.
const BATCH: Duration = Duration::from_millis(2);
const SAMPLES: usize = 501;

fn main() {
    // `cargo test --all-targets` runs benchmarks too: once is enough to see that they work.
    let samples = if std::env::args().any(|argument| argument == "--bench") { SAMPLES } else { 1 };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    runtime.block_on(measure(samples));
}

async fn measure(samples: usize) {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let token = world.token_of(&app).await;
    for _ in 0..1_000 {
        let other = world.token_of(&app).await;
        world.revoke(&app, &other).await;
    }
    let (request, now) = (about(basic(&app), &token), world.now());
    let whole = median(samples, || {
        let answer = introspect_at_once(&world.tenant, black_box(&request), now).expect("it is answered");
        serde_json::to_string(&answer.expect("the token stands")).expect("it is JSON")
    });
    let server = world.server(DEFAULT);
    let public = server.keys.active().map(|key| PublicKey::new(&key.public));
    let public = public.expect("there is a key").expect("it is good");
    let verified = median(samples, || {
        jose::verify_compact(black_box(&token), &[Algorithm::Rs256], |_| Some(&public)).expect("it verifies")
    });
    let issuers = IssuerOrigins::only("https://id.example");
    let endpoint = Endpoint { issuers: &issuers, server: &server, path_segment: DEFAULT, name: "introspect" };
    let known = median(samples, || {
        let snapshot = world.snapshot();
        let known = authenticate(&world.tenant, &snapshot, &request.credentials, &endpoint, now);
        at_once(known).expect("it is known")
    });
    println!("| part of an introspection | µs |\n| --- | ---: |");
    println!("| verifying the signature (RS256, 2,048 bits) | {verified:.1} |");
    println!("| authenticating the client | {known:.1} |");
    println!("| the rest: claims, checks, answer as JSON | {:.1} |", whole - verified - known);
    println!("| all | {whole:.1} |");
    println!("| introspections in a second | {:.0} |", 1e6 / whole);
}

/// The median cost of a call, in microseconds.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn median<T>(samples: usize, mut call: impl FnMut() -> T) -> f64 {
    let mut batch = 1_u32;
    let mut measured = Vec::with_capacity(samples);
    while measured.len() < samples {
        let start = Instant::now();
        for _ in 0..batch {
            black_box(call());
        }
        let took = start.elapsed();
        if took < BATCH && samples > 1 {
            batch *= 2;
            continue;
        }
        measured.push(took.as_secs_f64() * 1e6 / f64::from(batch));
    }
    measured.sort_by(f64::total_cmp);
    measured[measured.len() / 2]
}

//! What a decision costs, and what stands beside it on the mint's path. `cargo bench -p engine` prints two tables in
//! Markdown and nothing else.

#[path = "../tests/decisions/world/mod.rs"]
mod world;

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use engine::compose::access_token;
use engine::{AuthorizationServer, Envelope, Facts, Recorder, Silent, claims, decide, mint};
use model::Timestamp;
use serde_json::Value;

use world::{World, request};

/// A clock's reading costs some 20 ns, so that many calls are measured at once.
const BATCH: Duration = Duration::from_micros(200);
const SAMPLES: usize = 501;

fn main() {
    // `cargo test --all-targets` runs benchmarks too: once is enough to see that they work.
    let samples = if std::env::args().any(|argument| argument == "--bench") { SAMPLES } else { 1 };
    println!("{}\n{}", rules_table(samples), path_table(samples));
}

/// `decide` where the last of many rules matches.
fn rules_table(samples: usize) -> String {
    let mut table =
        "| rules, the last one matching | silent | recorded |\n| ---: | ---: | ---: |\n".to_owned();
    let facts =
        request::facts("app Portal, user ana in A and B and C and D and Engineering, scopes openid read");
    for count in [1, 10, 100, 1_000] {
        let server = server_with_rules(count);
        let silent = median(samples, || decide(&server, black_box(&facts), &mut Silent));
        let recorded = median(samples, || decide(&server, black_box(&facts), &mut Recorder::default()));
        let _ = writeln!(table, "| {count} | {silent:.0} ns | {recorded:.0} ns |");
    }
    table
}

/// A third of the rules fails on the grant, a third on the people, a third only on the scopes.
fn server_with_rules(count: usize) -> AuthorizationServer {
    let mut world = World::new();
    world.configure("scope read");
    world.configure("policy Default for app Portal, Wiki, Shop");
    for at in 1..count {
        let conditions = match at % 3 {
            0 => "password or device_code and anyone".to_owned(),
            1 => format!("authorization_code and user in Group{at} or in Other{at}"),
            _ => format!("authorization_code and user in Engineering and only openid admin{at}"),
        };
        world.configure(&format!("rule Rule{at} if {conditions}, then 1h"));
    }
    world.configure("rule Last if authorization_code and user in Engineering and only openid read, then 1h");
    world.compile()
}

/// What a token request of a service passes through: one policy, one rule, the default `sub`.
fn path_table(samples: usize) -> String {
    let mut world = World::new();
    world.configure("scope read");
    world.configure("policy Default for every app");
    world.configure("rule Services if client_credentials and anyone, then 1h");
    let server = world.compile();
    let service = request::facts("app Worker, scopes read");
    let mut table = "| one service token | median |\n| --- | ---: |\n".to_owned();
    let mut row = |what: &str, nanoseconds: f64| {
        let _ = writeln!(table, "| {what} | {nanoseconds:.0} ns |");
    };
    row("`decide`", median(samples, || decide(&server, black_box(&service), &mut Silent)));
    let grant = decide(&server, &service, &mut Silent).expect("the rule matches");
    let evaluate =
        || claims::for_access_token(&server, black_box(&service), &grant.scopes, &ENVELOPE, &mut Silent);
    row("`claims::for_access_token`, only `sub`", median(samples, evaluate));
    row(
        "`access_token` and its JSON text",
        median(samples, || token_text(&server, black_box(&service), &grant)),
    );
    row(
        "`mint`, which is all three, and its JSON text",
        median(samples, || {
            let minted = mint(&server, black_box(&service), &ENVELOPE, &mut Silent);
            minted.map(|minted| minted.access_token.map(|claims| Value::Object(claims).to_string()))
        }),
    );
    table
}

fn token_text(server: &AuthorizationServer, facts: &Facts, grant: &engine::Grant) -> String {
    let sub = [("sub".to_owned(), Value::from("Worker"))];
    Value::Object(access_token(server, facts, grant, &ENVELOPE, sub.into_iter().collect())).to_string()
}

const ENVELOPE: Envelope<'static> = Envelope {
    issuer: "https://example.okta.test/oauth2/default",
    issued_at: Timestamp::from_seconds(1_767_225_600),
    token_ids: &|_, _| "AT.0123456789012345678901234567890123456789012".to_owned(),
};

/// The median of many measurements, in nanoseconds a call.
fn median<T>(samples: usize, mut call: impl FnMut() -> T) -> f64 {
    let mut calls = 1_u32;
    while time(calls, &mut call) < BATCH {
        calls *= 2;
    }
    let mut measured: Vec<f64> =
        (0..samples).map(|_| time(calls, &mut call).as_secs_f64() * 1e9 / f64::from(calls)).collect();
    measured.sort_by(f64::total_cmp);
    measured[samples / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn time<T>(calls: u32, call: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    start.elapsed()
}

//! What a decision costs, and what stands beside it on the mint's path. `cargo bench -p engine` prints its tables in
//! Markdown and nothing else.

#[path = "../../el/benches/measure/mod.rs"]
mod measure;
#[path = "../tests/decisions/world/mod.rs"]
mod world;

use std::fmt::Write as _;
use std::hint::black_box;

use engine::compose::access_token;
use engine::{AuthorizationServer, Envelope, Facts, Recorder, Silent, claims, decide, mint};
use model::Timestamp;
use serde_json::Value;

use measure::median;
use world::{World, request};

const SAMPLES: usize = 501;

fn main() {
    // `cargo test --all-targets` runs benchmarks too: once is enough to see that they work.
    let samples = if std::env::args().any(|argument| argument == "--bench") { SAMPLES } else { 1 };
    let mut aims = Aims::default();
    let tables = [
        rules_table(samples, &mut aims),
        path_table(samples),
        claims_table(samples, &mut aims),
        compile_table(samples, &mut aims),
    ];
    println!("{}\n{}", aims.table(), tables.join("\n"));
}

/// What was wanted, and what was found.
#[derive(Default)]
struct Aims {
    rows: Vec<(&'static str, f64, f64, &'static str)>,
}

impl Aims {
    fn note(&mut self, what: &'static str, at_most: f64, found: f64, unit: &'static str) {
        self.rows.push((what, at_most, found, unit));
    }

    fn table(&self) -> String {
        let mut table = "| aim | wanted | found | |\n| --- | ---: | ---: | --- |\n".to_owned();
        for (what, at_most, found, unit) in &self.rows {
            let met = if found <= at_most { "met" } else { "missed" };
            let _ = writeln!(table, "| {what} | ≤ {at_most}{unit} | {found:.1}{unit} | {met} |");
        }
        table
    }
}

/// Claims as admins write them, each of its own kind.
const EXPRESSIONS: [&str; 20] = [
    "user.firstName + ' ' + user.lastName",
    "String.toUpperCase(user.attribute1)",
    "user.attribute2 == 'value 2' ? 'gold' : 'silver'",
    "String.substringBefore(user.email, '@')",
    "user.attribute3 ?: user.attribute4",
    "isMemberOfGroupName('Group 50')",
    "isMemberOfGroupNameStartsWith('Group 9')",
    "Groups.startsWith('OKTA', 'Group 1', 100)",
    "String.stringContains(user.attribute5, 'lue')",
    "String.replace(user.attribute6, ' ', '-')",
    "Arrays.contains(user.roles, 'admin')",
    "Arrays.toCsvString(user.roles)",
    "user.attribute7 != null AND user.attribute7 != '' ? user.attribute7 : user.attribute8",
    "String.len(user.attribute9)",
    "Convert.toInt('42')",
    "String.join('/', user.attribute10, user.attribute11, user.attribute12)",
    "app.clientId",
    "appuser.userName",
    "String.replace(Arrays.toCsvString(access.scope), ',', ' ')",
    "user.attribute13 matches 'val.*'",
];

/// A user with 50 attributes and 100 groups.
fn person() -> Facts {
    let attributes: Vec<String> = (1..=44).map(|at| format!(r#""attribute{at}":"value {at}""#)).collect();
    let more = r#""lastName":"Berg","email":"ana@example.com","roles":["admin","clerk"],"city":"Oslo""#;
    request::facts(&format!(
        "app Portal, user ana with {{{},{more}}}, by password, groups 100 Group, scopes openid read",
        attributes.join(",")
    ))
}

/// A server with so many claims, `sub` among them, the expressions above in turn.
fn server_with_claims(count: usize) -> World {
    let mut world = World::new();
    world.configure("scope read");
    world.configure("policy Default for every app");
    world.configure("rule Any if anything, then 1h");
    for (at, expression) in EXPRESSIONS.iter().cycle().take(count).enumerate() {
        world.configure(&format!("claim claim{at} = {expression}"));
    }
    world
}

/// The claims of a token of a person, silent and recorded, and the whole mint.
fn claims_table(samples: usize, aims: &mut Aims) -> String {
    let facts = person();
    let mut table = "| expressions | claims | recorded | `mint` | recorded |\n".to_owned();
    table.push_str("| ---: | ---: | ---: | ---: | ---: |\n");
    for count in [0, 20, 40, 80, 160] {
        let server = server_with_claims(count).compile();
        let grant = decide(&server, &facts, &mut Silent).expect("the rule matches");
        assert_eq!(
            claims::for_access_token(&server, &facts, &grant.scopes, &ENVELOPE, &mut Silent).map(|c| c.len()),
            Ok(count + 1)
        );
        let evaluate =
            || claims::for_access_token(&server, black_box(&facts), &grant.scopes, &ENVELOPE, &mut Silent);
        let silent = median(samples, evaluate);
        let claims_heard = median(samples, || {
            let mut recorder = Recorder::default();
            let claims =
                claims::for_access_token(&server, black_box(&facts), &grant.scopes, &ENVELOPE, &mut recorder);
            (claims, recorder)
        });
        let minted = median(samples, || mint(&server, black_box(&facts), &ENVELOPE, &mut Silent));
        let mint_heard = median(samples, || {
            let mut recorder = Recorder::default();
            (mint(&server, black_box(&facts), &ENVELOPE, &mut recorder), recorder)
        });
        if count == 20 {
            aims.note("20 expressions, 50 attributes, 100 groups: median", 20.0, silent / 1e3, " µs");
            aims.note("the trace of that mint against the silent one", 3.0, mint_heard / minted, " ×");
        }
        let _ = writeln!(
            table,
            "| {count} | {silent:.0} ns | {claims_heard:.0} ns | {minted:.0} ns | {mint_heard:.0} ns |"
        );
    }
    table
}

/// Compiling a server, once per change of it.
fn compile_table(samples: usize, aims: &mut Aims) -> String {
    let mut table = "| expressions | compiled in |\n| ---: | ---: |\n".to_owned();
    for count in [100, 1_000, 10_000] {
        let world = server_with_claims(count);
        let nanoseconds = median(samples.min(11), || world.compile());
        if count == 10_000 {
            aims.note("compiling 10,000 expressions", 1_000.0, nanoseconds / 1e6, " ms");
        }
        let _ = writeln!(table, "| {count} | {:.2} ms |", nanoseconds / 1e6);
    }
    table
}

/// `decide` where the last of many rules matches.
fn rules_table(samples: usize, aims: &mut Aims) -> String {
    let mut table =
        "| rules, the last one matching | silent | recorded |\n| ---: | ---: | ---: |\n".to_owned();
    let facts =
        request::facts("app Portal, user ana in A and B and C and D and Engineering, scopes openid read");
    for count in [1, 10, 100, 1_000] {
        let server = server_with_rules(count);
        let silent = median(samples, || decide(&server, black_box(&facts), &mut Silent));
        let recorded = median(samples, || decide(&server, black_box(&facts), &mut Recorder::default()));
        if count == 100 {
            aims.note("the trace of 100 rules against the silent decision", 3.0, recorded / silent, " ×");
        }
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

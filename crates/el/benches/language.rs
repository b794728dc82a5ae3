//! What expressions cost: compiling many, and evaluating those of one token. `cargo bench -p el` prints tables in Markdown and
//! nothing else.

mod measure;

use std::fmt::Write as _;
use std::hint::black_box;

use el::{Found, Group, Limits, Object, Program, Value, Variables, compile};
use measure::median;
use model::group::GroupKind;
use serde_json::{Map, Value as Json, json};

const SAMPLES: usize = 501;

/// The claims of one token: what people write most, and each family of functions once.
const CLAIMS: [&str; 20] = [
    "(appuser != null) ? appuser.userName : app.clientId",
    "user.email",
    "user.firstName + ' ' + user.lastName",
    "user.department ?: 'none'",
    "user.attribute40 != \"\" AND user.attribute40 != null ? user.attribute40 : user.login",
    "String.substringAfter(user.email, '@')",
    "String.toUpperCase(substring(user.firstName, 0, 1)) + toLowerCase(user.lastName)",
    "String.stringSwitch(user.email, 'other', '@example.org', 'org', '@example.com', 'com')",
    "String.replace(Arrays.toCsvString(access.scope), ',', ' ')",
    "Arrays.contains(user.roles, 'admin')",
    "Arrays.size(user.roles) > 2 ? 'many' : 'few'",
    "user.login matches '(?i).*@example\\.com'",
    "Convert.toInt(user.employeeNumber) + 1",
    "Iso3166Convert.toAlpha3(user.countryCode)",
    "Time.fromIso8601ToString(user.hired, 'yyyy-MM-dd')",
    "isMemberOfGroupName('Group 50') ? 'inside' : 'outside'",
    "isMemberOfAnyGroup('00gGroup7', '00gGroup99')",
    "Groups.startsWith('OKTA', 'Group 1', 100) ?: {}",
    "getFilteredGroups(app.profile.allow, 'group.name', 100)",
    "user.getGroups({'group.profile.name': 'Group 2'}).![name]",
];

fn main() {
    // `cargo test --all-targets` runs benchmarks too: once is enough to see that they work.
    let samples = if std::env::args().any(|argument| argument == "--bench") { SAMPLES } else { 1 };
    println!("{}\n{}\n{}", compiling_table(samples), token_table(samples), claims_table(samples));
}

/// Somebody with 50 attributes and 100 groups.
struct Person {
    profile: Map<String, Json>,
    app: Map<String, Json>,
    access: Map<String, Json>,
    groups: Vec<Group>,
}

impl Person {
    fn new() -> Self {
        let mut profile = object(&json!({
            "login": "ana@example.com", "email": "ana@example.com", "firstName": "Ana", "lastName": "Muster",
            "department": "", "roles": ["dev", "ops", "admin"], "employeeNumber": "1234", "countryCode": "AT",
            "hired": "2020-03-01T00:00:00.000Z",
        }));
        for at in profile.len()..50 {
            profile.insert(format!("attribute{at}"), json!(format!("value {at}")));
        }
        let allow: Vec<String> = (0..10).map(|at| format!("00gGroup{}", at * 7)).collect();
        Person {
            profile,
            app: object(&json!({"clientId": "0oa1", "profile": {"allow": allow}})),
            access: object(&json!({"scope": ["openid", "profile", "groups"]})),
            groups: (0..100).map(group).collect(),
        }
    }
}

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap_or_default()
}

fn group(at: usize) -> Group {
    Group {
        id: format!("00gGroup{at}").into(),
        name: format!("Group {at}").into(),
        kind: GroupKind::Okta,
        source: None,
        object_class: vec!["okta:user_group".into()],
        profile: Map::new(),
    }
}

impl Variables for Person {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        let object: &dyn Object = match name {
            "user" => &self.profile,
            "app" => &self.app,
            "access" => &self.access,
            "appuser" => return Some(Value::Null.into()),
            _ => return None,
        };
        Some(Found::Object(object))
    }

    fn groups(&self) -> Option<&[Group]> {
        Some(&self.groups)
    }
}

/// Compiling, which happens when a configuration is loaded.
fn compiling_table(samples: usize) -> String {
    let many = 10_000;
    let texts: Vec<&str> = CLAIMS.into_iter().cycle().take(many).collect();
    let all = || texts.iter().map(|text| program(text)).filter(|program| program.names().groups.all).count();
    let milliseconds = median(samples.min(11), all) / 1e6;
    format!("| compiling | median |\n| --- | ---: |\n| {many} mixed expressions | {milliseconds:.0} ms |\n")
}

/// What the expressions of one token cost.
fn token_table(samples: usize) -> String {
    let person = Person::new();
    let programs: Vec<Program> = CLAIMS.iter().map(|text| program(text)).collect();
    let mut table = "| expressions in one token | silent | traced |\n| ---: | ---: | ---: |\n".to_owned();
    for count in [20, 40, 80, 160] {
        let all = || programs.iter().cycle().take(count);
        let silent = || all().filter(|program| program.evaluate(black_box(&person)).is_ok()).count();
        let traced = || all().filter(|program| program.evaluate_traced(black_box(&person)).0.is_ok()).count();
        let (silent, traced) = (median(samples, silent) / 1e3, median(samples, traced) / 1e3);
        let _ = writeln!(table, "| {count} | {silent:.1} µs | {traced:.1} µs |");
    }
    table
}

/// What each of them costs.
fn claims_table(samples: usize) -> String {
    let person = Person::new();
    let mut table = "| expression | median |\n| --- | ---: |\n".to_owned();
    for text in CLAIMS {
        let program = program(text);
        let outcome = program.evaluate(&person);
        assert!(outcome.is_ok(), "{text}: {outcome:?}");
        let nanoseconds = median(samples, || program.evaluate(black_box(&person)));
        let _ = writeln!(table, "| `{text}` | {nanoseconds:.0} ns |");
    }
    table
}

fn program(text: &str) -> Program {
    compile(text, &Limits::default()).unwrap_or_else(|diagnostics| panic!("{text}: {diagnostics:?}"))
}

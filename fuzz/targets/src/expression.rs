//! Expressions. Whatever is written, it is refused with a place in the text or evaluates within its limits, to the same
//! value each time, also while it is traced; what it has read of the user's groups it has named before; and what it was read
//! as prints to a text that reads the same.

use std::sync::LazyLock;

use el::tree::Expr;
use el::{CallError, Found, Group, GroupSource, Limits, Object, Program, Value, Variables, compile, parse};
use model::group::GroupKind;
use serde_json::{Map, Value as Json, json};

/// What an expression sees.
struct World {
    variables: Map<String, Json>,
    user: User,
    groups: Vec<Group>,
}

struct User {
    profile: Map<String, Json>,
    manager: Map<String, Json>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| World {
    variables: object(&json!({
        "appuser": null,
        "app": {"clientId": "0oa1", "profile": {"label": "Portal", "allow": ["00g1", "00g2"]}},
        "org": {"name": "Example", "subDomain": "example"},
        "session": {"amr": ["pwd"]},
        "access": {"scope": ["openid", "read"]},
    })),
    user: User {
        profile: object(&json!({
            "firstName": "Ana", "lastName": "Öst", "login": "ana@example.com", "nickName": "", "middleName": null,
            "age": 41, "score": 3.5, "active": true, "emoji": "a😀b", "roles": ["admin", "dev", "dev"],
            "codes": "a, b,c", "numbers": [10, 20, 30], "pattern": "A.*", "long": "x".repeat(1_024),
            "teams": [{"name": "Red", "profile": {"lead": "Bo"}}, {"name": "Blue", "profile": {}}],
            "hired": "2020-02-29T23:59:60.5+01:00", "countryCode": "AT",
        })),
        manager: object(&json!({"lastName": "Gates"})),
    },
    groups: groups(),
});

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap_or_default()
}

fn groups() -> Vec<Group> {
    let group = |id: &str, name: &str, kind: GroupKind| Group {
        id: id.into(),
        name: name.into(),
        kind,
        source: None,
        object_class: vec!["okta:user_group".into()],
        profile: Map::new(),
    };
    let source = GroupSource { id: "0oaad1".into(), app_type: "active_directory".into() };
    let profile = object(&json!({"samAccountName": "staff", "name": "ignored"}));
    vec![
        group("00g0", "Everyone", GroupKind::BuiltIn),
        group("00g1", "West Coast Admins", GroupKind::Okta),
        group("00g2", "Smith, Jones & Öst", GroupKind::Okta),
        Group { source: Some(source), profile, ..group("00g3", "Staff", GroupKind::App) },
    ]
}

impl Variables for World {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        if name == "user" { Some(Found::Object(&self.user)) } else { self.variables.variable(name) }
    }

    fn now_millis(&self) -> Option<i64> {
        Some(1_438_363_117_979)
    }

    fn groups(&self) -> Option<&[Group]> {
        Some(&self.groups)
    }
}

impl Object for User {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        self.profile.property(name)
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Found<'_>, CallError> {
        match (method, arguments) {
            ("getInternalProperty", [Value::Text(name)]) if &**name == "id" => Ok(Value::from("00u1").into()),
            ("getLinkedObject", [Value::Text(name)]) if &**name == "manager" => {
                Ok(Found::Object(&self.manager))
            }
            ("getLinkedObject", [_]) => Ok(Value::Null.into()),
            _ => Err(CallError::new("there is no such property")),
        }
    }
}

/// The same with those groups only that a program says it asks about.
struct Gathered {
    groups: Vec<Group>,
}

impl Variables for Gathered {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        WORLD.variable(name)
    }

    fn now_millis(&self) -> Option<i64> {
        WORLD.now_millis()
    }

    fn groups(&self) -> Option<&[Group]> {
        Some(&self.groups)
    }
}

/// A text.
pub fn run(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let limits = Limits::default();
    if let Ok(tree) = parse(text, &limits) {
        let printed = tree.to_string();
        let longer = Limits { characters: usize::MAX, ..limits.clone() };
        let again =
            parse(&printed, &longer).unwrap_or_else(|refusal| panic!("{printed}: {}", refusal.message));
        assert_eq!(shape(&again), shape(&tree), "{printed}");
    }
    match compile(text, &limits) {
        Err(refusals) => {
            assert!(!refusals.is_empty());
            for refusal in &refusals {
                let span = refusal.span;
                assert!(span.start <= span.end && text.get(span.start..span.end).is_some(), "{span:?}");
                assert!(refusal.message.len() <= 8 * limits.characters, "{}", refusal.message);
                assert!(refusal.render(text).contains('^'));
            }
        }
        Ok(program) => evaluate(text, &program, &limits),
    }
}

fn evaluate(text: &str, program: &Program, limits: &Limits) {
    let outcome = program.evaluate(&*WORLD);
    assert_eq!(outcome, program.evaluate(&*WORLD), "the same question, another answer");
    let (traced, inputs) = program.evaluate_traced(&*WORLD);
    assert_eq!(outcome, traced, "tracing changes the answer");
    assert!(inputs.len() <= 100, "{} inputs", inputs.len());
    for input in &inputs {
        assert!(bytes_of(&input.value) <= 1_100, "{} is not cut", input.path);
    }
    match &outcome {
        Ok(value) => {
            assert!(bytes_of(value) <= limits.output_bytes, "the result is larger than it may be");
        }
        Err(failure) => assert!(failure.render(text).contains('^')),
    }
    let asked = &program.names().groups;
    if !asked.all {
        let wanted = |group: &&Group| asked.ids.contains(&*group.id) || asked.names.contains(&*group.name);
        let groups = WORLD.groups.iter().filter(wanted).cloned().collect();
        assert_eq!(program.evaluate(&Gathered { groups }), outcome, "an unnamed group mattered");
    }
}

/// The least that a value takes: its texts.
fn bytes_of(value: &Value) -> usize {
    match value.to_json() {
        Json::String(text) => text.len(),
        Json::Array(values) => values.iter().map(|value| bytes_of(&Value::from(value))).sum(),
        Json::Object(members) => {
            members.iter().map(|(name, value)| name.len() + bytes_of(&Value::from(value))).sum()
        }
        _ => 0,
    }
}

/// The tree without its places.
fn shape(tree: &Expr) -> String {
    let shown = format!("{tree:?}");
    let mut pieces = shown.split("span: Span {");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |shape, piece| shape + piece.split_once('}').map_or("", |(_, rest)| rest))
}

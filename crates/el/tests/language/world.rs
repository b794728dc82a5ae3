//! The variables that all tests see, and tables of expressions with their results.

use std::fmt::Write as _;

use el::{CallError, Found, Group, GroupSource, Limits, Object, Value, Variables, compile};
use model::group::GroupKind;
use serde_json::{Map, Value as Json, json};

/// What an expression sees.
pub struct World {
    pub variables: Map<String, Json>,
    pub user: User,
    pub groups: Option<Vec<Group>>,
    pub groups_max: usize,
}

/// The current user.
pub struct User {
    pub profile: Map<String, Json>,
    manager: Map<String, Json>,
}

/// The moment of Okta's examples: 2015-07-31T17:18:37.979Z.
pub const NOW_MILLIS: i64 = 1_438_363_117_979;

impl Variables for World {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        match name {
            "user" if self.groups.is_none() => Some(Value::Null.into()),
            "user" => Some(Found::Object(&self.user)),
            _ => self.variables.variable(name),
        }
    }

    fn now_millis(&self) -> Option<i64> {
        Some(NOW_MILLIS)
    }

    fn groups(&self) -> Option<&[Group]> {
        self.groups.as_deref()
    }

    fn groups_max(&self) -> usize {
        self.groups_max
    }
}

impl Object for User {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        self.profile.property(name)
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Found<'_>, CallError> {
        let text = match arguments {
            [Value::Text(text)] => &**text,
            _ => return Err(CallError::new("a name is wanted")),
        };
        match (method, text) {
            ("getInternalProperty", "id") => Ok(Value::from("00u1").into()),
            ("getInternalProperty", "status") => Ok(Value::from("ACTIVE").into()),
            ("getLinkedObject", "manager") => Ok(Found::Object(&self.manager)),
            ("getLinkedObject", _) => Ok(Value::Null.into()),
            _ => Err(CallError::new(format!("this object has no method `{method}`"))),
        }
    }

    fn whole(&self) -> Option<Value> {
        self.profile.whole()
    }
}

/// A group of Okta's.
pub fn group(id: &str, name: &str) -> Group {
    Group {
        id: id.into(),
        name: name.into(),
        kind: GroupKind::Okta,
        source: None,
        object_class: vec!["okta:user_group".into()],
        profile: Map::new(),
    }
}

/// Ana's groups: Okta's, one of a directory, and one of another app.
fn groups() -> Vec<Group> {
    let imported = |id: &str, name: &str, app: &str, app_type: &str| Group {
        kind: GroupKind::App,
        source: Some(GroupSource { id: app.into(), app_type: app_type.into() }),
        ..group(id, name)
    };
    let profile = json!({
        "windowsDomainQualifiedName": r"EXAMPLE\Staff", "samAccountName": "staff", "groupType": "Security",
        "description": "All staff", "name": "ignored",
    });
    vec![
        Group { kind: GroupKind::BuiltIn, ..group("00g0", "Everyone") },
        group("00g1", "West Coast Admins"),
        group("00g2", "West Coast Users"),
        group("00g3", "Smith, Jones & Öst"),
        Group {
            object_class: vec!["okta:windows_security_principal".into()],
            profile: profile.as_object().cloned().unwrap_or_default(),
            ..imported("00g4", "Staff", "0oaad1", "active_directory")
        },
        imported("00g5", "West Wing", "0oagoogle", "google"),
    ]
}

/// Ana, who has signed in to the app Portal but was never assigned to it.
pub fn world() -> World {
    let mut variables = variables();
    let profile = match variables.remove("user") {
        Some(Json::Object(profile)) => profile,
        _ => Map::new(),
    };
    let manager = json!({"lastName": "Gates", "title": null});
    let user = User { profile, manager: manager.as_object().cloned().unwrap_or_default() };
    World { variables, user, groups: Some(groups()), groups_max: 100 }
}

/// The same without a user.
pub fn service() -> World {
    World { groups: None, ..world() }
}

fn variables() -> Map<String, Json> {
    let variables = json!({
        "user": {
            "firstName": "Ana",
            "lastName": "Öst",
            "login": "ana@example.com",
            "nickName": "",
            "middleName": null,
            "age": 41,
            "score": 3.5,
            "active": true,
            "emoji": "a😀b",
            "roles": ["admin", "dev", "dev"],
            "codes": "a, b,c",
            "numbers": [10, 20, 30],
            "teams": [{"name": "Red", "profile": {"lead": "Bo"}}, {"name": "Blue", "profile": {}}],
            "address": {"city": "Graz", "and": "so on"},
            "pattern": "A.*",
            "long": "x".repeat(1024),
        },
        "appuser": null,
        "app": {"clientId": "0oa1", "profile": {"label": "Portal", "allow": ["00g1", "00g2"]}},
        "org": {"name": "Example", "subDomain": "example"},
        "session": {"amr": ["pwd"]},
        "access": {"scope": ["openid", "read"]},
    });
    match variables {
        Json::Object(variables) => variables,
        _ => Map::new(),
    }
}

/// The result of an expression: JSON, or `refused: …` if it does not compile, or `fails: …` if it has no value.
pub fn result(text: &str) -> String {
    result_within(text, &Limits::default())
}

/// The result of an expression within other limits than Okta's.
pub fn result_within(text: &str, limits: &Limits) -> String {
    result_in(&world(), text, limits)
}

/// The result of an expression that sees something else.
pub fn result_in(world: &dyn Variables, text: &str, limits: &Limits) -> String {
    match compile(text, limits) {
        Err(diagnostics) => {
            let messages: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
            format!("refused: {}", messages.join("; "))
        }
        Ok(program) => match program.evaluate(world) {
            Ok(value) => value.to_json().to_string(),
            Err(error) => format!("fails: {error}"),
        },
    }
}

/// Evaluates each `expression → result`, and complains of all lines that come out otherwise.
#[track_caller]
pub fn table(lines: &str) {
    table_in(&world(), lines);
}

/// The same for expressions that see something else.
#[track_caller]
pub fn table_in(world: &dyn Variables, lines: &str) {
    let mut complaints = String::new();
    let mut checked = 0;
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (expression, wanted) = line.split_once(" → ").expect("a line is `expression → result`");
        let found = result_in(world, expression.trim(), &Limits::default());
        if found != wanted.trim() {
            let _ = write!(complaints, "\n  {expression}\n    wanted {wanted}\n    found  {found}");
        }
        checked += 1;
    }
    assert!(checked > 0, "the table is empty");
    assert!(complaints.is_empty(), "{complaints}");
}

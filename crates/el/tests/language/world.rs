//! The variables that all tests see, and tables of expressions with their results.

use std::fmt::Write as _;

use el::{Limits, compile};
use serde_json::{Map, Value as Json, json};

/// Ana, who has signed in to the app Portal but was never assigned to it.
pub fn variables() -> Map<String, Json> {
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
    match compile(text, limits) {
        Err(diagnostics) => {
            let messages: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
            format!("refused: {}", messages.join("; "))
        }
        Ok(program) => match program.evaluate(&variables()) {
            Ok(value) => value.to_json().to_string(),
            Err(error) => format!("fails: {error}"),
        },
    }
}

/// Evaluates each `expression → result`, and complains of all lines that come out otherwise.
#[track_caller]
pub fn table(lines: &str) {
    let mut complaints = String::new();
    let mut checked = 0;
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (expression, wanted) = line.split_once(" → ").expect("a line is `expression → result`");
        let found = result(expression.trim());
        if found != wanted.trim() {
            let _ = write!(complaints, "\n  {expression}\n    wanted {wanted}\n    found  {found}");
        }
        checked += 1;
    }
    assert!(checked > 0, "the table is empty");
    assert!(complaints.is_empty(), "{complaints}");
}

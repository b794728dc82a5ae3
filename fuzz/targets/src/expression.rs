//! Expressions. Whatever is written, it is refused with a place in the text or evaluates within its limits, to the same
//! value each time; and what it was read as prints to a text that reads the same.

use std::sync::LazyLock;

use el::tree::Expr;
use el::{Limits, Value, compile, parse};
use serde_json::{Map, Value as Json, json};

static VARIABLES: LazyLock<Map<String, Json>> = LazyLock::new(|| {
    let variables = json!({
        "user": {
            "firstName": "Ana", "lastName": "Öst", "login": "ana@example.com", "nickName": "", "middleName": null,
            "age": 41, "score": 3.5, "active": true, "emoji": "a😀b", "roles": ["admin", "dev", "dev"],
            "codes": "a, b,c", "numbers": [10, 20, 30], "pattern": "A.*", "long": "x".repeat(1_024),
            "teams": [{"name": "Red", "profile": {"lead": "Bo"}}, {"name": "Blue", "profile": {}}],
        },
        "appuser": null,
        "app": {"clientId": "0oa1", "profile": {"label": "Portal", "allow": ["00g1", "00g2"]}},
        "org": {"name": "Example", "subDomain": "example"},
        "session": {"amr": ["pwd"]},
        "access": {"scope": ["openid", "read"]},
    });
    variables.as_object().cloned().unwrap_or_default()
});

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
        Ok(program) => {
            let outcome = program.evaluate(&*VARIABLES);
            assert_eq!(outcome, program.evaluate(&*VARIABLES), "the same question, another answer");
            match outcome {
                Ok(value) => {
                    assert!(bytes_of(&value) <= limits.output_bytes, "the result is larger than it may be");
                }
                Err(failure) => assert!(failure.render(text).contains('^')),
            }
        }
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

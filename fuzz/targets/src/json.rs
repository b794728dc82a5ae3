//! JSON, read twice: strictly, as tokens and keys want it, and as bodies of the management API. Both read what a plain
//! reader reads and no more; the strict one takes no member twice; the other is no deeper than it says, and a refusal
//! repeats nothing that was sent.

use jose::json::parse_object;
use serde_json::Value;
use server::json::{MAX_DEPTH, Object, parse};

/// A document.
pub fn run(bytes: &[u8]) {
    let plain = serde_json::from_slice::<Value>(bytes);
    if let Ok(members) = parse_object(bytes) {
        let value = Value::Object(members);
        assert_eq!(plain.as_ref().ok(), Some(&value), "the strict reader reads something else");
        assert_eq!(count_members(&value), colons(bytes), "a member stands twice");
    }
    match parse::<Value>(bytes) {
        Ok(value) => {
            assert!(depth(&value) <= MAX_DEPTH);
            assert_eq!(plain.ok(), Some(value));
        }
        Err(refusal) => {
            assert_eq!((refusal.status.as_u16(), refusal.code), (400, "E0000003"));
            assert!(
                plain.map_or(0, |value| depth(&value)) > MAX_DEPTH
                    || serde_json::from_slice::<Value>(bytes).is_err()
            );
            assert_says_little(&refusal.causes);
        }
    }
    if let Err(refusal) = parse::<Object<serde_json::Map<String, Value>>>(bytes) {
        assert_says_little(&refusal.causes);
    }
}

fn assert_says_little(causes: &[String]) {
    assert!(!causes.is_empty() && causes.iter().all(|cause| cause.len() <= 100), "{causes:?}");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn count_members(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(count_members).sum(),
        Value::Object(members) => members.len() + members.values().map(count_members).sum::<usize>(),
        _ => 0,
    }
}

/// The colons outside of texts: one for each member that is written.
fn colons(document: &[u8]) -> usize {
    let (mut in_text, mut escaped, mut colons) = (false, false, 0);
    for byte in document {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b':' if !in_text => colons += 1,
            _ => {}
        }
    }
    colons
}

//! The `filter` of lists. Written out from a structure in any spelling, it lets through what the structure says; as any
//! text, it is refused in few words or compares only what may be compared.
//!
//! Input: text; or, after a `=`, choices that make a filter.

use std::cell::Cell;

use server::filter::Filter;

use crate::pieces::Choices;

const ATTRIBUTES: &[&str] = &["id", "status", "name", "credentials.signing.kid"];

/// A text, or choices.
pub fn run(bytes: &[u8]) {
    match (bytes, str::from_utf8(bytes)) {
        ([b'=', choices @ ..], _) => made(&mut Choices(choices)),
        (_, Ok(text)) => any(text),
        _ => {}
    }
}

fn any(text: &str) {
    match Filter::parse(text, ATTRIBUTES) {
        Ok(filter) => {
            let seen = Cell::new(0_usize);
            filter.lets_through(|attribute, value| {
                assert!(ATTRIBUTES.contains(&attribute) && text.contains(attribute));
                assert!(value.len() <= 3 * text.len());
                seen.set(seen.get() + 1);
                false
            });
            assert!((1..=text.len()).contains(&seen.get()), "the work is bounded by the text");
        }
        Err(refusal) => {
            assert_eq!((refusal.status.as_u16(), refusal.code), (400, "E0000031"));
            let words: usize = refusal.causes.iter().map(String::len).sum();
            assert!((1..=8_192).contains(&words), "{:?}", refusal.causes);
        }
    }
}

/// A comparison, and whether it holds.
type Comparison = (&'static str, String, bool);

fn made(choices: &mut Choices<'_>) {
    let alternatives: Vec<Vec<Comparison>> = (0..=choices.below(4))
        .map(|_| (0..=choices.below(3)).map(|_| comparison(choices)).collect())
        .collect();
    let text = written(&alternatives, choices);
    let filter = Filter::parse(&text, ATTRIBUTES);
    let filter = filter.unwrap_or_else(|refusal| panic!("{text}: {:?}", refusal.causes));
    let holds = |attribute: &str, value: &str| {
        let mut all = alternatives.iter().flatten();
        all.any(|(name, text, holds)| *holds && *name == attribute && text == value)
    };
    let expected = alternatives.iter().any(|all| all.iter().all(|(name, text, _)| holds(name, text)));
    assert_eq!(filter.lets_through(holds), expected, "{text}");
}

fn comparison(choices: &mut Choices<'_>) -> Comparison {
    (ATTRIBUTES[choices.below(ATTRIBUTES.len())], choices.text(12), choices.byte().is_multiple_of(2))
}

fn written(alternatives: &[Vec<Comparison>], choices: &mut Choices<'_>) -> String {
    let mut text = String::new();
    for (index, all) in alternatives.iter().enumerate() {
        if index > 0 {
            text.push_str([" or ", "\tOR\n", "or ", " oR"][choices.below(4)]);
        }
        for (index, (attribute, value, _)) in all.iter().enumerate() {
            if index > 0 {
                text.push_str([" and ", "AND ", "  aNd\u{a0}"][choices.below(3)]);
            }
            text.push_str(if text.ends_with("oR") { " " } else { "" });
            text.push_str(attribute);
            text.push_str([" eq ", " EQ", "\teQ  "][choices.below(3)]);
            text.push_str(&serde_json::Value::from(value.as_str()).to_string());
        }
    }
    text
}

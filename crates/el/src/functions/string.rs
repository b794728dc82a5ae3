//! Okta's string functions.
//!
//! Okta does not say what they make of null. We do what the library does that Java programs use for such functions, Apache
//! Commons Lang: null in, null out; a question about null is answered no; a missing part to look for is never found.

use std::borrow::Cow;

use super::{Call, Evaluated, Function, Parameter, Type, integer, text};
use crate::value::Value;

const ONE: &[Parameter] = &[text("input")];
const CUT: &[Parameter] = &[text("input"), integer("startIndex"), integer("endIndex")];
const SEARCH: &[Parameter] = &[text("input"), text("searchString")];
const REPLACE: &[Parameter] = &[text("input"), text("match"), text("replacement")];

pub(super) const FUNCTIONS: &[Function] = &[
    string("append", &[text("str"), text("suffix")], Type::Text, append),
    Function { repeated: &[text("string")], ..string("join", &[text("separator")], Type::Text, join) },
    string("len", ONE, Type::Integer, len),
    string("removeSpaces", ONE, Type::Text, remove_spaces),
    string("replace", REPLACE, Type::Text, replace),
    string("replaceFirst", REPLACE, Type::Text, replace_first),
    string("startsWith", SEARCH, Type::Boolean, starts_with),
    string("stringContains", SEARCH, Type::Boolean, string_contains),
    Function {
        repeated: &[text("key"), text("value")],
        ..string("stringSwitch", &[text("input"), text("defaultString")], Type::Text, string_switch)
    },
    string("substring", CUT, Type::Text, substring),
    string("substringAfter", SEARCH, Type::Text, substring_after),
    string("substringBefore", SEARCH, Type::Text, substring_before),
    string("toLowerCase", ONE, Type::Text, to_lower_case),
    string("toUpperCase", ONE, Type::Text, to_upper_case),
    // Okta: deprecated, the same without `String.`.
    Function { namespace: None, ..string("substring", CUT, Type::Text, substring) },
    Function { namespace: None, ..string("substringAfter", SEARCH, Type::Text, substring_after) },
    Function { namespace: None, ..string("substringBefore", SEARCH, Type::Text, substring_before) },
    Function { namespace: None, ..string("toLowerCase", ONE, Type::Text, to_lower_case) },
    Function { namespace: None, ..string("toUpperCase", ONE, Type::Text, to_upper_case) },
];

const fn string(
    name: &'static str,
    parameters: &'static [Parameter],
    returns: Type,
    run: fn(&mut Call<'_>) -> Evaluated,
) -> Function {
    Function { namespace: Some("String"), parameters, ..Function::new(name, returns, run) }
}

/// Okta: `String.append`.
fn append(call: &mut Call<'_>) -> Evaluated {
    let Some(input) = call.text(0)? else { return Ok(Value::Null) };
    let suffix = call.text(1)?.unwrap_or_default();
    call.joined(&[&input, &suffix])
}

/// Okta: `String.join`.
///
/// Guess: null is joined like the empty string.
fn join(call: &mut Call<'_>) -> Evaluated {
    let separator = call.text(0)?.unwrap_or_default();
    let mut strings = Vec::new();
    for index in 1..call.arguments.len() {
        strings.push(call.text(index)?.unwrap_or_default());
    }
    let mut parts: Vec<&str> = Vec::new();
    for (index, string) in strings.iter().enumerate() {
        if index > 0 {
            parts.push(&separator);
        }
        parts.push(string);
    }
    call.joined(&parts)
}

/// Okta: `String.len`.
///
/// Guess: in UTF-16 units, as Java counts.
fn len(call: &mut Call<'_>) -> Evaluated {
    let units = call.text(0)?.map_or(0, |input| input.encode_utf16().count());
    Ok(Value::Int(i64::try_from(units).unwrap_or(i64::MAX)))
}

/// Okta: `String.removeSpaces`.
///
/// Guess: only the space itself, no tab or line end.
fn remove_spaces(call: &mut Call<'_>) -> Evaluated {
    let Some(input) = call.text(0)? else { return Ok(Value::Null) };
    call.joined(&input.split(' ').collect::<Vec<_>>())
}

/// Okta: `String.replace`. Literal, every occurrence.
fn replace(call: &mut Call<'_>) -> Evaluated {
    replace_at_most(call, usize::MAX)
}

/// Okta: `String.replaceFirst`. Literal, unlike Java's method of that name.
fn replace_first(call: &mut Call<'_>) -> Evaluated {
    replace_at_most(call, 1)
}

/// Guess: where there is nothing to look for, nothing is replaced.
fn replace_at_most(call: &mut Call<'_>, times: usize) -> Evaluated {
    let Some(input) = call.text(0)? else { return Ok(Value::Null) };
    let (Some(wanted), Some(replacement)) = (call.text(1)?, call.text(2)?) else {
        return call.joined(&[&input]);
    };
    if wanted.is_empty() {
        return call.joined(&[&input]);
    }
    let found = input.matches(&*wanted).take(times).count();
    call.reserve(input.len().saturating_add(found.saturating_mul(replacement.len())))?;
    Ok(Value::from(input.replacen(&*wanted, &replacement, found)))
}

/// Okta: `String.startsWith`.
fn starts_with(call: &mut Call<'_>) -> Evaluated {
    ask(call, |input, prefix| input.starts_with(prefix))
}

/// Okta: `String.stringContains`.
fn string_contains(call: &mut Call<'_>) -> Evaluated {
    ask(call, |input, part| input.contains(part))
}

fn ask(call: &mut Call<'_>, question: fn(&str, &str) -> bool) -> Evaluated {
    let (input, other) = (call.text(0)?, call.text(1)?);
    Ok(Value::Bool(input.zip(other).is_some_and(|(input, other)| question(&input, &other))))
}

/// Okta: `String.stringSwitch`. The first key, in the order of the arguments, that is part of the input decides.
fn string_switch(call: &mut Call<'_>) -> Evaluated {
    let mut chosen = 1;
    if let Some(input) = call.text(0)? {
        for key in (2..call.arguments.len()).step_by(2) {
            call.budget.read(input.len(), call.span)?;
            if call.text(key)?.is_some_and(|key| input.contains(&*key)) {
                chosen = key + 1;
                break;
            }
        }
    }
    match call.text(chosen)? {
        Some(value) => call.joined(&[&value]),
        None => Ok(Value::Null),
    }
}

/// Okta: `String.substring`. The start is inclusive, the end exclusive, and the first place is 0.
///
/// Guess: places beyond the text fail, as in Java.
fn substring(call: &mut Call<'_>) -> Evaluated {
    let Some(input) = call.text(0)? else { return Ok(Value::Null) };
    let (start, end) = (call.integer(1)?, call.integer(2)?);
    let length = input.encode_utf16().count();
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(from), Ok(to)) if from <= to && to <= length => call.joined(&[utf16_slice(&input, from, to)]),
        _ => {
            Err(call
                .fail(&format!("{start} to {end} does not lie within the {length} characters of the string")))
        }
    }
}

/// The characters from one place to another, counted in UTF-16 units.
///
/// Guess: of a character that takes two units, and of which only one lies within, nothing is kept. Java would keep half.
fn utf16_slice(text: &str, from: usize, to: usize) -> &str {
    let mut place = 0;
    let (mut first, mut last) = (text.len(), 0);
    for (offset, character) in text.char_indices() {
        let next = place + character.len_utf16();
        if place >= from && next <= to {
            first = first.min(offset);
            last = offset + character.len_utf8();
        }
        place = next;
    }
    text.get(first..last).unwrap_or_default()
}

/// Okta: `String.substringAfter`, the first occurrence.
///
/// Guess: without an occurrence the result is empty.
fn substring_after(call: &mut Call<'_>) -> Evaluated {
    let Some(input) = call.text(0)? else { return Ok(Value::Null) };
    let separator = call.text(1)?;
    let after = separator.and_then(|separator| input.split_once(&*separator)).map_or("", |(_, after)| after);
    call.joined(&[after])
}

/// Okta: `String.substringBefore`, the first occurrence.
///
/// Guess: without an occurrence the result is the whole text.
fn substring_before(call: &mut Call<'_>) -> Evaluated {
    let Some(input) = call.text(0)? else { return Ok(Value::Null) };
    let separator = call.text(1)?;
    let before =
        separator.and_then(|separator| input.split_once(&*separator)).map_or(&*input, |(before, _)| before);
    call.joined(&[before])
}

/// Okta: `String.toLowerCase`.
fn to_lower_case(call: &mut Call<'_>) -> Evaluated {
    map(call, |input| input.to_lowercase())
}

/// Okta: `String.toUpperCase`.
fn to_upper_case(call: &mut Call<'_>) -> Evaluated {
    map(call, |input| input.to_uppercase())
}

fn map(call: &mut Call<'_>, change: fn(Cow<'_, str>) -> String) -> Evaluated {
    let Some(input) = call.text(0)? else { return Ok(Value::Null) };
    let changed = change(input);
    call.reserve(changed.len())?;
    Ok(Value::from(changed))
}

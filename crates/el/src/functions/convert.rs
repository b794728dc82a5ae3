//! Okta's conversions between strings and numbers.
//!
//! Guess: null converts to null.

use super::{Call, Evaluated, Function, Parameter, Type, any};
use crate::{number, value::Value};

const ONE: &[Parameter] = &[any("value")];

pub(super) const FUNCTIONS: &[Function] =
    &[convert("toInt", Type::Integer, to_int), convert("toNum", Type::Number, to_num)];

const fn convert(name: &'static str, returns: Type, run: fn(&mut Call<'_>) -> Evaluated) -> Function {
    Function { namespace: Some("Convert"), parameters: ONE, ..Function::new(name, returns, run) }
}

/// Okta: `Convert.toInt(string)` and `Convert.toInt(double)`, which rounds to the nearest.
///
/// Guess: a string must be an integer already, as for Java's `Integer.parseInt`.
fn to_int(call: &mut Call<'_>) -> Evaluated {
    match call.argument(0) {
        Value::Null => Ok(Value::Null),
        Value::Int(value) => Ok(Value::Int(*value)),
        Value::Num(value) => number::round(*value)
            .map(Value::Int)
            .ok_or_else(|| call.fail("the number is too large for an integer")),
        Value::Text(text) => text
            .parse()
            .map(Value::Int)
            .map_err(|_| call.fail(&format!("{} is not an integer", quoted(text)))),
        other => Err(call.fail(&format!("{} does not convert to an integer", other.described()))),
    }
}

/// Okta: `Convert.toNum(string)`.
fn to_num(call: &mut Call<'_>) -> Evaluated {
    match call.argument(0) {
        Value::Null => Ok(Value::Null),
        Value::Int(value) => Ok(Value::Num(number::widen(*value))),
        Value::Num(value) => Ok(Value::Num(*value)),
        Value::Text(text) => {
            let parsed = text.parse().ok().filter(|number: &f64| number.is_finite());
            parsed.map(Value::Num).ok_or_else(|| call.fail(&format!("{} is not a number", quoted(text))))
        }
        other => Err(call.fail(&format!("{} does not convert to a number", other.described()))),
    }
}

/// The beginning of somebody's text, for a message.
pub(super) fn quoted(text: &str) -> String {
    let start: String = text.chars().take(32).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("`{start}{more}`")
}

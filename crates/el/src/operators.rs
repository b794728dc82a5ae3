//! What operators and functions make of values: text, equality, order, addition. Most of it is guessed, because Okta only
//! says that `+` concatenates; each guess is one function here.

use std::{borrow::Cow, cmp::Ordering};

use crate::{number, tree::Arithmetic, value::Value};

/// The text of a value, where text is wanted and something else is given. `None` if it has none.
///
/// Guess: as the Spring Expression Language converts arguments: numbers and booleans as Java writes them, an array as its
/// elements with commas between. Okta support relies on the last: `String.replace(getFilteredGroups(…), "SSO-", "")`.
pub(crate) fn text(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        Value::Int(value) => Cow::Owned(value.to_string()),
        Value::Num(value) => Cow::Owned(number::text(*value)),
        Value::List(elements) => Cow::Owned(csv(elements)?),
        Value::Null | Value::Map(_) => return None,
    })
}

/// The elements with commas between. Okta: `Arrays.toCsvString`.
///
/// Guess: an element that is null stands for the empty string.
pub(crate) fn csv(elements: &[Value]) -> Option<String> {
    let mut joined = String::new();
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            joined.push(',');
        }
        if *element != Value::Null {
            joined.push_str(&text(element)?);
        }
    }
    Some(joined)
}

/// The text of an operand of `+` when the other one is text.
///
/// Guess: null is `null`, as in the Spring Expression Language.
pub(crate) fn text_in_concatenation(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => Some(Cow::Borrowed("null")),
        other => text(other),
    }
}

/// Arithmetic on numbers. An integer and a number make a number.
///
/// Guess: null is not zero but an error, as in the Spring Expression Language.
pub(crate) fn arithmetic(operator: Arithmetic, left: &Value, right: &Value) -> Result<Value, String> {
    let result = match (left, right) {
        (Value::Int(left), Value::Int(right)) => number::integers(operator, *left, *right).map(Value::Int),
        (Value::Int(left), Value::Num(right)) => {
            number::numbers(operator, number::widen(*left), *right).map(Value::Num)
        }
        (Value::Num(left), Value::Int(right)) => {
            number::numbers(operator, *left, number::widen(*right)).map(Value::Num)
        }
        (Value::Num(left), Value::Num(right)) => number::numbers(operator, *left, *right).map(Value::Num),
        _ => {
            let symbol = operator.symbol();
            return Err(format!("`{symbol}` does not take {} and {}", left.described(), right.described()));
        }
    };
    result.map_err(str::to_owned)
}

/// Okta: `==`. An integer equals a number of the same worth; null equals only null. `None` if the kinds differ.
pub(crate) fn equal(left: &Value, right: &Value) -> Option<bool> {
    Some(match (left, right) {
        (Value::Null, other) | (other, Value::Null) => *other == Value::Null,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(l, r)| equal(l, r) == Some(true))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.iter().count() == right.iter().count()
                && left.iter().all(|(name, l)| right.get(name).is_some_and(|r| equal(l, r) == Some(true)))
        }
        _ => order_of_numbers(left, right)? == Ordering::Equal,
    })
}

/// Okta: `<`, `<=`, `>`, `>=`. Numbers by worth, text by UTF-16 unit as in Java. `None` if the two have no order.
///
/// Guess: null has none either. The Spring Expression Language puts null first, so that `user.level < 5` would hold for
/// whoever has no level; an error is safer.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.encode_utf16().cmp(right.encode_utf16())),
        _ => order_of_numbers(left, right),
    }
}

fn order_of_numbers(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Int(left), Value::Num(right)) => number::compare(*left, *right),
        (Value::Num(left), Value::Int(right)) => number::compare(*right, *left).map(Ordering::reverse),
        (Value::Num(left), Value::Num(right)) => left.partial_cmp(right),
        _ => None,
    }
}

/// Okta: in `a ?: b`, b is chosen if a is null or the empty string.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}

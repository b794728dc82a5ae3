//! Okta's array functions. Strings with commas are accepted wherever an array is; how they are split is [`Call::array`]'s.

use super::{Array, Call, Evaluated, Function, Parameter, Type, any, array, integer};
use crate::{
    operators,
    value::{ELEMENT_BYTES, Value},
};

const ONE: &[Parameter] = &[array("array")];
const WITH_VALUE: &[Parameter] = &[array("array"), any("value")];

pub(super) const FUNCTIONS: &[Function] = &[
    arrays("add", WITH_VALUE, Type::Array, add),
    arrays("clear", ONE, Type::Array, clear),
    arrays("contains", WITH_VALUE, Type::Boolean, contains),
    Function { repeated: &[any("value")], ..arrays("flatten", &[], Type::Array, flatten) },
    arrays("get", &[array("array"), integer("position")], Type::Any, get),
    arrays("isEmpty", ONE, Type::Boolean, is_empty),
    arrays("remove", WITH_VALUE, Type::Array, remove),
    arrays("size", ONE, Type::Integer, size),
    arrays("toCsvString", ONE, Type::Text, to_csv_string),
];

const fn arrays(
    name: &'static str,
    parameters: &'static [Parameter],
    returns: Type,
    run: fn(&mut Call<'_>) -> Evaluated,
) -> Function {
    Function { namespace: Some("Arrays"), parameters, ..Function::new(name, returns, run) }
}

/// Okta: `Arrays.add`.
fn add(call: &mut Call<'_>) -> Evaluated {
    let array = call.array(0)?;
    let added = call.argument(1).clone();
    call.listed(array.elements.iter().cloned().chain([added]).collect())
}

/// Okta: `Arrays.clear`.
fn clear(call: &mut Call<'_>) -> Evaluated {
    call.array(0)?;
    Ok(Value::from(Vec::new()))
}

/// Okta: `Arrays.contains`. The whole element must be equal, in the same case.
fn contains(call: &mut Call<'_>) -> Evaluated {
    let array = call.array(0)?;
    let place = place(call, &array)?;
    Ok(Value::Bool(place.is_some()))
}

/// Okta: `Arrays.remove`.
///
/// Guess: only the first of several equal elements, as Java's lists do.
fn remove(call: &mut Call<'_>) -> Evaluated {
    let array = call.array(0)?;
    let place = place(call, &array)?;
    let kept = array.elements.iter().enumerate().filter(|(index, _)| Some(*index) != place);
    let kept = kept.map(|(_, element)| element.clone()).collect();
    call.listed(kept)
}

/// Where in the array the second argument is.
///
/// Guess: values of different kinds are not equal; only in a string with commas is a number found by its text.
fn place(call: &mut Call<'_>, array: &Array) -> Evaluated<Option<usize>> {
    let value = call.argument(1);
    let text = operators::text(value).filter(|_| array.from_text).map(|text| Value::from(&*text));
    let wanted = text.as_ref().unwrap_or(value);
    let bytes = array.elements.iter().fold(0, |sum: usize, element| sum.saturating_add(element.size()));
    call.budget.read(bytes, call.span)?;
    Ok(array.elements.iter().position(|element| operators::equal(element, wanted) == Some(true)))
}

/// Okta: `Arrays.flatten`: the values, those of arrays in their place.
///
/// Guess: a string with commas is split if it is an argument, and kept if it is an element, so that the name of a group may
/// have a comma.
fn flatten(call: &mut Call<'_>) -> Evaluated {
    let mut flat = Vec::new();
    for index in 0..call.arguments.len() {
        match call.argument(index) {
            // Okta support: fails if any of the values is null.
            Value::Null => return Err(call.fail_at(index, "this value is null")),
            Value::Text(text) => flat.extend(call.split(text)?),
            other => flatten_into(call, &mut flat, other)?,
        }
    }
    Ok(Value::from(flat))
}

fn flatten_into(call: &mut Call<'_>, flat: &mut Vec<Value>, value: &Value) -> Evaluated<()> {
    let Value::List(elements) = value else {
        call.reserve(ELEMENT_BYTES)?;
        flat.push(value.clone());
        return Ok(());
    };
    elements.iter().try_for_each(|element| flatten_into(call, flat, element))
}

/// Okta: `Arrays.get`. The first place is 0.
///
/// Guess: a place beyond the array fails, as in Java.
fn get(call: &mut Call<'_>) -> Evaluated {
    let array = call.array(0)?;
    let position = call.integer(1)?;
    let element = usize::try_from(position).ok().and_then(|position| array.elements.get(position));
    element.cloned().ok_or_else(|| {
        call.fail(&format!("there is no position {position} in an array of {}", array.elements.len()))
    })
}

/// Okta: `Arrays.isEmpty`; true of null.
fn is_empty(call: &mut Call<'_>) -> Evaluated {
    Ok(Value::Bool(call.array(0)?.elements.is_empty()))
}

/// Okta: `Arrays.size`; 0 of null.
fn size(call: &mut Call<'_>) -> Evaluated {
    let size = call.array(0)?.elements.len();
    Ok(Value::Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

/// Okta: `Arrays.toCsvString`. Nothing is quoted, and spaces are kept.
fn to_csv_string(call: &mut Call<'_>) -> Evaluated {
    let array = call.argument(0);
    match array {
        Value::Null => Ok(Value::from("")),
        Value::Text(_) => Ok(array.clone()),
        Value::List(elements) => {
            call.reserve(array.size().saturating_add(elements.len()))?;
            let joined =
                operators::csv(elements).ok_or_else(|| call.fail("an object cannot be written as text"))?;
            Ok(Value::from(joined))
        }
        _ => Err(call.refuse(0)),
    }
}

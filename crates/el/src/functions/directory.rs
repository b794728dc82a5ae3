//! Okta's functions about people in directories (Active Directory, Workday) and their managers. There are no directories
//! here, so these answer as in an org that has connected none: nobody is found.
//!
//! Guess: a manager or an assistant who is not there is null, so that a property of theirs fails unless `?.` reads it.

use super::{Call, Evaluated, Function, Parameter, Type, text};
use crate::value::Value;

const SOURCE: &[Parameter] = &[text("source")];
const SOURCES: &[Parameter] = &[text("source"), text("attributeSource")];

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("findDirectoryUser", Type::Any, nobody),
    Function::new("findWorkdayUser", Type::Any, nobody),
    Function { parameters: SOURCES, ..Function::new("getAssistantAppUser", Type::Any, nobody) },
    Function { parameters: SOURCE, ..Function::new("getAssistantUser", Type::Any, nobody) },
    Function { parameters: SOURCES, ..Function::new("getManagerAppUser", Type::Any, nobody) },
    Function { parameters: SOURCE, ..Function::new("getManagerUser", Type::Any, nobody) },
    Function::new("hasDirectoryUser", Type::Boolean, no),
    Function::new("hasWorkdayUser", Type::Boolean, no),
];

#[expect(clippy::unnecessary_wraps, reason = "has the form of all functions")]
fn nobody(_: &mut Call<'_>) -> Evaluated {
    Ok(Value::Null)
}

#[expect(clippy::unnecessary_wraps, reason = "has the form of all functions")]
fn no(_: &mut Call<'_>) -> Evaluated {
    Ok(Value::Bool(false))
}

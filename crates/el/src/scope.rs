//! What variables stand for: the door through which an expression reads its surroundings, one property at a time.

use serde_json::{Map as JsonMap, Value as Json};

use crate::{
    functions::groups::GROUPS_MAX,
    group::Group,
    value::{Map, Value},
};

/// The variables of an evaluation, and what functions need besides their arguments.
pub trait Variables {
    /// What `name` stands for. `None` if there is no such variable, which is not the same as a variable that is null.
    fn variable(&self, name: &str) -> Option<Found<'_>>;

    /// Milliseconds since 1970, for `Time.now`; `None` where an evaluation has no time.
    fn now_millis(&self) -> Option<i64> {
        None
    }

    /// The groups of the current user, `Everyone` among them; `None` where there is no user.
    fn groups(&self) -> Option<&[Group]> {
        None
    }

    /// How many groups a function may be asked for at most. Okta: 100, but any number in the authorization code flow.
    fn groups_max(&self) -> usize {
        GROUPS_MAX
    }
}

/// Something whose properties are read by name, such as a user, and which is not copied for that.
pub trait Object {
    /// The property called `name`; `None` reads as null.
    fn property(&self, name: &str) -> Option<Found<'_>>;

    /// The answer of a method, such as Okta's `user.getInternalProperty("id")`.
    fn call(&self, method: &str, arguments: &[Value]) -> Result<Found<'_>, CallError> {
        let _ = arguments;
        Err(CallError::new(format!("this object has no method `{method}`")))
    }

    /// The whole object as a value. `None`, the default, if an expression may only read its parts.
    fn whole(&self) -> Option<Value> {
        None
    }
}

/// What a name stands for.
#[derive(Clone)]
pub enum Found<'a> {
    /// A value.
    Value(Value),
    /// An object that stays where it is.
    Object(&'a dyn Object),
}

/// Why a method has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    message: String,
}

impl CallError {
    /// A refusal in words: lower case, no full stop.
    pub fn new(message: impl Into<String>) -> Self {
        CallError { message: message.into() }
    }
}

impl Variables for JsonMap<String, Json> {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        self.get(name).map(Found::from)
    }
}

impl Object for JsonMap<String, Json> {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        self.get(name).map(Found::from)
    }

    fn whole(&self) -> Option<Value> {
        Some(Value::Map(Map::from(self)))
    }
}

impl<'a> From<&'a Json> for Found<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Object(members) => Found::Object(members),
            other => Found::Value(Value::from(other)),
        }
    }
}

impl From<Value> for Found<'_> {
    fn from(value: Value) -> Self {
        Found::Value(value)
    }
}

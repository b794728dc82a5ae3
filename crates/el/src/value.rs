//! The values of the language, and how they correspond to JSON. What operators do with them is told in `operators`.

use std::sync::Arc;

use serde_json::Value as Json;

/// A value. Copying one is cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing: an attribute that was never set.
    #[default]
    Null,
    /// Okta: Boolean.
    Bool(bool),
    /// Okta: Integer.
    Int(i64),
    /// Okta: Number, Double. Always finite when the evaluator made it.
    Num(f64),
    /// Okta: String.
    Text(Arc<str>),
    /// Okta: Array.
    List(Arc<[Value]>),
    /// A JSON object.
    Map(Map),
}

/// The members of an object, in order, each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(Arc<[(Arc<str>, Value)]>);

impl Map {
    /// The member called `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// All members, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// Of members with the same name the last one counts.
impl FromIterator<(Arc<str>, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(members: I) -> Self {
        let mut kept: Vec<(Arc<str>, Value)> = Vec::new();
        for (name, value) in members {
            match kept.iter_mut().find(|(known, _)| *known == name) {
                Some((_, old)) => *old = value,
                None => kept.push((name, value)),
            }
        }
        Map(kept.into())
    }
}

impl Value {
    /// The same value as JSON. A number that is not finite becomes null.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::from(*value),
            Value::Int(value) => Json::from(*value),
            Value::Num(value) => Json::from(*value),
            Value::Text(value) => Json::from(&**value),
            Value::List(elements) => elements.iter().map(Value::to_json).collect(),
            Value::Map(members) => members.iter().map(|(name, value)| (name, value.to_json())).collect(),
        }
    }

    /// The value, or its beginning if it has more than so many bytes; what is left out is a `…`.
    #[must_use]
    pub fn shortened(self, bytes: usize) -> Value {
        shortened(self, &mut { bytes })
    }

    /// What kind of value it is, with an article, for messages.
    pub(crate) fn described(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an integer",
            Value::Num(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "an array",
            Value::Map(_) => "an object",
        }
    }

    /// About how many bytes the value takes, whatever parts it shares with others.
    pub(crate) fn size(&self) -> usize {
        match self {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Num(_) => ELEMENT_BYTES,
            Value::Text(text) => text.len(),
            Value::List(elements) => sum(elements.iter().map(|element| element.size().max(ELEMENT_BYTES))),
            Value::Map(members) => {
                sum(members.iter().map(|(name, value)| name.len().saturating_add(value.size())))
            }
        }
    }
}

fn shortened(value: Value, bytes: &mut usize) -> Value {
    let size = value.size();
    if size <= *bytes {
        *bytes -= size;
        return value;
    }
    match value {
        Value::Text(text) => {
            let end = text.floor_char_boundary(*bytes);
            *bytes = 0;
            Value::from(format!("{}…", text.get(..end).unwrap_or_default()))
        }
        Value::List(elements) => {
            let mut kept = Vec::new();
            for element in elements.iter() {
                if *bytes == 0 {
                    break;
                }
                kept.push(shortened(element.clone(), bytes));
            }
            if kept.len() < elements.len() {
                kept.push(Value::from("…"));
            }
            Value::from(kept)
        }
        Value::Map(members) => {
            let mut kept = Vec::new();
            for (name, value) in members.iter() {
                if *bytes < name.len() {
                    *bytes = 0;
                    kept.push(("…".into(), Value::from("…")));
                    break;
                }
                *bytes -= name.len();
                kept.push((name.into(), shortened(value.clone(), bytes)));
            }
            Value::Map(kept.into_iter().collect())
        }
        short => {
            *bytes = 0;
            short
        }
    }
}

/// What an element of an array counts at least.
pub(crate) const ELEMENT_BYTES: usize = 8;

fn sum(sizes: impl Iterator<Item = usize>) -> usize {
    sizes.fold(0, usize::saturating_add)
}

/// Integers beyond 64 bits become the nearest number. The depth is that of the JSON, which its parser bounds.
impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(value), _) => Value::Int(value),
                (None, Some(value)) => Value::Num(value),
                (None, None) => Value::Null,
            },
            Json::String(text) => Value::from(text.as_str()),
            Json::Array(elements) => elements.iter().map(Value::from).collect(),
            Json::Object(members) => Value::Map(Map::from(members)),
        }
    }
}

impl From<&serde_json::Map<String, Json>> for Map {
    fn from(members: &serde_json::Map<String, Json>) -> Self {
        Map(members.iter().map(|(name, value)| (Arc::from(name.as_str()), Value::from(value))).collect())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        value.to_json()
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Value::Num(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text.into())
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Value::List(elements.into())
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> Self {
        Value::List(elements.into_iter().collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

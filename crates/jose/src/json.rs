//! JSON as JOSE wants it: an object in which no member comes twice (RFC 7515 section 4, RFC 7519 section 4).
//!
//! `serde_json` alone keeps the last of two equal members, and two parsers that keep different ones can be played off
//! against each other. Depth is bounded by `serde_json`, size by the caller.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::fmt;

/// An object's members.
pub type Members = Map<String, Value>;

/// Why a text is not an object in which no member comes twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not JSON at all, or JSON followed by something.
    #[error("it is not JSON")]
    Malformed,
    /// JSON, but not an object.
    #[error("it is not a JSON object")]
    NotAnObject,
    /// A member comes twice, at any depth.
    #[error("it has the member `{0}` twice")]
    DuplicateMember(String),
}

/// Reads one object from `text`.
pub fn parse_object(text: &[u8]) -> Result<Members, JsonError> {
    let duplicate = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { duplicate: &duplicate }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match (value, duplicate.into_inner()) {
        (_, Some(member)) => Err(JsonError::DuplicateMember(member)),
        (Ok(Value::Object(members)), None) => Ok(members),
        (Ok(_), None) => Err(JsonError::NotAnObject),
        (Err(_), None) => Err(JsonError::Malformed),
    }
}

/// Any JSON value in which no object has a member twice.
pub(crate) struct StrictValue(pub(crate) Value);

impl<'de> Deserialize<'de> for StrictValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Strict { duplicate: &RefCell::new(None) }.deserialize(deserializer).map(Self)
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    duplicate: &'a RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(self)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Members::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                let name = shortened(&name);
                let error = A::Error::custom(format_args!("the member `{name}` comes twice"));
                *self.duplicate.borrow_mut() = Some(name);
                return Err(error);
            }
            let value = access.next_value_seed(self)?;
            members.insert(name, value);
        }
        Ok(members.into())
    }
}

/// At most 64 characters of a stranger's `text`, for a message.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

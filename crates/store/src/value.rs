//! What goes into a statement and what comes out: `Value`, `Row`, and the conversions.
//! Leaves out how a driver binds and reads them.

use crate::fault::{Fault, FaultKind};

/// One parameter or column. Times and flags are integers, JSON is text, secrets are sealed bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Values hold hashes and sealed secrets, so that only their shape is printed.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Int(_) => f.write_str("int"),
            Self::Text(text) => write!(f, "text of {}", text.len()),
            Self::Bytes(bytes) => write!(f, "bytes of {}", bytes.len()),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_owned())
    }
}

impl From<&Vec<u8>> for Value {
    fn from(value: &Vec<u8>) -> Self {
        Self::Bytes(value.clone())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<&Option<String>> for Value {
    fn from(value: &Option<String>) -> Self {
        value.as_ref().map_or(Self::Null, Self::from)
    }
}

/// The parameters of a statement after the org, in order.
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::value::Value::from($value)),*] };
}
pub(crate) use params;

/// One row of an answer, whose columns are taken from left to right.
#[derive(Debug)]
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// The columns that were not taken yet.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.0.collect()
    }

    /// The next column.
    pub(crate) fn take<T: Column>(&mut self) -> Result<T, Fault> {
        let value = self.0.next().ok_or_else(|| mismatch("another column", &Value::Null))?;
        T::from_value(value)
    }
}

/// What a column can be read as.
pub(crate) trait Column: Sized {
    fn from_value(value: Value) -> Result<Self, Fault>;
}

impl Column for i64 {
    fn from_value(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Int(value) => Ok(value),
            other => Err(mismatch("an integer", &other)),
        }
    }
}

impl Column for String {
    fn from_value(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Text(value) => Ok(value),
            other => Err(mismatch("text", &other)),
        }
    }
}

impl Column for Vec<u8> {
    fn from_value(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Bytes(value) => Ok(value),
            other => Err(mismatch("bytes", &other)),
        }
    }
}

impl<T: Column> Column for Option<T> {
    fn from_value(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

fn mismatch(wanted: &str, found: &Value) -> Fault {
    Fault::new(FaultKind::Internal, format!("a row holds {found:?} where {wanted} was expected"))
}

/// A type that one row of a statement is mapped to.
pub(crate) trait FromRow: Sized {
    fn from_row(row: Row) -> Result<Self, Fault>;
}

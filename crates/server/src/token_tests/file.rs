//! A file of token tests: its shape, its limits, and where in it a mistake stands. Leaves out running it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::expectation::Expectation;
use crate::question::{Person, Question};
use crate::yaml::{self, Text};

/// The version of the shape: the value of `tokenTests`.
pub const VERSION: u32 = 1;
/// How many cases a file may have.
pub const CASES_MAX: usize = 10_000;

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// What the cases ask: a server's name, its id, or `default`; absent where the configuration says it.
    pub server: Option<String>,
    /// The cases in order.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name, a sentence.
    pub name: String,
    /// The line in which it begins.
    pub line: usize,
    /// What is asked.
    pub question: Question,
    /// What is expected.
    pub expect: Expectation,
}

/// Why a file cannot be read: what is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line and column, if they are known.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.message)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Shape {
    token_tests: u32,
    #[serde(default)]
    server: Option<String>,
    /// People that cases name.
    #[serde(default)]
    users: BTreeMap<String, Person>,
    cases: Vec<CaseShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CaseShape {
    name: String,
    #[serde(default)]
    client: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    grant_type: String,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    user: Option<Asking>,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    response_type: Option<String>,
    expect: Expectation,
}

/// A name of `users`, or a person.
enum Asking {
    Name(String),
    Person(Box<Person>),
}

impl<'de> Deserialize<'de> for Asking {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match Value::deserialize(deserializer)? {
            Value::String(name) => Ok(Self::Name(name)),
            Value::Object(members) => serde_path_to_error::deserialize(Value::Object(members))
                .map(|person| Self::Person(Box::new(person)))
                .map_err(|error| D::Error::custom(format!("{}: {}", error.path(), error.inner()))),
            _ => Err(D::Error::custom("a name of users, or a user with its members, is expected here")),
        }
    }
}

/// Reads a file's text.
pub fn read(text: &str) -> Result<File, Mistake> {
    let text = yaml::read(text)
        .map_err(|mistake| Mistake { place: None, message: mistake.to_string() })?;
    let shape: Shape = serde_path_to_error::deserialize(text.value.clone()).map_err(|error| {
        let path = error.path().to_string();
        at(&text, &path, &error.inner().to_string())
    })?;
    if shape.token_tests != VERSION {
        let message = format!("must be {VERSION}, and is {}", shape.token_tests);
        return Err(at(&text, "tokenTests", &message));
    }
    if shape.cases.is_empty() {
        return Err(at(&text, "cases", "no case is there"));
    }
    if shape.cases.len() > CASES_MAX {
        return Err(at(&text, "cases", &format!("there may be {CASES_MAX} cases in one file")));
    }
    let mut cases: Vec<Case> = Vec::with_capacity(shape.cases.len());
    let mut names = Map::new();
    for (number, case) in shape.cases.into_iter().enumerate() {
        let path = format!("cases[{number}]");
        if case.name.trim().is_empty() {
            return Err(at(&text, &format!("{path}.name"), "a case needs a name"));
        }
        if names.insert(case.name.clone(), Value::Null).is_some() {
            return Err(at(&text, &format!("{path}.name"), &format!("`{}` stands twice", case.name)));
        }
        cases.push(case.read(&text, &path, &shape.users)?);
    }
    Ok(File { server: shape.server, cases })
}

impl CaseShape {
    fn read(self, text: &Text, path: &str, users: &BTreeMap<String, Person>) -> Result<Case, Mistake> {
        if let Some((within, why)) = self.expect.mistake() {
            let place = if within.is_empty() { String::new() } else { format!(".{within}") };
            return Err(at(text, &format!("{path}.expect{place}"), &why));
        }
        let user = match self.user {
            None => None,
            Some(Asking::Person(person)) => Some(*person),
            Some(Asking::Name(name)) => {
                let known = users.get(&name).cloned();
                Some(known.ok_or_else(|| at(text, &format!("{path}.user"), &format!("users has no `{name}`")))?)
            }
        };
        let question = Question {
            client: self.client,
            client_id: self.client_id,
            grant_type: self.grant_type,
            scopes: self.scopes,
            user,
            at: self.at,
            nonce: self.nonce,
            response_type: self.response_type,
            draft: None,
        };
        question.check().map_err(|(member, why)| at(text, &format!("{path}.{member}"), &why))?;
        let line = text.place(path).map_or(0, |(line, _)| line);
        Ok(Case { name: self.name, line, question, expect: self.expect })
    }
}

/// A mistake at `path`, or where that is not written down, at what holds it.
fn at(text: &Text, path: &str, message: &str) -> Mistake {
    let mut place = None;
    let mut nearest = path;
    while place.is_none() && !nearest.is_empty() {
        place = text.place(nearest);
        nearest = nearest.rfind(['.', '[']).map_or("", |end| &nearest[..end]);
    }
    let message = if path.is_empty() || path == "." { message.to_owned() } else { format!("{path}: {message}") };
    Mistake { place, message }
}

//! A file of token tests: its shape, its limits, and where in it a mistake stands. Leaves out running it.

use std::collections::{BTreeMap, HashSet};

use model::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use service::portable::Problem;

use super::expectation::Expectation;
use crate::json::{Object, object_or_none};
use crate::question::{Consents, Person, Question};
use crate::yaml::{self, Mistake, Place, Text};

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
    /// A name of `users`, or a person.
    #[serde(default)]
    user: Option<Value>,
    #[serde(default)]
    at: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    response_type: Option<String>,
    #[serde(default)]
    prompt: Option<String>,
    #[serde(default, deserialize_with = "object_or_none")]
    consent: Option<Consents>,
    expect: Expectation,
}

/// Reads a file's text.
pub fn read(text: &str) -> Result<File, Mistake> {
    let text = yaml::read(text)?;
    let shape: Shape = shaped(&text, "", text.value.clone())?;
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
    let mut names = HashSet::new();
    for (number, case) in shape.cases.into_iter().enumerate() {
        let path = format!("cases[{number}]");
        if case.name.trim().is_empty() {
            return Err(at(&text, &format!("{path}.name"), "a case needs a name"));
        }
        if !names.insert(case.name.clone()) {
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
        let place = format!("{path}.user");
        let user = match self.user {
            None => None,
            Some(Value::String(name)) => {
                let known = users.get(&name).cloned();
                Some(known.ok_or_else(|| at(text, &place, &format!("users has no `{name}`")))?)
            }
            Some(user) => Some(shaped(text, &place, user)?),
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
            prompt: self.prompt,
            consent: self.consent,
            draft: None,
        };
        let meaning = question.read(Timestamp::default());
        meaning.map_err(|(member, why)| at(text, &format!("{path}.{member}"), &why))?;
        let line = text.place(path).map_or(0, |place| place.line);
        Ok(Case { name: self.name, line, question, expect: self.expect })
    }
}

/// The value at `path` as what it is meant to be.
fn shaped<T: DeserializeOwned>(text: &Text, path: &str, value: Value) -> Result<T, Mistake> {
    let read: Result<Object<T>, _> = serde_path_to_error::deserialize(value);
    read.map(|Object(shape)| shape).map_err(|error| {
        let within = error.path().to_string();
        let place = match (path, within.as_str()) {
            (path, ".") => path.to_owned(),
            ("", within) => within.to_owned(),
            (path, within) => format!("{path}.{within}"),
        };
        let Problem { place, message } = Problem::of_shape(&place, &error.inner().to_string());
        at(text, &place, &message)
    })
}

/// A mistake at `path`, or where that is not written down, at what holds it.
fn at(text: &Text, path: &str, message: &str) -> Mistake {
    let place = text.place(path).unwrap_or(Place { line: 1, column: 1 });
    let message = if path.is_empty() { message.to_owned() } else { format!("{path}: {message}") };
    Mistake { place, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\
tokenTests: 1
server: Orders
users:
  ana:
    profile: {login: ana@example.com}
    groups: [Staff, {name: Team}]
cases:
  - name: A courier reads orders
    client: Courier
    grantType: client_credentials
    scopes: [orders.read]
    expect:
      rule: Couriers
  - name: Ana signs in
    clientId: portal
    grantType: authorization_code
    user: ana
    at: 2026-01-31T12:00:00Z
    expect:
      idToken: {contains: {email: ana@example.com}}
";

    #[test]
    fn a_file_holds_cases_that_name_people() {
        let file = read(FILE).unwrap();
        assert_eq!(file.server.as_deref(), Some("Orders"));
        let [courier, ana] = &file.cases[..] else { panic!("{file:?}") };
        assert_eq!((courier.name.as_str(), courier.line), ("A courier reads orders", 8));
        assert_eq!(courier.question.user, None);
        assert_eq!(ana.question.user.as_ref().unwrap().profile["login"], "ana@example.com");
        assert_eq!(ana.expect.is_granted(), Some(true));
    }

    #[test]
    fn a_mistake_is_said_with_its_line_its_column_and_its_member() {
        for (from, to, said) in [
            ("tokenTests: 1", "tokenTests: 2", "line 1, column 1: tokenTests: must be 1, and is 2"),
            ("tokenTests: 1\n", "", "line 1, column 1: the member `tokenTests` is missing"),
            ("server: Orders", "server: [a]", "line 2, column 1: server: must be a text"),
            (
                "rule: Couriers",
                "rules: Couriers",
                "cases[0].expect.rules: there is no member `rules`; did you mean `rule`?",
            ),
            ("rule: Couriers", "{}", "line 12, column 5: cases[0].expect: expects nothing"),
            (
                "rule: Couriers",
                "granted: maybe",
                "line 13, column 7: cases[0].expect.granted: must be true or false",
            ),
            ("user: ana", "user: bob", "line 17, column 5: cases[1].user: users has no `bob`"),
            (
                "user: ana",
                "user: {profil: {}}",
                "cases[1].user.profil: there is no member `profil`; did you mean `profile`?",
            ),
            (
                "name: Ana signs in",
                "name: A courier reads orders",
                "line 14, column 5: cases[1].name: `A courier",
            ),
            ("at: 2026-01-31T12:00:00Z", "at: noon", "line 18, column 5: cases[1].at: `noon` is not a time"),
            ("clientId: portal", "clientId: [", "line "),
            (
                "    grantType: client_credentials\n",
                "",
                "line 8, column 5: cases[0]: the member `grantType` is missing",
            ),
            (
                "client: Courier",
                "client: Courier\n    clientId: x",
                "cases[0].client: client and clientId exclude",
            ),
            (
                "[orders.read]",
                "[orders.read, 'a b']",
                "line 11, column 5: cases[0].scopes: `a b` is not the name",
            ),
        ] {
            let text = FILE.replace(from, to);
            assert_ne!(text, FILE, "{from}");
            let mistake = read(&text).unwrap_err().to_string();
            assert!(mistake.starts_with("line ") && mistake.contains(said), "{to}: {mistake}");
        }
        let none = read("tokenTests: 1\ncases: []\n").unwrap_err().to_string();
        assert_eq!(none, "line 2, column 1: cases: no case is there");
    }
}

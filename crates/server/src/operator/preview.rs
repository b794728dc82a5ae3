//! `tokenmint preview`: which tokens somebody would get, and why, from a shell. Owns how a question is said in flags and
//! files; leaves out who answers it (`previewer`).

use std::path::{Path, PathBuf};

use model::{GrantType, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use service::portable::{Portable, Problem};

use super::previewer::{Complaint, Form, Previewer, read};
use super::terminal::{json_text, plain, plain_lines, say, show};
use crate::clock;
use crate::json::Object;
use crate::question::{Group, Person, Question};
use crate::yaml::{self, Mistake, Place};

/// What a person asks.
#[derive(Debug, Clone, clap::Args)]
pub struct Asking {
    /// The client that asks: its app's label, or its client id
    #[arg(long, value_name = "CLIENT")]
    pub client: String,
    /// The grant.
    #[arg(
        long,
        value_name = "GRANT",
        help = "The grant [default: client_credentials; with a user, authorization_code]"
    )]
    pub grant_type: Option<String>,
    /// A scope that is asked for; may be given again [default: the server's default scopes]
    #[arg(long = "scope", value_name = "SCOPE")]
    pub scopes: Vec<String>,
    /// A file with the user who signed in, who need not exist: profile, appProfile, groups
    #[arg(long, value_name = "FILE")]
    pub user: Option<PathBuf>,
    /// The login of the user who signed in
    #[arg(long, value_name = "LOGIN")]
    pub login: Option<String>,
    /// A group that the user is in; may be given again
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// When it is asked [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// The nonce of the request, which the ID token repeats
    #[arg(long, value_name = "TEXT")]
    pub nonce: Option<String>,
    /// What the authorization request is answered with.
    #[arg(
        long,
        value_name = "TYPES",
        help = "What an authorization request is answered with, if not with a code: id_token, token or both"
    )]
    pub response_type: Option<String>,
    /// A file with scopes, claims or policies that are tried in place of the server's, and not saved
    #[arg(long, value_name = "FILE")]
    pub draft: Option<PathBuf>,
    /// As JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// Asks, and shows the answer. Whether tokens would be given out is told.
pub fn run(previewer: &Previewer<'_>, asking: &Asking) -> Result<bool, Complaint> {
    let now = clock::now();
    let question = question(asking).map_err(Complaint::File)?;
    if let Some(meant) = meant(&question.grant_type) {
        say(&format!("there is no grant type `{}`; did you mean `{meant}`?", plain(&question.grant_type)));
    }
    question.read(now).map_err(|(member, why)| Complaint::File(format!("{member}: {why}")))?;
    ask(previewer, asking, question, now).map_err(Complaint::Trouble)
}

/// The grant type that was probably meant by one that there is not.
fn meant(grant_type: &str) -> Option<&'static str> {
    if GrantType::from_word(grant_type).is_some() {
        return None;
    }
    el::nearest(grant_type, GrantType::ALL.iter().map(|known| known.as_str()))
}

/// What went wrong, for a program that reads stdout.
pub fn tell(asking: &Asking, why: &str) {
    if asking.json {
        show(&json_text(&json!({"problems": [{"message": why}]})));
    }
}

fn ask(
    previewer: &Previewer<'_>,
    asking: &Asking,
    question: Question,
    now: Timestamp,
) -> Result<bool, String> {
    let answer = previewer.ask(&question, Form::Json, now)?;
    if asking.json {
        show(&json_text(&answer));
    } else {
        let at = answer["at"].as_str().map(str::to_owned);
        let text = previewer.ask(&Question { at, ..question }, Form::Text, now)?;
        show(&plain_lines(text.as_str().unwrap_or_default()));
    }
    Ok(answer.get("error").is_none())
}

fn question(asking: &Asking) -> Result<Question, String> {
    let user = person(asking)?;
    let usual = if user.is_some() { "authorization_code" } else { "client_credentials" };
    let scopes = asking.scopes.iter().flat_map(|scopes| scopes.split(' ')).map(str::to_owned);
    Ok(Question {
        client: Some(asking.client.clone()),
        client_id: None,
        grant_type: asking.grant_type.clone().unwrap_or_else(|| usual.to_owned()),
        scopes: (!asking.scopes.is_empty()).then(|| scopes.collect()),
        user,
        at: asking.at.clone(),
        nonce: asking.nonce.clone(),
        response_type: asking.response_type.clone(),
        prompt: None,
        consent: None,
        draft: asking.draft.as_deref().map(|path| file(path, sections)).transpose()?,
    })
}

/// The user of the file, and what flags say of the user.
fn person(asking: &Asking) -> Result<Option<Person>, String> {
    let mut person: Option<Person> = asking.user.as_deref().map(|path| file(path, shaped)).transpose()?;
    if let Some(login) = &asking.login {
        person.get_or_insert_default().profile.insert("login".to_owned(), login.as_str().into());
    }
    for group in &asking.groups {
        person.get_or_insert_default().groups.push(membership(group)?);
    }
    if asking.user.is_none() && asking.login.is_none() && person.is_some() {
        return Err(
            "--group says where the user is a member: say with --login or --user who that is".to_owned()
        );
    }
    Ok(person)
}

/// A group by name or id, or one that is only imagined, as the file of a user has it.
fn membership(text: &str) -> Result<Group, String> {
    if !text.starts_with('{') {
        return Ok(Group::Named(text.to_owned()));
    }
    let read: Result<Group, String> = yaml::read(text)
        .map_err(|mistake| mistake.to_string())
        .and_then(|text| serde_json::from_value(text.value).map_err(|error| error.to_string()));
    read.map_err(|why| format!("--group: `{text}` is not a group such as {{name: Team}}: {why}"))
}

/// Sections that can be read; what they mean is known where the preview is made.
fn sections(value: Value) -> Result<Value, Problem> {
    Portable::read_sections(value.clone()).map(|_| value)
}

fn shaped<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    let read: Result<Object<T>, _> = serde_path_to_error::deserialize(value);
    read.map(|Object(shape)| shape).map_err(|error| {
        let place = error.path().to_string();
        Problem::of_shape(if place == "." { "" } else { &place }, &error.inner().to_string())
    })
}

/// What a file says, in YAML or JSON.
fn file<T>(path: &Path, mean: impl FnOnce(Value) -> Result<T, Problem>) -> Result<T, String> {
    let place = path.display();
    let text = yaml::read(&read(path)?).map_err(|mistake| mistake.in_file(&place))?;
    mean(text.value.clone()).map_err(|problem| {
        let at = text.place(&problem.place).unwrap_or(Place { line: 1, column: 1 });
        Mistake { place: at, message: problem.to_string() }.in_file(&place)
    })
}

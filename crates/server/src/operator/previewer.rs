//! Where previews come from: a server that runs, over its API, or a configuration in a file, without any network. The
//! answers are the same. Owns the two ways and the reading of the file; leaves out what is asked (`preview`, `test`).

use std::path::Path;

use hyper::Method;
use model::Timestamp;
use serde_json::Value;
use service::admin::Refusal;
use service::portable::{Portable, Problem};
use service::preview::preview;
use service::workbench::Workbench;

use super::export::find;
use super::remote::Remote;
use crate::answer::Answer;
use crate::error::ApiError;
use crate::question::Question;
use crate::yaml::{self, Place};

/// Somebody who answers questions.
pub enum Previewer<'r> {
    /// A server that runs.
    Live {
        /// How it is spoken to.
        remote: &'r Remote,
        /// The path of the authorization server.
        path: String,
    },
    /// A configuration that was read from a file.
    File {
        /// The configuration, ready to be tried.
        workbench: Box<Workbench>,
        /// The document as it was read.
        document: Value,
    },
}

/// Why there is no answer, or not everything could be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// A flag or a file is wrong.
    File(String),
    /// A server could not be asked or refused to answer, or a result could not be written.
    Trouble(String),
}

/// What was answered: for a program, or for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// A text.
    Text,
}

impl<'r> Previewer<'r> {
    /// The authorization server that `server` names, by id, as `default` or by name.
    pub fn live(remote: &'r Remote, server: &str) -> Result<Self, String> {
        Ok(Self::Live { remote, path: find(remote, server)? })
    }

    /// The configuration in a file.
    pub fn of_file(path: &Path, now: Timestamp) -> Result<Self, String> {
        let place = path.display();
        let text = read(path)?;
        Self::of_text(&text, now).map_err(|problems| {
            problems.iter().map(|problem| format!("{place}:{problem}")).collect::<Vec<_>>().join("\n")
        })
    }

    /// The configuration in a text, or everything that is wrong with it.
    fn of_text(text: &str, now: Timestamp) -> Result<Self, Vec<String>> {
        let text = yaml::read(text).map_err(|mistake| {
            vec![format!("{}:{}: {}", mistake.place.line, mistake.place.column, mistake.message)]
        })?;
        let said = |problem: &Problem| {
            let Place { line, column } = text.place(&problem.place).unwrap_or(Place { line: 1, column: 1 });
            format!("{line}:{column}: {problem}")
        };
        let portable = Portable::read(text.value.clone()).map_err(|problem| vec![said(&problem)])?;
        let workbench = Workbench::new(&portable, now)
            .map_err(|problems| problems.iter().map(said).collect::<Vec<_>>())?;
        Ok(Self::File { workbench: Box::new(workbench), document: text.value })
    }

    /// The server's configuration as a document.
    pub fn configuration(&self) -> Result<Value, String> {
        match self {
            Self::Live { remote, path } => {
                let answer = remote.call(&Method::GET, &format!("{path}/configuration"), None, None);
                answer.map(|answer| answer.body).map_err(|error| error.to_string())
            }
            Self::File { document, .. } => Ok(document.clone()),
        }
    }

    /// Asks; the answer is JSON or, for people, a text.
    pub fn ask(&self, question: &Question, form: Form, now: Timestamp) -> Result<Value, String> {
        match self {
            Self::Live { remote, path } => {
                let (path, body) = (format!("{path}/preview"), serde_json::to_value(question));
                let body = body.map_err(|error| error.to_string())?;
                let answer = match form {
                    Form::Json => {
                        remote.call(&Method::POST, &path, None, Some(&body)).map(|answer| answer.body)
                    }
                    Form::Text => remote.text(&Method::POST, &path, Some(&body)).map(Value::from),
                };
                answer.map_err(|error| error.to_string())
            }
            Self::File { workbench, .. } => ask_here(workbench, question, form, now),
        }
    }
}

fn ask_here(workbench: &Workbench, question: &Question, form: Form, now: Timestamp) -> Result<Value, String> {
    let meaning = question.read(now).map_err(|(member, why)| format!("{member}: {why}"))?;
    let drafted;
    let workbench = match &question.draft {
        None => workbench,
        Some(draft) => {
            let sections = Portable::read_sections(draft.clone()).map_err(|problem| problem.to_string())?;
            drafted = workbench.with_draft(&sections, now).map_err(|problems| lines(&problems))?;
            &drafted
        }
    };
    let mut names = workbench.names().clone();
    let at = meaning.at.unwrap_or(now);
    let asked = meaning.complete(workbench.snapshot(), &workbench.directory, &mut names).map_err(here)?;
    let stage = workbench.stage(&names).ok_or("the document makes no authorization server")?;
    let preview = preview(&stage, &asked, at);
    let answer = Answer { preview: &preview, revision: None, draft: question.draft.is_some(), at };
    Ok(match form {
        Form::Json => answer.to_json(),
        Form::Text => answer.to_text().into(),
    })
}

/// What is not there can be written into the document.
fn here(refusal: Refusal) -> String {
    let where_to = match &refusal {
        Refusal::Invalid { subject: "client", .. } => {
            "\n  apps stand in `clients:` of the configuration; one that no policy names is added by hand"
        }
        Refusal::Invalid { subject: "user.groups", .. } => {
            "\n  groups stand in `groups:` of the configuration"
        }
        _ => "",
    };
    causes(refusal) + where_to
}

fn causes(refusal: Refusal) -> String {
    match refusal {
        Refusal::Invalid { causes, .. } => causes.join("\n"),
        other => ApiError::from(other).to_string(),
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("draft: {problem}")).collect::<Vec<_>>().join("\n")
}

/// A file's text; - is stdin.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let place = path.display();
    if path == Path::new("-") {
        return std::io::read_to_string(std::io::stdin())
            .map_err(|error| format!("cannot read stdin: {error}"));
    }
    std::fs::read_to_string(path).map_err(|error| format!("cannot read `{place}`: {error}"))
}

//! `tokenmint apply`: a file's configuration into a server, with the plan shown first. Owns what a person sees and is asked;
//! leaves out the document (`service::portable`), the file's form (`yaml`) and the request (`remote`).
//!
//! What is done is what was shown: the second request carries the revision of the first.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use hyper::Method;
use serde_json::{Value, json};
use service::portable::{Plan, Portable, Problem};

use super::export::find;
use super::remote::{Answer, CallError, Remote};
use super::terminal::{json_text, plain, plain_lines, say, show};
use crate::yaml;

const BY_NAME: &str = "/api/v1/authorizationServers/configuration";
/// How often a plan that nobody was asked about is made anew, because somebody else changed the org meanwhile.
const ATTEMPTS_MAX: u32 = 3;
const PRECONDITION_FAILED: u16 = 412;

/// What a person said.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Wanted {
    /// The file, in YAML or JSON; - is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The server to apply it to, by id or name [default: the one that has the file's name; it is made if there is none]
    #[arg(long, value_name = "SERVER")]
    pub server: Option<String>,
    /// Do not ask
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Show the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit with 3 if there is anything to do
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// As JSON, for programs: plan and problems go to stdout
    #[arg(long)]
    pub json: bool,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is as the file says.
    Done,
    /// There is something to do, and only that was asked.
    Changes,
    /// A person was asked, and said no.
    Declined,
}

/// Why it did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// The file cannot be read.
    File(String),
    /// It was refused, or went wrong: nothing was changed.
    Refused(String),
}

/// A file and what it says.
struct Source {
    name: String,
    text: yaml::Text,
}

/// Applies a file, or says what that would do.
pub fn run(remote: &Remote, wanted: &Wanted) -> Result<Outcome, Complaint> {
    let source = Source::read(&wanted.file).map_err(Complaint::File)?;
    Portable::read(source.text.value.clone()).map_err(|problem| {
        tell(wanted, &source, std::slice::from_ref(&problem));
        Complaint::File("the file is not a configuration".to_owned())
    })?;
    let (method, path) = match &wanted.server {
        Some(server) => {
            let path = find(remote, server).map_err(Complaint::Refused)?;
            (Method::PUT, format!("{path}/configuration"))
        }
        None => (Method::POST, BY_NAME.to_owned()),
    };
    for attempt in 1.. {
        let rehearsal = ask(remote, wanted, &source, &method, &format!("{path}?dryRun=true"), None)?;
        let plan = plan(&rehearsal)?;
        if plan.is_empty() || wanted.dry_run {
            announce(wanted, &rehearsal, &plan);
            let is_change = !plan.is_empty() && wanted.exit_code;
            return Ok(if is_change { Outcome::Changes } else { Outcome::Done });
        }
        let tag = tag(&rehearsal)?;
        if !wanted.json {
            announce(wanted, &rehearsal, &plan);
        }
        if !agree(wanted)? {
            say("nothing was changed");
            return Ok(Outcome::Declined);
        }
        match ask(remote, wanted, &source, &method, &path, Some(tag)) {
            Ok(answer) => {
                conclude(wanted, &answer);
                return Ok(Outcome::Done);
            }
            Err(Complaint::Refused(why)) if why == OVERTAKEN && wanted.yes && attempt < ATTEMPTS_MAX => {}
            Err(complaint) => return Err(complaint),
        }
    }
    Err(Complaint::Refused(OVERTAKEN.to_owned()))
}

/// Said where the revision is not the one that was planned on.
const OVERTAKEN: &str = "nothing was changed: somebody changed the org after this plan was made; run it again to see what is left to do";

impl Source {
    fn read(file: &Path) -> Result<Self, String> {
        let (name, text) = if file == Path::new("-") {
            let mut text = String::new();
            let limit = u64::try_from(yaml::BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
            let read = std::io::stdin().take(limit).read_to_string(&mut text);
            ("stdin".to_owned(), read.map(|_| text))
        } else {
            (file.display().to_string(), std::fs::read_to_string(file))
        };
        let text = text.map_err(|error| format!("cannot read `{name}`: {error}"))?;
        let text = yaml::read(&text).map_err(|mistake| mistake.in_file(&name))?;
        Ok(Self { name, text })
    }

    /// A problem with its line, as a person and an editor find it.
    fn line(&self, problem: &Problem) -> String {
        match self.text.place(&problem.place) {
            Some(place) => format!("{}:{}:{}: {problem}", self.name, place.line, place.column),
            None => format!("{}: {problem}", self.name),
        }
    }
}

fn ask(
    remote: &Remote,
    wanted: &Wanted,
    source: &Source,
    method: &Method,
    path: &str,
    tag: Option<&str>,
) -> Result<Answer, Complaint> {
    remote.call(method, path, tag, Some(&source.text.value)).map_err(|error| match error {
        CallError::Refused(refused) if refused.status == PRECONDITION_FAILED => {
            Complaint::Refused(OVERTAKEN.to_owned())
        }
        CallError::Refused(refused) if refused.code == "E0000001" && !refused.causes.is_empty() => {
            let problems: Vec<Problem> = refused.causes.iter().map(|cause| problem(cause)).collect();
            tell(wanted, source, &problems);
            let count = problems.len();
            let noun = if count == 1 { "problem" } else { "problems" };
            Complaint::Refused(format!("nothing was changed: {count} {noun} in {}", source.name))
        }
        error if tag.is_some() && is_uncertain(&error) => Complaint::Refused(format!(
            "{error}\nwhether it was applied is not known: run it again to see what is left to do"
        )),
        error => Complaint::Refused(error.to_string()),
    })
}

/// Whether the server may have done what it was asked all the same.
fn is_uncertain(error: &CallError) -> bool {
    match error {
        CallError::Unreachable(_) => true,
        CallError::Refused(refused) => refused.status >= 500,
    }
}

/// `policies[0].name: what is wrong`, as the server writes it.
fn problem(cause: &str) -> Problem {
    let is_place = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    match cause.split_once(": ").filter(|(place, _)| is_place(place)) {
        Some((place, message)) => Problem { place: place.to_owned(), message: message.to_owned() },
        None => Problem { place: String::new(), message: cause.to_owned() },
    }
}

fn tell(wanted: &Wanted, source: &Source, problems: &[Problem]) {
    if wanted.json {
        let shown = problems.iter().map(|problem| {
            let place = source.text.place(&problem.place);
            json!({
                "place": problem.place,
                "message": problem.message,
                "line": place.map(|place| place.line),
                "column": place.map(|place| place.column),
            })
        });
        return show(&json_text(&json!({"problems": shown.collect::<Vec<_>>()})));
    }
    for problem in problems {
        say(&plain_lines(&source.line(problem)));
    }
}

fn plan(answer: &Answer) -> Result<Plan, Complaint> {
    serde_json::from_value(answer.body["plan"].clone()).map_err(|_| {
        let why = "the server is of another release; use the program that it was started from";
        Complaint::Refused(why.to_owned())
    })
}

/// What binds the change to the plan that was shown.
fn tag(rehearsal: &Answer) -> Result<&str, Complaint> {
    rehearsal.etag.as_deref().ok_or_else(|| {
        let why = "nothing was changed: the reply has no ETag, so what is done could not be bound to what was shown; \
                   a proxy before the server may have dropped it";
        Complaint::Refused(why.to_owned())
    })
}

/// Shows the plan: it is what was asked for.
fn announce(wanted: &Wanted, rehearsal: &Answer, plan: &Plan) {
    if wanted.json {
        let mut shown = rehearsal.body.clone();
        // Where nothing is to be done, everything is done that was asked for.
        shown["dryRun"] = wanted.dry_run.into();
        return show(&json_text(&shown));
    }
    show(&plain_lines(&plan.to_string()));
}

/// Asks, unless it was said before.
fn agree(wanted: &Wanted) -> Result<bool, Complaint> {
    if wanted.yes {
        return Ok(true);
    }
    let is_stdin_free = wanted.file != Path::new("-");
    if is_stdin_free && std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        say("Type yes to apply it.");
        let mut answer = String::new();
        return Ok(std::io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes");
    }
    Err(Complaint::Refused("nothing was changed: say --yes if that is meant".to_owned()))
}

fn conclude(wanted: &Wanted, answer: &Answer) {
    if wanted.json {
        return show(&json_text(&answer.body));
    }
    let text = |value: &Value| plain(value.as_str().unwrap_or_default());
    let server = &answer.body["server"];
    say(&format!("applied to `{}` ({})", text(&server["name"]), text(&server["id"])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_a_tag_is_not_carried_out() {
        let answer = |etag: Option<&str>| Answer {
            status: 200,
            etag: etag.map(str::to_owned),
            body: json!({"plan": {"steps": []}}),
        };
        assert_eq!(tag(&answer(Some("\"7-ab\""))), Ok("\"7-ab\""));
        let complaint = tag(&answer(None)).unwrap_err();
        assert!(
            matches!(&complaint, Complaint::Refused(why) if why.starts_with("nothing was changed: ")),
            "{complaint:?}"
        );
    }

    #[test]
    fn a_cause_is_a_place_and_what_is_wrong_there() {
        for (cause, place, message) in [
            ("policies[0].name: too long: 7", "policies[0].name", "too long: 7"),
            ("and 50 more", "", "and 50 more"),
            ("a document holds: 7", "", "a document holds: 7"),
        ] {
            assert_eq!(problem(cause), Problem { place: place.to_owned(), message: message.to_owned() });
        }
    }
}

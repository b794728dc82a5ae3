//! `POST /api/v1/authorizationServers/{server}/expressions/test`: what an expression comes to, for a user who need not exist,
//! before it is saved. Writes nothing. (Okta shows it only in tokens.)

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use el::{Diagnostic, EvalError, Input, Span};
use engine::claims::Trial;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use service::admin::authorization_server;
use service::expression::{self, Question};
use service::membership::Directory;

use crate::access::Admins::ServerReaders;
use crate::api::App;
use crate::api::readable::{Readable, Wanted};
use crate::error::ApiError;
use crate::front::Now;
use crate::json::Json;
use crate::path::Path;
use crate::question::Person;
use crate::routes::{Produces, Route, Routes};

const READ: &str = "okta.authorizationServers.read";

/// How many scopes may be granted on trial.
const SCOPES_MAX: usize = 1_000;

pub(super) fn routes() -> Routes<App> {
    const TEST: &str = "/api/v1/authorizationServers/{server}/expressions/test";
    let route = Route::guarded(Method::POST, TEST, READ, ServerReaders).produces(Produces::Anything);
    Routes::new().route(route, answer)
}

/// What is tried, and for whom.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Asked {
    expression: Option<String>,
    /// By its app's label or its `client_id`.
    client: Option<String>,
    user: Option<Person>,
    /// Those that count as granted.
    scopes: Vec<String>,
}

async fn answer(
    State(app): State<App>,
    Now(now): Now,
    Path(server): Path<String>,
    headers: HeaderMap,
    Json(asked): Json<Asked>,
) -> Result<Response, ApiError> {
    let wanted = Wanted::of(&headers)?;
    let snapshot = app.configuration.current();
    let server = authorization_server::get(&snapshot, &server)?;
    let Asked { expression, client, user, scopes } = asked;
    let expression =
        expression.ok_or_else(|| ApiError::invalid("expression", "expression: say what is tried"))?;
    if scopes.len() > SCOPES_MAX {
        return Err(ApiError::invalid("scopes", format!("scopes: there may be {SCOPES_MAX}")));
    }
    let user = match user {
        None => None,
        Some(person) => {
            let invalid = |(member, why)| ApiError::invalid(member, format!("{member}: {why}"));
            let (mut user, session) = person.read(now).map_err(invalid)?;
            let memberships = person.memberships();
            let directory = Directory::look_up(&app, &memberships, None).await?;
            user.groups = directory.join(&memberships)?;
            Some((user, session))
        }
    };
    let question = Question { expression, client, user, scopes };
    let trial = expression::try_out(&snapshot, &server, &question, now)?;
    let text = &question.expression;
    Ok(wanted.reply(Readable { json: &|| shown(&trial, text), text: &|| told(&trial, text) }))
}

/// For programs.
fn shown(trial: &Trial, text: &str) -> Value {
    let problems =
        |problems: &[Diagnostic]| problems.iter().map(|problem| diagnostic(problem, text)).collect::<Value>();
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    match trial {
        Trial::Refused(refusals) => {
            put("compiles", false.into());
            put("errors", problems(refusals));
        }
        Trial::Evaluated { outcome, inputs, warnings } => {
            put("compiles", true.into());
            match outcome {
                Ok(value) => {
                    put("value", value.to_json());
                    put("type", kind(value).into());
                }
                Err(error) => put("errors", json!([failure(error, text)])),
            }
            put("inputs", inputs.iter().map(input).collect());
            put("warnings", problems(warnings));
        }
    }
    members.into()
}

fn diagnostic(problem: &Diagnostic, text: &str) -> Value {
    let mut shown = place(problem.span, text);
    shown.insert("message".to_owned(), problem.message.as_str().into());
    shown.insert("suggestion".to_owned(), problem.suggestion.as_deref().into());
    shown.insert("shown".to_owned(), problem.render(text).into());
    shown.into()
}

fn failure(error: &EvalError, text: &str) -> Value {
    let mut shown = place(error.span, text);
    shown.insert("message".to_owned(), error.message.as_str().into());
    shown.insert("suggestion".to_owned(), Value::Null);
    shown.insert("shown".to_owned(), error.render(text).into());
    shown.into()
}

/// Where something stands, in characters.
fn place(span: Span, text: &str) -> Map<String, Value> {
    let characters = |bytes: usize| text.get(..bytes).unwrap_or(text).chars().count();
    let places = [("start", span.start), ("end", span.end)];
    places.into_iter().map(|(name, bytes)| (name.to_owned(), characters(bytes).into())).collect()
}

fn input(input: &Input) -> Value {
    json!({"path": input.path, "value": input.value.to_json()})
}

/// Okta's word for a kind of value.
fn kind(value: &el::Value) -> &'static str {
    match value {
        el::Value::Null => "Null",
        el::Value::Bool(_) => "Boolean",
        el::Value::Int(_) => "Integer",
        el::Value::Num(_) => "Number",
        el::Value::Text(_) => "String",
        el::Value::List(_) => "Array",
        el::Value::Map(_) => "Object",
    }
}

/// For people.
fn told(trial: &Trial, text: &str) -> String {
    let problems = |problems: &[Diagnostic]| problems.iter().map(|problem| problem.render(text)).collect();
    let lines: Vec<String> = match trial {
        Trial::Refused(refusals) => problems(refusals),
        Trial::Evaluated { outcome, inputs, warnings } => {
            let outcome = match outcome {
                Ok(value) => format!("{} ({})", value.to_json(), kind(value)),
                Err(error) => error.render(text),
            };
            let inputs = inputs.iter().map(|input| format!("  {} = {}", input.path, input.value.to_json()));
            let warnings: Vec<String> = problems(warnings);
            [outcome].into_iter().chain(inputs).chain(warnings).collect()
        }
    };
    lines.join("\n") + "\n"
}

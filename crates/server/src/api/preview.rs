//! `POST /api/v1/authorizationServers/{server}/preview`: Token Preview. Reads the question, answers what the flow would
//! give, and writes nothing. (Okta's preview is a screen without an API.)

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use serde_json::Value;
use service::admin::authorization_server;
use service::configuration::{Asked, Draft};
use service::membership::Directory;
use service::names::Names;
use service::portable::{self, Portable, Problem, Target, World};
use service::preview::{self, Stage};
use service::{ServerEntry, Snapshot};

use crate::access::Admins::ServerReaders;
use crate::answer::Answer;
use crate::api::readable::{Readable, Wanted};
use crate::api::{App, Asks};
use crate::error::{ApiError, code};
use crate::front::Now;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::question::Question;
use crate::routes::{Produces, Route, Routes};

const READ: &str = "okta.authorizationServers.read";

pub(super) fn routes() -> Routes<App> {
    const PREVIEW: &str = "/api/v1/authorizationServers/{server}/preview";
    let route = Route::guarded(Method::POST, PREVIEW, READ, ServerReaders).produces(Produces::Anything);
    Routes::new().route(route, answer)
}

async fn answer(
    State(app): State<App>,
    Now(now): Now,
    Asks(asked): Asks,
    here: Here,
    Path(server): Path<String>,
    headers: HeaderMap,
    Json(question): Json<Question>,
) -> Result<Response, ApiError> {
    let wanted = Wanted::of(&headers)?;
    let current = app.configuration.current();
    let server = authorization_server::get(&current, &server)?;
    let invalid = |(member, why)| ApiError::invalid(member, format!("{member}: {why}"));
    let meaning = question.read(now).map_err(invalid)?;
    let snapshot = match &question.draft {
        None => Snapshot::clone(&current),
        Some(draft) => try_out(&app, &asked, &current, &server, draft).await?,
    };
    let server = authorization_server::get(&snapshot, server.server.value.id.as_str())?;
    let mut names = Names::of_server(&app, &server).await?;
    let directory = Directory::look_up(&app, &meaning.memberships, meaning.login.as_deref()).await?;
    let at = meaning.at.unwrap_or(now);
    let asked = meaning.complete(&snapshot, &directory, &mut names)?;
    let issuers = here.issuers();
    let stage = Stage { snapshot: &snapshot, server: &server, issuers: &issuers, names: &names };
    // A draft is compiled for this question alone.
    let preview = portable::at_length(|| preview::preview(&stage, &asked, at));
    let answer =
        Answer { preview: &preview, revision: Some(current.revision), draft: question.draft.is_some(), at };
    Ok(wanted.reply(Readable { json: &|| answer.to_json(), text: &|| answer.to_text() }))
}

/// The configuration with a draft that is not saved: the sections that it has take the place of the server's.
async fn try_out(
    app: &App,
    asked: &Asked,
    current: &Snapshot,
    server: &ServerEntry,
    draft: &Value,
) -> Result<Snapshot, ApiError> {
    let refuse = |problems: Vec<Problem>| {
        let place = |problem: &Problem| if problem.place.starts_with('[') { "" } else { "." };
        let error = ApiError::about(code::VALIDATION_FAILED, "draft");
        let causes = problems.iter().map(|problem| format!("draft{}{problem}", place(problem)));
        causes.fold(error, ApiError::cause)
    };
    let wanted = Portable::read_sections(draft.clone()).map_err(|problem| refuse(vec![problem]))?;
    let world = World::gather(app, Some(server), Some(&wanted)).await?;
    let Asked { actor, origin, now } = asked.clone();
    let mut draft = Draft::new(current.clone(), actor, origin, now);
    let target = Target::Server(server.server.value.id);
    let apply = || portable::apply(&mut draft, &app.ids, &world, target, &wanted);
    portable::at_length(apply).map_err(refuse)?;
    Ok(draft.snapshot().clone())
}

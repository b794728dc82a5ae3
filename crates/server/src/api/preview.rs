//! `POST /api/v1/authorizationServers/{server}/preview`: Token Preview. Reads the question, answers what the flow would
//! give, and writes nothing. (Okta's preview is a screen without an API.)

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use service::admin::authorization_server;
use service::membership;
use service::names::Names;
use service::preview::{self, Stage, client_called};
use service::{ServerEntry, Snapshot};

use crate::access::Admins::ServerReaders;
use crate::answer::Answer;
use crate::api::App;
use crate::api::readable::{Readable, Wanted};
use crate::error::ApiError;
use crate::front::Now;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::question::{Client, Meaning, Question};
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
    here: Here,
    Path(server): Path<String>,
    headers: HeaderMap,
    Json(question): Json<Question>,
) -> Result<Response, ApiError> {
    let wanted = Wanted::of(&headers)?;
    let snapshot = app.configuration.current();
    let server = authorization_server::get(&snapshot, &server)?;
    let invalid = |(member, why)| ApiError::invalid(member, format!("{member}: {why}"));
    let mut meaning = question.read(now).map_err(invalid)?;
    join(&app, &mut meaning, &snapshot).await?;
    let names = names(&app, &server, &meaning).await?;
    let issuers = here.issuers();
    let at = meaning.at.unwrap_or(now);
    let stage = Stage { snapshot: &snapshot, server: &server, issuers: &issuers, names: &names };
    let preview = preview::preview(&stage, &meaning.question, at);
    let answer =
        Answer { preview: &preview, revision: Some(snapshot.revision), draft: question.draft.is_some(), at };
    Ok(wanted.reply(Readable { json: &|| answer.to_json(), text: &|| answer.to_text() }))
}

/// Puts the client and the user's groups into the question.
async fn join(app: &App, meaning: &mut Meaning, snapshot: &Snapshot) -> Result<(), ApiError> {
    meaning.question.client_id = match &meaning.client {
        Client::Id(id) => id.clone(),
        Client::Called(label) => client_called(snapshot, label)?,
    };
    if let Some((user, _)) = &mut meaning.question.user {
        let known = membership::look_up(app, &meaning.memberships).await?;
        user.groups = membership::join(&meaning.memberships, &known)?;
    }
    Ok(())
}

async fn names(app: &App, server: &ServerEntry, meaning: &Meaning) -> Result<Names, ApiError> {
    let mut names = Names::of_server(app, server).await?;
    for group in meaning.question.user.iter().flat_map(|(user, _)| &user.groups) {
        names.add_group(group.id, &group.name);
    }
    Ok(names)
}

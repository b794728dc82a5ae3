//! `/api/v1/authorizationServers/{server}/configuration`: a server's configuration as one document, which Okta does not have.
//!
//! The tag of a document is the org's revision: `If-Match` with it applies exactly what was planned, or nothing.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use service::admin::{Precondition, Refusal};
use service::configuration::Asked;
use service::portable::{self, Applied, Portable, Problem, Wanted};

use super::authorization_server::{MANAGE, READ, url};
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{App, Asks, IfMatch, Shown, link};
use crate::error::ApiError;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::routes::{Route, Routes};

pub(super) fn routes() -> Routes<App> {
    const ONE: &str = "/api/v1/authorizationServers/{server}/configuration";
    const BY_NAME: &str = "/api/v1/authorizationServers/configuration";
    Routes::new()
        .route(Route::guarded(Method::GET, ONE, READ, ServerReaders), get)
        .route(Route::guarded(Method::PUT, ONE, MANAGE, ServerManagers), put)
        .route(Route::guarded(Method::POST, BY_NAME, MANAGE, ServerManagers), post)
}

async fn get(State(app): State<App>, Path(server): Path<String>) -> Result<Shown, ApiError> {
    let (document, revision) = portable::current(&app, &server).await?;
    Ok(Shown { view: document.to_value(), revision })
}

async fn put(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    here: Here,
    query: Query,
    Path(server): Path<String>,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Shown), ApiError> {
    let wanted = wanted(Some(server), body, precondition, &here)?;
    apply(&app, asked, &here, query.flag("dryRun")?, wanted).await
}

/// The server that has the document's name; there being none, it is made.
async fn post(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    here: Here,
    query: Query,
    Json(body): Json<Value>,
) -> Result<(StatusCode, Shown), ApiError> {
    let wanted = wanted(None, body, precondition, &here)?;
    apply(&app, asked, &here, query.flag("dryRun")?, wanted).await
}

fn wanted(
    server: Option<String>,
    body: Value,
    precondition: Precondition,
    here: &Here,
) -> Result<Wanted, ApiError> {
    let document = Portable::read(body).map_err(shapeless)?;
    Ok(Wanted { server, document, precondition, issuer_mode: here.issuers().mode_of_new_servers() })
}

fn shapeless(problem: Problem) -> ApiError {
    Refusal::from(vec![problem]).into()
}

async fn apply(
    app: &App,
    asked: Asked,
    here: &Here,
    is_rehearsal: bool,
    wanted: Wanted,
) -> Result<(StatusCode, Shown), ApiError> {
    if is_rehearsal {
        let applied = portable::rehearse(app, asked, wanted).await?;
        return Ok((StatusCode::OK, shown(here, &applied, true)));
    }
    let applied = portable::carry_out(app, asked, wanted).await?;
    let status = if applied.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, shown(here, &applied, false)))
}

fn shown(here: &Here, applied: &Applied, is_rehearsal: bool) -> Shown {
    let Applied { plan, server, created, revision } = applied;
    let mut shown = json!({"name": server.server.value.name});
    // What is only rehearsed has no id that anybody could use.
    if !(is_rehearsal && *created) {
        shown["id"] = json!(server.server.value.id);
        shown["_links"] = json!({"self": link(&url(here, server), &["GET", "DELETE", "PUT"])});
    }
    let view = json!({"dryRun": is_rehearsal, "created": created, "server": shown, "plan": plan});
    Shown { view, revision: *revision }
}

//! `/api/v1/authorizationServers/{server}/configuration`: a server's configuration as one document, which Okta does not have.
//!
//! The tag of a document is the org's revision. That of a rehearsal also covers the groups and users that its names stood
//! for, which have no revision: `If-Match` with it applies exactly what was shown, or nothing.

use axum::extract::{FromRequestParts, State};
use axum::http::header::{ETAG, HeaderName};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use service::admin::{Precondition, Refusal};
use service::configuration::Asked;
use service::portable::{self, Applied, Portable, Problem, Rehearsal, Wanted};

use super::authorization_server::{MANAGE, READ, url};
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{App, Asks, IfMatch, Shown, link, revision_of, strong_tags, tag_list};
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
    shown: WasShown,
    here: Here,
    query: Query,
    Path(server): Path<String>,
    Json(body): Json<Value>,
) -> Result<Tagged, ApiError> {
    let wanted = wanted(Some(server), body, shown, &here)?;
    apply(&app, asked, &here, query.sole_flag("dryRun")?, wanted).await
}

/// The server that has the document's name; there being none, it is made.
async fn post(
    State(app): State<App>,
    Asks(asked): Asks,
    shown: WasShown,
    here: Here,
    query: Query,
    Json(body): Json<Value>,
) -> Result<Tagged, ApiError> {
    let wanted = wanted(None, body, shown, &here)?;
    apply(&app, asked, &here, query.sole_flag("dryRun")?, wanted).await
}

/// A reply with its tag.
type Tagged = (StatusCode, [(HeaderName, String); 1], Json<Value>);

/// What was shown to whom asks, as `If-Match` says.
struct WasShown {
    precondition: Precondition,
    rehearsals: Vec<Rehearsal>,
}

impl<S: Sync> FromRequestParts<S> for WasShown {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let IfMatch(precondition) = IfMatch::from_request_parts(parts, state).await?;
        let list = tag_list(&parts.headers)?.unwrap_or_default();
        let tags = strong_tags(&list).unwrap_or_default();
        Ok(Self { precondition, rehearsals: tags.into_iter().filter_map(rehearsal_of).collect() })
    }
}

/// The rehearsal of a tag that [`tag_of`] wrote.
fn rehearsal_of(tag: &str) -> Option<Rehearsal> {
    let (revision, names) = tag.split_once('-')?;
    Some(Rehearsal { revision: revision_of(revision)?, names: names.to_owned() })
}

fn tag_of(applied: &Applied, is_rehearsal: bool) -> String {
    let Applied { revision, names, .. } = applied;
    if is_rehearsal { format!("\"{revision}-{names}\"") } else { format!("\"{revision}\"") }
}

fn wanted(server: Option<String>, body: Value, shown: WasShown, here: &Here) -> Result<Wanted, ApiError> {
    let document = Portable::read(body).map_err(shapeless)?;
    let WasShown { precondition, rehearsals } = shown;
    Ok(Wanted {
        server,
        document,
        precondition,
        rehearsals,
        issuer_mode: here.issuers().mode_of_new_servers(),
    })
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
) -> Result<Tagged, ApiError> {
    if is_rehearsal {
        let applied = portable::rehearse(app, asked, wanted).await?;
        return Ok(reply(StatusCode::OK, here, &applied, true));
    }
    let applied = portable::carry_out(app, asked, wanted).await?;
    let status = if applied.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(reply(status, here, &applied, false))
}

fn reply(status: StatusCode, here: &Here, applied: &Applied, is_rehearsal: bool) -> Tagged {
    let Applied { plan, server, created, .. } = applied;
    let mut shown = json!({"name": server.server.value.name});
    // What is only rehearsed has no id that anybody could use.
    if !(is_rehearsal && *created) {
        shown["id"] = json!(server.server.value.id);
        shown["_links"] = json!({"self": link(&url(here, server), &["GET", "DELETE", "PUT"])});
    }
    let view = json!({"dryRun": is_rehearsal, "created": created, "server": shown, "plan": plan});
    (status, [(ETAG, tag_of(applied, is_rehearsal))], Json(view))
}

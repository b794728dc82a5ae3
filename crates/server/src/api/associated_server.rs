//! `/api/v1/authorizationServers/{server}/associatedServers`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use service::admin::associated_server::{self as use_case, Which};
use service::admin::authorization_server;

use super::authorization_server::{MANAGE, READ, view};
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{App, Asks, Page, required};
use crate::error::ApiError;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::routes::{Route, Routes};

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/authorizationServers/{server}/associatedServers";
    const ONE: &str = "/api/v1/authorizationServers/{server}/associatedServers/{trusted}";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, ServerReaders), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, ServerManagers), add)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, ServerManagers), remove)
}

#[derive(Deserialize)]
struct Write {
    trusted: Option<Vec<String>>,
}

/// Which servers a request asks for. Okta does not say what the absence of `trusted` means: the trusted ones, here.
fn which(query: &Query) -> Result<Which, ApiError> {
    match query.text("trusted") {
        None => Ok(Which::Trusted),
        Some(_) => Ok(if query.flag("trusted")? { Which::Trusted } else { Which::Untrusted }),
    }
}

async fn list(
    State(app): State<App>,
    here: Here,
    query: Query,
    page: Page,
    Path(server): Path<String>,
) -> Result<Response, ApiError> {
    let snapshot = app.configuration.current();
    let entry = authorization_server::get(&snapshot, &server)?;
    let (which, q, after) = (which(&query)?, query.text("q"), page.after.as_deref());
    let found = use_case::list(&snapshot, &entry.server.value, which, q, after, page.limit);
    let views: Vec<Value> = found.items.iter().map(|entry| view(&here, entry)).collect();
    Ok(page.reply(&here, &views, found.next.as_deref()))
}

async fn add(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(server): Path<String>,
    Json(body): Json<Write>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let trusted = required("trusted", body.trusted)?;
    let named = use_case::add(&app, asked, server, trusted).await?;
    Ok(Json(named.iter().map(|entry| view(&here, entry)).collect()))
}

async fn remove(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((server, trusted)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::remove(&app, asked, server, trusted).await?;
    Ok(StatusCode::NO_CONTENT)
}

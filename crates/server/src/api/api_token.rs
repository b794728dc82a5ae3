//! `/api/v1/api-tokens`: the metadata of SSWS tokens; their values are never shown again.

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use service::admin::api_token::{self as use_case, Metadata, WINDOW_DAYS};

use crate::access::{Admins, Caller};
use crate::api::{App, Asks, Page, link, required};
use crate::error::{ApiError, code};
use crate::json::{Json, object_or_none};
use crate::origin::Here;
use crate::path::Path;
use crate::routes::{Route, Routes};

const READ: &str = "okta.apiTokens.read";
const MANAGE: &str = "okta.apiTokens.manage";

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/api-tokens";
    const ONE: &str = "/api/v1/api-tokens/{token}";
    const CURRENT: &str = "/api/v1/api-tokens/current";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, Admins::Super), list)
        .route(Route::guarded(Method::GET, ONE, READ, Admins::Super), get)
        .route(Route::guarded(Method::PUT, ONE, MANAGE, Admins::Super), replace)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, Admins::Super), revoke)
        .route(Route::guarded(Method::DELETE, CURRENT, MANAGE, Admins::Anyone), revoke_current)
}

fn view(here: &Here, token: &Metadata) -> Value {
    let own = here.link(&format!("/api/v1/api-tokens/{}", token.id));
    let user = here.link(&format!("/api/v1/users/{}", token.user));
    json!({
        "id": token.id,
        "name": token.name,
        "userId": token.user,
        "clientName": token.client_name,
        "tokenWindow": format!("P{WINDOW_DAYS}D"),
        "network": token.network,
        "expiresAt": token.expires.to_string(),
        "created": token.created.to_string(),
        "lastUpdated": token.last_updated.to_string(),
        "_links": {"self": link(&own, &["GET", "DELETE"]), "user": link(&user, &["GET"])},
    })
}

async fn list(State(app): State<App>, here: Here, page: Page) -> Result<Response, ApiError> {
    let found = use_case::list(&app, page.after.as_deref(), page.limit).await?;
    let views: Vec<Value> = found.items.iter().map(|token| view(&here, token)).collect();
    Ok(page.reply(&here, &views, found.next.as_deref()))
}

async fn get(State(app): State<App>, here: Here, Path(token): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(view(&here, &use_case::get(&app, &token).await?)))
}

#[derive(Deserialize)]
struct Write {
    name: Option<String>,
    #[serde(default, deserialize_with = "object_or_none")]
    network: Option<Network>,
}

#[derive(Deserialize)]
struct Network {
    connection: Option<String>,
}

/// Zones do not exist yet, so a token may be used from anywhere or the change is refused: never wider than asked.
async fn replace(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(token): Path<String>,
    Json(body): Json<Write>,
) -> Result<Json<Value>, ApiError> {
    let connection = body.network.and_then(|network| network.connection);
    if connection.is_some_and(|connection| connection != "ANYWHERE") {
        return Err(ApiError::invalid(
            "network",
            "network.connection: There is no network zone; use ANYWHERE",
        ));
    }
    let name = required("name", body.name)?;
    let network = json!({"connection": "ANYWHERE"});
    Ok(Json(view(&here, &use_case::replace(&app, asked, &token, name, network).await?)))
}

async fn revoke(
    State(app): State<App>,
    Asks(asked): Asks,
    Path(token): Path<String>,
) -> Result<StatusCode, ApiError> {
    use_case::revoke(&app, asked, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn revoke_current(
    State(app): State<App>,
    Asks(asked): Asks,
    caller: Caller,
) -> Result<StatusCode, ApiError> {
    let token = caller.token.ok_or_else(|| ApiError::of(code::INVALID_TOKEN))?;
    use_case::revoke(&app, asked, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

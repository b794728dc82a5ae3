//! `/api/v1/apps/{app}/credentials/secrets`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use model::Status;
use serde::Deserialize;
use serde_json::{Value, json};
use service::AppEntry;
use service::admin::app;
use service::admin::client_secret::{self as use_case, Shown};

use crate::access::Admins::AppManagers;
use crate::api::{App, Asks, link, status};
use crate::error::ApiError;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::routes::{Route, Routes};

const READ: &str = "okta.apps.read";
const MANAGE: &str = "okta.apps.manage";

/// Secrets are shown in clear, so only whoever may change them may read them.
pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/apps/{app}/credentials/secrets";
    const ONE: &str = "/api/v1/apps/{app}/credentials/secrets/{secret}";
    const ACTIVATE: &str = "/api/v1/apps/{app}/credentials/secrets/{secret}/lifecycle/activate";
    const DEACTIVATE: &str = "/api/v1/apps/{app}/credentials/secrets/{secret}/lifecycle/deactivate";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, AppManagers), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, AppManagers), create)
        .route(Route::guarded(Method::GET, ONE, READ, AppManagers), get)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, AppManagers), delete)
        .route(Route::guarded(Method::POST, ACTIVATE, MANAGE, AppManagers), activate)
        .route(Route::guarded(Method::POST, DEACTIVATE, MANAGE, AppManagers), deactivate)
}

/// A secret as Okta shows it, in clear: whoever manages an app needs to read it. `secret_hash` identifies it in logs.
fn view(here: &Here, entry: &AppEntry, shown: &Shown) -> Value {
    let secret = &shown.secret;
    let own = here.link(&format!("/api/v1/apps/{}/credentials/secrets/{}", entry.app.value.id, secret.id));
    let mut links = json!({});
    if secret.status.is_active() {
        links["deactivate"] = link(&format!("{own}/lifecycle/deactivate"), &["POST"]);
    } else {
        links["activate"] = link(&format!("{own}/lifecycle/activate"), &["POST"]);
        links["delete"] = link(&own, &["DELETE"]);
    }
    json!({
        "id": secret.id,
        "created": secret.created.to_string(),
        "lastUpdated": secret.last_updated.to_string(),
        "status": secret.status,
        "client_secret": shown.clear,
        "secret_hash": jose::base64url::encode(&jose::sha256(shown.clear.as_bytes())[..16]),
        "_links": links,
    })
}

async fn list(
    State(app): State<App>,
    here: Here,
    Path(id): Path<String>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let entry = app::get(&app.configuration.current(), &id)?;
    let mut views = Vec::new();
    for secret in &entry.secrets {
        views.push(view(&here, &entry, &use_case::show(&app, &entry, secret)?));
    }
    Ok(Json(views))
}

#[derive(Default, Deserialize)]
struct Write {
    client_secret: Option<String>,
    status: Option<String>,
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(id): Path<String>,
    body: Option<Json<Write>>,
) -> Result<impl IntoResponse, ApiError> {
    let body = body.map(|Json(body)| body).unwrap_or_default();
    let status = status(body.status.as_deref())?.unwrap_or(Status::Active);
    let shown = use_case::create(&app, asked, id.clone(), body.client_secret, status).await?;
    let entry = app::get(&app.configuration.current(), &id)?;
    Ok((StatusCode::CREATED, Json(view(&here, &entry, &shown))))
}

async fn get(
    State(app): State<App>,
    here: Here,
    Path((id, secret)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let entry = app::get(&app.configuration.current(), &id)?;
    let secret = use_case::get(&entry, &secret)?;
    Ok(Json(view(&here, &entry, &use_case::show(&app, &entry, &secret)?)))
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((id, secret)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::delete(&app, asked, id, secret).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set_status(
    app: &App,
    asked: service::configuration::Asked,
    here: &Here,
    (id, secret): (String, String),
    status: Status,
) -> Result<Json<Value>, ApiError> {
    let secret = use_case::set_status(app, asked, id.clone(), secret, status).await?;
    let entry = app::get(&app.configuration.current(), &id)?;
    Ok(Json(view(here, &entry, &use_case::show(app, &entry, &secret)?)))
}

async fn activate(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(path): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    set_status(&app, asked, &here, path, Status::Active).await
}

async fn deactivate(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(path): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    set_status(&app, asked, &here, path, Status::Inactive).await
}

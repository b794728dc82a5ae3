//! `/api/v1/apps/{app}/credentials/jwks`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use model::Status;
use model::app::RegisteredJwk;
use serde_json::{Map, Value, json};
use service::admin::app;
use service::admin::jwk as use_case;

use crate::access::Admins::{AppManagers, AppReaders};
use crate::api::{App, Asks};
use crate::error::ApiError;
use crate::json::Json;
use crate::path::Path;
use crate::routes::{Route, Routes};

const READ: &str = "okta.apps.read";
const MANAGE: &str = "okta.apps.manage";

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/apps/{app}/credentials/jwks";
    const ONE: &str = "/api/v1/apps/{app}/credentials/jwks/{key}";
    const ACTIVATE: &str = "/api/v1/apps/{app}/credentials/jwks/{key}/lifecycle/activate";
    const DEACTIVATE: &str = "/api/v1/apps/{app}/credentials/jwks/{key}/lifecycle/deactivate";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, AppReaders), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, AppManagers), create)
        .route(Route::guarded(Method::GET, ONE, READ, AppReaders), get)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, AppManagers), delete)
        .route(Route::guarded(Method::POST, ACTIVATE, MANAGE, AppManagers), activate)
        .route(Route::guarded(Method::POST, DEACTIVATE, MANAGE, AppManagers), deactivate)
}

/// Recorded: `id`, `status`, `kid`, `use` (null if it was not given), then the key's numbers.
pub(super) fn view(key: &RegisteredJwk) -> Value {
    let mut members = key.jwk.clone();
    let mut view = Map::new();
    view.insert("id".to_owned(), json!(key.id));
    view.insert("status".to_owned(), json!(key.status));
    for name in ["kid", "use", "kty"] {
        let value = members.shift_remove(name).unwrap_or_default();
        view.insert(name.to_owned(), value);
    }
    view.extend(members);
    view.into()
}

async fn list(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Vec<Value>>, ApiError> {
    let entry = app::get(&app.configuration.current(), &id)?;
    Ok(Json(use_case::list(&entry).iter().map(view).collect()))
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Result<impl IntoResponse, ApiError> {
    let key = use_case::create(&app, asked, id, body).await?;
    Ok((StatusCode::CREATED, Json(view(&key))))
}

async fn get(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let entry = app::get(&app.configuration.current(), &id)?;
    Ok(Json(view(use_case::get(&entry, &key)?)))
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((id, key)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::delete(&app, asked, id, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn activate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((id, key)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(view(&use_case::set_status(&app, asked, id, key, Status::Active).await?)))
}

async fn deactivate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((id, key)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(view(&use_case::set_status(&app, asked, id, key, Status::Inactive).await?)))
}

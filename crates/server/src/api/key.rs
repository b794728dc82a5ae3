//! `/api/v1/authorizationServers/{server}/credentials`

use axum::extract::State;
use axum::http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use service::ServerEntry;
use service::admin::authorization_server;
use service::admin::key as use_case;
use service::signing_key::{KeyRecord, SigningKeys};

use super::authorization_server::{MANAGE, READ, url as server_url};
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{App, Asks, link};
use crate::error::ApiError;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::routes::{Route, Routes};

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/authorizationServers/{server}/credentials/keys";
    const ONE: &str = "/api/v1/authorizationServers/{server}/credentials/keys/{key}";
    const ROTATE: &str = "/api/v1/authorizationServers/{server}/credentials/lifecycle/keyRotate";
    const REVOKE: &str = "/api/v1/authorizationServers/{server}/credentials/keys/{key}/lifecycle/revoke";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, ServerReaders), list)
        .route(Route::guarded(Method::GET, ONE, READ, ServerReaders), get)
        .route(Route::guarded(Method::POST, ROTATE, MANAGE, ServerManagers), rotate)
        .route(Route::guarded(Method::POST, REVOKE, MANAGE, ServerManagers), revoke)
}

/// The members of a public key, by name.
fn members(key: &KeyRecord) -> Map<String, Value> {
    match serde_json::to_value(&key.public) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn links(here: &Here, server: &ServerEntry, key: &KeyRecord) -> Value {
    json!({"self": link(&format!("{}/credentials/keys/{}", server_url(here, server), key.kid), &["GET"])})
}

/// A key in a list: `status`, the key's members by the alphabet, `_links`.
fn listed(here: &Here, server: &ServerEntry, key: &KeyRecord) -> Value {
    let mut view = Map::new();
    view.insert("status".to_owned(), json!(key.status));
    view.extend(members(key));
    view.insert("_links".to_owned(), links(here, server, key));
    view.into()
}

/// A key alone: recorded in another order than in a list.
fn view(here: &Here, server: &ServerEntry, key: &KeyRecord) -> Value {
    let mut members = members(key);
    let mut view = Map::new();
    let mut take = |view: &mut Map<String, Value>, name: &str| {
        if let Some(value) = members.shift_remove(name) {
            view.insert(name.to_owned(), value);
        }
    };
    take(&mut view, "kty");
    view.insert("status".to_owned(), json!(key.status));
    for name in ["alg", "kid", "use"] {
        take(&mut view, name);
    }
    view.insert("_links".to_owned(), links(here, server, key));
    view.extend(members);
    view.into()
}

async fn list(
    State(app): State<App>,
    here: Here,
    Path(server): Path<String>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok(Json(entry.keys.iter().map(|key| listed(&here, &entry, key)).collect()))
}

async fn get(
    State(app): State<App>,
    here: Here,
    Path((server, key)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok(Json(view(&here, &entry, &*use_case::get(&entry, &key)?)))
}

#[derive(Deserialize)]
struct Rotate {
    r#use: Option<String>,
}

async fn rotate(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(server): Path<String>,
    Json(body): Json<Rotate>,
) -> Result<Json<Vec<Value>>, ApiError> {
    if body.r#use.as_deref() != Some("sig") {
        return Err(ApiError::invalid("rotateKeys", "Invalid value specified for key 'use' parameter."));
    }
    let keys = use_case::rotate(&app, asked, server.clone()).await?;
    changed(&app, &here, &server, &keys)
}

/// Beyond Okta: takes a key out of use at once.
async fn revoke(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path((server, key)): Path<(String, String)>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let keys = use_case::revoke(&app, asked, server.clone(), key).await?;
    changed(&app, &here, &server, &keys)
}

fn changed(app: &App, here: &Here, server: &str, keys: &SigningKeys) -> Result<Json<Vec<Value>>, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), server)?;
    Ok(Json(keys.iter().map(|key| listed(here, &entry, key)).collect()))
}

//! `/api/v1/authorizationServers/{server}/policies`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use model::policy::{ALL_CLIENTS, ClientCondition};
use model::{ClientId, Policy, Status};
use serde::Deserialize;
use serde_json::{Value, json};
use service::admin::authorization_server;
use service::admin::policy::{self as use_case, Settings};
use service::{ServerEntry, Versioned};

use super::authorization_server::{MANAGE, READ, url as server_url};
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{
    App, Asks, IfMatch, Include, Shown, lifecycle, link, no_exclude, only, priority, required, status,
};
use crate::error::ApiError;
use crate::json::{Json, object_or_none};
use crate::origin::Here;
use crate::path::Path;
use crate::routes::{Route, Routes};
/// The only type that a policy of an authorization server has.
const TYPE: &str = "OAUTH_AUTHORIZATION_POLICY";

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/authorizationServers/{server}/policies";
    const ONE: &str = "/api/v1/authorizationServers/{server}/policies/{policy}";
    const ACTIVATE: &str = "/api/v1/authorizationServers/{server}/policies/{policy}/lifecycle/activate";
    const DEACTIVATE: &str = "/api/v1/authorizationServers/{server}/policies/{policy}/lifecycle/deactivate";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, ServerReaders), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, ServerManagers), create)
        .route(Route::guarded(Method::GET, ONE, READ, ServerReaders), get)
        .route(Route::guarded(Method::PUT, ONE, MANAGE, ServerManagers), replace)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, ServerManagers), delete)
        .route(Route::guarded(Method::POST, ACTIVATE, MANAGE, ServerManagers), activate)
        .route(Route::guarded(Method::POST, DEACTIVATE, MANAGE, ServerManagers), deactivate)
}

#[derive(Deserialize)]
struct Write {
    r#type: Option<String>,
    name: Option<String>,
    description: Option<String>,
    priority: Option<i64>,
    status: Option<String>,
    #[serde(default, deserialize_with = "object_or_none")]
    conditions: Option<Conditions>,
}

#[derive(Deserialize)]
struct Conditions {
    #[serde(default, deserialize_with = "object_or_none")]
    clients: Option<Include>,
}

impl Write {
    fn settings(self) -> Result<Settings, ApiError> {
        if let Some(text) = &self.r#type {
            only("type", text, TYPE)?;
        }
        let clients = self.conditions.and_then(|conditions| conditions.clients);
        clients.as_ref().map(|clients| no_exclude("conditions.clients", clients)).transpose()?;
        Ok(Settings {
            name: required("name", self.name)?,
            description: self.description,
            priority: priority(self.priority)?,
            status: status(self.status.as_deref())?,
            clients: clients.as_ref().map(condition),
        })
    }
}

fn condition(clients: &Include) -> ClientCondition {
    if clients.include.iter().any(|client| client == ALL_CLIENTS) {
        return ClientCondition::All;
    }
    ClientCondition::Only(clients.include.iter().map(|client| ClientId::new(client)).collect())
}

/// The URL of a policy.
pub(super) fn url(here: &Here, server: &ServerEntry, policy: &Policy) -> String {
    format!("{}/policies/{}", server_url(here, server), policy.id)
}

fn view(here: &Here, server: &ServerEntry, policy: &Policy) -> Value {
    let own = url(here, server, policy);
    let mut links = json!({
        "self": link(&own, &["GET", "PUT", "DELETE"]),
        "rules": link(&format!("{own}/rules"), &["GET"]),
    });
    lifecycle(&mut links, &own, policy.status);
    json!({
        "id": policy.id,
        "status": policy.status,
        "name": policy.name,
        "description": policy.description,
        "priority": policy.priority,
        "system": policy.system,
        "conditions": {"clients": {"include": clients(&policy.clients)}},
        "created": policy.created.to_string(),
        "lastUpdated": policy.last_updated.to_string(),
        "_links": links,
        "type": TYPE,
    })
}

fn clients(condition: &ClientCondition) -> Value {
    match condition {
        ClientCondition::All => json!([ALL_CLIENTS]),
        ClientCondition::Only(clients) => json!(clients),
    }
}

fn shown(app: &App, here: &Here, server: &str, policy: &Versioned<Policy>) -> Result<Shown, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), server)?;
    Ok(Shown { view: view(here, &entry, &policy.value), revision: policy.revision })
}

async fn list(
    State(app): State<App>,
    here: Here,
    Path(server): Path<String>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok(Json(entry.policies.iter().map(|policy| view(&here, &entry, &policy.policy.value)).collect()))
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(server): Path<String>,
    Json(body): Json<Write>,
) -> Result<impl IntoResponse, ApiError> {
    let policy = use_case::create(&app, asked, server.clone(), body.settings()?).await?;
    Ok((StatusCode::CREATED, shown(&app, &here, &server, &policy)?))
}

async fn get(
    State(app): State<App>,
    here: Here,
    Path((server, policy)): Path<(String, String)>,
) -> Result<Shown, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    let policy = use_case::get(&entry, &policy)?.policy;
    Ok(Shown { view: view(&here, &entry, &policy.value), revision: policy.revision })
}

async fn replace(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    here: Here,
    Path((server, policy)): Path<(String, String)>,
    Json(body): Json<Write>,
) -> Result<Shown, ApiError> {
    let policy =
        use_case::replace(&app, asked, server.clone(), policy, body.settings()?, precondition).await?;
    shown(&app, &here, &server, &policy)
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    Path((server, policy)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::delete(&app, asked, server, policy, precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn activate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((server, policy)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::set_status(&app, asked, server, policy, Status::Active).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn deactivate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path((server, policy)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::set_status(&app, asked, server, policy, Status::Inactive).await?;
    Ok(StatusCode::NO_CONTENT)
}

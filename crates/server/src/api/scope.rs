//! `/api/v1/authorizationServers/{server}/scopes`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use model::Scope;
use serde::Deserialize;
use serde_json::{Value, json};
use service::admin::authorization_server;
use service::admin::scope::{self as use_case, Settings};
use service::{ServerEntry, Versioned};

use super::authorization_server::{MANAGE, READ, url as server_url};
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{App, Asks, IfMatch, Page, Shown, link, optional, required};
use crate::error::ApiError;
use crate::json::Json;
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::routes::{Route, Routes};

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/authorizationServers/{server}/scopes";
    const ONE: &str = "/api/v1/authorizationServers/{server}/scopes/{scope}";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, ServerReaders), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, ServerManagers), create)
        .route(Route::guarded(Method::GET, ONE, READ, ServerReaders), get)
        .route(Route::guarded(Method::PUT, ONE, MANAGE, ServerManagers), replace)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, ServerManagers), delete)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Write {
    name: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    consent: Option<String>,
    optional: Option<bool>,
    default: Option<bool>,
    metadata_publish: Option<String>,
}

impl Write {
    fn settings(self) -> Result<Settings, ApiError> {
        Ok(Settings {
            name: required("name", self.name)?,
            display_name: self.display_name,
            description: self.description,
            consent: optional("consent", self.consent.as_deref())?,
            optional: self.optional,
            default: self.default,
            metadata_publish: optional("metadataPublish", self.metadata_publish.as_deref())?,
        })
    }
}

fn view(here: &Here, server: &ServerEntry, scope: &Scope) -> Value {
    let own = format!("{}/scopes/{}", server_url(here, server), scope.id);
    json!({
        "id": scope.id,
        "name": scope.name,
        "displayName": scope.display_name,
        "description": scope.description,
        "system": scope.system,
        "metadataPublish": scope.metadata_publish,
        "consent": scope.consent,
        "optional": scope.optional,
        "apiResourceId": null,
        "default": scope.default,
        "_links": {"self": link(&own, &["GET", "PUT", "DELETE"])},
    })
}

fn shown(here: &Here, server: &ServerEntry, scope: &Versioned<Scope>) -> Shown {
    Shown { view: view(here, server, &scope.value), revision: scope.revision }
}

async fn list(
    State(app): State<App>,
    here: Here,
    query: Query,
    page: Page,
    Path(server): Path<String>,
) -> Result<Response, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    let found = use_case::list(&entry, query.text("q"), page.after.as_deref(), page.limit);
    let views: Vec<Value> = found.items.iter().map(|scope| view(&here, &entry, &scope.value)).collect();
    Ok(page.reply(&here, &views, found.next.as_deref()))
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(server): Path<String>,
    Json(body): Json<Write>,
) -> Result<impl IntoResponse, ApiError> {
    let scope = use_case::create(&app, asked, server.clone(), body.settings()?).await?;
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok((StatusCode::CREATED, shown(&here, &entry, &scope)))
}

async fn get(
    State(app): State<App>,
    here: Here,
    Path((server, scope)): Path<(String, String)>,
) -> Result<Shown, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok(shown(&here, &entry, &*use_case::get(&entry, &scope)?))
}

async fn replace(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    here: Here,
    Path((server, scope)): Path<(String, String)>,
    Json(body): Json<Write>,
) -> Result<Shown, ApiError> {
    let scope = use_case::replace(&app, asked, server.clone(), scope, body.settings()?, precondition).await?;
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok(shown(&here, &entry, &scope))
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    Path((server, scope)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::delete(&app, asked, server, scope, precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/api/v1/authorizationServers`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use model::Status;
use model::authorization_server::RotationMode;
use serde::Deserialize;
use serde_json::{Value, json};
use service::ServerEntry;
use service::admin::authorization_server::{self as use_case, Settings};
use service::key_schedule::planned_rotation;

use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{App, Asks, IfMatch, Page, Shown, lifecycle, link, optional, required, token_format};
use crate::error::ApiError;
use crate::json::{Json, object};
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::routes::{Route, Routes};

/// The OAuth scope for reading a server and what belongs to it.
pub(super) const READ: &str = "okta.authorizationServers.read";
/// The OAuth scope for changing them.
pub(super) const MANAGE: &str = "okta.authorizationServers.manage";

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/authorizationServers";
    const ONE: &str = "/api/v1/authorizationServers/{server}";
    const ACTIVATE: &str = "/api/v1/authorizationServers/{server}/lifecycle/activate";
    const DEACTIVATE: &str = "/api/v1/authorizationServers/{server}/lifecycle/deactivate";
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
#[serde(rename_all = "camelCase")]
struct Write {
    name: Option<String>,
    description: Option<String>,
    audiences: Option<Vec<String>>,
    issuer_mode: Option<String>,
    access_token_encrypted_response_algorithm: Option<Value>,
    jwks: Option<Value>,
    #[serde(rename = "jwks_uri")]
    jwks_uri: Option<Value>,
    #[serde(default, deserialize_with = "object")]
    credentials: Credentials,
    #[serde(default, deserialize_with = "token_format::present")]
    tokenmint: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Credentials {
    #[serde(default, deserialize_with = "object")]
    signing: Signing,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signing {
    rotation_mode: Option<String>,
}

impl Write {
    fn settings(self) -> Result<Settings, ApiError> {
        if [&self.access_token_encrypted_response_algorithm, &self.jwks, &self.jwks_uri]
            .iter()
            .any(|o| o.is_some())
        {
            // Taking it and sending tokens in clear would be worse than refusing it.
            let field = "accessTokenEncryptedResponseAlgorithm";
            return Err(ApiError::invalid(
                field,
                format!("{field}: Encrypted access tokens are not offered yet"),
            ));
        }
        let rotation_mode = self.credentials.signing.rotation_mode.as_deref();
        let format = token_format::read(self.tokenmint.as_ref())?;
        Ok(Settings {
            name: required("name", self.name)?,
            description: self.description,
            audiences: required("audiences", self.audiences)?,
            issuer_mode: optional("issuerMode", self.issuer_mode.as_deref())?,
            rotation_mode: optional("credentials.signing.rotationMode", rotation_mode)?,
            signing_algorithm: format.signing_algorithm,
            access_token_profile: format.access_token_profile,
            groups_overflow: format.groups_overflow,
        })
    }
}

/// The URL of a server in the management API.
pub(super) fn url(here: &Here, entry: &ServerEntry) -> String {
    here.link(&format!("/api/v1/authorizationServers/{}", entry.server.value.path_segment()))
}

/// A server as the management API shows it.
pub(super) fn view(here: &Here, entry: &ServerEntry) -> Value {
    let server = &entry.server.value;
    let issuer = service::issuer(&here.issuers(), entry);
    let mut view = json!({
        "id": server.id,
        "name": server.name,
        "description": server.description,
        "audiences": server.audiences,
        "issuer": issuer,
        "issuerMode": server.issuer_mode,
        "status": server.status,
        "created": server.created.to_string(),
        "lastUpdated": server.last_updated.to_string(),
        "credentials": {"signing": signing(entry)},
        "default": server.default,
    });
    if let Some(format) = token_format::view(server.token_format) {
        view[token_format::MEMBER] = format;
    }
    view["_links"] = links(here, entry, &issuer);
    view
}

/// `nextRotation` is only there where the server rotates by itself.
fn signing(entry: &ServerEntry) -> Value {
    let active = entry.keys.active();
    let last_rotated = active.and_then(|key| key.activated);
    let mut signing = json!({
        "kid": active.map(|key| key.kid.as_str()),
        "rotationMode": entry.server.value.rotation_mode,
        "lastRotated": super::time(last_rotated),
    });
    if entry.server.value.rotation_mode == RotationMode::Auto {
        signing["nextRotation"] = super::time(planned_rotation(entry));
    }
    signing
}

fn links(here: &Here, entry: &ServerEntry, issuer: &str) -> Value {
    let own = url(here, entry);
    let metadata = |name: &str| json!({"name": name, "href": format!("{issuer}/.well-known/{name}"), "hints": {"allow": ["GET"]}});
    let mut links = json!({
        "rotateKey": link(&format!("{own}/credentials/lifecycle/keyRotate"), &["POST"]),
        "metadata": [metadata("oauth-authorization-server"), metadata("openid-configuration")],
        "resourceServerCredentialsKeys": link(&format!("{own}/resourceservercredentials/keys"), &["GET"]),
        "keys": link(&format!("{own}/credentials/keys"), &["GET"]),
        "claims": link(&format!("{own}/claims"), &["GET", "POST"]),
        "policies": link(&format!("{own}/policies"), &["GET", "POST"]),
        "self": link(&own, &["GET", "DELETE", "PUT"]),
        "scopes": link(&format!("{own}/scopes"), &["GET", "POST"]),
    });
    lifecycle(&mut links, &own, entry.server.value.status);
    links
}

fn shown(here: &Here, entry: &ServerEntry) -> Shown {
    Shown { view: view(here, entry), revision: entry.server.revision }
}

async fn list(State(app): State<App>, here: Here, query: Query, page: Page) -> Response {
    let snapshot = app.configuration.current();
    let found = use_case::list(&snapshot, query.text("q"), page.after.as_deref(), page.limit);
    let views: Vec<Value> = found.items.iter().map(|entry| view(&here, entry)).collect();
    page.reply(&here, &views, found.next.as_deref())
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Json(body): Json<Write>,
) -> Result<impl IntoResponse, ApiError> {
    let mut settings = body.settings()?;
    settings.issuer_mode.get_or_insert_with(|| here.issuers().mode_of_new_servers());
    let entry = use_case::create(&app, asked, settings).await?;
    Ok((StatusCode::CREATED, shown(&here, &entry)))
}

async fn get(State(app): State<App>, here: Here, Path(server): Path<String>) -> Result<Shown, ApiError> {
    Ok(shown(&here, &*use_case::get(&app.configuration.current(), &server)?))
}

async fn replace(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    here: Here,
    Path(server): Path<String>,
    Json(body): Json<Write>,
) -> Result<Shown, ApiError> {
    Ok(shown(&here, &*use_case::replace(&app, asked, server, body.settings()?, precondition).await?))
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    Path(server): Path<String>,
) -> Result<StatusCode, ApiError> {
    use_case::delete(&app, asked, server, precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn activate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path(server): Path<String>,
) -> Result<StatusCode, ApiError> {
    use_case::set_status(&app, asked, server, Status::Active).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn deactivate(
    State(app): State<App>,
    Asks(asked): Asks,
    Path(server): Path<String>,
) -> Result<StatusCode, ApiError> {
    use_case::set_status(&app, asked, server, Status::Inactive).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/api/v1/authorizationServers/{server}/claims`

use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::IntoResponse;
use model::Claim;
use model::claim::ClaimValue;
use serde::Deserialize;
use serde_json::{Value, json};
use service::admin::authorization_server;
use service::admin::claim::{self as use_case, Settings};
use service::{ServerEntry, Versioned};

use super::authorization_server::{MANAGE, READ, url as server_url};
use crate::access::Admins::{ServerManagers, ServerReaders};
use crate::api::{App, Asks, IfMatch, Shown, link, not_among, or_default, required, status, word};
use crate::error::ApiError;
use crate::json::{Json, object};
use crate::origin::Here;
use crate::path::Path;
use crate::routes::{Route, Routes};

pub(super) fn routes() -> Routes<App> {
    const ALL: &str = "/api/v1/authorizationServers/{server}/claims";
    const ONE: &str = "/api/v1/authorizationServers/{server}/claims/{claim}";
    Routes::new()
        .route(Route::guarded(Method::GET, ALL, READ, ServerReaders), list)
        .route(Route::guarded(Method::POST, ALL, MANAGE, ServerManagers), create)
        .route(Route::guarded(Method::GET, ONE, READ, ServerReaders), get)
        .route(Route::guarded(Method::PUT, ONE, MANAGE, ServerManagers), replace)
        .route(Route::guarded(Method::DELETE, ONE, MANAGE, ServerManagers), delete)
}

#[derive(Deserialize)]
struct Write {
    name: Option<String>,
    status: Option<String>,
    #[serde(rename = "claimType")]
    claim_type: Option<String>,
    #[serde(rename = "valueType")]
    value_type: Option<String>,
    value: Option<String>,
    group_filter_type: Option<String>,
    #[serde(rename = "alwaysIncludeInToken")]
    always_include_in_token: Option<Flag>,
    #[serde(default, deserialize_with = "object")]
    conditions: Conditions,
}

#[derive(Default, Deserialize)]
struct Conditions {
    #[serde(default, deserialize_with = "or_default")]
    scopes: Vec<String>,
}

/// Okta's older samples send booleans as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

impl Flag {
    fn read(&self) -> Result<bool, ApiError> {
        match self {
            Self::Bool(value) => Ok(*value),
            Self::Text(text) => text
                .to_ascii_lowercase()
                .parse()
                .map_err(|_| not_among("alwaysIncludeInToken", text, &["true", "false"])),
        }
    }
}

impl Write {
    fn settings(self) -> Result<Settings, ApiError> {
        let claim_type = required("claimType", self.claim_type.as_deref())?;
        Ok(Settings {
            value: self.value()?,
            claim_type: word("claimType", claim_type)?,
            status: status(self.status.as_deref())?,
            always_include_in_token: self.always_include_in_token.as_ref().map(Flag::read).transpose()?,
            scopes: self.conditions.scopes,
            name: required("name", self.name)?,
        })
    }

    fn value(&self) -> Result<ClaimValue, ApiError> {
        match required("valueType", self.value_type.as_deref())? {
            "EXPRESSION" => Ok(ClaimValue::Expression(required("value", self.value.clone())?)),
            "GROUPS" => {
                let filter = required("group_filter_type", self.group_filter_type.as_deref())?;
                Ok(ClaimValue::Groups {
                    filter: word("group_filter_type", filter)?,
                    value: self.value.clone().unwrap_or_default(),
                })
            }
            "SYSTEM" => Ok(ClaimValue::System),
            other => Err(not_among("valueType", other, &["EXPRESSION", "GROUPS", "SYSTEM"])),
        }
    }
}

fn view(here: &Here, server: &ServerEntry, claim: &Claim) -> Value {
    let own = format!("{}/claims/{}", server_url(here, server), claim.id);
    let (value_type, value, filter) = match &claim.value {
        ClaimValue::Expression(text) => ("EXPRESSION", Some(text), None),
        ClaimValue::Groups { filter, value } => ("GROUPS", Some(value), Some(filter)),
        ClaimValue::System => ("SYSTEM", None, None),
    };
    let mut view = json!({
        "id": claim.id,
        "name": claim.name,
        "status": claim.status,
        "claimType": claim.claim_type,
        "valueType": value_type,
    });
    if let Some(value) = value {
        view["value"] = json!(value);
    }
    view["conditions"] = json!({"scopes": claim.scopes});
    view["system"] = json!(claim.system);
    view["alwaysIncludeInToken"] = json!(claim.always_include_in_token);
    view["apiResourceId"] = Value::Null;
    if let Some(filter) = filter {
        view["group_filter_type"] = json!(filter);
    }
    view["_links"] = json!({"self": link(&own, &["GET", "PUT", "DELETE"])});
    view
}

fn shown(here: &Here, server: &ServerEntry, claim: &Versioned<Claim>) -> Shown {
    Shown { view: view(here, server, &claim.value), revision: claim.revision }
}

async fn list(
    State(app): State<App>,
    here: Here,
    Path(server): Path<String>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok(Json(entry.claims().iter().map(|claim| view(&here, &entry, &claim.value)).collect()))
}

async fn create(
    State(app): State<App>,
    Asks(asked): Asks,
    here: Here,
    Path(server): Path<String>,
    Json(body): Json<Write>,
) -> Result<impl IntoResponse, ApiError> {
    let claim = use_case::create(&app, asked, server.clone(), body.settings()?).await?;
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok((StatusCode::CREATED, shown(&here, &entry, &claim)))
}

async fn get(
    State(app): State<App>,
    here: Here,
    Path((server, claim)): Path<(String, String)>,
) -> Result<Shown, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok(shown(&here, &entry, &*use_case::get(&entry, &claim)?))
}

async fn replace(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    here: Here,
    Path((server, claim)): Path<(String, String)>,
    Json(body): Json<Write>,
) -> Result<Shown, ApiError> {
    let claim = use_case::replace(&app, asked, server.clone(), claim, body.settings()?, precondition).await?;
    let entry = authorization_server::get(&app.configuration.current(), &server)?;
    Ok(shown(&here, &entry, &claim))
}

async fn delete(
    State(app): State<App>,
    Asks(asked): Asks,
    IfMatch(precondition): IfMatch,
    Path((server, claim)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    use_case::delete(&app, asked, server, claim, precondition).await?;
    Ok(StatusCode::NO_CONTENT)
}

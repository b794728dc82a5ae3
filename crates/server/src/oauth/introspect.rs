//! `POST /oauth2/{server}/v1/introspect` (RFC 7662): reads, decides nothing.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value};
use service::client::Credentials;
use service::introspect::introspect;

use crate::api::App;
use crate::json::Json;
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::oauth::{about_token, token};
use crate::query::Query;

/// The handler.
pub async fn post(State(app): State<App>, parts: token::Parts, body: Bytes) -> Response {
    let (request, now) = match about_token::read(parts, &body, credentials) {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    match introspect(&app, &request, now).await {
        Ok(answer) => Json(Value::Object(answer.unwrap_or_else(inactive))).into_response(),
        Err(failure) => OAuthError::answer(failure),
    }
}

fn inactive() -> Map<String, Value> {
    Map::from_iter([("active".to_owned(), false.into())])
}

/// As at the token endpoint; but a public client may name itself in the query (Okta).
fn credentials(headers: &HeaderMap, query: &Query, form: &Form) -> Result<Credentials, OAuthError> {
    let only_there = !headers.contains_key(AUTHORIZATION)
        && ["client_id", "client_secret", "client_assertion"].iter().all(|name| form.get(name).is_none())
        && ["client_secret", "client_assertion"].iter().all(|name| query.get(name).is_none());
    match query.text("client_id") {
        Some(client_id) if only_there => Ok(Credentials::Public { client_id: client_id.to_owned() }),
        _ => token::credentials(headers, query, form),
    }
}

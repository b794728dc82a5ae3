//! `POST /oauth2/{server}/v1/revoke` (RFC 7009): reads, decides nothing.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use service::revoke::revoke;

use crate::api::App;
use crate::oauth::error::OAuthError;
use crate::oauth::{about_token, token};

/// The handler.
pub async fn post(State(app): State<App>, parts: token::Parts, body: Bytes) -> Response {
    let (request, now) = match about_token::read(parts, &body, token::credentials) {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    match revoke(&app, &request, now).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => OAuthError::answer(failure),
    }
}

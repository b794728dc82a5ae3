//! `GET /oauth2/{server}/v1/keys`: the public keys of a server (RFC 7517).

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use model::authorization_server::{ROTATION_DAYS, RotationMode};
use serde_json::json;
use service::ServerEntry;

use crate::api::App;
use crate::error::ApiError;
use crate::front::Now;
use crate::json::Json;
use crate::oauth::metadata::published;
use crate::path::Path;

/// Okta lets verifiers cache for weeks. Ours is at most this, so that an emergency rotation is seen.
const MAX_AGE_SECONDS: i64 = 3_600;

/// The handler.
pub async fn get(
    State(app): State<App>,
    Now(now): Now,
    Path(server): Path<String>,
) -> Result<Response, ApiError> {
    let entry = published(&app, &server)?;
    let keys: Vec<_> = entry.keys.iter().map(|key| &key.public).collect();
    let mut response = Json(json!({"keys": keys})).into_response();
    let max_age = format!("max-age={}, must-revalidate", seconds_to_next_change(&entry, now));
    if let Ok(value) = HeaderValue::try_from(max_age) {
        response.headers_mut().insert(CACHE_CONTROL, value);
    }
    Ok(response)
}

/// Seconds to the next planned change of the keys, at most an hour.
fn seconds_to_next_change(entry: &ServerEntry, now: Timestamp) -> i64 {
    let server = &entry.server.value;
    let activated = entry.keys.active().and_then(|key| key.activated);
    let planned = activated.filter(|_| server.rotation_mode == RotationMode::Auto);
    let planned = planned.map(|at| at.plus_days(ROTATION_DAYS).seconds() - now.seconds());
    planned.unwrap_or(MAX_AGE_SECONDS).clamp(0, MAX_AGE_SECONDS)
}

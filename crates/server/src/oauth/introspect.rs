//! `POST /oauth2/{server}/v1/introspect` (RFC 7662): reads the form and the credentials, decides nothing.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value};
use service::access_token::Request;
use service::client::Credentials;
use service::introspect::introspect;

use crate::api::{App, origin_of};
use crate::front::{Now, Peer};
use crate::json::Json;
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::oauth::token;
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::request_id::RequestId;

/// The handler. `token_type_hint` is a hint: there is one type of token to find.
#[expect(clippy::too_many_arguments, reason = "axum's extractors show what the endpoint reads")]
pub async fn post(
    State(app): State<App>,
    Now(now): Now,
    here: Here,
    request_id: RequestId,
    peer: Peer,
    Path(server): Path<String>,
    headers: HeaderMap,
    query: Query,
    body: Bytes,
) -> Response {
    let read = Form::read(&headers, &body).and_then(|form| {
        let credentials = credentials(&headers, &query, &form)?;
        Ok((form, credentials))
    });
    let (form, credentials) = match read {
        Ok(read) => read,
        Err(refusal) => return refusal.into_response(),
    };
    let request = Request {
        server,
        issuers: here.issuers(),
        credentials,
        token: form.get("token").map(str::to_owned),
        origin: origin_of(request_id, peer, &headers, &here),
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

//! `POST /oauth2/{server}/v1/revoke` (RFC 7009): reads the form and the credentials, decides nothing.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use service::access_token::Request;
use service::revoke::revoke;

use crate::api::{App, origin_of};
use crate::front::{Now, Peer};
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
        let credentials = token::credentials(&headers, &query, &form)?;
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
    match revoke(&app, &request, now).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => OAuthError::answer(failure),
    }
}

//! What introspection and revocation read of a request: the form and the credentials. Decides nothing.

use axum::http::HeaderMap;
use bytes::Bytes;
use model::Timestamp;
use service::access_token::Request;
use service::client::Credentials;

use crate::api::origin_of;
use crate::front::Now;
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::oauth::token::Parts;
use crate::path::Path;
use crate::query::Query;

/// Reads a request about a token, and when it was whole. `credentials` says where the endpoint finds those.
/// `token_type_hint` is a hint: there is one type of token to find.
pub(super) fn read(
    parts: Parts,
    body: &Bytes,
    credentials: fn(&HeaderMap, &Query, &Form) -> Result<Credentials, OAuthError>,
) -> Result<(Request, Timestamp), OAuthError> {
    let (Now(now), here, request_id, peer, Path(server), headers, query) = parts;
    let form = Form::read(&headers, body)?;
    let request = Request {
        server,
        issuers: here.issuers(),
        credentials: credentials(&headers, &query, &form)?,
        token: form.get("token").map(str::to_owned),
        origin: origin_of(request_id, peer, &headers, &here),
    };
    Ok((request, now))
}

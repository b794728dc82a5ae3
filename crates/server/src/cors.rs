//! Answers to browsers that call us from pages of other origins. Owns the classes, preflights and the headers; leaves
//! out which origins are trusted (`Gate::trusts_origin`) and the token endpoint's own rules (`oauth/token`).

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::access::Gate;

/// Which pages may read a route's replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cors {
    /// None.
    Closed,
    /// Those of trusted origins, with the user's cookies.
    Trusted,
    /// Any, without cookies: what everybody may read (keys, metadata).
    Public,
    /// Any, without cookies; the client proves itself (introspect, revoke), and at the token endpoint the handler compares
    /// the page's origin with the client's.
    Client,
}

const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "content-type, accept, authorization, x-okta-user-agent-extended, x-device-fingerprint, dpop",
);
const REPLY_HEADERS: HeaderValue = HeaderValue::from_static("dpop-nonce, www-authenticate, link");
const AN_HOUR: HeaderValue = HeaderValue::from_static("3600");

/// Writes the headers that let the page of the request's `Origin` read the reply. Says whether it may.
pub fn allow(cors: Cors, gate: &dyn Gate, origin: Option<&HeaderValue>, reply: &mut HeaderMap) -> bool {
    if cors == Cors::Closed {
        return false;
    }
    reply.append(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return false };
    let with_cookies = cors == Cors::Trusted;
    if with_cookies && !origin.to_str().is_ok_and(|origin| gate.trusts_origin(origin)) {
        return false;
    }
    reply.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    reply.insert(ACCESS_CONTROL_EXPOSE_HEADERS, REPLY_HEADERS);
    if with_cookies {
        reply.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    true
}

/// The answer to `OPTIONS` on a path whose other methods are `methods`. A page that may not call gets no headers.
pub fn preflight(cors: Cors, gate: &dyn Gate, request: &HeaderMap, methods: &HeaderValue) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    if allow(cors, gate, request.get(ORIGIN), headers) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, AN_HOUR);
    }
    response
}

//! `POST /oauth2/{server}/v1/token`: reads the form and the credentials, decides nothing.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use service::Failure;
use service::client::Credentials;
use service::client_assertion::Assertion;
use service::token::{self, Request, Tokens};

use crate::api::{App, origin_of};
use crate::front::{Now, Peer, Shell};
use crate::json::Json;
use crate::oauth::error::OAuthError;
use crate::oauth::form::Form;
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;
use crate::request_id::RequestId;

#[derive(Serialize)]
struct View<'a> {
    token_type: &'static str,
    expires_in: u32,
    access_token: &'a str,
    scope: String,
}

impl<'a> From<&'a Tokens> for View<'a> {
    fn from(tokens: &'a Tokens) -> Self {
        Self {
            token_type: "Bearer",
            expires_in: tokens.expires_in_seconds,
            access_token: &tokens.access_token,
            scope: tokens.scopes.join(" "),
        }
    }
}

/// What the endpoint reads of a request beside its body.
pub type Parts = (Now, Here, RequestId, Peer, Path<String>, HeaderMap, Query);

/// The handler. The reply's `Cache-Control` is the one of every reply: `no-cache, no-store`.
pub async fn post(shell: Arc<Shell>, State(app): State<App>, parts: Parts, body: Bytes) -> Response {
    let (Now(now), here, request_id, peer, Path(server), headers, query) = parts;
    let meter = &shell.meters.tokens;
    let read = Form::read(&headers, &body).and_then(|form| {
        let credentials = credentials(&headers, &query, &form)?;
        Ok((form, credentials))
    });
    let (form, credentials) = match read {
        Ok(read) => read,
        Err(refusal) => {
            meter.refuse("malformed_request");
            return refusal.into_response();
        }
    };
    let request = Request {
        server,
        issuers: here.issuers(),
        credentials,
        grant_type: form.get("grant_type").map(str::to_owned),
        scope: form.get("scope").map(str::to_owned),
        page: foreign_page(&headers, &here),
        origin: origin_of(request_id, peer, &headers, &here),
    };
    let issued = token::issue(&app, &request, now).await;
    match &issued {
        Ok(_) => meter.grant(),
        Err(Failure::Refused(refusal)) => meter.refuse(refusal.name()),
        Err(Failure::Fault(_)) => meter.refuse("fault"),
    }
    match issued {
        Ok(tokens) => Json(View::from(&tokens)).into_response(),
        Err(failure) => OAuthError::answer(failure),
    }
}

/// The page that a browser asks from, unless it is our own.
fn foreign_page(headers: &HeaderMap, here: &Here) -> Option<String> {
    let page = headers.get(ORIGIN)?.to_str().unwrap_or("null");
    (!page.eq_ignore_ascii_case(here.origin.as_str())).then(|| page.to_owned())
}

/// The one kind of credentials that the request presents; two kinds are refused, and so is the query.
pub fn credentials(headers: &HeaderMap, query: &Query, form: &Form) -> Result<Credentials, OAuthError> {
    if ["client_id", "client_secret", "client_assertion"].iter().any(|name| query.get(name).is_some()) {
        return Err(OAuthError::credentials_in_query());
    }
    let header = headers.get_all(AUTHORIZATION).iter().collect::<Vec<_>>();
    let assertion = form.get("client_assertion").is_some();
    let (id, secret) = (form.get("client_id"), form.get("client_secret"));
    if header.len() > 1
        || usize::from(!header.is_empty()) + usize::from(assertion) + usize::from(secret.is_some()) > 1
    {
        return Err(OAuthError::several_credentials());
    }
    if let [header] = header.as_slice() {
        let basic = header.to_str().ok().and_then(basic);
        let Some((client_id, secret)) = basic else { return Ok(Credentials::Malformed) };
        // Some clients name themselves in the body, too; another name would be another client.
        if id.is_some_and(|id| id != client_id) {
            return Err(OAuthError::several_credentials());
        }
        return Ok(Credentials::Basic { client_id, secret });
    }
    Ok(match (id, secret) {
        _ if let Some(assertion) = form.get("client_assertion") => Credentials::Assertion(Assertion {
            client_id: id.map(str::to_owned),
            assertion_type: form.get("client_assertion_type").map(str::to_owned),
            assertion: assertion.to_owned(),
        }),
        (Some(id), Some(secret)) => Credentials::Post { client_id: id.to_owned(), secret: secret.to_owned() },
        (Some(id), None) => Credentials::Public { client_id: id.to_owned() },
        (None, Some(_)) => Credentials::Malformed,
        (None, None) => Credentials::None,
    })
}

/// Id and secret of a `Basic` header, both percent-decoded (RFC 6749 section 2.3.1). A `+` stays: ids and secrets may
/// hold one, and never a space.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    if id.is_empty() {
        return None;
    }
    Some((percent_decoded(id)?, percent_decoded(secret)?))
}

fn percent_decoded(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let pair = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    fn read(header: Option<&str>, query: &str, body: &str) -> Result<String, String> {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, HeaderValue::try_from(header).unwrap());
        }
        let form = Form::read(&headers, body.as_bytes()).unwrap();
        let shown = |credentials| match credentials {
            Credentials::None => "none".to_owned(),
            Credentials::Malformed => "malformed".to_owned(),
            Credentials::Basic { client_id, secret } => format!("basic {client_id} {secret}"),
            Credentials::Post { client_id, secret } => format!("post {client_id} {secret}"),
            Credentials::Public { client_id } => format!("public {client_id}"),
            Credentials::Assertion(Assertion { client_id, assertion_type, assertion }) => {
                format!("assertion {client_id:?} {assertion_type:?} {assertion}")
            }
        };
        credentials(&headers, &Query::parse(query), &form).map(shown).map_err(|e| e.description.into_owned())
    }

    fn header(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn a_request_presents_one_kind_of_credentials() {
        assert_eq!(read(None, "", "a=1").unwrap(), "none");
        assert_eq!(read(Some(&header("id:s3cret")), "", "a=1").unwrap(), "basic id s3cret");
        assert_eq!(read(Some(&header("id:s3cret")), "", "client_id=id").unwrap(), "basic id s3cret");
        assert_eq!(read(Some(&header("i%3Ad:a%2Bb+c")), "", "").unwrap(), "basic i:d a+b+c");
        assert_eq!(read(None, "", "client_id=id&client_secret=s").unwrap(), "post id s");
        assert_eq!(read(None, "", "client_id=id").unwrap(), "public id");
        assert_eq!(
            read(None, "", "client_id=id&client_assertion=x").unwrap(),
            "assertion Some(\"id\") None x"
        );
        let typed = "client_assertion=x&client_assertion_type=t";
        assert_eq!(read(None, "", typed).unwrap(), "assertion None Some(\"t\") x");
        assert_eq!(read(None, "", "client_secret=s").unwrap(), "malformed");
        for malformed in ["Bearer x", "Basic", "Basic !", &header("no colon"), &header(":empty id")] {
            assert_eq!(read(Some(malformed), "", "").unwrap(), "malformed", "{malformed}");
        }
    }

    #[test]
    fn two_kinds_of_credentials_and_the_query_are_refused() {
        for (header, query, body) in [
            (Some(header("id:s")), "", "client_id=id&client_secret=s"),
            (Some(header("id:s")), "", "client_id=other"),
            (Some(header("id:s")), "", "client_assertion=x"),
            (None, "", "client_id=id&client_secret=s&client_assertion=x"),
        ] {
            assert!(read(header.as_deref(), query, body).unwrap_err().starts_with("Cannot supply multiple"));
        }
        assert!(read(None, "client_secret=s", "").unwrap_err().contains("via query"));
        assert!(read(None, "client_id=s", "").unwrap_err().contains("via query"));
    }
}

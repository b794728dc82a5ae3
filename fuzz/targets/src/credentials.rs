//! Who a request says it is: `Authorization` headers (`Basic`, `SSWS`, anything), the query and the body. At most one
//! kind of credentials is ever taken, never one of the query, and a pair of `Basic` is read as it was written.
//!
//! Input: the headers on the first line, parted by carriage returns; the query on the second; then the body.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use server::gate;
use server::oauth::form::Form;
use server::oauth::token::credentials;
use server::query::Query;
use service::client::Credentials;

use crate::form::{assert_can_be_said, headers};
use crate::pieces::lines;
use crate::plain_form::pairs;

/// Headers, a query and a body.
pub fn run(bytes: &[u8]) {
    let [authorizations, query, body] = lines(bytes);
    let Ok(query) = str::from_utf8(query) else { return };
    let mut headers = headers();
    for value in authorizations.split(|byte| *byte == b'\r').filter(|value| !value.is_empty()) {
        let Ok(value) = HeaderValue::from_bytes(value) else { return };
        headers.append(AUTHORIZATION, value);
    }
    api_token(&headers);
    let Ok(form) = Form::read(&headers, body) else { return };
    let read = credentials(&headers, &Query::parse(query), &form);
    let kinds = headers.get_all(AUTHORIZATION).iter().count()
        + ["client_secret", "client_assertion"].iter().filter(|name| form.get(name).is_some()).count();
    let in_query = pairs(query.as_bytes())
        .iter()
        .any(|(name, _)| ["client_id", "client_secret", "client_assertion"].contains(&name.as_str()));
    let presented = match read {
        Ok(presented) => presented,
        Err(refusal) => {
            let names_another =
                kinds == 1 && headers.contains_key(AUTHORIZATION) && form.get("client_id").is_some();
            assert!(in_query || kinds > 1 || names_another, "refused for no reason: {refusal:?}");
            return assert_can_be_said(&refusal.description);
        }
    };
    assert!(!in_query && kinds <= 1, "credentials of the query, or several kinds");
    let said = |name: &str, value: &str| assert_eq!(form.get(name), Some(value));
    match presented {
        Credentials::Basic { client_id, secret } => basic(&headers, &form, &client_id, &secret),
        Credentials::Post { client_id, secret } => {
            said("client_id", &client_id);
            said("client_secret", &secret);
        }
        Credentials::Public { client_id } => {
            assert_eq!(kinds, 0);
            said("client_id", &client_id);
        }
        Credentials::Assertion(assertion) => said("client_assertion", &assertion.assertion),
        Credentials::Malformed => assert_eq!(kinds, 1),
        Credentials::None => assert!(kinds == 0 && form.get("client_id").is_none()),
    }
}

/// The header says this and nothing else, and so does another spelling of it.
fn basic(headers: &HeaderMap, form: &Form, client_id: &str, secret: &str) {
    assert!(!client_id.is_empty());
    assert!(form.get("client_id").is_none_or(|named| named == client_id));
    let header = headers[AUTHORIZATION].to_str().expect("a header that was read is text");
    let (_, encoded) = header.split_once(' ').expect("a scheme and something");
    let decoded = STANDARD.decode(encoded.trim()).expect("what was read is base64");
    if !decoded.contains(&b'%') {
        assert_eq!(decoded, format!("{client_id}:{secret}").into_bytes());
    }
    let escaped = |text: &str| text.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
    let respelled = STANDARD.encode(format!("{}:{}", escaped(client_id), escaped(secret)));
    let mut again = headers.clone();
    let value = HeaderValue::try_from(format!("bAsIc {respelled}")).expect("visible characters");
    again.insert(AUTHORIZATION, value);
    match credentials(&again, &Query::default(), form) {
        Ok(Credentials::Basic { client_id: id, secret: same }) => {
            assert_eq!((id.as_str(), same.as_str()), (client_id, secret));
        }
        _ => panic!("another spelling of the same pair is not read"),
    }
}

/// The token of the management API is what stands behind `SSWS`, in the only header.
fn api_token(headers: &HeaderMap) {
    let mut request = Request::new(());
    *request.headers_mut() = headers.clone();
    let (parts, ()) = request.into_parts();
    let Some(token) = gate::token(&parts) else { return };
    assert_eq!(headers.get_all(AUTHORIZATION).iter().count(), 1);
    let header = headers[AUTHORIZATION].to_str().expect("a header that was read is text");
    assert!(header.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("SSWS ")));
    assert_eq!(header[5..].trim(), token);
    assert!(!token.is_empty());
}

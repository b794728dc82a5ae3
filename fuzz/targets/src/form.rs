//! Bodies of OAuth endpoints. What is taken holds each parameter once, with the value that a plain decoder reads; what
//! is refused has a duplicate or is too long, and is refused in words that OAuth allows.

use std::collections::BTreeSet;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use server::oauth::form::Form;

use crate::plain_form::pairs;

const PARAMETERS_MAX: usize = 100;

/// A body.
pub fn run(bytes: &[u8]) {
    let written = pairs(bytes);
    let names: BTreeSet<&str> = written.iter().map(|(name, _)| name.as_str()).collect();
    let is_good = names.len() == written.len() && written.len() <= PARAMETERS_MAX;
    match Form::read(&headers(), bytes) {
        Ok(form) => {
            assert!(is_good, "a duplicate passed, or too many parameters");
            for (name, value) in &written {
                let expected = Some(value.as_str()).filter(|value| !value.is_empty());
                assert_eq!(form.get(name), expected, "{name:?}");
            }
        }
        Err(refusal) => {
            assert!(!is_good, "refused for no reason: {refusal:?}");
            assert_can_be_said(&refusal.description);
        }
    }
}

/// The headers of a form.
pub(crate) fn headers() -> HeaderMap {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    HeaderMap::from_iter([(CONTENT_TYPE, form)])
}

/// What `error_description` may hold (RFC 6749 section 5.2), and not too much of it.
pub(crate) fn assert_can_be_said(description: &str) {
    let is_legal = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
    assert!(description.chars().all(is_legal) && description.len() <= 400, "{description:?}");
}

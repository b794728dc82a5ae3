//! Answers that programs read as JSON and people as text: which of the two a request takes.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::error::{ApiError, code};
use crate::json::{Json, accepts_json};

/// What a request wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// JSON: what whoever does not say gets.
    Json,
    /// A text.
    Text,
}

/// An answer in both forms; only one of them is made.
#[derive(Clone, Copy)]
pub struct Readable<'a> {
    /// For programs.
    pub json: &'a dyn Fn() -> Value,
    /// For people.
    pub text: &'a dyn Fn() -> String,
}

impl Wanted {
    /// Text, if that is asked for by name; a request that takes neither is 406.
    pub fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let essence = |range: &str| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if lines.flat_map(|line| line.split(',')).any(|range| essence(range) == "text/plain") {
            return Ok(Self::Text);
        }
        if accepts_json(headers) { Ok(Self::Json) } else { Err(code::NOT_ACCEPTABLE.into()) }
    }

    /// The reply.
    pub fn reply(self, readable: Readable<'_>) -> Response {
        match self {
            Self::Json => Json((readable.json)()).into_response(),
            Self::Text => {
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                ([(CONTENT_TYPE, plain)], (readable.text)()).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_given_to_whoever_asks_for_it_by_name_and_json_to_all_others() {
        let wanted = |accept: Option<&'static str>| {
            let headers = accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept)));
            Wanted::of(&headers.into_iter().collect()).ok()
        };
        for (accept, expected) in [
            (None, Some(Wanted::Json)),
            (Some("*/*"), Some(Wanted::Json)),
            (Some("application/json"), Some(Wanted::Json)),
            (Some("Text/Plain; charset=utf-8"), Some(Wanted::Text)),
            (Some("text/plain, application/json;q=0.5"), Some(Wanted::Text)),
            (Some("text/html"), None),
        ] {
            assert_eq!(wanted(accept), expected, "{accept:?}");
        }
    }
}

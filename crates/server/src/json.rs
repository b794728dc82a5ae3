//! JSON bodies of the management API, both ways. Owns content types, the limit of nesting and what is said of a body
//! that cannot be read: where and what was expected, never what was sent. Leaves out the size (`body`).

use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::error::{ApiError, code};

/// How deep arrays and objects may be nested.
pub const MAX_DEPTH: usize = 64;

/// A JSON body: as an argument of a handler it reads the request's, as a reply it writes one. `Option<Json<T>>` takes
/// a request without a body, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
            }
            Err(error) => ApiError::fault(&error).into_response(),
        }
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (headers, body) = take(request).await?;
        require_json(&headers)?;
        parse::<Object<T>>(&body).map(|Object(value)| Self(value))
    }
}

impl<S: Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, ApiError> {
        let (headers, body) = take(request).await?;
        if body.is_empty() {
            return Ok(None);
        }
        require_json(&headers)?;
        parse::<Object<T>>(&body).map(|Object(value)| Some(Self(value)))
    }
}

/// `front` has read the body already, within the route's limit and time; here it only changes hands.
async fn take(request: Request) -> Result<(HeaderMap, Bytes), ApiError> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| ApiError::fault(&error))?;
    Ok((parts.headers, body.to_bytes()))
}

fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Err(code::UNSUPPORTED_MEDIA_TYPE.into());
    };
    if value.to_str().is_ok_and(is_json) { Ok(()) } else { Err(code::UNSUPPORTED_MEDIA_TYPE.into()) }
}

/// `application/json` or `application/…+json`, whatever its parameters.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/");
    subtype.is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// Whether a request takes JSON for an answer (406 otherwise). No `Accept` takes anything.
pub fn accepts_json(headers: &HeaderMap) -> bool {
    let mut ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.split(';').next().unwrap_or_default().trim())
        .filter(|range| !range.is_empty())
        .peekable();
    ranges.peek().is_none()
        || ranges.any(|range| range == "*/*" || range.eq_ignore_ascii_case("application/*") || is_json(range))
}

/// Reads a document. A member that stands twice counts with its last value, as Okta has it.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    if let Some((line, column)) = too_deep(body) {
        let cause = format!("line {line}, column {column}: nested deeper than {MAX_DEPTH} levels");
        return Err(ApiError::malformed(cause));
    }
    let document: Value =
        serde_json::from_slice(body).map_err(|error| ApiError::malformed(describe(&error)))?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let what = expectation(&error.inner().to_string());
        let path = error.path().to_string();
        ApiError::malformed(if path == "." { what } else { format!("{path}: {what}") })
    })
}

fn describe(error: &serde_json::Error) -> String {
    let what = if error.is_eof() { "the document ends too early" } else { "not JSON" };
    format!("line {}, column {}: {what}", error.line(), error.column())
}

/// A value that is written as an object, and only so: serde's own reading of a structure takes a list of its members'
/// values, too, which nobody means.
#[derive(Debug, Default)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

/// Reads an object that may be absent or null: then it is as if it were empty. Use it with `default` on a member.
pub fn object<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<Object<T>>::deserialize(deserializer)?.unwrap_or_default().0)
}

/// Reads an object that may be absent or null, and tells that from an empty one. Use it with `default` on a member.
pub fn object_or_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

/// What was expected, in serde's words. What was found instead comes before it, and is not repeated to anybody.
fn expectation(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    if message.starts_with("missing field `") {
        return message.to_owned();
    }
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if !expected.contains("struct ") && !expected.contains("enum ") => {
            format!("expected {}", plain(expected))
        }
        Some(_) => "expected an object".to_owned(),
        None => "a value that is not allowed here".to_owned(),
    }
}

/// A reader of JSON knows numbers, not Rust's integers.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer",
        "f32" | "f64" => "a number",
        "a sequence" => "an array",
        "a map" => "an object",
        other => other,
    }
}

/// Line and column of the bracket that nests too deep. Brackets within strings do not count.
fn too_deep(body: &[u8]) -> Option<(usize, usize)> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let offset = body.iter().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })?;
    let before = &body[..offset];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let lines = before[..line_start].split(|byte| *byte == b'\n').count();
    Some((lines.max(1), offset - line_start + 1))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Thing {
        name: String,
        size: Option<u32>,
    }

    fn cause(body: &str) -> String {
        let error = parse::<Object<Thing>>(body.as_bytes()).unwrap_err();
        assert_eq!((error.code, error.status.as_u16()), ("E0000003", 400));
        error.causes.join("; ")
    }

    #[test]
    fn a_cause_says_where_and_what_was_expected_but_not_what_was_sent() {
        for (body, said) in [
            ("", "line 1, column 0: the document ends too early"),
            ("{\"name\":", "line 1, column 8: the document ends too early"),
            ("{\n  \"name\" \"s3cret\"}", "line 2, column 10: not JSON"),
            ("{\"name\":\"a\",\"size\":\"s3cret\"}", "size: expected a whole number"),
            ("{\"size\":1}", "missing field `name`"),
            ("[\"s3cret\"]", "expected an object"),
            ("\"s3cret, expected x\"", "expected an object"),
        ] {
            let cause = cause(body);
            assert_eq!(cause, said, "{body}");
            assert!(!cause.contains("s3cret"));
        }
    }

    #[test]
    fn a_member_that_stands_twice_counts_with_its_last_value() {
        let thing: Thing = parse(br#"{"name":"first","name":"last"}"#).unwrap();
        assert_eq!(thing, Thing { name: "last".to_owned(), size: None });
    }

    #[test]
    fn nesting_ends_at_its_limit_and_brackets_in_strings_do_not_nest() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse::<Value>(nested(MAX_DEPTH).as_bytes()).is_ok());
        let error = parse::<Value>(format!("\n{}", nested(10_000)).as_bytes()).unwrap_err();
        assert_eq!(error.causes, ["line 2, column 65: nested deeper than 64 levels"]);
        let text = format!("\"\\\"{}\"", "[".repeat(100));
        assert!(parse::<Value>(text.as_bytes()).is_ok());
    }

    #[test]
    fn content_types_are_read_as_clients_send_them() {
        let status = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            value.map(|value| headers.insert(CONTENT_TYPE, HeaderValue::from_static(value)));
            require_json(&headers).map_or_else(|error| error.status.as_u16(), |()| 200)
        };
        assert_eq!(status(Some("application/json")), 200);
        assert_eq!(status(Some("Application/JSON; charset=UTF-8; okta-version=1.0.0")), 200);
        assert_eq!(status(Some("application/merge-patch+json")), 200);
        assert_eq!(status(Some("text/plain")), 400);
        assert_eq!(status(None), 400);
    }

    #[test]
    fn accept_is_refused_only_where_it_leaves_no_room_for_json() {
        let accepts = |value: &'static str| {
            accepts_json(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]))
        };
        assert!(accepts("application/json"));
        assert!(accepts("text/html, */*;q=0.1"));
        assert!(accepts(""));
        assert!(accepts("application/json; okta-response=omitCredentials"));
        assert!(!accepts("application/xml"));
        assert!(!accepts("text/html, image/png"));
        assert!(accepts_json(&HeaderMap::new()));
    }
}

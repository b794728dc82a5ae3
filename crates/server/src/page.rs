//! Paging of lists: `limit` and `after` in, `Link` lines out. Owns both; leaves out what a cursor means (`store`).
//!
//! Each `Link` is a header line of its own. Joined by commas with `self` first, they make Okta's Go clients take the
//! own URL for the next one and loop for ever.

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::ApiError;
use crate::json::Json;
use crate::origin::Here;
use crate::query::Query;

/// What part of a list a request asks for. A handler takes it as `page: Page<20, 200>`: 20 entries where the request
/// names no limit, and 200 where it names a larger one. A limit that is no number from 1 on is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<const DEFAULT: usize, const MAX: usize> {
    /// How many entries at most.
    pub limit: usize,
    /// The cursor: what the last page's `next` carried. It is opaque, and `store` refuses one that is not its own.
    pub after: Option<String>,
}

impl<const DEFAULT: usize, const MAX: usize> Page<DEFAULT, MAX> {
    /// Reads both parameters.
    pub fn read(query: &Query) -> Result<Self, ApiError> {
        let limit = match query.text("limit") {
            // Okta writes -1 for "as many as there usually are".
            None | Some("-1") => DEFAULT,
            Some(digits) => read_limit(digits, MAX).ok_or_else(|| {
                ApiError::invalid("limit", format!("limit: must be a number from 1 to {MAX}"))
            })?,
        };
        Ok(Self { limit, after: query.text("after").map(str::to_owned) })
    }

    /// The reply with `entries`, and with a link to what follows `next`, where more follows.
    pub fn reply<T: Serialize>(&self, here: &Here, entries: &[T], next: Option<&str>) -> Response {
        let mut response = Json(entries).into_response();
        for line in link_lines(here, self.limit, next) {
            response.headers_mut().append(LINK, line);
        }
        response
    }
}

/// Digits only; more digits than any number has still mean "as many as there may be".
fn read_limit(digits: &str, max: usize) -> Option<usize> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let limit = digits.parse().unwrap_or(max);
    (limit > 0).then(|| limit.min(max))
}

impl<S: Sync, const DEFAULT: usize, const MAX: usize> FromRequestParts<S> for Page<DEFAULT, MAX> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::read(&Query::parse(parts.uri.query().unwrap_or_default()))
    }
}

/// The `Link` lines of a list: `self`, and `next` where more follows.
pub fn link_lines(here: &Here, limit: usize, next: Option<&str>) -> impl Iterator<Item = HeaderValue> {
    let own = format!("<{}>; rel=\"self\"", here.url());
    let next = next.map(|after| format!("<{}>; rel=\"next\"", next_url(here, limit, after)));
    std::iter::once(own).chain(next).filter_map(|line| HeaderValue::try_from(line).ok())
}

/// `after` and `limit`, then every other parameter just as it was sent.
fn next_url(here: &Here, limit: usize, after: &str) -> String {
    let mut cursor = form_urlencoded::Serializer::new(String::new());
    cursor.append_pair("after", after).append_pair("limit", &limit.to_string());
    let mut query = cursor.finish();
    for pair in here.query().split('&').filter(|pair| !pair.is_empty()) {
        let is_cursor = form_urlencoded::parse(pair.as_bytes())
            .next()
            .is_some_and(|(name, _)| name == "after" || name == "limit");
        if !is_cursor {
            query.push('&');
            query.push_str(pair);
        }
    }
    here.link(&format!("{}?{query}", here.path()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{Origin, Origins};

    fn read(query: &str) -> Result<(usize, Option<String>), ApiError> {
        Page::<20, 200>::read(&Query::parse(query)).map(|page| (page.limit, page.after))
    }

    #[test]
    fn a_limit_is_a_number_from_one_and_at_most_the_largest() {
        for (query, limit) in [
            ("", 20),
            ("limit=", 20),
            ("limit=-1", 20),
            ("limit=1", 1),
            ("limit=200", 200),
            ("limit=201", 200),
        ] {
            assert_eq!(read(query).unwrap().0, limit, "{query}");
        }
        assert_eq!(read("limit=99999999999999999999999").unwrap().0, 200);
        for query in ["limit=0", "limit=-2", "limit=ten", "limit=1.5", "limit=%2B1"] {
            let error = read(query).unwrap_err();
            assert_eq!(
                (error.code, &*error.summary),
                ("E0000001", "Api validation failed: limit"),
                "{query}"
            );
            assert_eq!(error.causes, ["limit: must be a number from 1 to 200"]);
        }
    }

    #[test]
    fn next_keeps_every_parameter_and_self_is_the_request() {
        let origins = Origins::new(Origin::parse("https://id.example.com").unwrap(), []);
        let here = Here::at_default(&origins, "/api/v1/groups?limit=2&q=a%20b&after=old&expand=x");
        let lines: Vec<_> = link_lines(&here, 2, Some("00g1/+")).collect();
        assert_eq!(
            lines,
            [
                "<https://id.example.com/api/v1/groups?limit=2&q=a%20b&after=old&expand=x>; rel=\"self\"",
                "<https://id.example.com/api/v1/groups?after=00g1%2F%2B&limit=2&q=a%20b&expand=x>; rel=\"next\"",
            ]
        );
    }

    #[test]
    fn the_last_page_has_no_next() {
        let origins = Origins::new(Origin::parse("http://localhost:8080").unwrap(), []);
        let here = Here::at_default(&origins, "/api/v1/groups");
        let lines: Vec<_> = link_lines(&here, 20, None).collect();
        assert_eq!(lines, ["<http://localhost:8080/api/v1/groups>; rel=\"self\""]);
    }
}

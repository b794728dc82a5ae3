//! Query parameters as the management API reads them. Owns decoding and the first-one-wins rule; leaves out OAuth's
//! parameters, where a repeated one is an error, and what a parameter means.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::error::ApiError;

/// The decoded parameters of a request's query. Any handler may take it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what follows the question mark.
    pub fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The first parameter of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first parameter of that name, unless it is empty: `?q=` asks for what no `q` asks for.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// `true` or `false` in any case; absent is false.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name) {
            None => Ok(false),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(ApiError::invalid(name, format!("{name}: must be true or false"))),
        }
    }

    /// As [`Self::flag`], where much hangs on it: the parameter stands at most once, is `true` or `false` exactly, and there
    /// is no other, which could be a mistyped one.
    pub fn sole_flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.0.as_slice() {
            [] => Ok(false),
            [(key, value)] if key == name && value == "true" => Ok(true),
            [(key, value)] if key == name && value == "false" => Ok(false),
            _ => Err(ApiError::invalid(
                name,
                format!("{name}: must be true or false, once, and the only parameter"),
            )),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_the_first_one_wins() {
        let query = Query::parse("q=a%20b+c&q=2&expand=&activate=TRUE");
        assert_eq!(query.get("q"), Some("a b c"));
        assert_eq!(query.text("expand"), None);
        assert!(query.flag("activate").unwrap());
        assert!(!query.flag("absent").unwrap());
        assert_eq!(query.flag("q").unwrap_err().code, "E0000001");
    }

    #[test]
    fn a_sole_flag_is_exact_and_alone() {
        for (query, expected) in [
            ("", Some(false)),
            ("dryRun=true", Some(true)),
            ("dryRun=false", Some(false)),
            ("dryRun=", None),
            ("dryRun", None),
            ("dryRun=TRUE", None),
            ("dryrun=true", None),
            ("dryRun=false&dryRun=true", None),
            ("dryRun=true&dryRun=true", None),
            ("dryRun=true&limit=1", None),
        ] {
            let read = Query::parse(query).sole_flag("dryRun");
            assert_eq!(read.as_ref().ok().copied(), expected, "{query}");
            assert!(read.err().is_none_or(|error| error.code == "E0000001"), "{query}");
        }
    }
}

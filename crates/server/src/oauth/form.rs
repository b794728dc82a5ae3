//! Bodies of OAuth endpoints: form-encoded, each parameter once (RFC 6749 section 3.2).

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use crate::oauth::error::OAuthError;

/// How many parameters a body may hold.
const PARAMETERS_MAX: usize = 100;

/// The parameters of a request. One that has no value counts as absent (RFC 6749 section 3.1).
#[derive(Debug, Clone, Default)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a body; a parameter that stands twice is refused.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        if !is_form(headers) {
            return Err(OAuthError::invalid_request(
                "The request's Content-Type must be 'application/x-www-form-urlencoded'.",
            ));
        }
        let mut parameters = BTreeMap::new();
        let mut repeated: Vec<String> = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            if parameters.len() >= PARAMETERS_MAX {
                return Err(OAuthError::invalid_request(format!(
                    "The request has more than {PARAMETERS_MAX} parameters."
                )));
            }
            let name = name.into_owned();
            if parameters.insert(name.clone(), value.into_owned()).is_some() && !repeated.contains(&name) {
                repeated.push(name);
            }
        }
        if repeated.is_empty() {
            return Ok(Self(parameters));
        }
        Err(OAuthError::invalid_request(format!(
            "Duplicate parameter provided in request. Duplicated parameters: [{}].",
            printable(&repeated.join(", "))
        )))
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// What `error_description` may hold (RFC 6749 section 5.2): printable ASCII without `"` and `\`, and not too much.
pub fn printable(text: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    let legal = |c: char| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '?' };
    text.chars().take(CHARACTERS_MAX).map(legal).collect()
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(body: &str) -> Result<Form, OAuthError> {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        Form::read(&HeaderMap::from_iter([(CONTENT_TYPE, form)]), body.as_bytes())
    }

    #[test]
    fn each_parameter_stands_once() {
        let form = read("grant_type=client_credentials&scope=a+b%20c&empty=").unwrap();
        assert_eq!(form.get("scope"), Some("a b c"));
        assert_eq!(form.get("empty"), None);
        let error = read("scope=a&x=1&scope=b&scope=c").unwrap_err();
        assert_eq!(
            error.description,
            "Duplicate parameter provided in request. Duplicated parameters: [scope]."
        );
        assert!(read(&"a=1&".repeat(3)).is_err());
        let many: Vec<String> = (0..101).map(|i| format!("p{i}=1")).collect();
        assert!(read(&many.join("&")).is_err());
    }

    #[test]
    fn other_content_types_are_refused() {
        assert!(Form::read(&HeaderMap::new(), b"a=1").is_err());
    }

    #[test]
    fn descriptions_hold_only_what_they_may() {
        assert_eq!(printable("a\"b\\c\nd\u{e9}"), "a?b?c?d?");
    }
}

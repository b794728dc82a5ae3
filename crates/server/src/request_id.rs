//! The names of one request and of one error. Owns their shape and their randomness; leaves out where they are
//! written (`front`, `error`).

use std::fmt;

use axum::http::HeaderValue;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

const REQUEST_BYTES: usize = 18;
const REQUEST_CHARACTERS: usize = 24;
const ERROR_BYTES: usize = 16;
const ERROR_PREFIX: &str = "oae";
const ERROR_CHARACTERS: usize = 25;

/// 24 random characters that name a request: the reply's `X-Okta-Request-Id`, and `request` in our log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; REQUEST_CHARACTERS]);

impl RequestId {
    /// A name that no other request has.
    #[expect(clippy::new_without_default, reason = "each call gives another one")]
    pub fn new() -> Self {
        let mut text = [0; REQUEST_CHARACTERS];
        write_random::<REQUEST_BYTES>(&mut text);
        Self(text)
    }

    /// The 24 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The header's value.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// `oae` and 22 random characters: an error object's `errorId`, and `error` in our log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorId([u8; ERROR_CHARACTERS]);

impl ErrorId {
    /// A name that no other error has.
    #[expect(clippy::new_without_default, reason = "each call gives another one")]
    pub fn new() -> Self {
        let mut text = [0; ERROR_CHARACTERS];
        text[..ERROR_PREFIX.len()].copy_from_slice(ERROR_PREFIX.as_bytes());
        write_random::<ERROR_BYTES>(&mut text[ERROR_PREFIX.len()..]);
        Self(text)
    }

    /// The 25 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Fills `text` with the base64url form of `N` random bytes; `text` has just that many characters.
fn write_random<const N: usize>(text: &mut [u8]) {
    BASE64_URL_SAFE_NO_PAD
        .encode_slice(jose::random_bytes::<N>(), text)
        .expect("the text has room for the bytes");
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ErrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ErrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_shape_and_differ() {
        let (one, other) = (RequestId::new(), RequestId::new());
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 24);
        assert_eq!(one.header().to_str().unwrap(), one.as_str());
        let error = ErrorId::new();
        assert!(error.as_str().starts_with("oae"));
        assert_eq!(error.as_str().len(), 25);
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(error.as_str().chars().chain(one.as_str().chars()).all(legal));
    }
}

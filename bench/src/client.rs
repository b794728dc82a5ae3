//! Who asks for tokens, and the token that comes back: enough of OAuth to ask once and to see what was signed.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::http::{self, Target};

/// What every token request asks for.
const ASKED: &str = "grant_type=client_credentials&scope=read";

/// A client with a secret, at one authorization server.
#[derive(Clone, Debug)]
pub struct Client {
    /// `/oauth2/{server}/v1`
    pub issuer_path: String,
    /// The `Authorization` header.
    pub authorization: String,
}

impl Client {
    /// The client `id` at the server whose path segment is `server`.
    pub fn new(server: &str, id: &str, secret: &str) -> Self {
        Self {
            issuer_path: format!("/oauth2/{server}/v1"),
            authorization: format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))),
        }
    }

    /// A token request.
    pub fn request(&self, url: &str) -> Result<Vec<u8>, String> {
        http::form(url, &format!("{}/token", self.issuer_path), Some(&self.authorization), ASKED)
    }

    /// An introspection of `token`.
    pub fn introspection(&self, url: &str, token: &str) -> Result<Vec<u8>, String> {
        let path = format!("{}/introspect", self.issuer_path);
        http::form(url, &path, Some(&self.authorization), &format!("token={token}"))
    }

    /// Asks for one token, on a connection of its own.
    pub fn token(&self, url: &str) -> Result<Value, String> {
        answer(url, &self.request(url)?)
    }
}

/// A token request with an assertion instead of a secret.
pub fn request_with_assertion(url: &str, issuer_path: &str, assertion: &str) -> Result<Vec<u8>, String> {
    let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    let body = format!("{ASKED}&client_assertion_type={kind}&client_assertion={assertion}");
    http::form(url, &format!("{issuer_path}/token"), None, &body)
}

/// The whole answer to a token request, which must be a token.
pub fn answer(url: &str, request: &[u8]) -> Result<Value, String> {
    let reply = http::call(&Target::parse(url)?.address, request)?;
    let answer: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if reply.status == 200 && answer["access_token"].is_string() {
        return Ok(answer);
    }
    Err(format!("no token: {} {}", reply.status, String::from_utf8_lossy(&reply.body)))
}

/// The token of an answer, if it was signed as `signed` says: a comparison is fair only between signatures of one kind.
pub fn signed_with(answer: &Value, signed: Signature) -> Result<&str, String> {
    let token = answer["access_token"].as_str().unwrap_or_default();
    let Signature { algorithm, bytes } = signed;
    let found = signature_of(token);
    if found.as_ref().is_some_and(|(name, length)| name == algorithm && *length == bytes) {
        return Ok(token);
    }
    Err(format!("not {algorithm} with a signature of {bytes} bytes, but {found:?}"))
}

/// A kind of signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `alg`
    pub algorithm: &'static str,
    /// How long it is.
    pub bytes: usize,
}

/// RS256 with 2,048 bits.
pub const RS256: Signature = Signature { algorithm: "RS256", bytes: 256 };
/// ES256.
pub const ES256: Signature = Signature { algorithm: "ES256", bytes: 64 };

fn signature_of(token: &str) -> Option<(String, usize)> {
    let mut parts = token.split('.');
    let header = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(parts.nth(1)?).ok()?;
    Some((header["alg"].as_str()?.to_owned(), signature.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(header: &str, signature: &[u8]) -> Value {
        let token = format!("{}.e30.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(signature));
        serde_json::json!({ "access_token": token })
    }

    #[test]
    fn only_signatures_of_one_kind_are_compared() {
        assert!(signed_with(&token_of(r#"{"alg":"RS256"}"#, &[0; 256]), RS256).is_ok());
        assert!(signed_with(&token_of(r#"{"alg":"RS256"}"#, &[0; 512]), RS256).is_err());
        assert!(signed_with(&token_of(r#"{"alg":"ES256"}"#, &[0; 256]), RS256).is_err());
        assert!(signed_with(&token_of(r#"{"alg":"ES256"}"#, &[0; 64]), ES256).is_ok());
        assert!(signed_with(&serde_json::json!({ "access_token": "opaque" }), RS256).is_err());
    }
}

//! Compact JWS (RFC 7515 section 7.1), written straight into the caller's buffer.
//!
//! Leaves out what a payload means and how it is ordered.

use crate::algorithm::HmacAlgorithm;
use crate::base64url::{self, encoded_length};
use crate::json::Members;
use crate::key::{MAX_SIGNATURE_BYTES, SignatureBuffer, SigningKey, TokenType};
use aws_lc_rs::hmac;
use serde_json::Value;

/// Why there is no signature. After an error the buffer is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The library did not sign.
    #[error("the signature could not be made")]
    Failed,
    /// A header member that only this crate may write, or that it does not honour.
    #[error("the header member `{0}` cannot be given")]
    ReservedMember(&'static str),
}

const RESERVED: [&str; 4] = ["alg", "kid", "crit", "b64"];

/// Appends a token with the header `{"kid":…,"alg":…}`, as Okta's tokens have it.
pub fn sign_compact(key: &SigningKey, payload: &[u8], out: &mut String) -> Result<(), SignError> {
    sign_typed(key, TokenType::Unsaid, payload, out)
}

/// As [`sign_compact`], with the `typ` of `token_type`. This is the hot path: headers are encoded once per key, and
/// around the signature there is one reservation and two passes of base64.
pub fn sign_typed(
    key: &SigningKey,
    token_type: TokenType,
    payload: &[u8],
    out: &mut String,
) -> Result<(), SignError> {
    write(key.encoded_header(token_type), payload, out, |input, signature| key.sign(input, signature))
}

/// As [`sign_compact`], with more header members (`jwk`, say) after `kid` and `alg`.
pub fn sign_with_header(
    key: &SigningKey,
    more: &Members,
    payload: &[u8],
    out: &mut String,
) -> Result<(), SignError> {
    if let Some(reserved) = RESERVED.into_iter().find(|name| more.contains_key(*name)) {
        return Err(SignError::ReservedMember(reserved));
    }
    let mut header = Members::new();
    header.insert("kid".to_owned(), key.kid().into());
    header.insert("alg".to_owned(), key.algorithm().name().into());
    header.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
    let header = base64url::encode(Value::from(header).to_string());
    write(&header, payload, out, |input, signature| key.sign(input, signature))
}

/// Appends a token signed with a shared secret (RFC 7518 section 3.2), header `{"alg":…}`: what a client of
/// `client_secret_jwt` sends. [`crate::verify_hmac`] verifies it.
pub fn sign_hmac(
    algorithm: HmacAlgorithm,
    secret: &[u8],
    payload: &[u8],
    out: &mut String,
) -> Result<(), SignError> {
    let header = base64url::encode(format!(r#"{{"alg":"{algorithm}"}}"#));
    let key = hmac::Key::new(algorithm.primitive(), secret);
    write(&header, payload, out, |input, signature| {
        let tag = hmac::sign(&key, input);
        let signature = signature.get_mut(..tag.as_ref().len()).ok_or(SignError::Failed)?;
        signature.copy_from_slice(tag.as_ref());
        Ok(signature)
    })
}

/// Appends `header`, the payload and what `sign` makes of the two.
fn write(
    header: &str,
    payload: &[u8],
    out: &mut String,
    sign: impl for<'s> FnOnce(&[u8], &'s mut SignatureBuffer) -> Result<&'s [u8], SignError>,
) -> Result<(), SignError> {
    let start = out.len();
    let longest = header.len() + encoded_length(payload.len()) + encoded_length(MAX_SIGNATURE_BYTES) + 2;
    out.reserve(longest);
    out.push_str(header);
    out.push('.');
    base64url::encode_onto(payload, out);
    let mut buffer = [0; MAX_SIGNATURE_BYTES];
    match sign(&out.as_bytes()[start..], &mut buffer) {
        Ok(signature) => {
            out.push('.');
            base64url::encode_onto(signature, out);
            Ok(())
        }
        Err(error) => {
            out.truncate(start);
            Err(error)
        }
    }
}

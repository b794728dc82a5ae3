//! Verifies compact JWS (RFC 7515 section 5.2), strictly.
//!
//! The caller says which algorithms may come and finds the key; the token chooses neither. Leaves out claims: who may
//! have issued the token, for whom, and until when.

use crate::algorithm::{Algorithm, HmacAlgorithm};
use crate::base64url::{self, encoded_length};
use crate::header::Header;
use crate::json::{JsonError, Members, parse_object, shortened};
use crate::public_key::PublicKey;
use aws_lc_rs::hmac;

/// A client secret must have this many bytes before it may verify a token. It is Okta's rule for all three
/// algorithms; RFC 7518 section 3.2 asks for 48 and 64 with HS384 and HS512, which Okta's secrets never had.
pub const HMAC_SECRET_MIN_BYTES: usize = 32;
const MAX_TOKEN_BYTES: usize = 64 * 1024;
const MAX_HEADER_BYTES: usize = 8 * 1024;

/// Why a token is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is longer than any we take.
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// The token's header is longer than any we take.
    #[error("the token's header is longer than {MAX_HEADER_BYTES} bytes")]
    HeaderTooLong,
    /// Not three parts.
    #[error("the token has not exactly three parts")]
    NotCompact,
    /// A part is not base64url.
    #[error("the token's {0} is not base64url without padding")]
    BadBase64(&'static str),
    /// The header cannot be read.
    #[error("the token's header cannot be read: {0}")]
    Header(#[source] JsonError),
    /// A header member is missing or not text.
    #[error("the token's header has no `{0}` that is a string")]
    HeaderMember(&'static str),
    /// `alg` is `none`.
    #[error("the token is not signed")]
    Unsigned,
    /// The header asks for extensions, and we know none (RFC 7515 section 4.1.11).
    #[error("the token's header has critical members")]
    Critical,
    /// `alg` is not one of those that may come here.
    #[error("the token's `alg` `{0}` is not allowed here")]
    AlgorithmNotAllowed(String),
    /// There is no key of this name.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The key is of another type, or bound to another algorithm.
    #[error("the token's key does not go with `{0}`")]
    KeyMismatch(Algorithm),
    /// The secret is shorter than [`HMAC_SECRET_MIN_BYTES`].
    #[error("the secret is too short to verify a token")]
    SecretTooShort,
    /// The payload is not an object of claims.
    #[error("the token's payload cannot be read: {0}")]
    Payload(#[source] JsonError),
    /// The signature is not this key's signature of this token.
    #[error("the token's signature is not valid")]
    BadSignature,
}

/// A token whose signature is good. What it says is still to be judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The header.
    pub header: Header,
    /// The payload's bytes.
    pub payload: Vec<u8>,
}

impl Verified {
    /// The payload as claims: one object without duplicates (RFC 7519 section 4).
    pub fn claims(&self) -> Result<Members, JsonError> {
        parse_object(&self.payload)
    }
}

/// Verifies a token signed with a private key. `find_key` gets the header's `kid`; where the key comes from, and what
/// to do without a `kid`, is the caller's affair.
pub fn verify_compact<'k>(
    token: &str,
    allowed: &[Algorithm],
    find_key: impl FnOnce(Option<&str>) -> Option<&'k PublicKey>,
) -> Result<Verified, VerifyError> {
    let parts = Parts::split(token)?;
    let header = parts.header()?;
    let algorithm = Algorithm::find(header.algorithm())
        .filter(|algorithm| allowed.contains(algorithm))
        .ok_or_else(|| VerifyError::AlgorithmNotAllowed(shortened(header.algorithm())))?;
    let key = find_key(header.kid()).ok_or(VerifyError::UnknownKey)?;
    if !key.serves(algorithm) {
        return Err(VerifyError::KeyMismatch(algorithm));
    }
    let signature = parts.signature()?;
    parts.finish(header, key.verify(algorithm, parts.signed.as_bytes(), &signature))
}

/// Verifies a token signed with a shared secret (`client_secret_jwt`).
pub fn verify_hmac(token: &str, allowed: &[HmacAlgorithm], secret: &[u8]) -> Result<Verified, VerifyError> {
    let parts = Parts::split(token)?;
    let header = parts.header()?;
    let algorithm = HmacAlgorithm::find(header.algorithm())
        .filter(|algorithm| allowed.contains(algorithm))
        .ok_or_else(|| VerifyError::AlgorithmNotAllowed(shortened(header.algorithm())))?;
    if secret.len() < HMAC_SECRET_MIN_BYTES {
        return Err(VerifyError::SecretTooShort);
    }
    let key = hmac::Key::new(algorithm.primitive(), secret);
    let signature = parts.signature()?;
    parts.finish(header, hmac::verify(&key, parts.signed.as_bytes(), &signature).is_ok())
}

/// Reads a token's header **without verifying anything**, where the key depends on it: a client's assertion, or the
/// `jwk` of a `DPoP` proof.
pub fn read_header(token: &str) -> Result<Header, VerifyError> {
    Parts::split(token)?.header()
}

/// Reads a token's claims **without verifying anything**, where whose key verifies it depends on them.
pub fn read_claims(token: &str) -> Result<Members, VerifyError> {
    let payload = base64url::decode(Parts::split(token)?.payload).ok_or(VerifyError::BadBase64("payload"))?;
    parse_object(&payload).map_err(VerifyError::Payload)
}

/// A token's three parts, still encoded.
struct Parts<'t> {
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
    signed: &'t str,
}

impl<'t> Parts<'t> {
    fn split(token: &'t str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(VerifyError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(VerifyError::NotCompact)?;
        let (header, payload) = signed.split_once('.').ok_or(VerifyError::NotCompact)?;
        if payload.contains('.') {
            return Err(VerifyError::NotCompact);
        }
        if header.len() > encoded_length(MAX_HEADER_BYTES) {
            return Err(VerifyError::HeaderTooLong);
        }
        Ok(Self { header, payload, signature, signed })
    }

    fn header(&self) -> Result<Header, VerifyError> {
        let json = base64url::decode(self.header).ok_or(VerifyError::BadBase64("header"))?;
        Header::parse(&json)
    }

    fn signature(&self) -> Result<Vec<u8>, VerifyError> {
        base64url::decode(self.signature).ok_or(VerifyError::BadBase64("signature"))
    }

    fn finish(&self, header: Header, good: bool) -> Result<Verified, VerifyError> {
        if !good {
            return Err(VerifyError::BadSignature);
        }
        let payload = base64url::decode(self.payload).ok_or(VerifyError::BadBase64("payload"))?;
        Ok(Verified { header, payload })
    }
}

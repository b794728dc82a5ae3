//! A JWK Set (RFC 7517 section 5): a client's keys, or the document that an authorization server publishes.
//!
//! Owns the limits of a set. Leaves out fetching and caching one.

use crate::json::{JsonError, Members, parse_object};
use crate::jwk::{JwkError, KeyUse, PublicJwk};
use serde::Serialize;
use serde_json::Value;

/// No client and no authorization server has more keys than this (Okta's limit).
pub const MAX_KEYS: usize = 50;
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Why a set is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkSetError {
    /// The document is too long.
    #[error("the key set is longer than {MAX_DOCUMENT_BYTES} bytes")]
    TooLong,
    /// The document is not an object.
    #[error("the key set cannot be read: {0}")]
    Json(#[from] JsonError),
    /// There is no array `keys`.
    #[error("the key set has no array `keys`")]
    NoKeysMember,
    /// There is no key, or none that can be used.
    #[error("the key set has no usable key")]
    NoUsableKey,
    /// There are too many.
    #[error("the key set has more than {MAX_KEYS} keys")]
    TooManyKeys,
    /// One of several keys has no `kid`.
    #[error("each key of a set of several must have a `kid`")]
    MissingKid,
    /// Two keys have the same `kid`.
    #[error("the `kid` `{0}` comes twice in the key set")]
    DuplicateKid(String),
    /// A key is refused.
    #[error("key {index} of the set is refused: {error}")]
    Key {
        /// Its place, from 0.
        index: usize,
        /// Why.
        #[source]
        error: JwkError,
    },
}

/// At most [`MAX_KEYS`] keys, told apart by `kid`. Serialises as `{"keys":[…]}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JwkSet {
    keys: Vec<PublicJwk>,
}

impl JwkSet {
    /// Puts keys together, for instance those that an authorization server publishes.
    pub fn new(keys: Vec<PublicJwk>) -> Result<Self, JwkSetError> {
        if keys.len() > MAX_KEYS {
            return Err(JwkSetError::TooManyKeys);
        }
        for (index, key) in keys.iter().enumerate() {
            match key.kid() {
                None if keys.len() > 1 => return Err(JwkSetError::MissingKid),
                Some(kid) if keys[..index].iter().any(|earlier| earlier.kid() == Some(kid)) => {
                    return Err(JwkSetError::DuplicateKid(kid.to_owned()));
                }
                _ => {}
            }
        }
        Ok(Self { keys })
    }

    /// A set that somebody registers with us. One key refused refuses the set: whoever sends it should know.
    pub fn registered(set: &Members, purpose: KeyUse) -> Result<Self, JwkSetError> {
        let keys = parse_keys(set, purpose)?.into_iter().enumerate();
        Self::new(
            keys.map(|(index, key)| key.map_err(|error| JwkSetError::Key { index, error }))
                .collect::<Result<_, _>>()?,
        )
    }

    /// A set fetched from a client's `jwks_uri`. Keys that cannot be used are passed over (RFC 7517 section 5), since
    /// they may be meant for somebody else; private material is refused even there.
    pub fn fetched(document: &[u8], purpose: KeyUse) -> Result<Self, JwkSetError> {
        if document.len() > MAX_DOCUMENT_BYTES {
            return Err(JwkSetError::TooLong);
        }
        let mut keys = Vec::new();
        for (index, key) in parse_keys(&parse_object(document)?, purpose)?.into_iter().enumerate() {
            match key {
                Ok(key) => keys.push(key),
                Err(error @ JwkError::PrivateMember(_)) => return Err(JwkSetError::Key { index, error }),
                Err(_) => {}
            }
        }
        if keys.is_empty() { Err(JwkSetError::NoUsableKey) } else { Self::new(keys) }
    }

    /// The keys, in their order.
    pub fn keys(&self) -> &[PublicJwk] {
        &self.keys
    }

    /// The key of this name. Without a name, the only key there is.
    pub fn find(&self, kid: Option<&str>) -> Option<&PublicJwk> {
        match (kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.kid() == Some(kid)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

fn parse_keys(set: &Members, purpose: KeyUse) -> Result<Vec<Result<PublicJwk, JwkError>>, JwkSetError> {
    let keys = set.get("keys").and_then(Value::as_array).ok_or(JwkSetError::NoKeysMember)?;
    if keys.len() > MAX_KEYS {
        return Err(JwkSetError::TooManyKeys);
    }
    let parse = |key: &Value| PublicJwk::parse(key.as_object().ok_or(JwkError::NotAnObject)?, purpose);
    Ok(keys.iter().map(parse).collect())
}

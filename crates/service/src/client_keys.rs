//! The public keys of one client, parsed once and kept: which of them a token means.
//!
//! Leaves out registering keys (`admin::jwk`) and fetching those that a client publishes (`published_keys`).

use std::sync::OnceLock;

use jose::{JwkSet, JwkSetError, KeyUse, PublicJwk, PublicKey};
use model::app::RegisteredJwk;

use crate::admin::jwk;
use crate::client_assertion::Refusal;

/// One key.
#[derive(Debug)]
pub struct ClientKey {
    jwk: Option<PublicJwk>,
    is_active: bool,
    parsed: OnceLock<Option<PublicKey>>,
}

impl ClientKey {
    fn new(jwk: Option<PublicJwk>, is_active: bool) -> Self {
        Self { jwk, is_active, parsed: OnceLock::new() }
    }

    /// The key, ready to verify; none if it cannot be read.
    pub fn public(&self) -> Option<&PublicKey> {
        let parse = || self.jwk.as_ref().and_then(|jwk| PublicKey::new(jwk).ok());
        self.parsed.get_or_init(parse).as_ref()
    }

    fn kid(&self) -> Option<&str> {
        self.jwk.as_ref().and_then(PublicJwk::kid)
    }

    fn is_for_signatures(&self) -> bool {
        self.jwk.as_ref().is_none_or(|jwk| jwk.key_use() != Some(KeyUse::Encryption))
    }
}

/// The keys of one client.
#[derive(Debug, Default)]
pub struct ClientKeys(Vec<ClientKey>);

impl ClientKeys {
    /// Keys that were registered here.
    pub fn registered(keys: &[RegisteredJwk]) -> Self {
        // They were checked when they came; one that cannot be read any more stays in its place, so that it is missed.
        let key = |key: &RegisteredJwk| ClientKey::new(jwk::read(&key.jwk).ok(), key.status.is_active());
        Self(keys.iter().map(key).filter(ClientKey::is_for_signatures).collect())
    }

    /// Keys that the client publishes.
    pub fn fetched(document: &[u8]) -> Result<Self, (Refusal, JwkSetError)> {
        let set = JwkSet::fetched(document, KeyUse::Signature).map_err(|error| match &error {
            JwkSetError::NoUsableKey => (Refusal::NoKeyAtUri, error),
            JwkSetError::MissingKid | JwkSetError::DuplicateKid(_) => (Refusal::SameKidAtUri, error),
            _ => (Refusal::BadKeys, error),
        })?;
        Ok(Self(set.keys().iter().map(|jwk| ClientKey::new(Some(jwk.clone()), true)).collect()))
    }

    /// Whether there is no key that could verify a signature.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The active key that a token means: the one of that name, or the only one there is if either has no name.
    pub fn find(&self, kid: Option<&str>) -> Option<&ClientKey> {
        let mut active = self.0.iter().filter(|key| key.is_active);
        let only = match (active.next(), active.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        match kid {
            Some(_) => self
                .0
                .iter()
                .find(|key| key.is_active && key.kid() == kid)
                .or_else(|| only.filter(|only| only.kid().is_none())),
            None => only,
        }
    }
}

//! A public key parsed once and kept, ready to verify signatures.
//!
//! Owns which algorithms a key may be used with. Leaves out tokens (`verify`) and where keys come from (`jwk`).

use crate::algorithm::{Algorithm, KeyType};
use crate::jwk::{JwkError, KeyUse, Material, PublicJwk, parse_point};
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{self, ParsedPublicKey};
use std::fmt;

/// A key that verifies. If its JWK names an `alg`, with that algorithm only; else with all those of its type.
#[derive(Clone)]
pub struct PublicKey {
    parsed: Vec<(Algorithm, ParsedPublicKey)>,
}

impl PublicKey {
    /// Parses `jwk`, which must not be an encryption key.
    pub fn new(jwk: &PublicJwk) -> Result<Self, JwkError> {
        if jwk.key_use() == Some(KeyUse::Encryption) {
            let given = KeyUse::Encryption.name().to_owned();
            return Err(JwkError::WrongUse { given, expected: KeyUse::Signature });
        }
        let mut parsed = Vec::new();
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| may_verify(jwk, *algorithm)) {
            parsed.push((algorithm, parse(jwk.material(), algorithm)?));
        }
        Ok(Self { parsed })
    }

    /// Parses one of our own keys, which verifies what it signed with and nothing else, whatever its JWK says.
    pub fn bound_to(algorithm: Algorithm, jwk: &PublicJwk) -> Result<Self, JwkError> {
        let mut key = Self::new(jwk)?;
        key.parsed.retain(|(served, _)| *served == algorithm);
        if key.parsed.is_empty() { Err(JwkError::Rejected) } else { Ok(key) }
    }

    /// Whether this key verifies signatures of `algorithm` at all.
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        self.parsed.iter().any(|(served, _)| *served == algorithm)
    }

    /// Whether `signature` is this key's signature of `message` under `algorithm`.
    pub fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = self.parsed.iter().find(|(served, _)| *served == algorithm);
        key.is_some_and(|(_, key)| key.verify_sig(message, signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.parsed.iter().map(|(algorithm, _)| algorithm.name()).collect();
        f.debug_struct("PublicKey").field("algorithms", &algorithms).finish()
    }
}

fn may_verify(jwk: &PublicJwk, algorithm: Algorithm) -> bool {
    let of_its_type = algorithm.key_type() == jwk.material().key_type();
    of_its_type && jwk.algorithm().is_none_or(|only| only == algorithm)
}

fn parse(material: &Material, algorithm: Algorithm) -> Result<ParsedPublicKey, JwkError> {
    match (material, algorithm.rsa_parameters()) {
        (Material::Rsa { n, e }, Some(parameters)) => {
            let components = PublicKeyComponents { n, e };
            components.to_parsed_public_key(parameters).map_err(|_| JwkError::Rejected)
        }
        (Material::Ec { curve, x, y }, _) => parse_point(*curve, x, y),
        (Material::Ed25519 { x }, _) if algorithm.key_type() == KeyType::Ed25519 => {
            ParsedPublicKey::new(&signature::ED25519, x).map_err(|_| JwkError::Rejected)
        }
        _ => Err(JwkError::Rejected),
    }
}

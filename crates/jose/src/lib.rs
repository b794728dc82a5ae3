//! Keys, JWK sets, compact JWS, sealing of secrets at rest, MACs and randomness.
//!
//! Only this crate ever sees a private key. It does no I/O and reads no clock, and its randomness goes into keys,
//! nonces and random tokens only. It leaves out password hashing, what a token's claims mean, and JWE (later work).

mod algorithm;
pub mod base64url;
mod der;
mod digest;
mod header;
pub mod json;
mod jwk;
mod jwk_set;
mod key;
mod key_ring;
mod mac;
mod public_key;
mod random;
mod seal;
mod secret;
mod sign;
mod verify;

pub use algorithm::{Algorithm, Curve, HmacAlgorithm, KeyType};
pub use digest::Sha256;
pub use header::Header;
pub use jwk::{JwkError, KeyStatus, KeyUse, Material, PublicJwk};
pub use jwk_set::{JwkSet, JwkSetError, MAX_KEYS};
pub use key::{KeyError, SigningKey, TokenType};
pub use key_ring::{KeyId, KeyRing, KeyRingError};
pub use mac::{MacKey, constant_time_eq, sha256};
pub use public_key::PublicKey;
pub use random::{random_base62, random_bytes, random_token};
pub use seal::{OpenError, SealError, sealed_under};
pub use secret::Secret;
pub use sign::{SignError, sign_compact, sign_hmac, sign_typed, sign_with_header};
pub use verify::{
    HMAC_SECRET_MIN_BYTES, Verified, VerifyError, read_claims, read_header, verify_compact, verify_hmac,
};

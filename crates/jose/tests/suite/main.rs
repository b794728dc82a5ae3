//! What `jose` promises, seen from outside: RFC vectors, round trips, and everything that must be refused.

mod jwk;
mod keys;
mod mac;
mod properties;
mod seal;
mod sign;
mod vectors;
mod verify;
mod wycheproof;

use jose::json::{Members, parse_object};
use jose::{Algorithm, SigningKey};
use std::sync::OnceLock;

/// One RS256 key for all tests: making one takes a while.
fn rsa_key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(Algorithm::Rs256).unwrap())
}

fn object(json: &str) -> Members {
    parse_object(json.as_bytes()).unwrap()
}

/// The first algorithm of each type of key.
const ONE_OF_EACH_TYPE: [Algorithm; 5] =
    [Algorithm::Rs256, Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

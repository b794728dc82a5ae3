//! Keyed digests: HMAC-SHA-256 under a key from which further keys are derived by label.
//!
//! For bearer secrets that are kept as a digest only, and for refresh-token generations. Leaves out password hashing
//! (slow on purpose, elsewhere) and JWS HMACs (`verify`).

use crate::random::random_bytes;
use crate::secret::{Secret, wipe};
use aws_lc_rs::{constant_time, digest, hkdf, hmac};
use std::fmt;

const SALT: &[u8] = b"tokenmint mac key 1";

/// A 32-byte key for HMAC-SHA-256 (RFC 2104), and the root of a tree of such keys.
pub struct MacKey {
    bytes: Secret,
    key: hmac::Key,
}

impl MacKey {
    /// A fresh random key.
    ///
    /// # Panics
    ///
    /// As [`random_bytes`].
    pub fn generate() -> Self {
        Self::from_bytes(random_bytes())
    }

    /// The key that [`Self::expose`] gave.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let key =
            Self { bytes: Secret::from(bytes.as_slice()), key: hmac::Key::new(hmac::HMAC_SHA256, &bytes) };
        wipe(&mut bytes);
        key
    }

    /// The key that [`Self::expose`] gave, if `bytes` are 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_bytes)
    }

    /// The key's bytes, to be sealed.
    pub fn expose(&self) -> &[u8] {
        self.bytes.expose()
    }

    /// The key for one purpose (HKDF-SHA-256, RFC 5869). Different labels give independent keys.
    ///
    /// # Panics
    ///
    /// Never: 32 bytes are within what HKDF can give.
    #[must_use]
    pub fn derive(&self, label: &str) -> Self {
        let mut bytes = [0; 32];
        hkdf::Salt::new(hkdf::HKDF_SHA256, SALT)
            .extract(self.bytes.expose())
            .expand(&[label.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|derived| derived.fill(&mut bytes))
            .expect("HKDF-SHA-256 gives 32 bytes");
        let key = Self::from_bytes(bytes);
        wipe(&mut bytes);
        key
    }

    /// The MAC of `message`.
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = [0; 32];
        mac.copy_from_slice(hmac::sign(&self.key, message).as_ref());
        mac
    }

    /// Whether `mac` is the whole MAC of `message`, in constant time.
    pub fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.key, message, mac).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}

/// Whether `a` equals `b`, in a time that depends on their lengths only.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// SHA-256: `at_hash`, PKCE `S256`, thumbprints.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

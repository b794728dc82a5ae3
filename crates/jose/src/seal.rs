//! Sealing of secrets at rest: AES-256-GCM-SIV (RFC 8452) under a key of the ring.
//!
//! A sealed secret is `1 ‖ key id (4) ‖ nonce (12) ‖ ciphertext and tag`. GCM-SIV, because many nodes seal under one
//! key with random nonces for years: a nonce that repeats then tells no more than that two plaintexts are equal. The
//! associated data says where a secret belongs (table, org, row), so that one row's secret does not open in another.

use crate::key_ring::{KeyId, KeyRing};
use crate::random::random_bytes;
use crate::secret::Secret;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce};

const VERSION: u8 = 1;
const PREFIX_BYTES: usize = 1 + KeyId::BYTES + NONCE_LEN;

/// The cipher did not seal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the secret could not be sealed")]
pub struct SealError;

/// Why something sealed does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Sealed under a key that is not in the ring.
    #[error("the secret is sealed under the key {key_id}, which is not in the key ring")]
    UnknownKey {
        /// Which.
        key_id: KeyId,
    },
    /// Cut off, changed, or sealed for another place.
    #[error("the sealed secret is damaged or belongs elsewhere")]
    Corrupt,
    /// Sealed by a newer Tokenmint, or not sealed at all.
    #[error("the sealed secret has the unknown version {0}")]
    UnsupportedVersion(u8),
    /// It opened, but could not be sealed again.
    #[error(transparent)]
    Reseal(#[from] SealError),
}

impl KeyRing {
    /// Seals `plaintext` for the place that `aad` names.
    ///
    /// # Panics
    ///
    /// As [`crate::random_bytes`].
    pub fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.current_key();
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let mut sealed = Vec::with_capacity(PREFIX_BYTES + plaintext.len() + AES_256_GCM_SIV.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&key.id.to_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key
            .cipher
            .seal_in_place_separate_tag(nonce, Aad::from(aad), &mut sealed[PREFIX_BYTES..])
            .map_err(|_| SealError)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] sealed for the same place.
    pub fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<Secret, OpenError> {
        let (key_id, nonce, ciphertext) = take_apart(sealed)?;
        let key = self.find(key_id).ok_or(OpenError::UnknownKey { key_id })?;
        let mut plaintext = ciphertext.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = key
            .cipher
            .open_in_place(nonce, Aad::from(aad), &mut plaintext)
            .map_err(|_| OpenError::Corrupt)?
            .len();
        plaintext.truncate(length);
        Ok(Secret::new(plaintext))
    }

    /// Seals anew what is sealed under an older key; nothing if the key is the current one already.
    ///
    /// # Panics
    ///
    /// As [`crate::random_bytes`].
    pub fn reseal(&self, sealed: &[u8], aad: &[u8]) -> Result<Option<Vec<u8>>, OpenError> {
        let plaintext = self.open(sealed, aad)?;
        if sealed_under(sealed) == Some(self.current()) {
            return Ok(None);
        }
        Ok(Some(self.seal(plaintext.expose(), aad)?))
    }
}

/// Which key something is sealed under, as far as one can tell without opening it.
pub fn sealed_under(sealed: &[u8]) -> Option<KeyId> {
    take_apart(sealed).ok().map(|(key_id, _, _)| key_id)
}

fn take_apart(sealed: &[u8]) -> Result<(KeyId, [u8; NONCE_LEN], &[u8]), OpenError> {
    match sealed.split_first() {
        None => return Err(OpenError::Corrupt),
        Some((&VERSION, _)) => {}
        Some((version, _)) => return Err(OpenError::UnsupportedVersion(*version)),
    }
    let corrupt = || OpenError::Corrupt;
    let (key_id, rest) = sealed[1..].split_first_chunk().ok_or_else(corrupt)?;
    let (nonce, ciphertext) = rest.split_first_chunk().ok_or_else(corrupt)?;
    if ciphertext.len() < AES_256_GCM_SIV.tag_len() {
        return Err(OpenError::Corrupt);
    }
    Ok((KeyId::from_bytes(*key_id), *nonce, ciphertext))
}

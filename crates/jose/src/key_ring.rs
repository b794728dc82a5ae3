//! The master keys that secrets at rest are sealed under, and their text form.
//!
//! A ring lies outside the database, in a file (one key a line) or an environment variable (separated by commas):
//! `tmk1:<key id>:<32 bytes in base64url>`. The first key is current; the others only open. Leaves out reading that
//! file, and the sealing itself (`seal`).

use crate::base64url;
use crate::mac::sha256;
use crate::random::fill;
use crate::secret::Secret;
use aws_lc_rs::aead::{AES_256_GCM_SIV, LessSafeKey, UnboundKey};
use std::fmt;

const PREFIX: &str = "tmk1";
const KEY_BYTES: usize = 32;

/// A master key's name: the first 4 bytes of its SHA-256, 8 hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; Self::BYTES]);

impl KeyId {
    pub(crate) const BYTES: usize = 4;

    pub(crate) const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn to_bytes(self) -> [u8; Self::BYTES] {
        self.0
    }

    fn of(key: &[u8]) -> Self {
        let [a, b, c, d, ..] = sha256(key);
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Why a text is no key ring. Entries are counted from 1 and never shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// There is no key.
    #[error("the key ring is empty")]
    Empty,
    /// An entry is not of the form.
    #[error("entry {0} of the key ring is not of the form `tmk1:<key id>:<key>`")]
    BadEntry(usize),
    /// An entry's key id is not its key's: a typing error, or half of one line and half of another.
    #[error("entry {0} of the key ring has a key id that does not go with its key")]
    WrongKeyId(usize),
    /// A key comes twice.
    #[error("entry {0} of the key ring repeats an earlier key")]
    Duplicate(usize),
    /// The library does not take the key.
    #[error("entry {0} of the key ring cannot be used")]
    Unusable(usize),
}

pub(crate) struct MasterKey {
    pub(crate) id: KeyId,
    pub(crate) cipher: LessSafeKey,
    bytes: Secret,
}

impl MasterKey {
    fn new(bytes: Secret, entry: usize) -> Result<Self, KeyRingError> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, bytes.expose());
        let cipher = LessSafeKey::new(key.map_err(|_| KeyRingError::Unusable(entry))?);
        Ok(Self { id: KeyId::of(bytes.expose()), cipher, bytes })
    }

    fn parse(text: &str, entry: usize) -> Result<Self, KeyRingError> {
        let (id, key) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.split_once(':'))
            .ok_or(KeyRingError::BadEntry(entry))?;
        let bytes = base64url::decode(key).map(Secret::new).ok_or(KeyRingError::BadEntry(entry))?;
        if bytes.expose().len() != KEY_BYTES {
            return Err(KeyRingError::BadEntry(entry));
        }
        let key = Self::new(bytes, entry)?;
        if key.id.to_string() == id { Ok(key) } else { Err(KeyRingError::WrongKeyId(entry)) }
    }
}

/// One or more master keys. The first seals; all open.
pub struct KeyRing {
    current: MasterKey,
    older: Vec<MasterKey>,
}

impl KeyRing {
    /// A ring of one fresh key.
    ///
    /// # Panics
    ///
    /// As [`crate::random_bytes`].
    pub fn generate() -> Result<Self, KeyRingError> {
        let mut bytes = vec![0; KEY_BYTES];
        fill(&mut bytes);
        Ok(Self { current: MasterKey::new(Secret::new(bytes), 1)?, older: Vec::new() })
    }

    /// Reads lines, or entries separated by commas. Blank ones do not count.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let entries = text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        let mut keys: Vec<MasterKey> = Vec::new();
        for (index, entry) in entries.enumerate() {
            let key = MasterKey::parse(entry, index + 1)?;
            if keys.iter().any(|earlier| earlier.id == key.id) {
                return Err(KeyRingError::Duplicate(index + 1));
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or(KeyRingError::Empty)?;
        Ok(Self { current, older: keys.collect() })
    }

    /// This ring with a fresh key in front: what is sealed stays openable, and new seals use the new key.
    ///
    /// # Panics
    ///
    /// As [`crate::random_bytes`].
    pub fn with_new_key(self) -> Result<Self, KeyRingError> {
        let mut ring = Self::generate()?;
        ring.older.push(self.current);
        ring.older.extend(self.older);
        Ok(ring)
    }

    /// The text that [`Self::parse`] reads, one key a line.
    pub fn to_text(&self) -> Secret {
        let mut text = String::with_capacity(64 * (1 + self.older.len()));
        for key in self.keys() {
            text.push_str(PREFIX);
            text.push(':');
            text.push_str(&key.id.to_string());
            text.push(':');
            base64url::encode_onto(key.bytes.expose(), &mut text);
            text.push('\n');
        }
        Secret::new(text.into_bytes())
    }

    /// The name of the key that seals.
    pub const fn current(&self) -> KeyId {
        self.current.id
    }

    /// The names of all keys, the current one first.
    pub fn key_ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys().map(|key| key.id)
    }

    pub(crate) const fn current_key(&self) -> &MasterKey {
        &self.current
    }

    pub(crate) fn find(&self, id: KeyId) -> Option<&MasterKey> {
        self.keys().find(|key| key.id == id)
    }

    fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.current).chain(&self.older)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.key_ids().collect::<Vec<_>>()).finish()
    }
}

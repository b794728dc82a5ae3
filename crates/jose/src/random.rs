//! Random bytes and random text from the operating system's seeded generator (AWS-LC's).
//!
//! Leaves out ids, whose first characters are time.

use aws_lc_rs::rand;

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `N` random bytes.
///
/// # Panics
///
/// Never in practice: AWS-LC ends the process itself when it has no entropy.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// `length` random characters of `[A-Za-z0-9_-]`, six bits each: client secrets, codes, refresh tokens.
///
/// # Panics
///
/// As [`random_bytes`].
pub fn random_token(length: usize) -> String {
    from_alphabet(BASE64URL, length)
}

/// `length` random characters of `[0-9A-Za-z]`, each equally likely.
///
/// # Panics
///
/// As [`random_bytes`].
pub fn random_base62(length: usize) -> String {
    from_alphabet(BASE62, length)
}

pub(crate) fn fill(bytes: &mut [u8]) {
    rand::fill(bytes).expect("the operating system gives randomness");
}

/// Takes six random bits at a time and drops those that the alphabet has no character for, so none is favoured.
fn from_alphabet(alphabet: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        fill(&mut bytes);
        let characters = bytes.iter().filter_map(|byte| alphabet.get(usize::from(byte & 63)));
        let missing = length - text.len();
        text.extend(characters.take(missing).map(|character| char::from(*character)));
    }
    text
}

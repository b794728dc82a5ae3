//! Base64url without padding (RFC 7515 section 2), the only text form of bytes in JOSE.
//!
//! Strict both ways: padding, blanks, the other alphabet and loose trailing bits are all refused, so that every byte
//! string has exactly one text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Encodes `bytes`.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Encodes `bytes` onto the end of `out`.
pub fn encode_onto(bytes: &[u8], out: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, out);
}

/// Decodes `text`; nothing if it is not the one text of some bytes.
pub fn decode(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// How many characters `bytes` bytes become.
pub(crate) const fn encoded_length(bytes: usize) -> usize {
    bytes.saturating_mul(4).div_ceil(3)
}

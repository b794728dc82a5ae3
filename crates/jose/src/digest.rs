//! SHA-256 of bytes that come piece by piece. Leaves out the digest of bytes that are all there (`mac`).

use aws_lc_rs::digest::{Context, SHA256};

/// A digest that is not finished.
#[derive(Clone)]
pub struct Sha256(Context);

impl Sha256 {
    /// Of nothing yet.
    #[expect(clippy::new_without_default, reason = "a digest is begun, not defaulted")]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Goes on with `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn finish(self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        let mut digest = Sha256::new();
        for piece in [&b"one "[..], b"", b"two"] {
            digest.update(piece);
        }
        assert_eq!(digest.finish(), crate::sha256(b"one two"));
    }
}

//! Private keys: made, read, written and used here, and seen nowhere else.
//!
//! A key is parsed and fully checked once; signing never parses. Leaves out where keys are kept (sealed, in `store`)
//! and when they rotate.

use crate::algorithm::{Algorithm, Curve, KeyType};
use crate::base64url;
use crate::der;
use crate::jwk::{JwkError, Material, PublicJwk, rsa_material};
use crate::public_key::PublicKey;
use crate::secret::Secret;
use crate::sign::SignError;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use std::fmt;

/// The longest signature: RSA with 4,096 bits.
pub(crate) const MAX_SIGNATURE_BYTES: usize = 512;
pub(crate) type SignatureBuffer = [u8; MAX_SIGNATURE_BYTES];
/// An RSA key of 4,096 bits has some 2,400 bytes.
const MAX_PKCS8_BYTES: usize = 4096;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Generation failed.
    #[error("the {0} key could not be generated")]
    Generation(Algorithm),
    /// The bytes are not a whole and consistent private key for this algorithm.
    #[error("the bytes are not a private key for {0}")]
    NotAKey(Algorithm),
    /// A private key, but one that we do not sign with.
    #[error("the private key is refused: {0}")]
    Refused(#[from] JwkError),
    /// The key cannot be written out.
    #[error("the private key cannot be written as PKCS #8")]
    NotWritable,
}

enum Pair {
    Rsa(rsa::KeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// What a token says it is (RFC 7515 section 4.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Nothing: Okta's tokens carry no `typ`.
    Unsaid,
    /// An access token, `at+jwt` (RFC 9068 section 2.1).
    AccessToken,
}

/// A private key bound to one algorithm, with its public half, its name and its token headers ready.
pub struct SigningKey {
    pair: Pair,
    algorithm: Algorithm,
    public: PublicJwk,
    kid: String,
    header: String,
    access_token_header: String,
}

impl SigningKey {
    /// Makes a key; RSA with 2,048 bits as Okta's. RSA takes some 60 ms: not on an async worker.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let pair = match algorithm.key_type() {
            KeyType::Rsa => rsa::KeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
            KeyType::Ec(curve) => EcdsaKeyPair::generate(curve.signing()).map(Pair::Ec),
            KeyType::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
        };
        Self::new(algorithm, pair.map_err(|_| KeyError::Generation(algorithm))?)
    }

    /// Reads a key from PKCS #8 (RFC 5958) and checks it fully. PKCS #8 does not say what the key signs with, so the
    /// algorithm is kept beside it.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        if pkcs8.len() > MAX_PKCS8_BYTES || !der::is_one_sequence(pkcs8) {
            return Err(KeyError::NotAKey(algorithm));
        }
        let pair = match algorithm.key_type() {
            KeyType::Rsa => rsa::KeyPair::from_pkcs8(pkcs8).map(Pair::Rsa),
            KeyType::Ec(curve) => EcdsaKeyPair::from_pkcs8(curve.signing(), pkcs8).map(Pair::Ec),
            KeyType::Ed25519 => Ed25519KeyPair::from_pkcs8(pkcs8).map(Pair::Ed25519),
        };
        Self::new(algorithm, pair.map_err(|_| KeyError::NotAKey(algorithm))?)
    }

    fn new(algorithm: Algorithm, pair: Pair) -> Result<Self, KeyError> {
        let material = public_material(algorithm, &pair)?;
        let public = PublicJwk::of_signing_key(algorithm, material);
        let kid = public.thumbprint();
        let header = base64url::encode(format!(r#"{{"kid":"{kid}","alg":"{algorithm}"}}"#));
        let access_token_header =
            base64url::encode(format!(r#"{{"kid":"{kid}","alg":"{algorithm}","typ":"at+jwt"}}"#));
        Ok(Self { pair, algorithm, public, kid, header, access_token_header })
    }

    /// The same key bound to another algorithm of its type: an RSA key that was made for RS256 may sign PS256 instead.
    pub fn bound_to(self, algorithm: Algorithm) -> Result<Self, KeyError> {
        if algorithm.key_type() == self.algorithm.key_type() {
            Self::new(algorithm, self.pair)
        } else {
            Err(KeyError::NotAKey(algorithm))
        }
    }

    /// The private key as PKCS #8 (RFC 5958), to be sealed.
    pub fn to_pkcs8(&self) -> Result<Secret, KeyError> {
        let secret = match &self.pair {
            Pair::Rsa(pair) => {
                AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|document| Secret::from(document.as_ref()))
            }
            Pair::Ec(pair) => pair.to_pkcs8v1().map(|document| Secret::from(document.as_ref())),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|document| Secret::from(document.as_ref())),
        };
        secret.map_err(|_| KeyError::NotWritable)
    }

    /// What the key signs with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's name: the RFC 7638 thumbprint of its public half, 43 characters.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half, with `kid`, `alg` and `use`.
    pub const fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// The public half, ready to verify.
    pub fn public_key(&self) -> Result<PublicKey, JwkError> {
        PublicKey::new(&self.public)
    }

    /// `{"kid":…,"alg":…}` and perhaps `typ` in base64url, as it stands at the front of every token.
    pub(crate) fn encoded_header(&self, token_type: TokenType) -> &str {
        match token_type {
            TokenType::Unsaid => &self.header,
            TokenType::AccessToken => &self.access_token_header,
        }
    }

    fn signature_bytes(&self) -> usize {
        match self.public.material() {
            Material::Rsa { n, .. } => n.len(),
            Material::Ec { curve, .. } => 2 * curve.coordinate_bytes(),
            Material::Ed25519 { .. } => 64,
        }
    }

    /// Writes the signature of `message` into the front of `signature` and returns that part.
    pub(crate) fn sign<'s>(
        &self,
        message: &[u8],
        signature: &'s mut SignatureBuffer,
    ) -> Result<&'s [u8], SignError> {
        let signature = &mut signature[..self.signature_bytes()];
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding = self.algorithm.rsa_encoding().ok_or(SignError::Failed)?;
                pair.sign(encoding, &random, message, signature).map_err(|_| SignError::Failed)?;
            }
            Pair::Ec(pair) => {
                copy(pair.sign(&random, message).map_err(|_| SignError::Failed)?.as_ref(), signature)?;
            }
            Pair::Ed25519(pair) => {
                copy(pair.try_sign(message).map_err(|_| SignError::Failed)?.as_ref(), signature)?;
            }
        }
        Ok(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("SigningKey");
        debug.field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> Result<(), SignError> {
    if from.len() != to.len() {
        return Err(SignError::Failed);
    }
    to.copy_from_slice(from);
    Ok(())
}

fn public_material(algorithm: Algorithm, pair: &Pair) -> Result<Material, KeyError> {
    match (pair, algorithm.key_type()) {
        (Pair::Rsa(pair), _) => {
            let der = pair.public_key().as_ref();
            let (n, e) = der::rsa_public_key(der).ok_or(KeyError::NotAKey(algorithm))?;
            Ok(rsa_material(n, e)?)
        }
        (Pair::Ec(pair), KeyType::Ec(curve)) => {
            point(curve, pair.public_key().as_ref()).ok_or(KeyError::NotAKey(algorithm))
        }
        (Pair::Ed25519(pair), _) => Ok(Material::Ed25519 { x: pair.public_key().as_ref().to_vec() }),
        (Pair::Ec(_), _) => Err(KeyError::NotAKey(algorithm)),
    }
}

/// Takes an uncompressed point (SEC 1 section 2.3.3) apart.
fn point(curve: Curve, uncompressed: &[u8]) -> Option<Material> {
    let (&4, coordinates) = uncompressed.split_first()? else { return None };
    let (x, y) = coordinates.split_at_checked(curve.coordinate_bytes())?;
    Some(Material::Ec { curve, x: x.to_vec(), y: y.to_vec() })
}

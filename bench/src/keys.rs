//! The keys of the floor and of the clients that sign assertions: made, then used. Nothing of the product's own code is in
//! it, so that a fault there cannot make the floor look dear.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Where the modulus of 2,048 bits lies in the encoding of a public key with the exponent 65537.
const MODULUS: std::ops::Range<usize> = 9..265;

enum Private {
    Rs256(Box<RsaKeyPair>),
    Es256(EcdsaKeyPair),
}

/// A private key.
pub struct Signer {
    key: Private,
    random: SystemRandom,
}

impl Signer {
    /// A new key, parsed once from its encoding, as a key that comes out of a database is.
    pub fn generate(algorithm: &str) -> Result<Self, String> {
        let key = match algorithm {
            "RS256" => {
                let made = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| "no key could be made")?;
                let encoded = AsDer::<Pkcs8V1Der<'_>>::as_der(&made).map_err(|_| "no key encoding")?;
                let key = RsaKeyPair::from_pkcs8(encoded.as_ref()).map_err(|error| error.to_string())?;
                Private::Rs256(Box::new(key))
            }
            "ES256" => {
                let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let made = EcdsaKeyPair::generate(kind).map_err(|_| "no key could be made")?;
                let encoded = made.to_pkcs8v1().map_err(|_| "no key encoding")?;
                let key =
                    EcdsaKeyPair::from_pkcs8(kind, encoded.as_ref()).map_err(|error| error.to_string())?;
                Private::Es256(key)
            }
            other => return Err(format!("no algorithm `{other}`: RS256 or ES256")),
        };
        Ok(Self { key, random: SystemRandom::new() })
    }

    /// The signature of `message`.
    pub fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Private::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).ok()?;
                Some(signature)
            }
            Private::Es256(key) => Some(key.sign(&self.random, message).ok()?.as_ref().to_vec()),
        }
    }

    /// A compact JWS.
    pub fn compact(&self, header: &str, payload: &str) -> Option<String> {
        let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Some(token)
    }

    /// What verifies.
    pub fn verifier(&self) -> Result<Verifier, String> {
        let parsed = match &self.key {
            Private::Rs256(key) => ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key()),
            Private::Es256(key) => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key()),
        };
        parsed.map(Verifier).map_err(|error| error.to_string())
    }

    /// The public key as text for an argument.
    pub fn public_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public())
    }

    /// The public key of RS256 with 2,048 bits as a JWK.
    pub fn public_jwk(&self, kid: &str) -> Value {
        let modulus = self.public().get(MODULUS).unwrap_or_default();
        let modulus = URL_SAFE_NO_PAD.encode(modulus);
        json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": modulus, "e": "AQAB" })
    }

    fn public(&self) -> &[u8] {
        match &self.key {
            Private::Rs256(key) => key.public_key().as_ref(),
            Private::Es256(key) => key.public_key().as_ref(),
        }
    }
}

/// A public key, parsed once.
pub struct Verifier(ParsedPublicKey);

impl Verifier {
    /// The key of `Signer::public_text`, for RS256.
    pub fn rs256_from_text(text: &str) -> Result<Self, String> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| format!("`{text}` is no public key"))?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &bytes);
        key.map(Self).map_err(|error| error.to_string())
    }

    /// What a compact JWS says, if the signature is this key's.
    pub fn claims(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.0.verify_sig(signed.as_bytes(), &signature).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(signed.split_once('.')?.1).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_as_text_and_as_jwk_is_the_same_key() {
        let signer = Signer::generate("RS256").unwrap();
        let token = signer.compact(r#"{"alg":"RS256"}"#, r#"{"a":1}"#).unwrap();
        let verifier = Verifier::rs256_from_text(&signer.public_text()).unwrap();
        assert_eq!(verifier.claims(&token), Some(json!({ "a": 1 })));
        let modulus = URL_SAFE_NO_PAD.decode(signer.public_jwk("k")["n"].as_str().unwrap()).unwrap();
        assert_eq!(modulus.len(), 256);
        assert!(modulus[0] >= 128, "the first bit of a modulus is set");
        assert_eq!(signer.public()[MODULUS.end..], [2, 3, 1, 0, 1]);
    }
}

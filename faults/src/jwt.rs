//! As much of JWT as a client and a resource server need: a key pair that signs assertions, and the judging of a token by
//! a published key set. Nothing of the program under test is used, so that its mistakes are not repeated here.

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use bench::clock;
use serde_json::{Value, json};

/// What a token says of itself.
#[derive(Debug, Clone)]
pub struct Token {
    /// The whole text.
    pub text: String,
    /// Its id.
    pub jti: String,
    /// The key that signed it.
    pub kid: String,
}

impl Token {
    /// Reads a token without judging it.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut part = || serde_json::from_slice::<Value>(&BASE64.decode(parts.next()?).ok()?).ok();
        let (header, claims) = (part()?, part()?);
        Some(Self {
            text: text.to_owned(),
            jti: claims["jti"].as_str()?.to_owned(),
            kid: header["kid"].as_str()?.to_owned(),
        })
    }

    /// Whether one of `keys` signed it.
    pub fn is_signed_by(&self, keys: &KeySet) -> bool {
        let Some(key) = keys.0.get(&self.kid) else { return false };
        let Some((message, signature)) = self.text.rsplit_once('.') else { return false };
        let Ok(signature) = BASE64.decode(signature) else { return false };
        let key = RsaPublicKeyComponents { n: &key.0, e: &key.1 };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).is_ok()
    }
}

/// Modulus and exponent.
type RsaKey = (Vec<u8>, Vec<u8>);

/// A published key set: the keys by their `kid`.
#[derive(Debug, Clone, Default)]
pub struct KeySet(BTreeMap<String, RsaKey>);

impl KeySet {
    /// Reads a JWKS.
    pub fn read(document: &Value) -> Self {
        let keys = document["keys"].as_array().into_iter().flatten();
        let of = |key: &Value| {
            let part = |name: &str| BASE64.decode(key[name].as_str()?).ok();
            Some((key["kid"].as_str()?.to_owned(), (part("n")?, part("e")?)))
        };
        Self(keys.filter_map(of).collect())
    }

    /// The keys' names.
    pub fn kids(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// A client's key pair (ES256).
#[derive(Debug)]
pub struct ClientKey {
    pair: EcdsaKeyPair,
    kid: String,
}

impl ClientKey {
    /// Makes one.
    pub fn generate(kid: &str) -> Result<Self, String> {
        let failed = |_| "no key pair can be made".to_owned();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
        Ok(Self { pair, kid: kid.to_owned() })
    }

    /// The public half as a JWK.
    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at((point.len() - 1) / 2);
        let (x, y) = (BASE64.encode(x), BASE64.encode(y));
        json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid, "x": x, "y": y})
    }

    /// An assertion of `client` for the endpoint `audience`.
    pub fn assertion(&self, client: &str, audience: &str, jti: &str) -> Result<String, String> {
        let now = clock::unix_seconds();
        let header = json!({"alg": "ES256", "kid": self.kid});
        let claims = json!({
            "iss": client, "sub": client, "aud": audience, "iat": now, "exp": now + 300, "jti": jti,
        });
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signed = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signed.map_err(|_| "an assertion cannot be signed".to_owned())?;
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }
}

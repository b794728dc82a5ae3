//! No bytes, however odd, make a parser panic; what is made reads back.

use jose::json::parse_object;
use jose::{
    Algorithm, HmacAlgorithm, JwkSet, KeyRing, KeyUse, PublicJwk, SigningKey, VerifyError, base64url,
    read_header, sealed_under, sign_hmac, verify_compact, verify_hmac,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: [&str; 14] =
    ["kty", "crv", "n", "e", "x", "y", "d", "use", "alg", "kid", "status", "keys", "crit", "typ"];
const TEXTS: [&str; 12] =
    ["RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "sig", "enc", "RS256", "ES256", "none", "AQAB"];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(&TEXTS[..]).prop_map(str::to_owned),
        vec(any::<u8>(), 0..600).prop_map(base64url::encode),
        vec(any::<u8>(), 32).prop_map(base64url::encode),
        any::<String>(),
    ]
}

/// JSON that looks as if it meant to be a key, a key set or a header.
fn json_like() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 8, |inner| {
        let name = prop_oneof![
            8 => proptest::sample::select(&NAMES[..]).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(name, inner, 0..8).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn try_everything(bytes: &[u8]) {
    let _ = parse_object(bytes);
    let _ = base64url::decode(bytes);
    let _ = JwkSet::fetched(bytes, KeyUse::Signature);
    let _ = serde_json::from_slice::<PublicJwk>(bytes);
    let _ = sealed_under(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        let _ = read_header(text);
        let _ = verify_compact(text, &Algorithm::ALL, |_| None);
        let _ = verify_hmac(text, &HmacAlgorithm::ALL, &[1; 32]);
        let _ = KeyRing::parse(text);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..2000)) {
        try_everything(&bytes);
        let ring = KeyRing::generate().unwrap();
        prop_assert!(ring.open(&bytes, b"").is_err());
        prop_assert!(ring.open(&[&[1], &bytes[..]].concat(), b"").is_err());
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            prop_assert!(SigningKey::from_pkcs8(algorithm, &bytes).is_err());
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        try_everything(text.as_bytes());
        try_everything(format!("tmk1:{text}:{text}").as_bytes());
        try_everything(format!("{text}.{text}.{text}").as_bytes());
    }

    #[test]
    fn no_json_panics(value in json_like()) {
        try_everything(value.to_string().as_bytes());
        try_everything(json!({ "keys": [value, value] }).to_string().as_bytes());
        let part = base64url::encode(value.to_string());
        try_everything(format!("{part}.{part}.{part}").as_bytes());
        if let Some(members) = value.as_object() {
            let _ = PublicJwk::parse(members, KeyUse::Signature);
            let _ = PublicJwk::parse(members, KeyUse::Encryption);
            let _ = JwkSet::registered(members, KeyUse::Signature);
        }
    }

    #[test]
    fn a_key_that_is_taken_reads_back_the_same(value in json_like()) {
        if let Some(Ok(jwk)) = value.as_object().map(|members| PublicJwk::parse(members, KeyUse::Signature)) {
            let again: PublicJwk = serde_json::from_str(&serde_json::to_string(&jwk).unwrap()).unwrap();
            prop_assert_eq!(again, jwk);
        }
    }

    #[test]
    fn strict_json_reads_what_plain_json_reads(value in json_like()) {
        let text = value.to_string();
        let plain: Value = serde_json::from_str(&text).unwrap();
        match (parse_object(text.as_bytes()), plain) {
            (Ok(members), Value::Object(plain)) => prop_assert_eq!(members, plain),
            (Ok(_), _) | (Err(_), Value::Object(_)) => prop_assert!(false, "{}", text),
            (Err(_), _) => {}
        }
    }

    #[test]
    fn sealed_secrets_open(plaintext in vec(any::<u8>(), 0..500), aad in vec(any::<u8>(), 0..100)) {
        let ring = KeyRing::generate().unwrap();
        let sealed = ring.seal(&plaintext, &aad).unwrap();
        let opened = ring.open(&sealed, &aad).unwrap();
        prop_assert_eq!(opened.expose(), plaintext.as_slice());
    }

    #[test]
    fn hmac_tokens_verify(secret in vec(any::<u8>(), 0..80), payload in vec(any::<u8>(), 0..500)) {
        let mut token = String::new();
        sign_hmac(HmacAlgorithm::Hs256, &secret, &payload, &mut token).unwrap();
        match verify_hmac(&token, &HmacAlgorithm::ALL, &secret) {
            Ok(verified) => prop_assert_eq!(verified.payload, payload),
            Err(error) => {
                prop_assert_eq!(error, VerifyError::SecretTooShort);
                prop_assert!(secret.len() < 32);
            }
        }
    }
}

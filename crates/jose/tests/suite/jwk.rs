//! Which public keys of strangers are taken.

use crate::{object, rsa_key};
use jose::{
    Algorithm, Curve, JwkError, JwkSet, JwkSetError, KeyStatus, KeyType, KeyUse, Material, PublicJwk,
    PublicKey, SigningKey, base64url,
};
use serde_json::{Value, json};

const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

fn parse(key: &Value) -> Result<PublicJwk, JwkError> {
    PublicJwk::parse(key.as_object().unwrap(), KeyUse::Signature)
}

fn rsa() -> Value {
    let Material::Rsa { n, .. } = rsa_key().public().material() else { panic!("not RSA") };
    json!({"kty": "RSA", "n": base64url::encode(n), "e": "AQAB"})
}

fn ec() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y})
}

fn with(mut key: Value, member: &str, value: impl Into<Value>) -> Value {
    key[member] = value.into();
    key
}

fn without(mut key: Value, member: &str) -> Value {
    key.as_object_mut().unwrap().shift_remove(member);
    key
}

/// An odd number of `bits` bits.
fn modulus(bits: usize) -> String {
    let mut bytes = vec![0xff; bits.div_ceil(8)];
    bytes[0] >>= (8 - bits % 8) % 8;
    base64url::encode(bytes)
}

#[test]
fn kid_alg_use_and_status_are_read_and_the_rest_is_dropped() {
    let mut key = rsa();
    for (member, value) in
        [("kid", "k1"), ("alg", "PS512"), ("use", "sig"), ("status", "INACTIVE"), ("x5t", "abc")]
    {
        key = with(key, member, value);
    }
    let jwk = parse(&key).unwrap();
    assert_eq!(jwk.kid(), Some("k1"));
    assert_eq!(jwk.algorithm(), Some(Algorithm::Ps512));
    assert_eq!(jwk.key_use(), Some(KeyUse::Signature));
    assert_eq!(jwk.status(), Some(KeyStatus::Inactive));
    assert_eq!(serde_json::to_value(&jwk).unwrap(), without(key, "x5t"));
}

#[test]
fn a_key_without_alg_verifies_with_all_algorithms_of_its_type() {
    let public = PublicKey::new(&parse(&rsa()).unwrap()).unwrap();
    for algorithm in Algorithm::ALL {
        assert_eq!(public.serves(algorithm), algorithm.key_type() == KeyType::Rsa);
    }
    let public = PublicKey::new(&parse(&ec()).unwrap()).unwrap();
    assert!(public.serves(Algorithm::Es256) && !public.serves(Algorithm::Es384));
}

#[test]
fn private_members_are_refused() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        assert_eq!(parse(&with(rsa(), member, "AQAB")).unwrap_err(), JwkError::PrivateMember(member));
        assert_eq!(parse(&with(ec(), member, Value::Null)).unwrap_err(), JwkError::PrivateMember(member));
    }
}

#[test]
fn symmetric_and_unknown_keys_are_refused() {
    assert_eq!(parse(&json!({"kty": "oct", "k": "AAAA"})).unwrap_err(), JwkError::Symmetric);
    assert_eq!(parse(&json!({"kty": "oct"})).unwrap_err(), JwkError::Symmetric);
    assert_eq!(parse(&json!({"kty": "rsa"})).unwrap_err(), JwkError::UnknownKeyType("rsa".into()));
    assert_eq!(parse(&json!({"kty": 1})).unwrap_err(), JwkError::NotText("kty"));
    assert_eq!(parse(&json!({})).unwrap_err(), JwkError::Missing("kty"));
    assert_eq!(
        parse(&with(ec(), "crv", "secp256k1")).unwrap_err(),
        JwkError::UnknownCurve("secp256k1".into())
    );
    assert_eq!(
        parse(&json!({"kty": "OKP", "crv": "X25519", "x": X})).unwrap_err(),
        JwkError::UnknownCurve("X25519".into())
    );
}

#[test]
fn rsa_keys_have_2048_to_4096_bits() {
    for (bits, refusal) in [
        (1024, Some(JwkError::RsaTooSmall(1024))),
        (2047, Some(JwkError::RsaTooSmall(2047))),
        (2048, None),
        (3072, None),
        (4096, None),
        (4097, Some(JwkError::RsaTooLarge)),
        (8192, Some(JwkError::RsaTooLarge)),
        (16384, Some(JwkError::RsaTooLarge)),
        (8_000_000, Some(JwkError::RsaTooLarge)),
    ] {
        assert_eq!(parse(&with(rsa(), "n", modulus(bits))).err(), refusal, "{bits} bits");
    }
    assert_eq!(parse(&with(rsa(), "n", "")).unwrap_err(), JwkError::RsaTooSmall(0));
}

#[test]
fn a_leading_zero_of_a_modulus_does_not_make_another_key() {
    let Material::Rsa { n, .. } = rsa_key().public().material() else { panic!("not RSA") };
    let padded = [[0].as_slice(), n].concat();
    let jwk = parse(&with(rsa(), "n", base64url::encode(padded))).unwrap();
    assert_eq!(jwk.thumbprint(), rsa_key().kid());
}

#[test]
fn an_even_modulus_and_absurd_exponents_are_refused() {
    let mut even = vec![0xff; 256];
    even[255] = 0xfe;
    assert_eq!(parse(&with(rsa(), "n", base64url::encode(even))).unwrap_err(), JwkError::EvenModulus);
    let exponents: [(&[u8], bool); 9] = [
        (&[], false),
        (&[0], false),
        (&[1], false),
        (&[2], false),
        (&[3], true),
        (&[1, 0, 0], false),
        (&[1, 0, 1], true),
        (&[0xff; 4], true),
        (&[1, 0, 0, 0, 1], false),
    ];
    for (exponent, taken) in exponents {
        let result = parse(&with(rsa(), "e", base64url::encode(exponent)));
        assert_eq!(result.err(), (!taken).then_some(JwkError::BadExponent), "{exponent:?}");
    }
    let huge = base64url::encode([0xff; 4096]);
    assert_eq!(parse(&with(rsa(), "e", huge)).unwrap_err(), JwkError::BadExponent);
}

#[test]
fn base64_of_another_kind_is_refused() {
    for n in ["+/+/", "AQAB=", "AQ AB", "AQABx", "\u{e9}"] {
        assert_eq!(parse(&with(rsa(), "n", n)).unwrap_err(), JwkError::BadBase64("n"), "{n}");
    }
    assert_eq!(parse(&with(rsa(), "e", "AQ==")).unwrap_err(), JwkError::BadBase64("e"));
    assert_eq!(parse(&with(ec(), "y", "*")).unwrap_err(), JwkError::BadBase64("y"));
    assert_eq!(parse(&with(rsa(), "n", 5)).unwrap_err(), JwkError::NotText("n"));
    assert_eq!(parse(&without(rsa(), "e")).unwrap_err(), JwkError::Missing("e"));
}

#[test]
fn a_point_must_be_on_its_curve() {
    assert!(matches!(parse(&ec()).unwrap().material(), Material::Ec { curve: Curve::P256, .. }));
    assert_eq!(parse(&with(ec(), "y", X)).unwrap_err(), JwkError::NotOnCurve("P-256"));
    let zero = base64url::encode([0; 32]);
    let origin = with(with(ec(), "x", zero.as_str()), "y", zero.as_str());
    assert_eq!(parse(&origin).unwrap_err(), JwkError::NotOnCurve("P-256"));
    assert_eq!(
        parse(&with(ec(), "crv", "P-384")).unwrap_err(),
        JwkError::WrongLength { member: "x", bytes: 48 }
    );
    assert_eq!(
        parse(&with(ec(), "x", "AQAB")).unwrap_err(),
        JwkError::WrongLength { member: "x", bytes: 32 }
    );
    let long = "A".repeat(100_000);
    assert_eq!(parse(&with(ec(), "x", long)).unwrap_err(), JwkError::WrongLength { member: "x", bytes: 32 });
}

#[test]
fn alg_must_go_with_the_key() {
    let mismatch =
        |algorithm: &str, key_type| JwkError::AlgorithmMismatch { algorithm: algorithm.to_owned(), key_type };
    assert_eq!(parse(&with(rsa(), "alg", "ES256")).unwrap_err(), mismatch("ES256", KeyType::Rsa));
    assert_eq!(parse(&with(ec(), "alg", "ES384")).unwrap_err(), mismatch("ES384", KeyType::Ec(Curve::P256)));
    for unknown in ["HS256", "none", "rs256", "RSA-OAEP-256"] {
        assert_eq!(
            parse(&with(rsa(), "alg", unknown)).unwrap_err(),
            JwkError::UnknownAlgorithm(unknown.to_owned())
        );
    }
}

#[test]
fn use_must_be_the_one_needed() {
    let refused = parse(&with(rsa(), "use", "enc")).unwrap_err();
    assert_eq!(refused, JwkError::WrongUse { given: "enc".into(), expected: KeyUse::Signature });
    let encryption = |key: &Value| PublicJwk::parse(key.as_object().unwrap(), KeyUse::Encryption);
    let key = with(with(rsa(), "use", "enc"), "alg", "RSA-OAEP-256");
    let taken = encryption(&key).unwrap();
    assert_eq!((taken.key_use(), taken.algorithm()), (Some(KeyUse::Encryption), None));
    assert!(matches!(PublicKey::new(&taken).unwrap_err(), JwkError::WrongUse { .. }));
    assert!(matches!(encryption(&with(rsa(), "use", "sig")).unwrap_err(), JwkError::WrongUse { .. }));
    assert!(matches!(
        encryption(&with(rsa(), "alg", "RS256")).unwrap_err(),
        JwkError::AlgorithmMismatch { .. }
    ));
    assert!(matches!(encryption(&ec()).unwrap_err(), JwkError::NotForEncryption(_)));
}

#[test]
fn odd_names_and_statuses_are_refused() {
    assert_eq!(parse(&with(rsa(), "kid", "")).unwrap_err(), JwkError::BadKid);
    assert_eq!(parse(&with(rsa(), "kid", "k".repeat(256))).unwrap_err(), JwkError::BadKid);
    assert_eq!(parse(&with(rsa(), "kid", 7)).unwrap_err(), JwkError::NotText("kid"));
    assert_eq!(
        parse(&with(rsa(), "status", "active")).unwrap_err(),
        JwkError::UnknownStatus("active".into())
    );
}

#[test]
fn a_member_given_twice_is_refused() {
    let json = format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{Y}","y":"{Y}"}}"#);
    let error = serde_json::from_str::<PublicJwk>(&json).unwrap_err().to_string();
    assert!(error.contains("the member `y` comes twice"), "{error}");
}

fn set(keys: &[Value]) -> Value {
    json!({ "keys": keys })
}

#[test]
fn a_set_has_at_most_fifty_keys_with_unique_names() {
    let named = |number: usize| with(ec(), "kid", format!("k{number}"));
    let register = |keys: &[Value]| JwkSet::registered(set(keys).as_object().unwrap(), KeyUse::Signature);
    let fifty: Vec<_> = (0..50).map(named).collect();
    let registered = register(&fifty).unwrap();
    assert_eq!(registered.keys().len(), 50);
    assert_eq!(registered.find(Some("k7")).unwrap().kid(), Some("k7"));
    assert!(registered.find(None).is_none() && registered.find(Some("k50")).is_none());
    let fifty_one: Vec<_> = (0..51).map(named).collect();
    assert_eq!(register(&fifty_one).unwrap_err(), JwkSetError::TooManyKeys);
    assert_eq!(
        register(&[named(1), named(2), named(1)]).unwrap_err(),
        JwkSetError::DuplicateKid("k1".into())
    );
    assert_eq!(register(&[named(1), ec()]).unwrap_err(), JwkSetError::MissingKid);
    assert!(register(&[ec()]).unwrap().find(None).is_some());
    assert_eq!(
        JwkSet::registered(&object(r#"{"keys":{}}"#), KeyUse::Signature).unwrap_err(),
        JwkSetError::NoKeysMember
    );
}

#[test]
fn a_registered_set_names_the_key_that_is_refused() {
    let keys = set(&[with(ec(), "kid", "good"), with(rsa(), "n", modulus(1024))]);
    let refused = JwkSet::registered(keys.as_object().unwrap(), KeyUse::Signature).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "key 1 of the set is refused: the RSA key has 1024 bits, but must have at least 2048"
    );
}

#[test]
fn a_fetched_set_passes_over_keys_that_are_not_for_us() {
    let fetch = |keys: &[Value]| JwkSet::fetched(set(keys).to_string().as_bytes(), KeyUse::Signature);
    let unknown = json!({"kty": "AKP", "alg": "ML-DSA-44", "kid": "pq"});
    let encryption = with(with(rsa(), "use", "enc"), "kid", "enc");
    let fetched = fetch(&[unknown.clone(), encryption, with(ec(), "kid", "sig"), json!(7)]).unwrap();
    assert_eq!(fetched.keys().len(), 1);
    assert_eq!(fetch(&[unknown]).unwrap_err(), JwkSetError::NoUsableKey);
    assert_eq!(fetch(&[]).unwrap_err(), JwkSetError::NoUsableKey);
    assert!(matches!(
        fetch(&[ec(), with(ec(), "d", X)]).unwrap_err(),
        JwkSetError::Key { index: 1, error: JwkError::PrivateMember("d") }
    ));
    assert_eq!(JwkSet::fetched(&vec![b' '; 300_000], KeyUse::Signature).unwrap_err(), JwkSetError::TooLong);
}

#[test]
fn a_published_set_is_an_object_with_keys() {
    let keys = [Algorithm::Es256, Algorithm::EdDsa].map(|algorithm| SigningKey::generate(algorithm).unwrap());
    let set = JwkSet::new(keys.iter().map(|key| key.public().clone()).collect()).unwrap();
    let json = serde_json::to_string(&set).unwrap();
    assert!(json.starts_with(r#"{"keys":[{"alg":"ES256","crv":"P-256","kid":""#), "{json}");
    assert_eq!(JwkSet::fetched(json.as_bytes(), KeyUse::Signature).unwrap(), set);
    let status = keys[0].public().clone().with_status(Some(KeyStatus::Next)).with_kid("n1".into());
    let json = serde_json::to_string(&status).unwrap();
    assert!(json.starts_with(r#"{"status":"NEXT","alg":"ES256","#) && json.contains(r#""kid":"n1""#));
}

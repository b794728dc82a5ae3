//! Public keys and sets of them. A key that is taken is public, of a size that can be worked with, and reads back the
//! same; a set has few keys, told apart by name; private material never passes.

use std::collections::BTreeSet;

use jose::json::{Members, parse_object};
use jose::{JwkSet, KeyUse, MAX_KEYS, Material, PublicJwk, PublicKey};
use serde_json::Value;
use service::client_keys::ClientKeys;

const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const PURPOSES: [KeyUse; 2] = [KeyUse::Signature, KeyUse::Encryption];

/// A document: a key or a set.
pub fn run(bytes: &[u8]) {
    let _ = serde_json::from_slice::<PublicJwk>(bytes);
    let _ = ClientKeys::fetched(bytes);
    for purpose in PURPOSES {
        if let Ok(fetched) = JwkSet::fetched(bytes, purpose) {
            set(&fetched, purpose);
            assert!(!fetched.keys().is_empty());
        }
    }
    let Ok(members) = parse_object(bytes) else { return };
    for purpose in PURPOSES {
        if let Ok(jwk) = PublicJwk::parse(&members, purpose) {
            assert!(!is_private(&members), "private material was taken");
            key(&jwk, purpose);
        }
        if let Ok(registered) = JwkSet::registered(&members, purpose) {
            let written = members["keys"].as_array().expect("a set that was taken has keys");
            assert_eq!(registered.keys().len(), written.len(), "a key was lost");
            assert!(!written.iter().filter_map(Value::as_object).any(is_private));
            set(&registered, purpose);
        }
    }
}

fn is_private(members: &Members) -> bool {
    PRIVATE.iter().any(|member| members.contains_key(*member))
}

fn set(set: &JwkSet, purpose: KeyUse) {
    assert!(set.keys().len() <= MAX_KEYS);
    let names: BTreeSet<_> = set.keys().iter().map(PublicJwk::kid).collect();
    assert_eq!(names.len(), set.keys().len(), "two keys of one name, or of none");
    for jwk in set.keys() {
        key(jwk, purpose);
        if let Some(kid) = jwk.kid() {
            assert_eq!(set.find(Some(kid)), Some(jwk));
        }
    }
}

fn key(jwk: &PublicJwk, purpose: KeyUse) {
    assert!(jwk.key_use().is_none_or(|key_use| key_use == purpose));
    assert!(jwk.kid().is_none_or(|kid| (1..=255).contains(&kid.len())));
    match jwk.material() {
        Material::Rsa { n, e } => {
            assert!(
                (256..=512).contains(&n.len()) && n[0] != 0 && n.last().is_some_and(|last| last % 2 == 1)
            );
            assert!((1..=4).contains(&e.len()) && e[0] != 0 && e.last().is_some_and(|last| last % 2 == 1));
        }
        Material::Ec { curve, x, y } => {
            assert_eq!((x.len(), y.len()), (curve.coordinate_bytes(), curve.coordinate_bytes()));
        }
        Material::Ed25519 { x } => assert_eq!(x.len(), 32),
        _ => {}
    }
    let shown = serde_json::to_value(jwk).expect("a key can be shown");
    assert!(!shown.as_object().is_some_and(is_private), "private material is shown");
    let again: PublicJwk = serde_json::from_value(shown).expect("what is shown is read");
    assert_eq!((&again, again.thumbprint()), (jwk, jwk.thumbprint()));
    assert_eq!(jwk.thumbprint().len(), 43);
    if let Ok(public) = PublicKey::new(jwk) {
        assert_ne!(jwk.key_use(), Some(KeyUse::Encryption));
        for algorithm in jose::Algorithm::ALL.into_iter().filter(|algorithm| public.serves(*algorithm)) {
            assert_eq!(algorithm.key_type(), jwk.material().key_type());
            assert!(!public.verify(algorithm, b"nobody signed this", &[1; 64]));
        }
    }
}

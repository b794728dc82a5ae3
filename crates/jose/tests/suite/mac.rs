//! Keyed digests and randomness.

use crate::hex;
use jose::{MacKey, constant_time_eq, random_base62, random_bytes, random_token};
use std::collections::HashMap;

#[test]
fn a_mac_verifies_its_message_only() {
    let key = MacKey::generate();
    let mac = key.mac(b"refresh token");
    assert!(key.verify(b"refresh token", &mac));
    assert!(!key.verify(b"refresh tokem", &mac));
    assert!(!key.verify(b"refresh token", &mac[..31]));
    assert!(!key.verify(b"refresh token", b""));
    assert!(!MacKey::generate().verify(b"refresh token", &mac));
    for bit in 0..256 {
        let mut changed = mac;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!key.verify(b"refresh token", &changed));
    }
}

#[test]
fn labels_give_independent_keys_that_stay_the_same() {
    let key = MacKey::from_bytes([9; 32]);
    let again = MacKey::from_slice(key.expose()).unwrap();
    assert_eq!(key.derive("refresh").mac(b"m"), again.derive("refresh").mac(b"m"));
    let macs = [key.mac(b"m"), key.derive("refresh").mac(b"m"), key.derive("code").mac(b"m")];
    assert!(macs[0] != macs[1] && macs[1] != macs[2] && macs[0] != macs[2]);
    assert_ne!(key.derive("a").derive("b").mac(b"m"), key.derive("ab").mac(b"m"));
    assert!(MacKey::from_slice(&[0; 31]).is_none() && MacKey::from_slice(&[0; 33]).is_none());
}

#[test]
fn derived_keys_never_change_between_releases() {
    let hex = hex(MacKey::from_bytes([9; 32]).derive("refresh").expose());
    assert_eq!(hex, "3d9830d39293c287834fd8f1690388b7365168b85c04ea0abd2a2b397d870627");
}

#[test]
fn a_mac_key_prints_nothing() {
    assert_eq!(format!("{:?}", MacKey::generate()), "MacKey(..)");
}

#[test]
fn equality_in_constant_time_is_equality() {
    assert!(constant_time_eq(b"", b"") && constant_time_eq(b"abc", b"abc"));
    assert!(!constant_time_eq(b"abc", b"abd") && !constant_time_eq(b"abc", b"ab"));
}

#[test]
fn random_text_has_its_length_and_alphabet() {
    for length in [0, 1, 17, 43, 64, 65, 1000] {
        let token = random_token(length);
        assert_eq!(token.len(), length);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        let text = random_base62(length);
        assert_eq!(text.len(), length);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
    assert_ne!(random_bytes::<32>(), random_bytes::<32>());
}

#[test]
fn every_character_is_equally_likely() {
    for (text, characters) in [(random_token(640_000), 64), (random_base62(620_000), 62)] {
        let mut counts: HashMap<u8, u32> = HashMap::new();
        text.bytes().for_each(|byte| *counts.entry(byte).or_default() += 1);
        assert_eq!(counts.len(), characters);
        // 10,000 are expected of each, with a standard deviation of 100: seven of them is a fault, not luck.
        assert!(counts.values().all(|count| (9_300..10_700).contains(count)), "{counts:?}");
    }
}

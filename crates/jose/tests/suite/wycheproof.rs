//! Project Wycheproof's vectors: signatures and MACs that are good, and those that a careless library takes.
//!
//! Each signature goes the way of a token's: through a JWK, [`PublicKey`] and its algorithm. The sets of whole tokens
//! and keys as JSON come with no library; what they try stands in `verify` and `jwk`.

use std::fmt::Debug;

use ::wycheproof::TestResult;
use ::wycheproof::{ecdsa, eddsa, mac, rsa_pkcs1_verify as pkcs1, rsa_pss_verify as pss};
use jose::{Algorithm, KeyUse, MacKey, PublicJwk, PublicKey, base64url};
use serde_json::{Value, json};

use crate::object;

/// What no vector is called.
const NO_VECTOR: &str = "none";

/// The key of a set, which must be one that we take.
fn key(jwk: &Value) -> PublicKey {
    let jwk = PublicJwk::parse(&object(&jwk.to_string()), KeyUse::Signature);
    PublicKey::new(&jwk.expect("a good key")).expect("a good key")
}

fn rsa(n: &[u8], e: &[u8]) -> Value {
    json!({"kty": "RSA", "n": base64url::encode(n), "e": base64url::encode(e)})
}

/// What is taken must be what the vector calls valid. How many vectors there were, and how many were valid.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    seen: usize,
    taken: usize,
}

impl Tally {
    fn count(&mut self, taken: bool, expected: bool, vector: &dyn Debug) {
        assert_eq!(taken, expected, "{vector:?}");
        self.seen += 1;
        self.taken += usize::from(taken);
    }
}

#[test]
fn rsa_pkcs1_signatures_are_taken_if_their_padding_is_exactly_right() {
    use Algorithm::{Rs256, Rs384, Rs512};
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (pkcs1::TestName::Rsa2048Sha256, Rs256),
        (pkcs1::TestName::Rsa2048Sha384, Rs384),
        (pkcs1::TestName::Rsa2048Sha512, Rs512),
        (pkcs1::TestName::Rsa3072Sha256, Rs256),
        (pkcs1::TestName::Rsa3072Sha384, Rs384),
        (pkcs1::TestName::Rsa3072Sha512, Rs512),
        (pkcs1::TestName::Rsa4096Sha256, Rs256),
        (pkcs1::TestName::Rsa4096Sha384, Rs384),
        (pkcs1::TestName::Rsa4096Sha512, Rs512),
    ] {
        for group in pkcs1::TestSet::load(name).unwrap().test_groups {
            let key = key(&rsa(&group.key.n, &group.key.e));
            for test in group.tests {
                // «Acceptable» is a padding without its NULL, which RFC 8017 section 9.2 does not write: it is refused.
                let expected = test.result == TestResult::Valid;
                tally.count(key.verify(algorithm, &test.msg, &test.sig), expected, &test);
            }
        }
    }
    assert_eq!(tally, Tally { seen: 2_330, taken: 68 });
}

#[test]
fn rsa_pss_signatures_are_taken_if_hash_mask_and_salt_are_those_of_the_algorithm() {
    use Algorithm::{Ps256, Ps384, Ps512};
    use pss::TestName as Set;
    let mut tally = Tally::default();
    // RFC 7518 section 3.5: the salt is as long as the hash, and the mask is made with the same hash. Of a set with other
    // parameters nothing is ours but the vector that has our salt, and is invalid there for that.
    for (name, algorithm, ours) in [
        (Set::RsaPss2048Sha256Mgf1SaltLen32, Ps256, None),
        (Set::RsaPss3072Sha256Mgf1SaltLen32, Ps256, None),
        (Set::RsaPss4096Sha256Mgf1SaltLen32, Ps256, None),
        (Set::RsaPss2048Sha384Mgf1SaltLen48, Ps384, None),
        (Set::RsaPss4096Sha384Mgf1SaltLen48, Ps384, None),
        (Set::RsaPss4096Sha512Mgf1SaltLen64, Ps512, None),
        (Set::RsaPss2048Sha256Mgf1SaltLen0, Ps256, Some("s_len changed to 32")),
        (Set::RsaPss4096Sha512Mgf1SaltLen32, Ps512, Some(NO_VECTOR)),
        (Set::RsaPss2048Sha256Mgf1Sha1_20, Ps256, Some(NO_VECTOR)),
        (Set::RsaPss2048Sha512_256Mgf1SaltLen32, Ps256, Some(NO_VECTOR)),
        (Set::RsaPss2048Shake256, Ps512, Some(NO_VECTOR)),
    ] {
        for group in pss::TestSet::load(name).unwrap().test_groups {
            let key = key(&rsa(&group.key.n, &group.key.e));
            for test in group.tests {
                let expected = ours.map_or(test.result == TestResult::Valid, |ours| test.comment == ours);
                tally.count(key.verify(algorithm, &test.msg, &test.sig), expected, &test);
            }
        }
    }
    assert_eq!(tally, Tally { seen: 1_472, taken: 512 });
}

#[test]
fn ecdsa_signatures_are_taken_if_both_numbers_have_their_full_length_and_are_in_range() {
    use Algorithm::{Es256, Es384, Es512};
    use ecdsa::TestName as Set;
    let mut tally = Tally::default();
    // Other hashes belong to no algorithm of ours, and DER is not how a token writes a signature.
    for (name, algorithm, is_ours) in [
        (Set::EcdsaSecp256r1Sha256P1363, Es256, true),
        (Set::EcdsaSecp384r1Sha384P1363, Es384, true),
        (Set::EcdsaSecp521r1Sha512P1363, Es512, true),
        (Set::EcdsaSecp256r1Sha512P1363, Es256, false),
        (Set::EcdsaSecp384r1Sha512P1363, Es384, false),
        (Set::EcdsaSecp256r1Sha256, Es256, false),
        (Set::EcdsaSecp384r1Sha384, Es384, false),
        (Set::EcdsaSecp521r1Sha512, Es512, false),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let (crv, (x, y)) = match algorithm {
                Es256 => ("P-256", group.key.key[1..].split_at(32)),
                Es384 => ("P-384", group.key.key[1..].split_at(48)),
                _ => ("P-521", group.key.key[1..].split_at(66)),
            };
            let (x, y) = (base64url::encode(x), base64url::encode(y));
            let key = key(&json!({"kty": "EC", "crv": crv, "x": x, "y": y}));
            for test in group.tests {
                let expected = is_ours && test.result == TestResult::Valid;
                tally.count(key.verify(algorithm, &test.msg, &test.sig), expected, &test);
            }
        }
    }
    assert_eq!(tally, Tally { seen: 3_040, taken: 597 });
}

#[test]
fn ed25519_signatures_are_taken_in_their_one_form() {
    let mut tally = Tally::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let x = base64url::encode(&*group.key.pk);
        let key = key(&json!({"kty": "OKP", "crv": "Ed25519", "x": x}));
        for test in group.tests {
            let expected = test.result == TestResult::Valid;
            tally.count(key.verify(Algorithm::EdDsa, &test.msg, &test.sig), expected, &test);
        }
    }
    assert_eq!(tally, Tally { seen: 151, taken: 88 });
}

/// The keys of 32 bytes, which is what a [`MacKey`] has. A MAC that was cut off is the front of ours, and still refused.
#[test]
fn a_mac_is_taken_whole_and_unchanged() {
    let mut tally = Tally::default();
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        for test in group.tests {
            let Some(key) = MacKey::from_slice(&test.key) else { continue };
            let is_good = test.result == TestResult::Valid;
            assert_eq!(key.mac(&test.msg).starts_with(&test.tag), is_good, "{test:?}");
            let is_whole = group.tag_size == 256;
            tally.count(key.verify(&test.msg, &test.tag), is_good && is_whole, &test);
        }
    }
    assert_eq!(tally, Tally { seen: 162, taken: 27 });
}

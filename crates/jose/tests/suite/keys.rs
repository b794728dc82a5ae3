//! Private keys.

use crate::{ONE_OF_EACH_TYPE, rsa_key};
use jose::{Algorithm, KeyError, Material, PublicKey, SigningKey, sign_compact, verify_compact};

#[test]
fn a_key_survives_pkcs8() {
    for algorithm in ONE_OF_EACH_TYPE {
        let key = SigningKey::generate(algorithm).unwrap();
        let again = SigningKey::from_pkcs8(algorithm, key.to_pkcs8().unwrap().expose()).unwrap();
        assert_eq!(again.kid(), key.kid());
        assert_eq!(again.public(), key.public());
    }
}

#[test]
fn a_kid_is_the_thumbprint_and_does_not_depend_on_the_algorithm() {
    let key = rsa_key();
    assert_eq!(key.kid().len(), 43);
    assert_eq!(key.kid(), key.public().thumbprint());
    assert_eq!(key.public().kid(), Some(key.kid()));
    let pss = SigningKey::from_pkcs8(Algorithm::Ps256, key.to_pkcs8().unwrap().expose()).unwrap();
    assert_eq!(pss.kid(), key.kid());
    assert_eq!(pss.public().algorithm(), Some(Algorithm::Ps256));
}

#[test]
fn a_fresh_rsa_key_has_2048_bits_and_the_usual_exponent() {
    let Material::Rsa { n, e } = rsa_key().public().material() else { panic!("not RSA") };
    assert_eq!((n.len(), e.as_slice()), (256, [1, 0, 1].as_slice()));
    assert!(n[0] >= 0x80);
}

#[test]
fn a_key_of_another_type_or_curve_is_refused() {
    for made_for in ONE_OF_EACH_TYPE {
        let pkcs8 = SigningKey::generate(made_for).unwrap().to_pkcs8().unwrap();
        for read_for in ONE_OF_EACH_TYPE.into_iter().filter(|other| *other != made_for) {
            let error = SigningKey::from_pkcs8(read_for, pkcs8.expose()).unwrap_err();
            assert!(matches!(error, KeyError::NotAKey(_)), "{made_for} read for {read_for}: {error}");
        }
    }
}

#[test]
fn a_damaged_key_is_refused_unless_it_is_still_a_whole_key() {
    for algorithm in ONE_OF_EACH_TYPE {
        let key = SigningKey::generate(algorithm).unwrap();
        let pkcs8 = key.to_pkcs8().unwrap();
        let pkcs8 = pkcs8.expose();
        for place in (0..pkcs8.len()).step_by(if pkcs8.len() > 500 { 29 } else { 1 }) {
            let mut damaged = pkcs8.to_vec();
            damaged[place] ^= 1;
            // A bit of an Ed25519 seed makes another seed, and one of the version is not looked at.
            if let Ok(whole) = SigningKey::from_pkcs8(algorithm, &damaged) {
                let public = whole.public_key().unwrap();
                let mut token = String::new();
                sign_compact(&whole, b"{}", &mut token).unwrap();
                assert!(verify_compact(&token, &[algorithm], |_| Some(&public)).is_ok(), "byte {place}");
            }
        }
        assert!(SigningKey::from_pkcs8(algorithm, &pkcs8[..pkcs8.len() - 1]).is_err());
        assert!(SigningKey::from_pkcs8(algorithm, &[pkcs8, &[0]].concat()).is_err());
    }
}

#[test]
fn nothing_of_a_private_key_is_printed() {
    for algorithm in ONE_OF_EACH_TYPE {
        let key = SigningKey::generate(algorithm).unwrap();
        let printed = format!("{key:?}");
        assert_eq!(printed, format!("SigningKey {{ algorithm: {algorithm:?}, kid: {:?}, .. }}", key.kid()));
        let pkcs8 = key.to_pkcs8().unwrap();
        assert_eq!(format!("{pkcs8:?}"), format!("Secret({} bytes)", pkcs8.expose().len()));
    }
}

#[test]
fn a_published_rsa_key_reads_as_oktas() {
    let key = rsa_key();
    let Material::Rsa { n, .. } = key.public().material() else { panic!("not RSA") };
    assert_eq!(
        serde_json::to_string(key.public()).unwrap(),
        format!(
            r#"{{"alg":"RS256","e":"AQAB","n":"{}","kid":"{}","kty":"RSA","use":"sig"}}"#,
            jose::base64url::encode(n),
            key.kid()
        )
    );
}

#[test]
fn a_published_key_reads_back_and_verifies() {
    for algorithm in ONE_OF_EACH_TYPE {
        let key = SigningKey::generate(algorithm).unwrap();
        let json = serde_json::to_string(key.public()).unwrap();
        let read: jose::PublicJwk = serde_json::from_str(&json).unwrap();
        assert_eq!(&read, key.public());
        let public = PublicKey::new(&read).unwrap();
        for other in Algorithm::ALL {
            assert_eq!(public.serves(other), other == algorithm);
        }
    }
}

//! Tokens that we write.

use crate::{object, rsa_key};
use jose::{Algorithm, SignError, SigningKey, base64url, sign_compact, sign_with_header, verify_compact};

#[test]
fn a_token_has_kid_first_then_alg_and_nothing_else() {
    let mut token = String::new();
    sign_compact(rsa_key(), br#"{"ver":1}"#, &mut token).unwrap();
    let (header, rest) = token.split_once('.').unwrap();
    let header = String::from_utf8(base64url::decode(header).unwrap()).unwrap();
    assert_eq!(header, format!(r#"{{"kid":"{}","alg":"RS256"}}"#, rsa_key().kid()));
    assert!(rest.starts_with("eyJ2ZXIiOjF9."));
    assert_eq!(rest.split_once('.').unwrap().1.len(), 342);
}

#[test]
fn every_algorithm_verifies_what_it_signs() {
    let rsa = rsa_key().to_pkcs8().unwrap();
    for algorithm in Algorithm::ALL {
        let key = SigningKey::from_pkcs8(algorithm, rsa.expose())
            .or_else(|_| SigningKey::generate(algorithm))
            .unwrap();
        let public = key.public_key().unwrap();
        for payload in [b"".as_slice(), b"x", br#"{"sub":"ana"}"#, &[0xff; 10_000]] {
            let mut token = String::new();
            sign_compact(&key, payload, &mut token).unwrap();
            let verified =
                verify_compact(&token, &[algorithm], |kid| (kid == Some(key.kid())).then_some(&public));
            assert_eq!(verified.unwrap().payload, payload, "{algorithm}");
        }
    }
}

#[test]
fn a_token_is_appended() {
    let mut out = String::from("token=");
    sign_compact(rsa_key(), b"{}", &mut out).unwrap();
    let public = rsa_key().public_key().unwrap();
    let token = out.strip_prefix("token=").unwrap();
    assert!(verify_compact(token, &[Algorithm::Rs256], |_| Some(&public)).is_ok());
}

#[test]
fn more_header_members_follow_kid_and_alg() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let mut token = String::new();
    sign_with_header(&key, &object(r#"{"typ":"at+jwt","x":[1]}"#), b"{}", &mut token).unwrap();
    let header = base64url::decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(
        String::from_utf8(header).unwrap(),
        format!(r#"{{"kid":"{}","alg":"ES256","typ":"at+jwt","x":[1]}}"#, key.kid())
    );
    let public = key.public_key().unwrap();
    let verified = verify_compact(&token, &[Algorithm::Es256], |_| Some(&public)).unwrap();
    assert_eq!(verified.header.typ(), Some("at+jwt"));
}

#[test]
fn a_header_cannot_contradict_its_key() {
    for member in ["alg", "kid", "crit", "b64"] {
        let mut out = String::from("before");
        let header = object(&format!(r#"{{"{member}":"none"}}"#));
        let error = sign_with_header(rsa_key(), &header, b"{}", &mut out).unwrap_err();
        assert_eq!(error, SignError::ReservedMember(member));
        assert_eq!(out, "before");
    }
}

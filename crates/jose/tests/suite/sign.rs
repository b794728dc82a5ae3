//! Tokens that we write.

use crate::{object, rsa_key};
use jose::{
    Algorithm, PublicKey, SignError, SigningKey, TokenType, VerifyError, base64url, sign_compact, sign_typed,
    sign_with_header, verify_compact,
};

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
fn an_access_token_of_rfc_9068_says_so_after_kid_and_alg() {
    for (algorithm, name) in [
        (Algorithm::Rs256, "RS256"),
        (Algorithm::Ps256, "PS256"),
        (Algorithm::Es256, "ES256"),
        (Algorithm::EdDsa, "EdDSA"),
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let mut token = String::new();
        sign_typed(&key, TokenType::AccessToken, b"{}", &mut token).unwrap();
        let header = base64url::decode(token.split('.').next().unwrap()).unwrap();
        let expected = format!(r#"{{"kid":"{}","alg":"{name}","typ":"at+jwt"}}"#, key.kid());
        assert_eq!(String::from_utf8(header).unwrap(), expected);
        let public = key.public_key().unwrap();
        let verified = verify_compact(&token, &[algorithm], |_| Some(&public)).unwrap();
        assert_eq!(verified.header.typ(), Some("at+jwt"));
    }
}

#[test]
fn a_key_signs_and_verifies_only_with_the_algorithm_that_it_is_bound_to() {
    let copy = || SigningKey::from_pkcs8(Algorithm::Rs256, rsa_key().to_pkcs8().unwrap().expose()).unwrap();
    let pss = copy().bound_to(Algorithm::Ps256).unwrap();
    assert_eq!((pss.algorithm(), pss.public().algorithm()), (Algorithm::Ps256, Some(Algorithm::Ps256)));
    assert!(copy().bound_to(Algorithm::Es256).is_err(), "it is no such key");
    let (both, mut token) = ([Algorithm::Rs256, Algorithm::Ps256], String::new());
    sign_compact(&pss, b"{}", &mut token).unwrap();
    let verify = |key: &PublicKey| verify_compact(&token, &both, |_| Some(key)).map(drop);
    assert_eq!(verify(&pss.public_key().unwrap()), Ok(()));
    let other = VerifyError::KeyMismatch(Algorithm::Ps256);
    assert_eq!(verify(&rsa_key().public_key().unwrap()), Err(other.clone()));
    // What a JWK leaves open is not left open where we know what the key signs with.
    let mut open = object(&serde_json::to_string(rsa_key().public()).unwrap());
    open.remove("alg");
    let open = jose::PublicJwk::parse(&open, jose::KeyUse::Signature).unwrap();
    assert_eq!(verify(&PublicKey::new(&open).unwrap()), Ok(()));
    assert_eq!(verify(&PublicKey::bound_to(Algorithm::Rs256, &open).unwrap()), Err(other));
    assert!(PublicKey::bound_to(Algorithm::Es256, &open).is_err());
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

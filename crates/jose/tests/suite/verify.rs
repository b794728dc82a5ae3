//! Tokens that must not be taken.

use crate::{object, rsa_key};
use jose::json::JsonError;
use jose::{
    Algorithm, HmacAlgorithm, KeyUse, Material, PublicJwk, PublicKey, SigningKey, VerifyError, base64url,
    read_header, sign_compact, sign_hmac, sign_with_header, verify_compact, verify_hmac,
};

fn token(key: &SigningKey) -> String {
    let mut token = String::new();
    sign_compact(key, br#"{"sub":"ana","exp":1700000000}"#, &mut token).unwrap();
    token
}

/// A token with this header, signed over it by a key that would otherwise be good.
fn token_with_header(key: &SigningKey, header: &str) -> String {
    let good = token(key);
    let (_, rest) = good.split_once('.').unwrap();
    format!("{}.{rest}", base64url::encode(header))
}

fn refusal(key: &SigningKey, token: &str) -> VerifyError {
    let public = key.public_key().unwrap();
    verify_compact(token, &Algorithm::ALL, |_| Some(&public)).unwrap_err()
}

#[test]
fn a_change_of_any_character_is_noticed() {
    const CHARACTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= ";
    let es256 = SigningKey::generate(Algorithm::Es256).unwrap();
    let eddsa = SigningKey::generate(Algorithm::EdDsa).unwrap();
    for (key, step) in [(rsa_key(), 5), (&es256, 1), (&eddsa, 3)] {
        let public = key.public_key().unwrap();
        let token = token(key);
        for place in 0..token.len() {
            for character in CHARACTERS.chars().skip(place % step).step_by(step) {
                let mut changed = token.clone();
                changed.replace_range(place..=place, character.encode_utf8(&mut [0; 4]));
                let accepted = verify_compact(&changed, &[key.algorithm()], |_| Some(&public)).is_ok();
                assert_eq!(accepted, changed == token, "{character:?} at {place}");
            }
        }
    }
}

#[test]
fn a_token_cut_off_or_drawn_out_is_refused() {
    let token = token(rsa_key());
    for length in 0..token.len() {
        let public = rsa_key().public_key().unwrap();
        assert!(verify_compact(&token[..length], &Algorithm::ALL, |_| Some(&public)).is_err());
    }
    for longer in [format!("{token}A"), format!("{token}."), format!(".{token}"), format!("{token}=")] {
        refusal(rsa_key(), &longer);
    }
}

#[test]
fn a_token_has_exactly_three_parts() {
    for parts in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e"] {
        assert_eq!(refusal(rsa_key(), parts), VerifyError::NotCompact, "{parts}");
    }
    assert_eq!(refusal(rsa_key(), "a.b.c"), VerifyError::BadBase64("header"));
    let bad_signature = format!("{}*", token(rsa_key()));
    assert_eq!(refusal(rsa_key(), &bad_signature), VerifyError::BadBase64("signature"));
}

#[test]
fn tokens_and_headers_are_bounded() {
    assert_eq!(refusal(rsa_key(), &"a".repeat(65_537)), VerifyError::TooLong);
    let header = format!(r#"{{"alg":"RS256","x":"{}"}}"#, "y".repeat(8192));
    assert_eq!(refusal(rsa_key(), &token_with_header(rsa_key(), &header)), VerifyError::HeaderTooLong);
}

#[test]
fn headers_are_read_strictly() {
    let member = VerifyError::HeaderMember;
    let twice = |name: &str| VerifyError::Header(JsonError::DuplicateMember(name.to_owned()));
    for (header, refused) in [
        ("", VerifyError::Header(JsonError::Malformed)),
        ("[]", VerifyError::Header(JsonError::NotAnObject)),
        (r#"{"alg":"RS256"}x"#, VerifyError::Header(JsonError::Malformed)),
        (r#"{"alg":"RS256","alg":"RS256"}"#, twice("alg")),
        (r#"{"alg":"RS256","x":{"y":[{"z":1,"z":2}]}}"#, twice("z")),
        (r#"{"alg":"RS256","\u0061lg":"none"}"#, twice("alg")),
        ("{}", member("alg")),
        (r#"{"alg":null}"#, member("alg")),
        (r#"{"alg":["RS256"]}"#, member("alg")),
        (r#"{"alg":"RS256","kid":5}"#, member("kid")),
        (r#"{"alg":"RS256","typ":{}}"#, member("typ")),
        (r#"{"alg":"none"}"#, VerifyError::Unsigned),
        (r#"{"alg":"NoNe"}"#, VerifyError::Unsigned),
        (r#"{"alg":"RS256","crit":["exp"]}"#, VerifyError::Critical),
        (r#"{"alg":"RS256","crit":[]}"#, VerifyError::Critical),
        (r#"{"alg":"rs256"}"#, VerifyError::AlgorithmNotAllowed("rs256".into())),
        (r#"{"alg":"RSA-OAEP"}"#, VerifyError::AlgorithmNotAllowed("RSA-OAEP".into())),
        (r#"{"alg":"RS256"}"#, VerifyError::BadSignature),
    ] {
        assert_eq!(refusal(rsa_key(), &token_with_header(rsa_key(), header)), refused, "{header}");
    }
}

#[test]
fn an_algorithm_must_be_allowed_by_the_caller() {
    let token = token(rsa_key());
    let public = rsa_key().public_key().unwrap();
    for allowed in [&[][..], &[Algorithm::Ps256, Algorithm::Es256]] {
        assert_eq!(
            verify_compact(&token, allowed, |_| Some(&public)).unwrap_err(),
            VerifyError::AlgorithmNotAllowed("RS256".into())
        );
    }
}

#[test]
fn an_algorithm_must_go_with_the_key() {
    let es256 = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(refusal(&es256, &token(rsa_key())), VerifyError::KeyMismatch(Algorithm::Rs256));
    assert_eq!(refusal(rsa_key(), &token(&es256)), VerifyError::KeyMismatch(Algorithm::Es256));
    let pss = SigningKey::from_pkcs8(Algorithm::Ps256, rsa_key().to_pkcs8().unwrap().expose()).unwrap();
    assert_eq!(refusal(rsa_key(), &token(&pss)), VerifyError::KeyMismatch(Algorithm::Ps256));
    let renamed = token_with_header(&pss, r#"{"alg":"RS256"}"#);
    assert_eq!(refusal(rsa_key(), &renamed), VerifyError::BadSignature);
}

#[test]
fn a_public_key_is_never_a_shared_secret() {
    let public = rsa_key().public_key().unwrap();
    let Material::Rsa { n, .. } = rsa_key().public().material() else { panic!("not RSA") };
    let document = serde_json::to_vec(rsa_key().public()).unwrap();
    for secret in [n.as_slice(), &document] {
        let mut forged = String::new();
        sign_hmac(HmacAlgorithm::Hs256, secret, br#"{"sub":"root"}"#, &mut forged).unwrap();
        assert_eq!(
            verify_compact(&forged, &Algorithm::ALL, |_| Some(&public)).unwrap_err(),
            VerifyError::AlgorithmNotAllowed("HS256".into())
        );
    }
    assert_eq!(
        verify_hmac(&token(rsa_key()), &HmacAlgorithm::ALL, n).unwrap_err(),
        VerifyError::AlgorithmNotAllowed("RS256".into())
    );
}

#[test]
fn a_short_secret_verifies_nothing() {
    let mut token = String::new();
    sign_hmac(HmacAlgorithm::Hs256, &[1; 31], b"{}", &mut token).unwrap();
    assert_eq!(verify_hmac(&token, &HmacAlgorithm::ALL, &[1; 31]).unwrap_err(), VerifyError::SecretTooShort);
    assert_eq!(verify_hmac(&token, &HmacAlgorithm::ALL, &[]).unwrap_err(), VerifyError::SecretTooShort);
}

#[test]
fn a_hmac_under_another_name_or_secret_is_refused() {
    let mut token = String::new();
    sign_hmac(HmacAlgorithm::Hs512, &[1; 64], b"{}", &mut token).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    let renamed = format!("{}.{rest}", base64url::encode(r#"{"alg":"HS256"}"#));
    for (token, secret) in [(&renamed, [1; 64]), (&token, [2; 64])] {
        assert_eq!(verify_hmac(token, &HmacAlgorithm::ALL, &secret).unwrap_err(), VerifyError::BadSignature);
    }
}

#[test]
fn a_key_is_found_by_kid_only() {
    let token = token(rsa_key());
    let mut asked = None;
    let result = verify_compact(&token, &Algorithm::ALL, |kid| {
        asked = kid.map(str::to_owned);
        None
    });
    assert_eq!(result.unwrap_err(), VerifyError::UnknownKey);
    assert_eq!(asked.as_deref(), Some(rsa_key().kid()));
}

#[test]
fn a_key_that_the_token_brings_along_is_not_used() {
    let stranger = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = serde_json::to_string(stranger.public()).unwrap();
    let more = object(&format!(r#"{{"jwk":{jwk},"jku":"https://evil.example/keys","x5c":["AA"]}}"#));
    let mut token = String::new();
    sign_with_header(&stranger, &more, b"{}", &mut token).unwrap();
    let ours = SigningKey::generate(Algorithm::Es256).unwrap();
    assert_eq!(refusal(&ours, &token), VerifyError::BadSignature);
}

#[test]
fn a_header_can_be_read_before_the_key_is_known() {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = serde_json::to_string(key.public()).unwrap();
    let more = object(&format!(r#"{{"typ":"dpop+jwt","jwk":{jwk}}}"#));
    let mut proof = String::new();
    sign_with_header(&key, &more, b"{}", &mut proof).unwrap();
    let header = read_header(&proof).unwrap();
    assert_eq!((header.algorithm(), header.typ()), ("ES256", Some("dpop+jwt")));
    let jwk = header.get("jwk").and_then(|jwk| jwk.as_object()).unwrap();
    let jwk = PublicJwk::parse(jwk, KeyUse::Signature).unwrap();
    assert_eq!(jwk.thumbprint(), key.kid());
    let public = PublicKey::new(&jwk).unwrap();
    assert!(verify_compact(&proof, &[Algorithm::Es256], |_| Some(&public)).is_ok());
}

#[test]
fn claims_with_duplicates_are_refused() {
    let mut token = String::new();
    sign_compact(rsa_key(), br#"{"sub":"ana","sub":"root"}"#, &mut token).unwrap();
    let public = rsa_key().public_key().unwrap();
    let verified = verify_compact(&token, &[Algorithm::Rs256], |_| Some(&public)).unwrap();
    assert_eq!(verified.claims().unwrap_err(), JsonError::DuplicateMember("sub".into()));
}

//! Compact JWS. Nothing is taken that was not signed: neither any text, nor a signed token of which any part was
//! changed; and of what carries a good MAC, only a header that says what it must.
//!
//! Input: a letter for the way, then what it needs (see [`run`]).

use std::cell::Cell;
use std::sync::LazyLock;

use jose::json::parse_object;
use jose::{
    Algorithm, HmacAlgorithm, MacKey, PublicKey, SigningKey, base64url, read_claims, read_header,
    sign_with_header, verify_compact, verify_hmac,
};

use crate::pieces::{Choices, lines};

const SECRET: [u8; 32] = *b"a secret of 32 bytes for a test.";
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::EdDsa,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Rs256,
    Algorithm::Ps256,
];

struct Signed {
    algorithm: Algorithm,
    key: PublicKey,
    token: String,
}

/// One good token of each algorithm. The keys are new in every process.
static SIGNED: LazyLock<Vec<Signed>> = LazyLock::new(|| {
    let sign = |algorithm| {
        let key = SigningKey::generate(algorithm).expect("a key");
        let more = parse_object(br#"{"typ":"JWT"}"#).expect("an object");
        let mut token = String::new();
        sign_with_header(&key, &more, br#"{"sub":"ana","exp":1700000000}"#, &mut token).expect("a token");
        Signed { algorithm, key: key.public_key().expect("a public key"), token }
    };
    ALGORITHMS.into_iter().map(sign).collect()
});

/// `t` and any text; `m`, a header on the first line and a payload, which are given a good MAC; anything else: choices
/// that change a good token.
pub fn run(bytes: &[u8]) {
    match bytes {
        [b't', text @ ..] => {
            if let Ok(text) = str::from_utf8(text) {
                any(text);
            }
        }
        [b'm', rest @ ..] => {
            let [header, payload] = lines(rest);
            with_good_mac(header, payload);
        }
        choices => changed(&mut Choices(choices)),
    }
}

fn any(text: &str) {
    let (header, claims) = (read_header(text), read_claims(text));
    for signed in SIGNED.iter() {
        let taken = verify_compact(text, &Algorithm::ALL, |_| Some(&signed.key));
        assert!(taken.is_err(), "a text that nobody signed was taken");
    }
    let Ok(verified) = verify_hmac(text, &HmacAlgorithm::ALL, &SECRET) else { return };
    let (input, signature) = text.rsplit_once('.').expect("a token has parts");
    let mac = MacKey::from_bytes(SECRET).mac(input.as_bytes());
    assert!(verified.header.algorithm() != "HS256" || base64url::encode(mac) == signature);
    assert_eq!(header.as_ref(), Ok(&verified.header));
    assert_eq!(claims.ok(), verified.claims().ok());
}

fn with_good_mac(header: &[u8], payload: &[u8]) {
    let mut token = format!("{}.{}", base64url::encode(header), base64url::encode(payload));
    let mac = MacKey::from_bytes(SECRET).mac(token.as_bytes());
    token.push('.');
    token.push_str(&base64url::encode(mac));
    let members = parse_object(header).ok();
    let text = |name: &str| members.as_ref().and_then(|members| members.get(name)?.as_str());
    let is_text_if_there = |name: &str| {
        members.as_ref().is_some_and(|members| members.get(name).is_none_or(serde_json::Value::is_string))
    };
    let is_good = text("alg") == Some("HS256")
        && is_text_if_there("kid")
        && is_text_if_there("typ")
        && members.as_ref().is_some_and(|members| !members.contains_key("crit"))
        && header.len() <= 8 * 1024
        && token.len() <= 64 * 1024;
    match verify_hmac(&token, &HmacAlgorithm::ALL, &SECRET) {
        Ok(verified) => {
            assert!(is_good, "a header that must not be taken");
            assert_eq!(verified.payload, payload);
            assert_eq!(verified.claims(), parse_object(payload));
        }
        Err(refusal) => assert!(!is_good, "a good token is refused: {refusal}"),
    }
    assert!(verify_hmac(&token, &[HmacAlgorithm::Hs512], &SECRET).is_err());
    assert!(verify_hmac(&token, &HmacAlgorithm::ALL, &[7; 32]).is_err());
}

fn changed(choices: &mut Choices<'_>) {
    let signed = &SIGNED[choices.below(SIGNED.len())];
    let mut bytes = signed.token.clone().into_bytes();
    while !choices.0.is_empty() && bytes.len() < 4_096 {
        let at = (choices.below(256) << 3 | choices.below(8)) % (bytes.len() + 1);
        match choices.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, choices.byte()),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ if at < bytes.len() => bytes[at] = choices.byte(),
            _ => {}
        }
    }
    let Ok(token) = String::from_utf8(bytes) else { return };
    let asked = Cell::new(false);
    let verified = verify_compact(&token, &[signed.algorithm], |_| {
        asked.set(true);
        Some(&signed.key)
    });
    // A signature on a curve can be spelled in two ways; what it signs cannot.
    let part = |text: &str| text.rsplit_once('.').map(|(input, _)| input.to_owned());
    assert!(verified.is_err() || (asked.get() && part(&token) == part(&signed.token)), "{token}");
    assert!(verified.is_ok() || token != signed.token);
}

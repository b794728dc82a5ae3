//! The examples of the RFCs.

use crate::{hex, object};
use jose::{
    Algorithm, HmacAlgorithm, KeyUse, MacKey, PublicJwk, PublicKey, VerifyError, base64url, sign_hmac,
    verify_compact, verify_hmac,
};

const RFC7638_KEY: &str = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
const RFC8037_KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const PAYLOAD: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn jwk(json: &str) -> PublicJwk {
    PublicJwk::parse(&object(json), KeyUse::Signature).unwrap()
}

fn key(json: &str) -> PublicKey {
    PublicKey::new(&jwk(json)).unwrap()
}

#[test]
fn rfc_7638_section_3_1_thumbprint_of_an_rsa_key() {
    assert_eq!(jwk(RFC7638_KEY).thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(jwk(RFC7638_KEY).kid(), Some("2011-04-29"));
}

#[test]
fn rfc_8037_appendix_a_3_thumbprint_of_an_ed25519_key() {
    assert_eq!(jwk(RFC8037_KEY).thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn rfc_7515_appendix_a_1_hs256() {
    let secret = base64url::decode(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    )
    .unwrap();
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let verified = verify_hmac(&token, &[HmacAlgorithm::Hs256], &secret).unwrap();
    assert_eq!(verified.header.typ(), Some("JWT"));
    assert_eq!(verified.claims().unwrap()["iss"], "joe");
}

#[test]
fn rfc_7515_appendix_a_2_rs256() {
    let key = key(
        r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
    );
    let token = format!(
        "eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    let verified = verify_compact(&token, &[Algorithm::Rs256], |kid| kid.is_none().then_some(&key)).unwrap();
    assert_eq!(verified.claims().unwrap()["exp"], 1_300_819_380);
}

#[test]
fn rfc_7515_appendix_a_3_es256() {
    let key = key(
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    );
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    assert!(verify_compact(&token, &[Algorithm::Es256], |_| Some(&key)).is_ok());
}

#[test]
fn rfc_7515_appendix_a_5_an_unsecured_token_is_refused() {
    let token = format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.");
    assert_eq!(verify_compact(&token, &Algorithm::ALL, |_| None).unwrap_err(), VerifyError::Unsigned);
}

#[test]
fn rfc_8037_appendix_a_4_eddsa() {
    let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let key = key(RFC8037_KEY);
    let verified = verify_compact(token, &[Algorithm::EdDsa], |_| Some(&key)).unwrap();
    assert_eq!(verified.payload, b"Example of Ed25519 signing");
}

#[test]
fn rfc_4231_section_4_2_hmac_sha_256() {
    let mut bytes = [0; 32];
    bytes[..20].fill(0x0b);
    let hex = hex(&MacKey::from_bytes(bytes).mac(b"Hi There"));
    assert_eq!(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

#[test]
fn all_three_hmacs_verify_what_they_sign() {
    let secret = [7; 40];
    for algorithm in HmacAlgorithm::ALL {
        let mut token = String::new();
        sign_hmac(algorithm, &secret, b"{}", &mut token).unwrap();
        assert_eq!(verify_hmac(&token, &HmacAlgorithm::ALL, &secret).unwrap().payload, b"{}");
        assert_eq!(
            verify_hmac(&token, &HmacAlgorithm::ALL, &[8; 40]).unwrap_err(),
            VerifyError::BadSignature
        );
        assert_eq!(
            verify_hmac(&token, &[], &secret).unwrap_err(),
            VerifyError::AlgorithmNotAllowed(algorithm.to_string())
        );
    }
}

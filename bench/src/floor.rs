//! The floor: the least that a server can do for a reply. It reads the form, signs once and answers; if it is told so, it
//! verifies one assertion before. Asked about a token, it verifies its own signature and answers with the claims. It knows
//! no client, no policy and no log.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::clock;
use crate::keys::{Signer, Verifier};
use crate::options::Options;

const KEY_ID: &str = "floor-key-of-forty-three-characters-as-Okta";
const ISSUER: &str = "http://127.0.0.1:8080/oauth2/ausfloor0000000000000";
const CLIENT: &str = "0oafloor000000000000";
const LIFETIME_SECONDS: u64 = 3600;

struct Floor {
    key: Signer,
    /// What verifies its own tokens.
    own: Verifier,
    /// What verifies the assertion that a request must present.
    client: Option<Verifier>,
    /// The encoded JWT header with its dot.
    header: String,
    issued: AtomicU64,
}

/// Serves until the process is ended.
pub fn serve(options: &Options) -> Result<(), String> {
    let listen = options.text("listen").unwrap_or("127.0.0.1:0");
    let floor = Arc::new(Floor::new(options.text("algorithm").unwrap_or("RS256"), options.text("verify"))?);
    // As many workers as there are cores, as the mint has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let listener = TcpListener::bind(listen).await.map_err(|error| format!("`{listen}`: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        println!("listening on http://{address}");
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let _ = stream.set_nodelay(true);
            let floor = Arc::clone(&floor);
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let floor = Arc::clone(&floor);
                    async move { Ok::<_, Infallible>(answer(&floor, request).await) }
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

impl Floor {
    /// Signs with `algorithm`; `client` is the public key of RS256 assertions.
    fn new(algorithm: &str, client: Option<&str>) -> Result<Self, String> {
        let key = Signer::generate(algorithm)?;
        let own = key.verifier()?;
        let client = client.map(Verifier::rs256_from_text).transpose()?;
        let header = json!({ "kid": KEY_ID, "alg": algorithm }).to_string();
        let header = format!("{}.", URL_SAFE_NO_PAD.encode(header));
        Ok(Self { key, own, client, header, issued: AtomicU64::new(0) })
    }

    fn token(&self, scope: &str) -> Option<String> {
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let now = clock::unix_seconds();
        let claims = json!({
            "ver": 1,
            "jti": format!("AT.{number:043}"),
            "iss": ISSUER,
            "aud": "api://bench",
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "cid": CLIENT,
            "scp": [scope],
            "sub": CLIENT,
        });
        let mut token = self.header.clone();
        URL_SAFE_NO_PAD.encode_string(claims.to_string(), &mut token);
        let signature = self.key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Some(token)
    }

    fn issue(&self, form: &Form) -> Response<Full<Bytes>> {
        if form.get("grant_type") != Some("client_credentials") {
            return refusal("unsupported_grant_type");
        }
        if let Some(client) = &self.client {
            let assertion = form.get("client_assertion").and_then(|assertion| client.claims(assertion));
            if assertion.is_none() {
                return refusal("invalid_client");
            }
        }
        let scope = form.get("scope").unwrap_or_default();
        let Some(token) = self.token(scope) else { return refusal("server_error") };
        let body = json!({
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "access_token": token,
            "scope": scope,
        });
        reply(StatusCode::OK, body.to_string())
    }

    fn introspect(&self, form: &Form) -> Response<Full<Bytes>> {
        let claims = form.get("token").and_then(|token| self.own.claims(token));
        let active = match claims {
            Some(Value::Object(mut claims)) => {
                claims.insert("active".to_owned(), true.into());
                Value::Object(claims)
            }
            _ => json!({ "active": false }),
        };
        reply(StatusCode::OK, active.to_string())
    }
}

/// The parameters of a request.
struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, wanted: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }
}

async fn answer(floor: &Floor, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let is_introspection = request.uri().path().ends_with("/introspect");
    let Ok(body) = request.into_body().collect().await else { return refusal("invalid_request") };
    let body = body.to_bytes();
    let form = Form(form_urlencoded::parse(&body).into_owned().collect());
    if is_introspection { floor.introspect(&form) } else { floor.issue(&form) }
}

fn refusal(code: &str) -> Response<Full<Bytes>> {
    reply(StatusCode::BAD_REQUEST, json!({ "error": code }).to_string())
}

fn reply(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("cache-control", "no-cache, no-store")
        .header("pragma", "no-cache")
        .header("expires", "0")
        .header("x-okta-request-id", "reqfloor000000000000")
        .header("x-content-type-options", "nosniff");
    response.body(Full::from(body)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(parameters: &[(&str, &str)]) -> Form {
        Form(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn the_floor_signs_what_it_says() {
        for algorithm in ["RS256", "ES256"] {
            let floor = Floor::new(algorithm, None).unwrap();
            let token = floor.token("read").unwrap();
            assert_eq!(floor.own.claims(&token).unwrap()["scp"], json!(["read"]));
            assert_ne!(token, floor.token("read").unwrap());
            assert!(floor.own.claims(&Floor::new(algorithm, None).unwrap().token("read").unwrap()).is_none());
        }
        assert!(Floor::new("none", None).is_err());
    }

    #[test]
    fn a_floor_that_verifies_refuses_what_the_client_did_not_sign() {
        let client = Signer::generate("RS256").unwrap();
        let floor = Floor::new("RS256", Some(&client.public_text())).unwrap();
        let asked = |assertion: &str| {
            let form = form(&[("grant_type", "client_credentials"), ("client_assertion", assertion)]);
            floor.issue(&form).status()
        };
        assert_eq!(asked(&client.compact("{}", "{}").unwrap()), StatusCode::OK);
        assert_eq!(asked(&floor.token("read").unwrap()), StatusCode::BAD_REQUEST);
        assert_eq!(asked("nonsense"), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn the_floor_says_active_only_of_its_own_tokens() {
        let floor = Floor::new("RS256", None).unwrap();
        assert!(floor.own.claims(&floor.token("read").unwrap()).is_some());
        assert_eq!(floor.introspect(&form(&[("token", "nonsense")])).status(), StatusCode::OK);
        assert!(floor.own.claims("nonsense").is_none());
    }
}

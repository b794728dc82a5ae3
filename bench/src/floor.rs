//! The floor: the least that a server can do for a token. It reads the form, signs once and answers. It knows no client,
//! no policy and no log.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use crate::clock;
use crate::options::Options;

const KEY_ID: &str = "floor-key-of-forty-three-characters-as-Okta";
const ISSUER: &str = "http://127.0.0.1:8080/oauth2/ausfloor0000000000000";
const CLIENT: &str = "0oafloor000000000000";
const LIFETIME_SECONDS: u64 = 3600;

struct Floor {
    key: RsaKeyPair,
    random: SystemRandom,
    /// The encoded JWT header with its dot.
    header: String,
    issued: AtomicU64,
}

/// Serves until the process is ended.
pub fn serve(options: &Options) -> Result<(), String> {
    let listen = options.text("listen").unwrap_or("127.0.0.1:0");
    let floor = Arc::new(Floor::new()?);
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
    fn new() -> Result<Self, String> {
        // Generated, then parsed once from its encoding, as a key that comes out of a database is.
        let made = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| "no key could be made")?;
        let encoded =
            AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&made).map_err(|_| "no key encoding")?;
        let key = RsaKeyPair::from_pkcs8(encoded.as_ref()).map_err(|error| error.to_string())?;
        let header = json!({ "kid": KEY_ID, "alg": "RS256" }).to_string();
        let header = format!("{}.", URL_SAFE_NO_PAD.encode(header));
        Ok(Self { key, random: SystemRandom::new(), header, issued: AtomicU64::new(0) })
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
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &self.random, token.as_bytes(), &mut signature).ok()?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signature, &mut token);
        Some(token)
    }
}

async fn answer(floor: &Floor, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let Ok(body) = request.into_body().collect().await else { return refusal("invalid_request") };
    let body = body.to_bytes();
    let (mut grant, mut scope) = (None, None);
    for (name, value) in form_urlencoded::parse(&body) {
        match &*name {
            "grant_type" => grant = Some(value),
            "scope" => scope = Some(value),
            _ => {}
        }
    }
    if grant.as_deref() != Some("client_credentials") {
        return refusal("unsupported_grant_type");
    }
    let scope = scope.unwrap_or_default();
    let Some(token) = floor.token(&scope) else { return refusal("server_error") };
    let body = json!({
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "access_token": token,
        "scope": scope,
    });
    reply(StatusCode::OK, body.to_string())
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
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    #[test]
    fn the_floor_signs_what_it_says() {
        let floor = Floor::new().unwrap();
        let token = floor.token("read").unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, floor.key.public_key().as_ref());
        public.verify(signed.as_bytes(), &signature).unwrap();
        assert_ne!(token, floor.token("read").unwrap());
    }
}

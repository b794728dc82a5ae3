//! The discovery documents of a custom authorization server: OpenID Connect Discovery and RFC 8414 (Okta, section
//! 7.10).
//!
//! Addresses of endpoints are fixed and all named, as Okta names them, and so are response types and modes: clients
//! expect them. Grants and ways to authenticate are those that are served: the lists grow with the releases.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jose::{Algorithm, HmacAlgorithm};
use model::Timestamp;
use model::scope::MetadataPublish;
use serde_json::{Value, json};
use service::ServerEntry;
use service::admin::authorization_server;
use service::key_schedule::CACHED_SECONDS_MAX;
use service::signing_key::ALGORITHMS;
use service::target::kind;
use service::token::GRANT_TYPES;

use crate::api::App;
use crate::error::{ApiError, code};
use crate::front::Now;
use crate::oauth::keys;
use crate::origin::Here;
use crate::path::Path;
use crate::query::Query;

/// A server that the public may see: one that is active.
pub(super) fn published(app: &App, server: &str) -> Result<Arc<ServerEntry>, ApiError> {
    let entry = authorization_server::get(&app.configuration.current(), server)?;
    if entry.server.value.status.is_active() {
        Ok(entry)
    } else {
        Err(ApiError::not_found(server, kind::AUTHORIZATION_SERVER))
    }
}

/// `?client_id=` must name a client; the document is the same for all of them while there is one origin per issuer.
fn check_client(app: &App, query: &Query) -> Result<(), ApiError> {
    match query.text("client_id") {
        Some(client_id) if app.configuration.current().client(client_id).is_none() => {
            Err(ApiError::of(code::VALIDATION_FAILED)
                .code("invalid_client")
                .summary("Invalid value for 'client_id' parameter."))
        }
        _ => Ok(()),
    }
}

/// `/.well-known/openid-configuration`
pub async fn openid(
    State(app): State<App>,
    Now(now): Now,
    here: Here,
    query: Query,
    Path(server): Path<String>,
) -> Result<Response, ApiError> {
    let entry = published(&app, &server)?;
    check_client(&app, &query)?;
    let mut document = common(&here, &entry, false);
    let issuer = service::issuer(&here.issuers(), &entry);
    let more = json!({
        "userinfo_endpoint": format!("{issuer}/v1/userinfo"),
        "id_token_signing_alg_values_supported": signing_algorithms(&entry),
        "claims_supported": [
            "iss", "ver", "sub", "aud", "iat", "exp", "jti", "auth_time", "amr", "idp", "nonce", "name", "nickname",
            "preferred_username", "given_name", "middle_name", "family_name", "email", "email_verified", "profile",
            "zoneinfo", "locale", "address", "phone_number", "picture", "website", "gender", "birthdate",
            "updated_at", "at_hash", "c_hash",
        ],
    });
    extend(&mut document, more);
    Ok(reply(&app, document, now))
}

/// `/.well-known/oauth-authorization-server`
pub async fn oauth(
    State(app): State<App>,
    Now(now): Now,
    here: Here,
    query: Query,
    Path(server): Path<String>,
) -> Result<Response, ApiError> {
    let entry = published(&app, &server)?;
    check_client(&app, &query)?;
    let mut document = common(&here, &entry, true);
    extend(
        &mut document,
        json!({
            "claims_supported": ["ver", "jti", "iss", "aud", "iat", "exp", "cid", "uid", "scp", "sub"],
        }),
    );
    Ok(reply(&app, document, now))
}

/// A document may be cached for as long as keys at most, so that a new algorithm is known here, too, before it signs.
fn reply(app: &App, document: Value, now: Timestamp) -> Response {
    let is_fresh = app.freshness.check(now).is_ok();
    keys::cached(document, if is_fresh { CACHED_SECONDS_MAX } else { keys::UNSURE_SECONDS })
}

fn extend(document: &mut Value, more: Value) {
    if let (Value::Object(document), Value::Object(more)) = (document, more) {
        document.extend(more);
    }
}

fn common(here: &Here, entry: &ServerEntry, oauth: bool) -> Value {
    let issuer = service::issuer(&here.issuers(), entry);
    let endpoint = |name: &str| format!("{issuer}/v1/{name}");
    let methods = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"];
    // A public client has tokens of its own to ask about and to give back.
    let or_none: Vec<&str> = methods.into_iter().chain(["none"]).collect();
    let algorithms = assertion_algorithms();
    let mut response_types = vec!["code"];
    response_types.extend(oauth.then_some("token"));
    response_types.extend([
        "id_token",
        "code id_token",
        "code token",
        "id_token token",
        "code id_token token",
    ]);
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("token"),
        "registration_endpoint": here.link("/oauth2/v1/clients"),
        "jwks_uri": endpoint("keys"),
        "response_types_supported": response_types,
        "response_modes_supported": ["query", "fragment", "form_post", "okta_post_message"],
        "grant_types_supported": GRANT_TYPES,
        "subject_types_supported": ["public"],
        "scopes_supported": scopes(entry),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint": endpoint("introspect"),
        "introspection_endpoint_auth_methods_supported": or_none,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint": endpoint("revoke"),
        "revocation_endpoint_auth_methods_supported": or_none,
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "end_session_endpoint": endpoint("logout"),
        "device_authorization_endpoint": here.link(&format!("/oauth2/{}/v1/device/authorize", entry.server.value.path_segment())),
        "pushed_authorization_request_endpoint": endpoint("par"),
        "code_challenge_methods_supported": ["S256"],
        "request_parameter_supported": false,
    })
}

/// What the published keys sign with, or did, or will.
fn signing_algorithms(entry: &ServerEntry) -> Vec<&'static str> {
    let is_published = |algorithm: &Algorithm| entry.keys.iter().any(|key| key.algorithm == *algorithm);
    ALGORITHMS.into_iter().filter(is_published).map(Algorithm::name).collect()
}

/// What a client's assertion may be signed with.
fn assertion_algorithms() -> Vec<&'static str> {
    let by_secret = HmacAlgorithm::ALL.iter().map(|algorithm| algorithm.name());
    by_secret.chain(Algorithm::ALL.iter().map(|algorithm| algorithm.name())).collect()
}

/// The names of the scopes that are published.
fn scopes(entry: &ServerEntry) -> Vec<String> {
    let published =
        entry.scopes().into_iter().filter(|s| s.value.metadata_publish == MetadataPublish::AllClients);
    published.map(|scope| scope.value.name.clone()).collect()
}

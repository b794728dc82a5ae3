//! The OAuth endpoints of custom authorization servers: tokens, keys, metadata. Owns the wire's shapes; leaves out
//! every decision.

pub mod error;
mod form;
mod keys;
mod metadata;
mod token;

use std::sync::Arc;

use axum::http::Method;

use crate::api::App;
use crate::cors::Cors;
use crate::front::Shell;
use crate::routes::{Route, Routes};

/// A token request's body holds a handful of parameters.
const FORM_BYTES_MAX: usize = 64 * 1_024;

/// Every line of the OAuth endpoints.
pub fn routes(shell: &Arc<Shell>) -> Routes<App> {
    const OPENID: &str = "/oauth2/{server}/.well-known/openid-configuration";
    const OAUTH: &str = "/oauth2/{server}/.well-known/oauth-authorization-server";
    // RFC 8414 section 3 puts the well-known part before the issuer's path.
    const INSERTED: &str = "/.well-known/oauth-authorization-server/oauth2/{server}";
    let shell = Arc::clone(shell);
    let public = |path| Route::open(Method::GET, path).cors(Cors::Public);
    Routes::new()
        .route(
            Route::open(Method::POST, "/oauth2/{server}/v1/token").body(FORM_BYTES_MAX).cors(Cors::Client),
            move |app, parts: token::Parts, body| token::post(Arc::clone(&shell), app, parts, body),
        )
        .route(public("/oauth2/{server}/v1/keys"), keys::get)
        .route(public(OPENID), metadata::openid)
        .route(public(OAUTH), metadata::oauth)
        .route(public(INSERTED), metadata::oauth)
}

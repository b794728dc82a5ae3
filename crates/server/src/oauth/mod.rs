//! The OAuth endpoints of custom authorization servers: tokens, introspection, revocation, keys, metadata. Owns the
//! wire's shapes; leaves out every decision.

mod about_token;
pub mod error;
pub mod form;
mod introspect;
mod keys;
mod metadata;
mod revoke;
pub mod token;

use std::sync::Arc;

use axum::http::Method;

use crate::api::App;
use crate::cors::Cors;
use crate::front::Shell;
use crate::routes::{Route, Routes};

/// A request's body holds a handful of parameters, of which a token is the longest.
const FORM_BYTES_MAX: usize = 64 * 1_024;

/// Every line of the OAuth endpoints.
pub fn routes(shell: &Arc<Shell>) -> Routes<App> {
    const OPENID: &str = "/oauth2/{server}/.well-known/openid-configuration";
    const OAUTH: &str = "/oauth2/{server}/.well-known/oauth-authorization-server";
    // RFC 8414 section 3 puts the well-known part before the issuer's path.
    const INSERTED: &str = "/.well-known/oauth-authorization-server/oauth2/{server}";
    let shell = Arc::clone(shell);
    let public = |path| Route::open(Method::GET, path).cors(Cors::Public);
    let form = |path| Route::open(Method::POST, path).body(FORM_BYTES_MAX).cors(Cors::Client);
    Routes::new()
        .route(form("/oauth2/{server}/v1/token"), move |app, parts: token::Parts, body| {
            token::post(Arc::clone(&shell), app, parts, body)
        })
        .route(form("/oauth2/{server}/v1/introspect"), introspect::post)
        .route(form("/oauth2/{server}/v1/revoke"), revoke::post)
        .route(public("/oauth2/{server}/v1/keys"), keys::get)
        .route(public(OPENID), metadata::openid)
        .route(public(OAUTH), metadata::oauth)
        .route(public(INSERTED), metadata::oauth)
}

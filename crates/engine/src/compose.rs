//! Turns a grant into the claims of a token, in Okta's order.

use model::Timestamp;
use serde_json::{Map, Value};

use crate::decide::Grant;
use crate::facts::Facts;
use crate::server::AuthorizationServer;

/// What a token carries that neither the configuration nor the facts say.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `jti`.
    pub jti: &'a str,
    /// `iat`, in whole seconds.
    pub issued_at: Timestamp,
}

/// The claims of an access token (Okta); `custom` were evaluated by [`crate::claims`], `sub` among
/// them.
pub fn access_token(
    server: &AuthorizationServer,
    facts: &Facts,
    grant: &Grant,
    envelope: Envelope<'_>,
    custom: Map<String, Value>,
) -> Map<String, Value> {
    let issued_at = envelope.issued_at.seconds();
    let lifetime_seconds = i64::from(grant.lifetimes.access_token_minutes) * 60;
    let mut custom = custom;
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("ver", 1.into());
    put("jti", envelope.jti.into());
    put("iss", envelope.issuer.into());
    put("aud", server.audience.as_str().into());
    if let Some(sub) = custom.shift_remove("sub") {
        put("sub", sub);
    }
    put("iat", issued_at.into());
    put("exp", issued_at.saturating_add(lifetime_seconds).into());
    put("cid", facts.client.client_id.as_str().into());
    if let Some(user) = &facts.user {
        put("uid", user.id.as_str().into());
    }
    put("scp", grant.scopes.iter().map(|scope| Value::from(&**scope)).collect());
    for (name, value) in custom {
        // A custom claim never replaces one that the token carries anyway: the model reserves those names.
        claims.entry(name).or_insert(value);
    }
    claims
}

//! Turns a grant into the claims of a token, in Okta's order.

use model::Timestamp;
use model::token_format::AccessTokenProfile;
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
/// them. Under RFC 9068 its names follow Okta's, so that whoever reads either finds what it looks for.
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
    let under_rfc_9068 = server.access_token_profile == AccessTokenProfile::Rfc9068;
    // An admin may have switched the claim off, but RFC 9068 wants a subject in every token.
    let subject = custom.shift_remove("sub").or_else(|| under_rfc_9068.then(|| default_subject(facts)));
    if let Some(subject) = subject {
        put("sub", subject);
    }
    put("iat", issued_at.into());
    put("exp", issued_at.saturating_add(lifetime_seconds).into());
    put("cid", facts.client.client_id.as_str().into());
    if let Some(user) = &facts.user {
        put("uid", user.id.as_str().into());
    }
    put("scp", grant.scopes.iter().map(|scope| Value::from(&**scope)).collect());
    if under_rfc_9068 {
        put("client_id", facts.client.client_id.as_str().into());
        put("scope", grant.scopes.iter().map(|scope| &**scope).collect::<Vec<_>>().join(" ").into());
    }
    for (name, value) in custom {
        // A custom claim never replaces one that the token carries anyway: the model reserves those names.
        claims.entry(name).or_insert(value);
    }
    claims
}

/// Who a token is about if the server maps no subject: the user, or the client where there is none.
fn default_subject(facts: &Facts) -> Value {
    match &facts.user {
        Some(user) => user.id.as_str().into(),
        None => facts.client.client_id.as_str().into(),
    }
}

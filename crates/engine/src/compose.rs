//! Turns a grant into the claims of tokens and of userinfo, in Okta's order.

use model::token_format::AccessTokenProfile;
use serde_json::{Map, Value};

use crate::claims::Released;
use crate::decide::Grant;
use crate::facts::Facts;
use crate::mint::{Envelope, TokenKind};
use crate::server::AuthorizationServer;
use crate::user_facts::UserFacts;

/// How long an ID token lasts (Okta: fixed).
pub const ID_TOKEN_SECONDS: i64 = 3_600;

/// More claims of its own than any token has: a map that does not grow is made sooner.
const OWN_CLAIMS: usize = 14;

/// What Okta's ID tokens and userinfo say right after the subject.
const FIRST: [&str; 3] = ["name", "email", "locale"];

/// The claims of an access token (Okta); `custom` were evaluated by [`crate::claims`], `sub` among
/// them. Under RFC 9068 its names follow Okta's, so that whoever reads either finds what it looks for.
pub fn access_token(
    server: &AuthorizationServer,
    facts: &Facts,
    grant: &Grant,
    envelope: &Envelope<'_>,
    custom: Map<String, Value>,
) -> Map<String, Value> {
    let issued_at = envelope.issued_at.seconds();
    let lifetime_seconds = i64::from(grant.lifetimes.access_token_minutes) * 60;
    let mut custom = custom;
    let mut claims = Map::with_capacity(OWN_CLAIMS + custom.len());
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("ver", 1.into());
    put("jti", (envelope.token_ids)(TokenKind::Access, grant).into());
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
    if let Some(session) = facts.session.as_ref().filter(|_| facts.user.is_some()) {
        put("auth_time", session.auth_time.seconds().into());
        if let Some(acr) = &session.acr {
            put("acr", acr.as_str().into());
        }
    }
    add(&mut claims, custom);
    claims
}

/// Who a token is about if the server maps no subject: the user, or the client where there is none.
fn default_subject(facts: &Facts) -> Value {
    match &facts.user {
        Some(user) => user.id.as_str().into(),
        None => facts.client.client_id.as_str().into(),
    }
}

/// The claims of an ID token (Okta), but for `at_hash` and `c_hash`, which are made of what is signed.
pub fn id_token(
    server: &AuthorizationServer,
    facts: &Facts,
    user: &UserFacts,
    grant: &Grant,
    envelope: &Envelope<'_>,
    released: Released,
) -> Map<String, Value> {
    let issued_at = envelope.issued_at.seconds();
    let Released { mut system, custom } = released;
    let mut claims = Map::with_capacity(OWN_CLAIMS + system.len() + custom.len());
    claims.insert("sub".to_owned(), user.id.as_str().into());
    take_first(&mut claims, &mut system);
    let session = facts.session.as_ref();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("ver", 1.into());
    put("iss", envelope.issuer.into());
    put("aud", facts.client.client_id.as_str().into());
    put("iat", issued_at.into());
    put("exp", issued_at.saturating_add(ID_TOKEN_SECONDS).into());
    put("jti", (envelope.token_ids)(TokenKind::Id, grant).into());
    if let Some(session) = session {
        put("amr", session.amr.as_slice().into());
    }
    put("idp", session.and_then(|session| session.idp.as_deref()).unwrap_or(server.org.as_str()).into());
    if let Some(nonce) = &facts.nonce {
        put("nonce", nonce.as_str().into());
    }
    add(&mut claims, system);
    if let Some(session) = session {
        claims.insert("auth_time".to_owned(), session.auth_time.seconds().into());
        for (name, value) in [("acr", &session.acr), ("sid", &session.sid)] {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value.as_str().into());
            }
        }
    }
    add(&mut claims, custom);
    claims
}

/// What userinfo says: the user's id, and every claim that was released.
pub fn userinfo(user: &UserFacts, released: Released) -> Map<String, Value> {
    let Released { mut system, custom } = released;
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), user.id.as_str().into());
    take_first(&mut claims, &mut system);
    add(&mut claims, system);
    add(&mut claims, custom);
    claims
}

fn take_first(claims: &mut Map<String, Value>, system: &mut Map<String, Value>) {
    for name in FIRST {
        if let Some((name, value)) = system.shift_remove_entry(name) {
            claims.insert(name, value);
        }
    }
}

/// A configured claim never replaces one that the token carries anyway: the model reserves those names.
fn add(claims: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        claims.entry(name).or_insert(value);
    }
}

//! Everything that a request yields: the decision, the claims, the tokens' contents. The token endpoint signs what
//! comes out; Token Preview shows it. Leaves out signing, and what only a signer knows (`at_hash`).

use model::Timestamp;
use serde_json::{Map, Value};

use crate::claims::{self, ClaimFailure};
use crate::compose;
use crate::decide::{Grant, Refusal, decide};
use crate::facts::Facts;
use crate::server::{AuthorizationServer, ScopeName};
use crate::trace::Trace;
use crate::yields::Yields;

/// A token that needs a name (`jti`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The access token.
    Access,
    /// The ID token.
    Id,
}

/// What tokens carry that neither the configuration nor the facts say.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `iat`, in whole seconds; the time that expressions see.
    pub issued_at: Timestamp,
    /// `jti` of each token, once it is known what is granted.
    pub token_ids: &'a dyn Fn(TokenKind, &Grant) -> String,
}

/// What is given out.
#[derive(Debug, Clone, PartialEq)]
pub struct Minted {
    /// The decision.
    pub grant: Grant,
    /// The access token's claims; none where the authorize endpoint answers without one.
    pub access_token: Option<Map<String, Value>>,
    /// The ID token's claims, if there is one.
    pub id_token: Option<Map<String, Value>>,
    /// Whether a refresh token is given out.
    pub refresh_token: bool,
}

/// Why nothing is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The decision was no.
    Decision(Refusal),
    /// A claim could not be evaluated.
    Claim(ClaimFailure),
}

/// Decides, and makes what the tokens say.
pub fn mint(
    server: &AuthorizationServer,
    facts: &Facts,
    envelope: &Envelope<'_>,
    trace: &mut impl Trace,
) -> Result<Minted, Denied> {
    let grant = decide(server, facts, trace).map_err(Denied::Decision)?;
    let yields = Yields::of(facts, &grant.scopes);
    let access_token = if yields.access {
        let custom =
            claims::for_access_token(server, facts, &grant.scopes, envelope, trace).map_err(Denied::Claim)?;
        Some(compose::access_token(server, facts, &grant, envelope, custom))
    } else {
        None
    };
    let id_token = match (yields.id, &facts.user) {
        (Some(width), Some(user)) => {
            let released = claims::for_id_token(server, facts, &grant.scopes, width, envelope, trace)
                .map_err(Denied::Claim)?;
            Some(compose::id_token(server, facts, user, &grant, envelope, released))
        }
        _ => None,
    };
    Ok(Minted { grant, access_token, id_token, refresh_token: yields.refresh })
}

/// What userinfo says to an access token with `granted` scopes; nothing to one without a user or `openid`. `at` is the
/// time that expressions see.
pub fn userinfo(
    server: &AuthorizationServer,
    facts: &Facts,
    granted: &[ScopeName],
    at: Timestamp,
    trace: &mut impl Trace,
) -> Result<Option<Map<String, Value>>, Denied> {
    let Some(user) = facts.user.as_ref().filter(|_| granted.iter().any(|scope| &**scope == "openid")) else {
        return Ok(None);
    };
    let released = claims::for_userinfo(server, facts, granted, at, trace).map_err(Denied::Claim)?;
    Ok(Some(compose::userinfo(user, released)))
}

//! What the token endpoint and Token Preview share: which requests are recognised, and the facts of a request whose client
//! is known. Both then call `engine::mint`, so that a preview equals what is given out. Owns what is asked before any policy
//! is looked at; leaves out who the client is (`client`) and all that follows (`token`, `preview`).

use std::sync::Arc;

use engine::{
    ConsentFacts, Denied, Envelope, Facts, Grant, Minted, Requested, SessionFacts, TokenKind, Trace,
    UserFacts,
};
use model::app::ResponseType;
use model::{GrantType, Timestamp};
use serde_json::Value;

use crate::grant::{client_credentials, of_user};
use crate::issuer::{IssuerOrigins, issuer};
use crate::snapshot::{AppEntry, ServerEntry, Snapshot};
use crate::token::{Refusal, SCOPE_MAX};

/// What a known client asks for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// How.
    pub grant_type: GrantType,
    /// `scope`
    pub scope: Option<&'a str>,
    /// `Origin`, which browsers send from pages; none if the page is our own.
    pub page: Option<&'a str>,
    /// For whom; nobody where a client asks on its own behalf.
    pub asking: Option<Asking>,
}

/// The user for whom a client asks, and what the authorization request said.
#[derive(Debug)]
pub(crate) struct Asking {
    /// Who signed in.
    pub user: UserFacts,
    /// How and when.
    pub session: SessionFacts,
    /// What the authorization request is to be answered with, where that is tokens.
    pub response_types: Vec<ResponseType>,
    /// What the ID token repeats.
    pub nonce: Option<String>,
    /// What the user consented to before, and what the request says of asking.
    pub consent: ConsentFacts,
}

/// The grant that `grant_type` means: of an active server, and one of `grants`.
pub(crate) fn recognise(
    server: &ServerEntry,
    grant_type: Option<&str>,
    grants: &[GrantType],
) -> Result<GrantType, Refusal> {
    if !server.server.value.status.is_active() {
        return Err(Refusal::UnknownServer);
    }
    let grant_type = grant_type.filter(|text| !text.is_empty()).ok_or(Refusal::MissingGrantType)?;
    let grant_type = GrantType::from_word(grant_type).filter(|grant_type| grants.contains(grant_type));
    grant_type.ok_or(Refusal::UnsupportedGrantType)
}

/// Where something is decided: the configuration and what surrounds it.
pub(crate) struct Scene<'a> {
    /// The configuration.
    pub snapshot: &'a Snapshot,
    /// The server that is asked.
    pub server: &'a ServerEntry,
    /// The origins that the issuer may carry.
    pub issuers: &'a IssuerOrigins,
    /// What tokens are named.
    pub token_ids: &'a dyn Fn(TokenKind, &Grant) -> String,
    /// When.
    pub at: Timestamp,
}

/// What was decided, and on what.
pub(crate) struct Decided {
    /// The facts.
    pub facts: Facts,
    /// The server as it decides.
    pub compiled: Arc<engine::AuthorizationServer>,
    /// What the tokens say, or why there are none.
    pub minted: Result<Minted, Denied>,
}

/// Gathers, decides and composes. A refusal comes before any policy is looked at.
pub(crate) fn decide(
    scene: &Scene<'_>,
    client: &AppEntry,
    asked: Asked<'_>,
    trace: &mut impl Trace,
) -> Result<Decided, Refusal> {
    let facts = gather(client, asked)?;
    let compiled = scene.server.compiled(scene.snapshot.org());
    let issuer = issuer(scene.issuers, scene.server);
    let envelope = Envelope { issuer: &issuer, issued_at: scene.at, token_ids: scene.token_ids };
    let minted = engine::mint(&compiled, &facts, &envelope, trace);
    Ok(Decided { facts, compiled, minted })
}

/// The facts of the request, by its grant.
fn gather(client: &AppEntry, asked: Asked<'_>) -> Result<Facts, Refusal> {
    let Asked { grant_type, scope, page, asking } = asked;
    if !client.grant_types.contains(grant_type) {
        return Err(Refusal::UnauthorizedGrant(client.app.value.oauth.grant_types.clone()));
    }
    check_page(client, grant_type, page)?;
    restrictions(client)?;
    let scopes = requested(scope)?;
    match (grant_type, asking) {
        (GrantType::ClientCredentials, _) => Ok(client_credentials::gather(client, scopes)),
        (_, Some(asking)) => of_user::gather(client, grant_type, scopes, asking),
        (_, None) => Err(Refusal::UnsupportedGrantType),
    }
}

/// A browser may ask only from a page of the client's redirect URIs, and only with a grant that is made for browsers
/// (Okta).
fn check_page(client: &AppEntry, grant_type: GrantType, page: Option<&str>) -> Result<(), Refusal> {
    let Some(page) = page else { return Ok(()) };
    let is_of_page = |uri: &String| {
        let after = uri.get(page.len()..);
        uri.get(..page.len()).is_some_and(|start| start.eq_ignore_ascii_case(page))
            && after.is_some_and(|after| after.is_empty() || after.starts_with(['/', '?']))
    };
    if !client.app.value.oauth.redirect_uris.iter().any(is_of_page) {
        return Err(Refusal::ForeignPage);
    }
    match grant_type {
        GrantType::AuthorizationCode | GrantType::RefreshToken => Ok(()),
        _ => Err(Refusal::NotForBrowsers),
    }
}

/// Restrictions that an admin put on the client and that this release cannot honour: refusing is the only answer that
/// never gives out more than was meant.
fn restrictions(client: &AppEntry) -> Result<(), Refusal> {
    let oauth = &client.app.value.oauth;
    if oauth.dpop_bound_access_tokens {
        return Err(Refusal::ProofRequired);
    }
    match oauth.kept.get("network") {
        None | Some(Value::Null) => Ok(()),
        Some(network) if network.get("connection").and_then(Value::as_str) == Some("ANYWHERE") => Ok(()),
        Some(_) => Err(Refusal::OutsideNetwork),
    }
}

fn requested(scope: Option<&str>) -> Result<Requested, Refusal> {
    let scope = scope.unwrap_or_default();
    if scope.chars().count() > SCOPE_MAX {
        return Err(Refusal::ScopeTooLong);
    }
    let names: Vec<String> = scope.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Ok(if names.is_empty() { Requested::Omitted } else { Requested::Explicit(names) })
}

//! The token endpoint's use case, whole: snapshot, authenticate, gather, decide, compose, sign, commit.

use std::sync::Arc;

use engine::claims::ClaimFailure;
use engine::server::ScopeName;
use engine::{Envelope, Facts, Grant, Requested, Silent};
use model::event::{Event, EventType, FACTS_BYTES_MAX, Origin, OutcomeResult, Target};
use model::{GrantType, Timestamp};
use serde_json::value::RawValue;

use crate::client::{self, Credentials};
use crate::failure::{Failure, Fault};
use crate::grant::client_credentials;
use crate::log;
use crate::snapshot::{AppEntry, ServerEntry, Snapshot};
use crate::tenant::Tenant;

/// How long the `scope` parameter may be, in characters (Okta).
pub const SCOPE_MAX: usize = 4_096;
/// The grants that this release serves.
pub const GRANT_TYPES: &[GrantType] = &[GrantType::ClientCredentials];

/// A request, as `server` read it: each parameter once, one kind of credentials.
#[derive(Clone)]
pub struct Request {
    /// The server's path segment.
    pub server: String,
    /// The origin that the issuer carries: scheme, host and port.
    pub issuer_origin: String,
    /// What the client presents.
    pub credentials: Credentials,
    /// `grant_type`
    pub grant_type: Option<String>,
    /// `scope`
    pub scope: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// What is given out.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token, signed.
    pub access_token: String,
    /// Seconds until it expires.
    pub expires_in_seconds: u32,
    /// The scopes granted.
    pub scopes: Vec<ScopeName>,
}

/// Why nothing is given out. `server` maps these to OAuth's codes and statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such server, or it is inactive.
    UnknownServer,
    /// The request names no grant type.
    MissingGrantType,
    /// The grant type does not exist or is not served.
    UnsupportedGrantType,
    /// The client is not who it says it is.
    Client(client::Refusal),
    /// The client may not use the grant; these it may.
    UnauthorizedGrant(Vec<GrantType>),
    /// The client may ask only from network zones, and none exists yet.
    OutsideNetwork,
    /// The client's tokens must be bound to a key, which this release does not do yet.
    ProofRequired,
    /// The scope parameter is too long.
    ScopeTooLong,
    /// The decision was no.
    Decision(engine::Refusal),
    /// A claim could not be evaluated.
    Claim(ClaimFailure),
    /// Something that the decision rests on ended while it was made.
    EndedMeanwhile,
}

impl Refusal {
    /// Okta's internal name (`outcome.reason` of the log).
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UnknownServer => "invalid_authorization_server",
            Self::MissingGrantType => "missing_grant_type",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::Client(refusal) => refusal.name(),
            Self::UnauthorizedGrant(_) => "unauthorized_client",
            Self::OutsideNetwork => "network_zone_restricted",
            Self::ProofRequired => "dpop_proof_required",
            Self::ScopeTooLong => "scope_too_long",
            Self::Decision(refusal) => refusal.name(),
            Self::Claim(_) => "claim_evaluation_failure",
            Self::EndedMeanwhile => "configuration_changed",
        }
    }
}

/// What the request is about, once the client is known.
struct Subject<'a> {
    tenant: &'a Tenant,
    snapshot: &'a Snapshot,
    server: &'a ServerEntry,
    client: &'a AppEntry,
    origin: &'a Origin,
    now: Timestamp,
}

/// Answers a token request.
pub async fn issue(tenant: &Tenant, request: &Request, now: Timestamp) -> Result<Tokens, Failure<Refusal>> {
    let admitted = tenant.admission.try_acquire();
    let _admitted = admitted.map_err(|_| Fault::unavailable("too many token requests are under way"))?;
    let snapshot = tenant.configuration.current();
    issue_on(tenant, &snapshot, request, now).await
}

/// Answers a token request by `snapshot`, which may be older than the newest: what ended since is refused.
pub async fn issue_on(
    tenant: &Tenant,
    snapshot: &Snapshot,
    request: &Request,
    now: Timestamp,
) -> Result<Tokens, Failure<Refusal>> {
    let (server, client) = match identify(tenant, snapshot, request) {
        Ok(known) => known,
        Err(refusal) => return Err(Failure::Refused(refusal)),
    };
    let subject =
        Subject { tenant, snapshot, server: &server, client: &client, origin: &request.origin, now };
    let facts = match gather(&client, request) {
        Ok(facts) => facts,
        Err(refusal) => return Err(subject.refuse(refusal, None).await),
    };
    let compiled = server.compiled(snapshot.org());
    let grant = match engine::decide(&compiled, &facts, &mut Silent) {
        Ok(grant) => grant,
        Err(refusal) => return Err(subject.refuse(Refusal::Decision(refusal), Some(&facts)).await),
    };
    let custom = match engine::claims::for_access_token(&compiled, &facts, &grant.scopes) {
        Ok(custom) => custom,
        Err(failure) => return Err(subject.refuse(Refusal::Claim(failure), Some(&facts)).await),
    };
    if subject.has_ended() {
        return Err(subject.refuse(Refusal::EndedMeanwhile, Some(&facts)).await);
    }
    let jti = new_access_token_id();
    let issuer = issuer(&request.issuer_origin, &server);
    let envelope = Envelope { issuer: &issuer, jti: &jti, issued_at: now };
    let claims = engine::access_token(&compiled, &facts, &grant, envelope, custom);
    // Commit and signature run side by side; the reply needs both.
    let durable = tenant.store.submit(log::one(tenant, &subject.granted(&facts, &grant, &jti), now));
    let access_token = sign(tenant, &server, &serde_json::Value::Object(claims))?;
    durable.await.map_err(Fault::from)?;
    Ok(Tokens {
        access_token,
        expires_in_seconds: grant.lifetimes.access_token_minutes * 60,
        scopes: grant.scopes,
    })
}

/// Everything that anybody can be refused for: counted, not logged one by one.
fn identify(
    tenant: &Tenant,
    snapshot: &Snapshot,
    request: &Request,
) -> Result<(Arc<ServerEntry>, Arc<AppEntry>), Refusal> {
    let address = request.origin.address.as_deref();
    let refuse = |refusal: Refusal, client: Option<&AppEntry>| {
        let event_type = match (&refusal, client) {
            (Refusal::Client(_), Some(_)) => EventType::InvalidClientCredentials,
            _ => EventType::TokenGrant,
        };
        let client_id = client.map(|entry| entry.app.value.client_id.as_str());
        tenant.early_refusals.count(event_type, refusal.name(), address, client_id);
        refusal
    };
    let server = snapshot.find_server(&request.server).filter(|entry| entry.server.value.status.is_active());
    let server = server.ok_or_else(|| refuse(Refusal::UnknownServer, None))?;
    let grant_type = request.grant_type.as_deref().filter(|text| !text.is_empty());
    let grant_type = grant_type.ok_or_else(|| refuse(Refusal::MissingGrantType, None))?;
    let grant_type = GrantType::from_word(grant_type).filter(|grant_type| GRANT_TYPES.contains(grant_type));
    grant_type.ok_or_else(|| refuse(Refusal::UnsupportedGrantType, None))?;
    match client::authenticate(tenant, snapshot, &request.credentials) {
        Ok(client) => Ok((Arc::clone(server), client)),
        Err((refusal, client)) => Err(refuse(Refusal::Client(refusal), client.as_deref())),
    }
}

/// The facts of the request, by its grant.
fn gather(client: &AppEntry, request: &Request) -> Result<Facts, Refusal> {
    let grant_type = request.grant_type.as_deref().and_then(GrantType::from_word);
    let grant_type = grant_type.ok_or(Refusal::UnsupportedGrantType)?;
    if !client.grant_types.contains(grant_type) {
        return Err(Refusal::UnauthorizedGrant(client.app.value.oauth.grant_types.clone()));
    }
    restrictions(client)?;
    let scopes = requested(request.scope.as_deref())?;
    match grant_type {
        GrantType::ClientCredentials => Ok(client_credentials::gather(client, scopes)),
        _ => Err(Refusal::UnsupportedGrantType),
    }
}

/// Restrictions that an admin put on the client and that this release cannot honour: refusing is the only answer that
/// never gives out more than was meant.
fn restrictions(client: &AppEntry) -> Result<(), Refusal> {
    let oauth = &client.app.value.oauth;
    if oauth.dpop_bound_access_tokens {
        return Err(Refusal::ProofRequired);
    }
    let connection = oauth.kept.get("network").and_then(|network| network.get("connection"));
    match connection.and_then(serde_json::Value::as_str) {
        None | Some("ANYWHERE") => Ok(()),
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

/// `AT.` and 32 random bytes. A token with a grant of its own seals the grant's id there; a service's has none
/// (`docs/decisions/0004-grants.md`).
fn new_access_token_id() -> String {
    let mut jti = String::with_capacity(46);
    jti.push_str("AT.");
    jose::base64url::encode_onto(&jose::random_bytes::<32>(), &mut jti);
    jti
}

/// The `iss` of a server under an origin.
pub fn issuer(origin: &str, server: &ServerEntry) -> String {
    format!("{origin}/oauth2/{}", server.server.value.path_segment())
}

fn sign(tenant: &Tenant, server: &ServerEntry, claims: &serde_json::Value) -> Result<String, Fault> {
    let record =
        server.keys.active().ok_or_else(|| Fault::internal("the server has no active signing key"))?;
    let key = match record.parsed() {
        Some(key) => Arc::clone(key),
        None => record.parse(server.server.value.id, &tenant.secrets)?,
    };
    let mut token = String::new();
    jose::sign_compact(&key, claims.to_string().as_bytes(), &mut token).map_err(Fault::internal)?;
    Ok(token)
}

impl Subject<'_> {
    /// Whether client or server ended since the snapshot was taken: compared once more with the newest.
    fn has_ended(&self) -> bool {
        let newest = self.tenant.configuration.current();
        if newest.revision == self.snapshot.revision {
            return false;
        }
        let server = newest.server(self.server.server.value.id);
        let client = newest.app(self.client.app.value.id);
        !server.is_some_and(|entry| entry.server.value.status.is_active())
            || !client.is_some_and(|entry| entry.app.value.status.is_active())
    }

    /// The event of a grant: its targets are the token, the client, the server, the policy and the rule.
    fn granted(&self, facts: &Facts, grant: &Grant, jti: &str) -> Event {
        let server = &self.server.server.value;
        self.event(EventType::AccessTokenGrant, Some(facts))
            .about(Target::new("access_token", jti, "Access Token"))
            .about(self.client_target())
            .about(Target::new("AuthorizationServer", server.id.as_str(), server.name.as_str()))
            .about(Target::new("Policy", grant.policy.as_str(), grant.policy_name.as_str()))
            .about(Target::new("PolicyRule", grant.rule.as_str(), grant.rule_name.as_str()))
    }

    fn client_target(&self) -> Target {
        let app = &self.client.app.value;
        Target::new("PublicClientApp", app.client_id.as_str(), app.label.as_str())
    }

    fn event(&self, event_type: EventType, facts: Option<&Facts>) -> Event {
        let mut event = log::client_event(event_type, &self.client.app.value, self.origin);
        event.revision = Some(self.snapshot.revision);
        event.facts = facts
            .and_then(|facts| serde_json::to_string(facts).ok())
            .filter(|text| text.len() <= FACTS_BYTES_MAX)
            .and_then(|text| RawValue::from_string(text).ok());
        event
    }

    /// Tells the log and then the caller; if the log cannot be told, the answer is a fault.
    async fn refuse(&self, refusal: Refusal, facts: Option<&Facts>) -> Failure<Refusal> {
        let server = &self.server.server.value;
        let mut event = self
            .event(EventType::TokenGrant, facts)
            .about(self.client_target())
            .about(Target::new("AuthorizationServer", server.id.as_str(), server.name.as_str()));
        event.result = OutcomeResult::Failure;
        event.reason = Some(refusal.name().to_owned());
        match self.tenant.store.commit(log::one(self.tenant, &event, self.now)).await {
            Ok(_) => Failure::Refused(refusal),
            Err(error) => Failure::Fault(error.into()),
        }
    }
}

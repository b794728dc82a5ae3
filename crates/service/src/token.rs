//! The token endpoint's use case, whole: snapshot, authenticate, gather, mint, sign, commit.

use std::sync::Arc;

use engine::server::ScopeName;
use engine::{ClaimFailure, ClientFacts, Denied, Facts, Grant, Minted, Silent, TokenKind};
use jose::{SigningKey, TokenType};
use model::app::{AuthMethod, ResponseType};
use model::event::{Event, EventType, FACTS_BYTES_MAX, Origin, OutcomeResult};
use model::token_format::AccessTokenProfile;
use model::{GrantType, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;
use store::{CommitError, kill_point};

use crate::client::{self, Authenticated, Credentials};
use crate::client_assertion::{self, Endpoint, SingleUse};
use crate::failure::{Failure, Fault};
use crate::freshness::Passing;
use crate::issuer::IssuerOrigins;
use crate::log;
use crate::mint::{self, Asked, Decided, Scene};
use crate::snapshot::{AppEntry, ServerEntry, Snapshot};
use crate::target;
use crate::tenant::Tenant;
use crate::token_id::{GrantedUnder, new_id_token_id};

pub use crate::grant::standing::Standing;

/// How long the `scope` parameter may be, in characters (Okta).
pub const SCOPE_MAX: usize = 4_096;
/// The grants that this release serves.
pub const GRANT_TYPES: &[GrantType] = &[GrantType::ClientCredentials];

/// A request, as `server` read it: each parameter once, one kind of credentials.
#[derive(Clone)]
pub struct Request {
    /// The server's path segment.
    pub server: String,
    /// The origins that the issuer may carry.
    pub issuers: IssuerOrigins,
    /// What the client presents.
    pub credentials: Credentials,
    /// `grant_type`
    pub grant_type: Option<String>,
    /// `scope`
    pub scope: Option<String>,
    /// `Origin`, which browsers send from pages; none if the page is our own.
    pub page: Option<String>,
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
    /// A browser asks from a page that is not the client's.
    ForeignPage,
    /// A browser asks with a grant that is not for browsers.
    NotForBrowsers,
    /// The client's authorization requests may not be answered so; with these they may.
    UnsupportedResponseType(Vec<ResponseType>),
    /// The user may not sign in, or not any more.
    Standing(Standing),
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
            Self::Claim(failure) => failure.reason(),
            Self::ForeignPage => "invalid_browser_origin",
            Self::NotForBrowsers => "browser_grant_not_allowed",
            Self::UnsupportedResponseType(_) => "unsupported_response_type",
            Self::Standing(standing) => standing.name(),
        }
    }
}

/// Whether a request that was refused for this (`outcome.reason`) never came as far as a decision.
pub(crate) fn is_refused_before_decision(reason: &str) -> bool {
    [
        Refusal::UnsupportedGrantType,
        Refusal::UnauthorizedGrant(Vec::new()),
        Refusal::OutsideNetwork,
        Refusal::ProofRequired,
        Refusal::ScopeTooLong,
        Refusal::ForeignPage,
        Refusal::NotForBrowsers,
        Refusal::UnsupportedResponseType(Vec::new()),
        Refusal::Standing(Standing::SignInFailed),
        Refusal::Standing(Standing::PasswordExpired),
        Refusal::Standing(Standing::RefreshTokenInvalid),
        Refusal::Standing(Standing::NotAssigned),
    ]
    .iter()
    .any(|refusal| refusal.name() == reason)
}

/// What the request is about, once the client is known.
struct Subject<'a> {
    tenant: &'a Tenant,
    snapshot: &'a Snapshot,
    server: &'a ServerEntry,
    client: &'a AppEntry,
    /// The assertion that the client presented, if it may be granted on once only.
    single_use: Option<&'a SingleUse>,
    origin: &'a Origin,
    now: Timestamp,
    passing: Passing,
}

/// How often a request is decided anew because the configuration changed meanwhile.
const DECISIONS_MAX: u32 = 3;

/// Answers a token request.
pub async fn issue(tenant: &Tenant, request: &Request, now: Timestamp) -> Result<Tokens, Failure<Refusal>> {
    let admitted = tenant.admission.try_acquire();
    let _admitted = admitted.map_err(|_| Fault::unavailable("too many token requests are under way"))?;
    tenant.freshness.check(now)?;
    let passing = Passing::since(now);
    let mut now = now;
    for _ in 0..DECISIONS_MAX {
        let snapshot = tenant.configuration.current();
        if let Some(answer) = issue_on(tenant, &snapshot, request, passing, now).await {
            return answer;
        }
        now = passing.now();
    }
    Err(Fault::unavailable("the configuration changed again and again while a request was decided").into())
}

/// Answers a token request by `snapshot`; `None` if that is not the newest any more, and so nothing was given out.
/// `passing` began with the request, `now` is when it is decided.
pub async fn issue_on(
    tenant: &Tenant,
    snapshot: &Snapshot,
    request: &Request,
    passing: Passing,
    now: Timestamp,
) -> Option<Result<Tokens, Failure<Refusal>>> {
    let (server, grant_type, authenticated) = match identify(tenant, snapshot, request, now).await {
        Ok(known) => known,
        Err(failure) => return Some(Err(failure)),
    };
    if let Err(fault) = tenant.freshness.check(passing.now()) {
        return Some(Err(fault.into()));
    }
    let Authenticated { client, single_use } = &authenticated;
    let (single_use, origin) = (single_use.as_ref(), &request.origin);
    let subject = Subject { tenant, snapshot, server: &server, client, single_use, origin, now, passing };
    let decided = subject.decide(request, grant_type);
    // What may have ended meanwhile is compared once more with the newest: a snapshot that is not the newest any more
    // decides nothing.
    if tenant.configuration.current().revision != snapshot.revision {
        return None;
    }
    Some(match decided {
        Ok(decided) => subject.grant(decided).await,
        Err(refused) => {
            let (refusal, facts) = *refused;
            Err(subject.refuse(refusal, facts.as_ref()).await)
        }
    })
}

/// Everything that anybody can be refused for: counted, not logged one by one.
async fn identify(
    tenant: &Tenant,
    snapshot: &Snapshot,
    request: &Request,
    now: Timestamp,
) -> Result<(Arc<ServerEntry>, GrantType, Authenticated), Failure<Refusal>> {
    let refuse = |refusal, client: Option<&AppEntry>| refuse_early(tenant, &request.origin, refusal, client);
    let server = snapshot.find_server(&request.server);
    let server = server.ok_or_else(|| refuse(Refusal::UnknownServer, None))?;
    let grant_type = mint::recognise(server, request.grant_type.as_deref(), GRANT_TYPES);
    let grant_type = grant_type.map_err(|refusal| refuse(refusal, None))?;
    let endpoint =
        Endpoint { issuers: &request.issuers, server, path_segment: &request.server, name: "token" };
    match client::authenticate(tenant, snapshot, &request.credentials, &endpoint, now).await {
        Ok(authenticated) => Ok((Arc::clone(server), grant_type, authenticated)),
        Err(Failure::Refused((refusal, client))) => Err(refuse(Refusal::Client(refusal), client.as_deref())),
        Err(Failure::Fault(fault)) => Err(Failure::Fault(fault)),
    }
}

fn refuse_early(
    tenant: &Tenant,
    origin: &Origin,
    refusal: Refusal,
    client: Option<&AppEntry>,
) -> Failure<Refusal> {
    let event_type = match (&refusal, client) {
        (Refusal::Client(_), Some(_)) => EventType::InvalidClientCredentials,
        _ => EventType::TokenGrant,
    };
    let client_id = client.map(|entry| entry.app.value.client_id.as_str());
    tenant.early_refusals.count(event_type, refusal.name(), origin.address.as_deref(), client_id);
    Failure::Refused(refusal)
}

/// The key that signs for a server, parsed on first use.
fn signing_key(tenant: &Tenant, server: &ServerEntry) -> Result<Arc<SigningKey>, Fault> {
    let record =
        server.keys.active().ok_or_else(|| Fault::internal("the server has no active signing key"))?;
    match record.parsed() {
        Some(key) => Ok(Arc::clone(key)),
        None => record.parse(server.server.value.id, &tenant.secrets),
    }
}

/// What is not given out yet.
struct Granted {
    facts: Facts,
    compiled: Arc<engine::AuthorizationServer>,
    minted: Minted,
}

/// The facts as an event keeps them: without the app's profile, which the app's document of the revision says.
fn kept(facts: &Facts) -> Facts {
    let client = ClientFacts { profile: None, ..facts.client.clone() };
    Facts { client, ..facts.clone() }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Decision(refusal) => Self::Decision(refusal),
            Denied::Claim(failure) => Self::Claim(failure),
        }
    }
}

impl Subject<'_> {
    /// Gathers and mints. Writes nothing.
    fn decide(
        &self,
        request: &Request,
        grant_type: GrantType,
    ) -> Result<Granted, Box<(Refusal, Option<Facts>)>> {
        let token_ids = |kind: TokenKind, grant: &Grant| self.token_id(kind, grant);
        let scene = Scene {
            snapshot: self.snapshot,
            server: self.server,
            issuers: &request.issuers,
            token_ids: &token_ids,
            at: self.now,
        };
        let (scope, page) = (request.scope.as_deref(), request.page.as_deref());
        let asked = Asked { grant_type, scope, page, asking: None };
        let decided = mint::decide(&scene, self.client, asked, &mut Silent);
        let Decided { facts, compiled, minted } = decided.map_err(|refusal| Box::new((refusal, None)))?;
        match minted {
            Ok(minted) => Ok(Granted { facts, compiled, minted }),
            Err(denied) => Err(Box::new((denied.into(), Some(facts)))),
        }
    }

    /// The name of a token: an access token's says under what it was granted.
    fn token_id(&self, kind: TokenKind, grant: &Grant) -> String {
        match kind {
            TokenKind::Access => {
                let granted = GrantedUnder { revision: self.snapshot.revision, policy: grant.policy };
                granted.to_access_token_id(self.tenant.secrets.token_id())
            }
            TokenKind::Id => new_id_token_id(),
        }
    }

    /// Signs and commits. Commit and signature run side by side; the reply needs both.
    async fn grant(&self, granted: Granted) -> Result<Tokens, Failure<Refusal>> {
        let Granted { facts, compiled, minted } = granted;
        let Minted { grant, access_token: claims, .. } = minted;
        let claims = claims.ok_or_else(|| Fault::internal("the grant yields no access token"))?;
        let jti = claims.get("jti").and_then(Value::as_str).unwrap_or_default();
        // The key first: the log must not tell of a token that could not be signed.
        let key = signing_key(self.tenant, self.server)?;
        let event = self.granted(&facts, &grant, jti);
        let mut batch = log::one(self.tenant, &event, self.now);
        let used = self.single_use.map(|single_use| single_use.commit(&mut batch));
        let durable = self.tenant.store.submit(batch);
        kill_point("token: submitted");
        let mut access_token = String::new();
        let payload = Value::Object(claims).to_string();
        let token_type = match compiled.access_token_profile {
            AccessTokenProfile::Okta => TokenType::Unsaid,
            AccessTokenProfile::Rfc9068 => TokenType::AccessToken,
        };
        jose::sign_typed(&key, token_type, payload.as_bytes(), &mut access_token).map_err(Fault::internal)?;
        kill_point("token: signed");
        let durable = durable.await;
        kill_point("token: durable");
        match durable {
            Ok(_) => {}
            Err(CommitError::Conflict { step }) if Some(step) == used => return Err(self.already_used()),
            Err(error) => return Err(Fault::from(error).into()),
        }
        // The commit may have waited: a token in the log that nobody got is harmless, one that had ended is not.
        self.tenant.freshness.check(self.passing.now())?;
        Ok(Tokens {
            access_token,
            expires_in_seconds: grant.lifetimes.access_token_minutes * 60,
            scopes: grant.scopes,
        })
    }

    /// The event of a grant: its targets are the token, the client, the server, the policy and the rule.
    fn granted(&self, facts: &Facts, grant: &Grant, jti: &str) -> Event {
        let [policy, rule] = target::granted_by(grant);
        self.event(EventType::AccessTokenGrant, Some(facts))
            .about(target::access_token(jti))
            .about(target::client(&self.client.app.value))
            .about(target::server(&self.server.server.value))
            .about(policy)
            .about(rule)
    }

    fn event(&self, event_type: EventType, facts: Option<&Facts>) -> Event {
        let mut event = log::client_event(event_type, &self.client.app.value, self.origin);
        event.revision = Some(self.snapshot.revision);
        event.facts = facts
            .and_then(|facts| serde_json::to_string(&kept(facts)).ok())
            .filter(|text| text.len() <= FACTS_BYTES_MAX)
            .and_then(|text| RawValue::from_string(text).ok());
        event
    }

    /// Whoever saw an assertion can send it again: that is counted, like wrong credentials.
    fn already_used(&self) -> Failure<Refusal> {
        let refusal = Refusal::Client(client::Refusal::Assertion(client_assertion::Refusal::AlreadyUsed));
        refuse_early(self.tenant, self.origin, refusal, Some(self.client))
    }

    /// Tells the log and then the caller; if the log cannot be told, the answer is a fault. A client that proved nothing
    /// is anybody who knows its id: that is counted.
    async fn refuse(&self, refusal: Refusal, facts: Option<&Facts>) -> Failure<Refusal> {
        let app = &self.client.app.value;
        if app.oauth.auth_method == AuthMethod::None {
            let (address, id) = (self.origin.address.as_deref(), app.client_id.as_str());
            self.tenant.early_refusals.count(EventType::TokenGrant, refusal.name(), address, Some(id));
            return Failure::Refused(refusal);
        }
        if let Some(single_use) = self.single_use {
            match single_use.is_used(self.tenant).await {
                Ok(true) => return self.already_used(),
                Ok(false) => {}
                Err(fault) => return Failure::Fault(fault),
            }
        }
        let mut event = self
            .event(EventType::TokenGrant, facts)
            .about(target::client(&self.client.app.value))
            .about(target::server(&self.server.server.value));
        event.result = OutcomeResult::Failure;
        event.reason = Some(refusal.name().to_owned());
        let logged = self.tenant.store.commit(log::one(self.tenant, &event, self.now)).await;
        kill_point("token: refused");
        match logged {
            Ok(_) => Failure::Refused(refusal),
            Err(error) => Failure::Fault(error.into()),
        }
    }
}

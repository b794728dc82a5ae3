//! An access token that somebody shows to the server that issued it: who asks, and what the token says. Owns what
//! introspection and revocation share. Leaves out what follows from it.

use std::sync::Arc;

use model::Timestamp;
use model::event::{EventType, Origin};
use serde_json::{Map, Value};

use crate::client::{self, Authenticated, Credentials, Refused};
use crate::client_assertion::{self, Endpoint};
use crate::failure::Failure;
use crate::issuer::{IssuerOrigins, is_issuer_of};
use crate::revocations::{self, JtiHash};
use crate::signing_key::ALGORITHMS;
use crate::snapshot::{AppEntry, ServerEntry, Snapshot};
use crate::tenant::Tenant;
use crate::token_id::GrantedUnder;

/// A request about a token, as `server` read it.
#[derive(Clone)]
pub struct Request {
    /// The server's path segment.
    pub server: String,
    /// The origins that the server's issuer may carry.
    pub issuers: IssuerOrigins,
    /// What the client presents.
    pub credentials: Credentials,
    /// `token`
    pub token: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// Why a request about a token is refused. What the token is, is never a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such server, or it is inactive.
    UnknownServer,
    /// The client is not who it says it is.
    Client(client::Refusal),
    /// The request names no token.
    MissingToken,
    /// The client has had so many tokens revoked that the rest is for others.
    TooManyRevocations,
}

impl Refusal {
    /// Okta's internal name (`outcome.reason` of the log).
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownServer => "invalid_authorization_server",
            Self::Client(refusal) => refusal.name(),
            Self::MissingToken => "missing_token",
            Self::TooManyRevocations => "too_many_revocations",
        }
    }
}

/// A request whose client is known.
pub(crate) struct Asked<'a> {
    pub server: Arc<ServerEntry>,
    pub client: Arc<AppEntry>,
    pub token: &'a str,
}

/// Everything that anybody can be refused for. Wrong credentials are counted, as at the token endpoint.
///
/// A client assertion is used up here: whoever saw it cannot ask with it again. Other credentials write nothing.
pub(crate) async fn identify<'a>(
    tenant: &Tenant,
    snapshot: &Snapshot,
    request: &'a Request,
    endpoint: &str,
    now: Timestamp,
) -> Result<Asked<'a>, Failure<Refusal>> {
    let server = snapshot.find_server(&request.server).filter(|entry| entry.server.value.status.is_active());
    let server = server.ok_or(Failure::Refused(Refusal::UnknownServer))?;
    let endpoint =
        Endpoint { issuers: &request.issuers, server, path_segment: &request.server, name: endpoint };
    let refuse = |(refusal, client): Refused| {
        let client_id = client.as_ref().map(|entry| entry.app.value.client_id.as_str());
        let (event_type, address) = (EventType::InvalidClientCredentials, request.origin.address.as_deref());
        tenant.early_refusals.count(event_type, refusal.name(), address, client_id);
        Failure::Refused(Refusal::Client(refusal))
    };
    let authenticated = client::authenticate(tenant, snapshot, &request.credentials, &endpoint, now).await;
    let Authenticated { client, single_use } = authenticated.map_err(|failure| match failure {
        Failure::Refused(refused) => refuse(refused),
        Failure::Fault(fault) => Failure::Fault(fault),
    })?;
    let token = request.token.as_deref().ok_or(Failure::Refused(Refusal::MissingToken))?;
    if let Some(single_use) = single_use
        && !single_use.is_first(tenant).await?
    {
        let used = client::Refusal::Assertion(client_assertion::Refusal::AlreadyUsed);
        return Err(refuse((used, Some(client))));
    }
    Ok(Asked { server: Arc::clone(server), client, token })
}

/// An access token of this server whose signature is good and whose time has not run out.
pub(crate) struct AccessToken {
    pub claims: Map<String, Value>,
    pub jti: String,
    pub jti_hash: JtiHash,
    pub client_id: String,
    pub expires: i64,
}

impl AccessToken {
    /// Reads a token; `None` if it is not an access token of `server` or has expired.
    pub fn read(server: &ServerEntry, token: &str, now: Timestamp) -> Option<Self> {
        // Each key verifies what it signs with, whatever the token says.
        let key = |kid: Option<&str>| server.keys.find(kid?)?.verifying();
        let verified = jose::verify_compact(token, &ALGORITHMS, key).ok()?;
        let claims = verified.claims().ok()?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let jti = text("jti").filter(|jti| jti.starts_with("AT."))?.to_owned();
        let client_id = text("cid")?.to_owned();
        let expires = claims.get("exp")?.as_i64()?;
        let is_ours = text("iss").is_some_and(|iss| is_issuer_of(iss, server));
        let is_alive = expires > now.seconds();
        (is_ours && is_alive).then(|| Self {
            jti_hash: revocations::hash(&jti),
            claims,
            jti,
            client_id,
            expires,
        })
    }

    /// Whether the token still stands: not revoked, and nothing that it depends on has ended since it was decided.
    pub fn stands(&self, tenant: &Tenant, snapshot: &Snapshot, server: &ServerEntry) -> bool {
        if tenant.revocations.contains(&self.jti_hash) {
            return false;
        }
        let Some(granted) = GrantedUnder::of_access_token_id(tenant.secrets.token_id(), &self.jti) else {
            return false;
        };
        let is_since = |valid_from: Option<u64>| valid_from.is_none_or(|from| granted.revision >= from);
        let server_stands = is_since(server.server.value.tokens_valid_from);
        let app = snapshot.client(&self.client_id).map(|entry| &entry.app.value);
        let app_stands = app.is_some_and(|app| app.status.is_active() && is_since(app.tokens_valid_from));
        let policy = server.find_policy(granted.policy).map(|entry| &entry.policy.value);
        let policy_stands =
            policy.is_some_and(|policy| policy.status.is_active() && is_since(policy.tokens_valid_from));
        server_stands && app_stands && policy_stands
    }
}

//! Who a client is: authentication at the OAuth endpoints (RFC 6749 section 2.3; Okta, section 7.4).

use std::sync::Arc;

use model::Timestamp;
use model::app::AuthMethod;

use crate::client_assertion::{self, Assertion, Endpoint, SingleUse};
use crate::failure::Failure;
use crate::snapshot::{AppEntry, Snapshot};
use crate::tenant::Tenant;

/// What a request presents. `server` has seen to it that it is one thing only.
#[derive(Clone)]
pub enum Credentials {
    /// Nothing at all.
    None,
    /// An `Authorization` header that is not valid client credentials.
    Malformed,
    /// Id and secret in the `Authorization` header.
    Basic {
        /// The client's id.
        client_id: String,
        /// Its secret.
        secret: String,
    },
    /// Id and secret in the body.
    Post {
        /// The client's id.
        client_id: String,
        /// Its secret.
        secret: String,
    },
    /// Only an id in the body.
    Public {
        /// The client's id.
        client_id: String,
    },
    /// A signed assertion.
    Assertion(Assertion),
}

/// Why a client is not who it says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No credentials were presented.
    NoCredentials,
    /// The header is not valid client credentials.
    MalformedHeader,
    /// There is no such client, or it is inactive.
    UnknownClient,
    /// The client is registered for another way to authenticate.
    WrongMethod,
    /// The secret is wrong.
    WrongSecret,
    /// The assertion is not taken.
    Assertion(client_assertion::Refusal),
}

impl Refusal {
    /// Okta's internal name (`outcome.reason` of the log).
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_client_credentials",
            Self::MalformedHeader => "invalid_client_credentials_header",
            Self::UnknownClient => "invalid_client_id",
            Self::WrongMethod => "invalid_client_auth_method",
            Self::WrongSecret => "invalid_client_secret",
            Self::Assertion(refusal) => refusal.name(),
        }
    }
}

/// A client that is who it says it is.
#[derive(Debug)]
pub struct Authenticated {
    /// The client.
    pub client: Arc<AppEntry>,
    /// What has to be written for a grant, so that its assertion is not granted on again.
    pub single_use: Option<SingleUse>,
}

/// A refusal, and the client if the credentials name one.
pub type Refused = (Refusal, Option<Arc<AppEntry>>);

/// The client that the credentials belong to. `endpoint` is where they are presented.
pub async fn authenticate(
    tenant: &Tenant,
    snapshot: &Snapshot,
    credentials: &Credentials,
    endpoint: &Endpoint<'_>,
    now: Timestamp,
) -> Result<Authenticated, Failure<Refused>> {
    let (client_id, secret, method) = match credentials {
        Credentials::None => return Err(Failure::Refused((Refusal::NoCredentials, None))),
        Credentials::Malformed => return Err(Failure::Refused((Refusal::MalformedHeader, None))),
        Credentials::Assertion(assertion) => {
            return client_assertion::authenticate(tenant, snapshot, assertion, endpoint, now).await;
        }
        Credentials::Basic { client_id, secret } => {
            (client_id, secret.as_str(), AuthMethod::ClientSecretBasic)
        }
        Credentials::Post { client_id, secret } => (client_id, secret.as_str(), AuthMethod::ClientSecretPost),
        Credentials::Public { client_id } => (client_id, "", AuthMethod::None),
    };
    let client = by_secret(tenant, snapshot, client_id, secret, method).map_err(Failure::Refused)?;
    Ok(Authenticated { client, single_use: None })
}

/// The active client with this id. Who knows no more of a client than that has not authenticated it.
pub(crate) fn find<'a>(snapshot: &'a Snapshot, client_id: &str) -> Result<&'a Arc<AppEntry>, Refusal> {
    let entry = snapshot.client(client_id).filter(|entry| entry.app.value.status.is_active());
    entry.ok_or(Refusal::UnknownClient)
}

/// An unknown client costs as much time as a wrong secret.
fn by_secret(
    tenant: &Tenant,
    snapshot: &Snapshot,
    client_id: &str,
    secret: &str,
    method: AuthMethod,
) -> Result<Arc<AppEntry>, Refused> {
    let mac = tenant.secrets.client_secret_mac(secret);
    let entry = find(snapshot, client_id).map_err(|refusal| (refusal, None))?;
    let registered = entry.app.value.oauth.auth_method;
    if registered == AuthMethod::None && method == AuthMethod::None {
        return Ok(Arc::clone(entry));
    }
    if registered != method {
        return Err((Refusal::WrongMethod, Some(Arc::clone(entry))));
    }
    // Every secret is compared, so that the time does not tell which one was close.
    let matches = entry.secrets.iter().fold(false, |found, secret| {
        let same = jose::constant_time_eq(&secret.mac, &mac);
        found | (same & secret.status.is_active())
    });
    if matches { Ok(Arc::clone(entry)) } else { Err((Refusal::WrongSecret, Some(Arc::clone(entry)))) }
}

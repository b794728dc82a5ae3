//! Who a client is: authentication at the OAuth endpoints (RFC 6749 section 2.3; Okta, section 7.4).

use std::sync::Arc;

use model::app::AuthMethod;

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
    /// A signed assertion, which this release does not verify yet.
    Assertion,
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
    /// Assertions are not verified yet.
    AssertionUnsupported,
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
            Self::AssertionUnsupported => "client_assertion_not_supported",
        }
    }
}

/// The client that the credentials belong to. An unknown client costs as much time as a wrong secret.
pub fn authenticate(
    tenant: &Tenant,
    snapshot: &Snapshot,
    credentials: &Credentials,
) -> Result<Arc<AppEntry>, (Refusal, Option<Arc<AppEntry>>)> {
    let (client_id, secret, method) = match credentials {
        Credentials::None => return Err((Refusal::NoCredentials, None)),
        Credentials::Malformed => return Err((Refusal::MalformedHeader, None)),
        Credentials::Assertion => return Err((Refusal::AssertionUnsupported, None)),
        Credentials::Basic { client_id, secret } => {
            (client_id, secret.as_str(), AuthMethod::ClientSecretBasic)
        }
        Credentials::Post { client_id, secret } => (client_id, secret.as_str(), AuthMethod::ClientSecretPost),
        Credentials::Public { client_id } => (client_id, "", AuthMethod::None),
    };
    let mac = tenant.secrets.client_secret_mac(secret);
    let Some(entry) = snapshot.client(client_id).filter(|entry| entry.app.value.status.is_active()) else {
        return Err((Refusal::UnknownClient, None));
    };
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

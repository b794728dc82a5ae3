//! `client_credentials` (RFC 6749 section 4.4): a service asks on its own behalf. Needs no read of the store.

use engine::{ClientFacts, Facts, Requested};
use model::GrantType;

use crate::snapshot::AppEntry;

/// The facts of a request that names `scopes`.
pub fn gather(app: &AppEntry, scopes: Requested) -> Facts {
    Facts::new(client(app), GrantType::ClientCredentials, scopes)
}

/// What is known of a client, whatever the grant.
pub(crate) fn client(app: &AppEntry) -> ClientFacts {
    let app = &app.app.value;
    ClientFacts {
        client_id: app.client_id.clone(),
        app: app.id,
        profile: app.profile.clone(),
        consent_method: app.oauth.consent_method,
    }
}

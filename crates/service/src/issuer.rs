//! Issuers: which of the server's origins the `iss` of an authorization server carries.

use std::sync::Arc;

use model::authorization_server::IssuerMode;

use crate::snapshot::ServerEntry;

/// The origins that an issuer may carry: `https://id.example.com`, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerOrigins {
    /// The org's own.
    pub org: Arc<str>,
    /// The custom domain's; the org's own where none is configured.
    pub custom: Arc<str>,
    /// The one that the request was sent to.
    pub selected: Arc<str>,
}

impl IssuerOrigins {
    /// The only origin that there is.
    pub fn only(origin: &str) -> Self {
        let origin = Arc::<str>::from(origin);
        Self { org: Arc::clone(&origin), custom: Arc::clone(&origin), selected: origin }
    }

    /// What a new server's issuer carries if nobody says: the custom domain once there is one (Okta).
    pub fn mode_of_new_servers(&self) -> IssuerMode {
        if self.custom == self.org { IssuerMode::OrgUrl } else { IssuerMode::CustomUrl }
    }

    fn of(&self, mode: IssuerMode) -> &str {
        match mode {
            IssuerMode::OrgUrl => &self.org,
            IssuerMode::CustomUrl => &self.custom,
            IssuerMode::Dynamic => &self.selected,
        }
    }
}

/// The `iss` of a server: its origin by `issuerMode`, then its path (Okta).
pub fn issuer(origins: &IssuerOrigins, server: &ServerEntry) -> String {
    let server = &server.server.value;
    format!("{}/oauth2/{}", origins.of(server.issuer_mode), server.path_segment())
}

/// Whether `iss` is, or was, the issuer of a server, whichever origin it carries: a token shows where its client
/// asked, and origins and modes change while it lives. Only for what the server's own key has signed.
pub(crate) fn is_issuer_of(iss: &str, server: &ServerEntry) -> bool {
    let origin = iss.strip_suffix(server.server.value.path_segment());
    origin.is_some_and(|origin| origin.ends_with("/oauth2/"))
}

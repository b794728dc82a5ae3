//! What the consent mode of a scope does where nobody is there to be asked.

use model::GrantType;
use model::scope::Consent;

use crate::server::{AuthorizationServer, ScopeName};

/// Those of `scopes` that need a user's consent and so cannot be granted to a service: `REQUIRED` is refused,
/// `FLEXIBLE` and `IMPLICIT` are granted (Okta).
pub(crate) fn refused_to_services(
    server: &AuthorizationServer,
    grant_type: GrantType,
    scopes: &[ScopeName],
) -> Vec<String> {
    if !grant_type.is_without_user() {
        return Vec::new();
    }
    scopes.iter().filter(|scope| needs_user(server, scope)).map(ToString::to_string).collect()
}

pub(crate) fn needs_user(server: &AuthorizationServer, scope: &str) -> bool {
    server.scopes.get(scope).is_some_and(|scope| scope.consent == Consent::Required)
}

//! What the consent of a scope does to a request (Okta): whether the user is asked, and what follows where nobody is there
//! to be asked. How the user is asked, and what the answer was, is told elsewhere.

use model::GrantType;
use model::app::ConsentMethod;
use model::scope::Consent;

use crate::facts::{Facts, Prompt};
use crate::server::{AuthorizationServer, ScopeName};

/// Why nobody can be asked for a consent that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// A service has no user.
    Service,
    /// The user is not at a page of ours: the password came from the client.
    Password,
    /// The user is not at a page of ours: another token stands for it.
    TokenExchange,
    /// The request wants nobody to be asked, or has no page to ask on.
    Silent,
}

/// Those of `scopes` for which the user has to be asked, and why that cannot be done, if it cannot.
pub(crate) fn needed(
    server: &AuthorizationServer,
    facts: &Facts,
    scopes: &[ScopeName],
) -> (Vec<ScopeName>, Option<Unasked>) {
    let needed = scopes.iter().filter(|scope| is_needed(server, facts, scope)).cloned().collect();
    (needed, unasked(facts))
}

/// Whether a scope is out of reach of the request, because nobody can be asked for it.
pub(crate) fn is_out_of_reach(server: &AuthorizationServer, facts: &Facts, scope: &str) -> bool {
    unasked(facts).is_some() && is_needed(server, facts, scope)
}

/// Whether `scope` has to be consented to before it is granted. A service cannot have what is `REQUIRED`, and has what is
/// `FLEXIBLE`. Users of a trusted app are asked only if the request says so, others unless they have consented before.
fn is_needed(server: &AuthorizationServer, facts: &Facts, scope: &str) -> bool {
    let consent = server.scopes.get(scope).map_or(Consent::Implicit, |scope| scope.consent);
    if facts.grant_type.is_without_user() {
        return consent == Consent::Required;
    }
    if consent == Consent::Implicit || facts.grant_type == GrantType::RefreshToken {
        return false;
    }
    if facts.consent.prompt == Some(Prompt::Consent) {
        return true;
    }
    facts.client.consent_method == ConsentMethod::Required
        && !facts.consent.given.iter().any(|given| given == scope)
}

/// Why the user cannot be asked; nothing where there is a page for it.
fn unasked(facts: &Facts) -> Option<Unasked> {
    match facts.grant_type {
        GrantType::ClientCredentials => Some(Unasked::Service),
        GrantType::Password => Some(Unasked::Password),
        GrantType::TokenExchange => Some(Unasked::TokenExchange),
        _ if facts.consent.prompt == Some(Prompt::None) => Some(Unasked::Silent),
        GrantType::AuthorizationCode
        | GrantType::Implicit
        | GrantType::InteractionCode
        | GrantType::DeviceCode
        | GrantType::Ciba
        | GrantType::RefreshToken => None,
        _ => Some(Unasked::Silent),
    }
}

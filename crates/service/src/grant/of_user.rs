//! The grants of a user, as far as their tokens go: Token Preview poses them. Leaves out how each proves that the user is
//! there.

use engine::{Facts, Requested};
use model::GrantType;

use crate::grant::client_credentials;
use crate::mint::Asking;
use crate::snapshot::AppEntry;

/// The facts of a request for a user. A refresh is asked of a family that a sign-in began, and its scopes were granted then.
pub(crate) fn gather(app: &AppEntry, grant_type: GrantType, scopes: Requested, asking: Asking) -> Facts {
    let refreshes = grant_type == GrantType::RefreshToken;
    let scopes = match scopes {
        Requested::Explicit(names) if refreshes => Requested::Original(names),
        scopes => scopes,
    };
    Facts {
        began_with: refreshes.then_some(GrantType::AuthorizationCode),
        user: Some(asking.user),
        session: Some(asking.session),
        response_types: asking.response_types,
        nonce: asking.nonce,
        ..Facts::new(client_credentials::client(app), grant_type, scopes)
    }
}

//! The grants of a user, as far as their tokens go: Token Preview poses them. Leaves out how each proves that the user is
//! there.

use engine::{Facts, Requested};
use model::GrantType;

use crate::grant::client_credentials;
use crate::mint::Asking;
use crate::snapshot::AppEntry;

/// The facts of a request for a user.
pub(crate) fn gather(app: &AppEntry, grant_type: GrantType, scopes: Requested, asking: Asking) -> Facts {
    Facts {
        user: Some(asking.user),
        session: Some(asking.session),
        response_types: asking.response_types,
        nonce: asking.nonce,
        ..Facts::new(client_credentials::client(app), grant_type, scopes)
    }
}

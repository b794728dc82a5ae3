//! The grants of a user, as far as their tokens go: Token Preview poses them. Leaves out how each proves that the user is
//! there.

use engine::{Facts, Requested};
use model::GrantType;

use crate::grant::{client_credentials, response_type, standing};
use crate::mint::Asking;
use crate::snapshot::AppEntry;
use crate::token::Refusal;

/// The facts of a request for a user, who must be one that may have tokens. A refresh is asked of a family that a sign-in
/// began, and its scopes were granted then: never the server's default scopes.
pub(crate) fn gather(
    app: &AppEntry,
    grant_type: GrantType,
    scopes: Requested,
    asking: Asking,
) -> Result<Facts, Refusal> {
    response_type::check(app, grant_type, &asking.response_types)?;
    standing::check(&asking.user, grant_type).map_err(Refusal::Standing)?;
    let refreshes = grant_type == GrantType::RefreshToken;
    let scopes = match scopes {
        Requested::Explicit(names) if refreshes => Requested::Original(names),
        Requested::Omitted if refreshes => Requested::Original(Vec::new()),
        scopes => scopes,
    };
    Ok(Facts {
        began_with: refreshes.then_some(GrantType::AuthorizationCode),
        user: Some(asking.user),
        session: Some(asking.session),
        response_types: asking.response_types,
        nonce: asking.nonce,
        consent: asking.consent,
        ..Facts::new(client_credentials::client(app), grant_type, scopes)
    })
}

//! What an authorization request may be answered with: by its grant, and by what the app is set up for. Leaves out which
//! tokens that means (`engine`).

use model::GrantType;
use model::app::ResponseType;

use crate::snapshot::AppEntry;
use crate::token::Refusal;

/// Refuses response types that the grant does not have or the app may not use. A code together with tokens needs an app
/// with both grants.
pub(crate) fn check(app: &AppEntry, grant_type: GrantType, asked: &[ResponseType]) -> Result<(), Refusal> {
    let oauth = &app.app.value.oauth;
    let refused = || Err(Refusal::UnsupportedResponseType(oauth.response_types.clone()));
    if !fits(grant_type, asked) {
        return refused();
    }
    let usual: &[ResponseType] = match grant_type {
        GrantType::AuthorizationCode if asked.is_empty() => &[ResponseType::Code],
        _ => asked,
    };
    if !usual.iter().all(|asked| oauth.response_types.contains(asked)) {
        return refused();
    }
    let is_hybrid = grant_type == GrantType::AuthorizationCode && asked.len() > 1;
    if is_hybrid && !app.grant_types.contains(GrantType::Implicit) {
        return Err(Refusal::UnauthorizedGrant(oauth.grant_types.clone()));
    }
    Ok(())
}

/// Whether a request of this grant can ask for this: a code is what `authorization_code` is about, tokens without a code are
/// `implicit`, and no other grant begins with an authorization request that names them.
pub(crate) fn fits(grant_type: GrantType, asked: &[ResponseType]) -> bool {
    let with_code = asked.contains(&ResponseType::Code);
    match grant_type {
        GrantType::AuthorizationCode => asked.is_empty() || with_code,
        GrantType::Implicit => !asked.is_empty() && !with_code,
        _ => asked.is_empty(),
    }
}

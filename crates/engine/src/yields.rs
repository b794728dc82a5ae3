//! Which tokens a request yields, by its grant, its response types and its scopes (Okta). What they say is not told here.

use model::GrantType;
use model::app::ResponseType;

use crate::facts::Facts;
use crate::server::ScopeName;

/// How much an ID token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// Only claims that are always included: the rest is to be had from userinfo.
    Thin,
    /// Every claim of the granted scopes, because no access token comes with it.
    Fat,
}

/// The tokens of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Yields {
    pub access: bool,
    pub id: Option<Width>,
    pub refresh: bool,
}

impl Yields {
    /// What `granted` scopes give.
    pub(crate) fn of(facts: &Facts, granted: &[ScopeName]) -> Self {
        let has = |name: &str| granted.iter().any(|scope| &**scope == name);
        let of_authorize = |wanted| facts.response_types.contains(&wanted);
        let in_front = of_authorize(ResponseType::Token) || of_authorize(ResponseType::IdToken);
        let of_user = facts.user.is_some();
        if in_front {
            let access = of_authorize(ResponseType::Token);
            let width = if access { Width::Thin } else { Width::Fat };
            let id = of_authorize(ResponseType::IdToken) && of_user && has("openid");
            return Self { access, id: id.then_some(width), refresh: false };
        }
        let first = facts.judged_grant_type();
        let never_refreshed = matches!(first, GrantType::Implicit | GrantType::ClientCredentials);
        Self {
            access: true,
            id: (of_user && has("openid")).then_some(Width::Thin),
            refresh: of_user && has("offline_access") && !never_refreshed,
        }
    }
}

//! What becomes of a groups claim with more groups than a token may carry: the request fails, or the token points to
//! userinfo (`docs/decisions/0010-groups-overflow.md`). A pointer that would lead nowhere, or to other groups, is not given.

use model::token_format::GroupsOverflow;
use serde_json::{Map, Value, json};

use super::evaluate::Pass;
use super::groups::Filter;
use super::{CLAIM_NAMES, CLAIM_SOURCES, Cause, Claim, ClaimFailure, Source, Standing};
use crate::trace::Carrier;
use crate::yields::Width;

/// What a groups claim says.
pub(super) enum Groups {
    /// The names, which may be none.
    Told(Value),
    /// So many that the token says where to ask.
    Pointed(usize),
}

impl Pass<'_> {
    /// Guess: where no group passes, the claim is left out, as `Groups.startsWith` is null then.
    pub(super) fn groups(&self, claim: &Claim, names: Vec<&str>) -> Result<Groups, ClaimFailure> {
        if names.is_empty() {
            return Ok(Groups::Told(Value::Null));
        }
        let count = names.len();
        let too_many = |why: &str| {
            let detail = format!("{count} groups pass the filter, and {} may{why}", el::GROUPS_MAX);
            Err(claim.failure(Cause::TooManyGroups, detail))
        };
        if !self.is_overflow(&names) {
            return Ok(Groups::Told(names.into()));
        }
        match self.surroundings.server.groups_overflow {
            GroupsOverflow::Fail => too_many(""),
            GroupsOverflow::Pointer if self.carrier == Carrier::Userinfo => Ok(Groups::Told(names.into())),
            GroupsOverflow::Pointer => {
                self.why_not_pointed(claim).map_or(Ok(Groups::Pointed(count)), too_many)
            }
        }
    }

    /// Whether a token of this request may not carry so many.
    pub(super) fn is_overflow(&self, names: &[&str]) -> bool {
        self.bounded && names.len() > el::GROUPS_MAX
    }

    /// Why whoever follows the pointer would not find the claim's groups, if so.
    fn why_not_pointed(&self, claim: &Claim) -> Option<&'static str> {
        let granted = self.surroundings.granted;
        if !granted.iter().any(|scope| &**scope == "openid") {
            return Some("; userinfo does not answer a token without the scope `openid`");
        }
        if self.carrier == Carrier::IdToken && self.width == Width::Fat {
            return Some("; userinfo cannot be asked, as no access token comes with the ID token");
        }
        let tells_otherwise = |other: &&Claim| {
            let takes_part = other.standing == Standing::Active && other.is_released(granted);
            takes_part && other.name == claim.name && !other.has_filter_of(claim)
        };
        let server = self.surroundings.server;
        let resources = server.access_claims.iter().filter(|_| self.carrier == Carrier::AccessToken);
        let other = server.identity_claims.iter().chain(resources).find(tells_otherwise);
        other.map(|_| "; userinfo says something else under this name")
    }
}

impl Claim {
    fn has_filter_of(&self, other: &Self) -> bool {
        matches!((&self.source, &other.source), (Source::Groups(one), Source::Groups(two)) if Filter::is(one, two))
    }
}

/// Says where the groups are that were too many.
pub(super) fn point(claims: &mut Map<String, Value>, overflowed: &[&Claim], issuer: &str) {
    const SOURCE: &str = "userinfo";
    if overflowed.is_empty() {
        return;
    }
    let names: Map<String, Value> =
        overflowed.iter().map(|claim| (claim.name.clone(), Value::from(SOURCE))).collect();
    claims.insert(CLAIM_NAMES.to_owned(), names.into());
    let endpoint = format!("{issuer}/v1/userinfo");
    claims.insert(CLAIM_SOURCES.to_owned(), json!({ SOURCE: { "endpoint": endpoint } }));
}

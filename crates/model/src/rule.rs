//! Rules of an access policy: conditions, and the lifetimes that follow.

use serde::{Deserialize, Serialize};

use crate::{
    AuthorizationServerId, GrantType, GroupId, Invalid, PolicyId, RuleId, Status, Timestamp, UserId, invalid,
};

/// The word that stands for any user assigned the app (and for requests without a user).
pub const EVERYONE: &str = "EVERYONE";
/// The word that stands for any scope.
pub const ANY_SCOPE: &str = "*";

/// Whom a rule is for. Nobody named at all is Okta's "No user": requests without a user, and only those.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct People {
    /// `groups.include` holds `EVERYONE`.
    pub everyone: bool,
    /// Members of any of these.
    pub groups: Vec<GroupId>,
    /// Members of any of these are left out, whatever else holds.
    pub exclude_groups: Vec<GroupId>,
    /// These users.
    pub users: Vec<UserId>,
    /// These users are left out, whatever else holds.
    pub exclude_users: Vec<UserId>,
}

impl People {
    /// Whether nobody is included: Okta's "No user".
    pub fn is_nobody(&self) -> bool {
        !self.everyone && self.groups.is_empty() && self.users.is_empty()
    }
}

/// Which scopes a rule grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScopeCondition {
    /// `*`.
    Any,
    /// Just these, by name; the list may name scopes that are gone, which match nothing.
    Only(Vec<String>),
}

/// The longest that an access token lasts, in minutes (Okta).
pub const ACCESS_TOKEN_MINUTES_MAX: u32 = 1_440;

/// How long tokens last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lifetimes {
    /// Access tokens: 5..=1440 minutes.
    pub access_token_minutes: u32,
    /// Refresh tokens in minutes; 0 is unlimited.
    pub refresh_token_minutes: u32,
    /// A refresh token that lies unused this long ends: 10..=2,628,000 minutes.
    pub refresh_token_window_minutes: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { access_token_minutes: 60, refresh_token_minutes: 0, refresh_token_window_minutes: 10_080 }
    }
}

impl Lifetimes {
    /// Checks the bounds (Okta; the window's lower bound is 10).
    pub fn validate(self) -> Result<(), Invalid> {
        let bounds = |field, value: u32, min: u32, max: u32| {
            if (min..=max).contains(&value) {
                return Ok(());
            }
            Err(Invalid::new(
                field,
                format!("The lifetime must be between {min} and {max} minutes, and is {value}"),
            ))
        };
        bounds("accessTokenLifetimeMinutes", self.access_token_minutes, 5, ACCESS_TOKEN_MINUTES_MAX)?;
        bounds("refreshTokenWindowMinutes", self.refresh_token_window_minutes, 10, 2_628_000)?;
        if self.refresh_token_minutes == 0 {
            return Ok(());
        }
        if self.refresh_token_minutes < self.access_token_minutes {
            return Err(Invalid::new(
                "refreshTokenLifetimeMinutes",
                "The lifetime must be 0 (unlimited) or at least the access token's lifetime",
            ));
        }
        if self.refresh_token_window_minutes > self.refresh_token_minutes {
            return Err(Invalid::new(
                "refreshTokenWindowMinutes",
                "The window must not be longer than the refresh token's lifetime",
            ));
        }
        Ok(())
    }
}

/// A rule of an access policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// The server that it belongs to.
    pub server: AuthorizationServerId,
    /// The policy that it belongs to.
    pub policy: PolicyId,
    /// Active or not.
    pub status: Status,
    /// Its name.
    pub name: String,
    /// 1 is evaluated first; contiguous among a policy's rules.
    pub priority: u32,
    /// Made by the server and not deletable.
    pub system: bool,
    /// The grants that it is for.
    pub grant_types: Vec<GrantType>,
    /// The people that it is for.
    pub people: People,
    /// The scopes that it grants.
    pub scopes: ScopeCondition,
    /// How long the tokens last.
    pub lifetimes: Lifetimes,
    /// When it was created.
    pub created: Timestamp,
    /// When it changed last.
    pub last_updated: Timestamp,
}

/// How many entries each list of a rule's conditions may have.
pub const ENTRIES_MAX: usize = 1_000;
/// How many rules one policy may have.
pub const RULES_MAX: usize = 1_000;

impl Rule {
    /// Checks a rule's own rules.
    pub fn validate(&self) -> Result<(), Invalid> {
        invalid::text("name", &self.name, 1, 100)?;
        if self.grant_types.is_empty() {
            return Err(Invalid::new(
                "conditions.grantTypes.include",
                "The list must name at least one grant type",
            ));
        }
        invalid::at_most("conditions.people.groups.include", &self.people.groups, ENTRIES_MAX)?;
        invalid::at_most("conditions.people.groups.exclude", &self.people.exclude_groups, ENTRIES_MAX)?;
        invalid::at_most("conditions.people.users.include", &self.people.users, ENTRIES_MAX)?;
        invalid::at_most("conditions.people.users.exclude", &self.people.exclude_users, ENTRIES_MAX)?;
        if let ScopeCondition::Only(scopes) = &self.scopes {
            invalid::at_most("conditions.scopes.include", scopes, ENTRIES_MAX)?;
        }
        self.lifetimes.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_have_bounds() {
        let lifetimes = |access, refresh, window| Lifetimes {
            access_token_minutes: access,
            refresh_token_minutes: refresh,
            refresh_token_window_minutes: window,
        };
        for (value, field) in [
            (lifetimes(4, 0, 10), Some("accessTokenLifetimeMinutes")),
            (lifetimes(5, 0, 10), None),
            (lifetimes(1_440, 0, 2_628_000), None),
            (lifetimes(1_441, 0, 10), Some("accessTokenLifetimeMinutes")),
            (lifetimes(60, 0, 9), Some("refreshTokenWindowMinutes")),
            (lifetimes(60, 0, 2_628_001), Some("refreshTokenWindowMinutes")),
            (lifetimes(60, 59, 10), Some("refreshTokenLifetimeMinutes")),
            (lifetimes(60, 60, 61), Some("refreshTokenWindowMinutes")),
            (lifetimes(60, 60, 60), None),
        ] {
            assert_eq!(value.validate().err().map(|invalid| invalid.field), field, "{value:?}");
        }
    }
}

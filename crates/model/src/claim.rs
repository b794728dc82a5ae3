//! Claims of an authorization server.

use serde::{Deserialize, Serialize};

use crate::token_format::AccessTokenProfile;
use crate::{AuthorizationServerId, ClaimId, Invalid, Status, invalid};

words! {
    /// Which token a claim is for.
    ClaimType {
        /// The access token.
        Resource = "RESOURCE",
        /// The ID token.
        Identity = "IDENTITY",
    }
}

words! {
    /// How a groups claim chooses groups by name.
    GroupFilter {
        /// By the beginning, whatever the case.
        StartsWith = "STARTS_WITH",
        /// By the whole name, whatever the case.
        Equals = "EQUALS",
        /// By any part, whatever the case.
        Contains = "CONTAINS",
        /// By a regular expression, case-sensitive.
        Regex = "REGEX",
    }
}

/// Where a claim's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClaimValue {
    /// An expression.
    Expression(String),
    /// The names of the user's groups that the filter lets through.
    Groups {
        /// How the filter compares.
        filter: GroupFilter,
        /// What it compares with; blank means all groups.
        value: String,
    },
    /// Computed by the server from the user's profile; only claims that come with the server.
    System,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Its id.
    pub id: ClaimId,
    /// The server that it belongs to.
    pub server: AuthorizationServerId,
    /// Its name in the token.
    pub name: String,
    /// Active or not.
    pub status: Status,
    /// Which token it is for.
    pub claim_type: ClaimType,
    /// Where its value comes from.
    pub value: ClaimValue,
    /// Released if any of these scopes is granted; empty is always.
    pub scopes: Vec<String>,
    /// Comes with the server.
    pub system: bool,
    /// In every ID token, or only where a request asks; always true for access tokens.
    pub always_include_in_token: bool,
}

/// Names that an access token carries anyway (Okta).
pub const RESERVED_IN_ACCESS_TOKEN: &[&str] = &[
    "ver",
    "jti",
    "iss",
    "aud",
    "iat",
    "exp",
    "cid",
    "uid",
    "scp",
    "auth_time",
    "acr",
    "amr",
    "cnf",
    "act",
    "nbf",
    "sub",
];

/// What an access token carries besides under RFC 9068 (section 2.2).
pub const RESERVED_UNDER_RFC_9068: &[&str] = &["client_id", "scope"];

/// Whether an access token of `profile` carries a claim of this name anyway.
pub fn is_reserved_in_access_token(name: &str, profile: AccessTokenProfile) -> bool {
    let of_profile = match profile {
        AccessTokenProfile::Okta => &[],
        AccessTokenProfile::Rfc9068 => RESERVED_UNDER_RFC_9068,
    };
    RESERVED_IN_ACCESS_TOKEN.contains(&name) || of_profile.contains(&name)
}

/// Names that an ID token carries anyway (Okta).
pub const RESERVED_IN_ID_TOKEN: &[&str] = &[
    "ver",
    "sub",
    "iss",
    "aud",
    "iat",
    "exp",
    "jti",
    "amr",
    "idp",
    "nonce",
    "auth_time",
    "at_hash",
    "c_hash",
    "acr",
    "sid",
];

/// How long an expression may be, in characters. Okta's limit is 1,024; whoever stays below it can take a claim there.
pub const EXPRESSION_MAX: usize = 4_096;
/// How long a filter may be, in characters (Okta's limit).
pub const FILTER_MAX: usize = 1_024;
/// How many claims one server may have beyond the system ones.
pub const CLAIMS_MAX: usize = 1_000;

impl Claim {
    /// Checks a claim's own rules. That the expression is well formed is checked by who knows the language.
    pub fn validate(&self) -> Result<(), Invalid> {
        invalid::text("name", &self.name, 1, 255)?;
        if self.name.chars().any(char::is_whitespace) {
            return Err(Invalid::new("name", "The name must not contain white space"));
        }
        let reserved = match self.claim_type {
            ClaimType::Resource => RESERVED_IN_ACCESS_TOKEN,
            ClaimType::Identity => RESERVED_IN_ID_TOKEN,
        };
        if !self.system && reserved.contains(&self.name.as_str()) {
            return Err(Invalid::new("name", format!("`{}` is a reserved claim name", self.name)));
        }
        invalid::at_most("conditions.scopes", &self.scopes, crate::rule::ENTRIES_MAX)?;
        match &self.value {
            ClaimValue::Expression(expression) => invalid::text("value", expression, 1, EXPRESSION_MAX),
            ClaimValue::Groups { value, .. } => invalid::text("value", value, 0, FILTER_MAX),
            ClaimValue::System if self.system => Ok(()),
            ClaimValue::System => {
                Err(Invalid::new("valueType", "SYSTEM is only for the claims that come with the server"))
            }
        }
    }
}

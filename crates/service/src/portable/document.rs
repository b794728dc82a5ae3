//! The shape of the document: a server's configuration with names in place of ids. Owns its members and how they are read
//! and written as data; leaves out what they mean to a server (`apply`) and how a server becomes one (`export`).
//!
//! A member that is absent has its default, and a section that is absent is left as it is.

use model::authorization_server::{IssuerMode, RotationMode};
use model::claim::{ClaimType, GroupFilter};
use model::scope::{Consent, MetadataPublish};
use model::token_format::{AccessTokenProfile, GroupsOverflow, SigningAlgorithm};
use model::{GrantType, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::object::{Object, list, object, object_or_none, objects, objects_or_none};
use super::problem::Problem;

/// The version of the shape that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// A server's configuration as one document.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Portable {
    /// The version of the shape: 1.
    pub tokenmint: u32,
    /// The server's own settings.
    #[serde(default, deserialize_with = "object_or_none", skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
    /// Its scopes: custom ones, and system ones that differ from the template.
    #[serde(default, deserialize_with = "objects_or_none", skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Scope>>,
    /// Its claims: custom ones, and system ones that differ from the template.
    #[serde(default, deserialize_with = "objects_or_none", skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<Claim>>,
    /// Its policies in order.
    #[serde(default, deserialize_with = "objects_or_none", skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<Policy>>,
    /// The clients that policies name. They are not part of the configuration: who decides without a server needs them.
    #[serde(default, deserialize_with = "objects_or_none", skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<Client>>,
    /// The names of the groups that rules name; likewise.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
}

/// A server's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Server {
    /// Its name, by which a document finds it.
    pub name: String,
    /// A description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The `aud` of its access tokens.
    pub audience: String,
    /// Which origin its issuer carries; absent keeps what is, and is the org's choice for a new server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_mode: Option<IssuerMode>,
    /// Active or not [default: ACTIVE].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Who rotates its keys [default: AUTO].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation_mode: Option<RotationMode>,
    /// What its tokens are signed with [default: RS256].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_algorithm: Option<SigningAlgorithm>,
    /// The shape of its access tokens [default: OKTA].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_profile: Option<AccessTokenProfile>,
    /// What becomes of a token that would carry more groups than it may [default: FAIL].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups_overflow: Option<GroupsOverflow>,
    /// The names of the servers whose access tokens it accepts for an exchange.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted_servers: Vec<String>,
}

/// A scope. Of a system scope every absent member is as the template has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scope {
    /// Its name, unique in the server.
    pub name: String,
    /// The phrase in the consent dialog; empty is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// A description; empty is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it needs consent [default: IMPLICIT].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Whether the user may leave it out of a consent [default: false].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
    /// Whether it is granted when a request names no scope [default: false].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// Whether discovery names it [default: `NO_CLIENTS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_publish: Option<MetadataPublish>,
}

/// Where a claim's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ValueType {
    /// An expression.
    Expression,
    /// The names of the user's groups that a filter lets through.
    Groups,
    /// Computed by the server: only claims that come with it.
    System,
}

/// A claim. Of a system claim every absent member is as the template has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// Its name, unique for its type.
    pub name: String,
    /// Which token it is for.
    pub claim_type: ClaimType,
    /// Where its value comes from [default: EXPRESSION].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_type: Option<ValueType>,
    /// How a groups claim compares names.
    #[serde(rename = "group_filter_type", default, skip_serializing_if = "Option::is_none")]
    pub group_filter_type: Option<GroupFilter>,
    /// The expression, or what the filter compares with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Released if any of these scopes is granted [default: always].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// In every ID token [default: false]; of an access token's claim always true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_include_in_token: Option<bool>,
    /// Active or not [default: ACTIVE].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// A policy with its rules.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// A description, which Okta requires.
    pub description: String,
    /// Active or not [default: ACTIVE].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The labels or client ids of the clients that it is for, or `ALL_CLIENTS`.
    pub clients: Vec<String>,
    /// Its rules in order.
    #[serde(default, deserialize_with = "objects")]
    pub rules: Vec<Rule>,
}

/// A rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Active or not [default: ACTIVE].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The grants that it is for.
    pub grant_types: Vec<GrantType>,
    /// The people that it is for; nobody is Okta's "No user": requests without a user, and only those.
    #[serde(default, deserialize_with = "object", skip_serializing_if = "People::is_empty")]
    pub people: People,
    /// The scopes that it grants, or `*`.
    pub scopes: Vec<String>,
    /// How long access tokens last [default: 60].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime_minutes: Option<u32>,
    /// How long refresh tokens last [default: 0, unlimited].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime_minutes: Option<u32>,
    /// How long a refresh token may lie unused [default: 10080].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token_window_minutes: Option<u32>,
}

/// Whom a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct People {
    /// Members of any of these, by name; `EVERYONE` is any user, and requests without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Members of any of these are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_groups: Vec<String>,
    /// These users, by login.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// These users are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude_users: Vec<String>,
}

/// A client that a policy names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Client {
    /// Its name for people.
    pub label: String,
    /// Its `client_id`.
    pub client_id: String,
    /// Active or not [default: ACTIVE].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// The grants that it may use.
    pub grant_types: Vec<GrantType>,
    /// `app.profile` in expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Map<String, Value>>,
}

impl People {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Portable {
    /// Reads a document, whose mistakes are named with their place.
    pub fn read(value: Value) -> Result<Self, Problem> {
        let Object(document): Object<Self> = serde_path_to_error::deserialize(value).map_err(|error| {
            let place = error.path().to_string();
            Problem::of_shape(if place == "." { "" } else { &place }, &error.inner().to_string())
        })?;
        if document.tokenmint != VERSION {
            let message =
                format!("the version of the document must be {VERSION}, and is {}", document.tokenmint);
            return Err(Problem::new("tokenmint", message));
        }
        Ok(document)
    }

    /// Reads sections that are tried and not kept: they need not say the version of the shape.
    pub fn read_sections(mut value: Value) -> Result<Self, Problem> {
        if let Value::Object(members) = &mut value {
            members.entry("tokenmint").or_insert(VERSION.into());
        }
        Self::read(value)
    }

    /// The document as JSON, its members in the order in which a person reads them.
    pub fn to_value(&self) -> Value {
        // String keys and plain values only: this cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }
}

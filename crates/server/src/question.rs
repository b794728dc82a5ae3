//! What is asked of Token Preview, as it is written: in a request, in a file of token tests, on the command line. Owns the
//! members and what can be said of them without a configuration; leaves out the answer (`service::preview`).

use model::user::UserStatus;
use model::{GrantType, Timestamp, UserId, Word};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many groups a hypothetical user may be in.
pub const GROUPS_MAX: usize = 1_000;

/// A member, and what is wrong with it.
pub type Mistake = (&'static str, String);

/// Who asks for what.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    /// The client by its name for people, its app's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The client by its `client_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `grant_type`, as the flow has it.
    pub grant_type: String,
    /// The scopes that are asked for; absent, the server's default scopes are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Who signed in; a service asks without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Person>,
    /// When; absent, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What the ID token repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// `response_type` of an authorization request that is answered without the token endpoint: `id_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    /// Sections of a configuration that are tried and not saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Value>,
}

/// A user who need not exist.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Person {
    /// Its id, for rules that name users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its status; absent, `ACTIVE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `user` in expressions.
    pub profile: Map<String, Value>,
    /// `appuser` in expressions; absent, its `userName` is the user's login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_profile: Option<Map<String, Value>>,
    /// The groups by name or id, besides `Everyone`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The profiles of linked users by the name of the link: `manager`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub linked: Map<String, Value>,
    /// Whether the primary address is known to be the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// When anything about the user changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<String>,
    /// The session; absent, a password was given at the moment of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
}

/// How and when the user signed in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Session {
    /// How (RFC 8176); absent, `pwd`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amr: Option<Vec<String>>,
    /// When; absent, at the moment of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<String>,
    /// The identity provider; absent, the org itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idp: Option<String>,
    /// The authentication context that the request chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}

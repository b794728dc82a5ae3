//! What is known about a request when it is decided. Gathered by `service`, kept in the log, so that the same
//! decision can be made again.

use model::{AppId, ClientId, GrantType, GroupId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The scopes that a request names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Requested {
    /// None: the server's default scopes are meant.
    Omitted,
    /// These.
    Explicit(Vec<String>),
    /// These were granted before and are asked for again (a refresh).
    Original(Vec<String>),
}

/// The client that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientFacts {
    /// Its `client_id`.
    pub client_id: ClientId,
    /// Its app.
    pub app: AppId,
    /// `app.profile` in expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Map<String, Value>>,
}

/// The user for whom tokens are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserFacts {
    /// Its id.
    pub id: UserId,
    /// Those of its groups that the server's conditions and expressions name, `Everyone` excepted: everybody
    /// is in it.
    pub groups: Vec<GroupId>,
    /// `user` in expressions.
    pub profile: Map<String, Value>,
    /// `appuser` in expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_profile: Option<Map<String, Value>>,
}

/// Everything that a decision depends on, besides the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Who asks.
    pub client: ClientFacts,
    /// How.
    pub grant_type: GrantType,
    /// For whom; nobody where a client asks on its own behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserFacts>,
    /// For what.
    pub scopes: Requested,
}

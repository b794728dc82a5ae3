//! Who did something: a required argument of every commit.

use serde::{Deserialize, Serialize};

words! {
    /// What kind of thing acted.
    ActorKind {
        /// A user, by an API token or a session.
        User = "User",
        /// A client at an OAuth endpoint.
        Client = "PublicClientApp",
        /// The server itself: first start, rotation, the command line.
        System = "SystemPrincipal",
        /// Somebody who had not been authenticated yet.
        Unknown = "Unknown",
    }
}

/// Who acted, how they were authenticated and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// What kind of thing acted.
    pub kind: ActorKind,
    /// Its id: a user's, a client's.
    pub id: String,
    /// A login or client id that a person recognises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternate_id: Option<String>,
    /// A name that a person recognises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The API token that authenticated the request (its id, never its value).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The address that the request came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Actor {
    /// The server itself.
    pub fn system() -> Self {
        Self {
            kind: ActorKind::System,
            id: "system".to_owned(),
            alternate_id: Some("system@tokenmint".to_owned()),
            display_name: Some("Tokenmint".to_owned()),
            token: None,
            address: None,
        }
    }
}

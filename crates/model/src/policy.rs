//! Access policies: which clients their rules are for.

use serde::{Deserialize, Serialize};

use crate::{AuthorizationServerId, ClientId, Invalid, PolicyId, Status, Timestamp, invalid};

/// The word that stands for every client in `conditions.clients.include`.
pub const ALL_CLIENTS: &str = "ALL_CLIENTS";

/// Whom a policy is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientCondition {
    /// `ALL_CLIENTS`.
    All,
    /// Just these; the list may name clients that are gone, which match nothing.
    Only(Vec<ClientId>),
}

/// An access policy of an authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// The server that it belongs to.
    pub server: AuthorizationServerId,
    /// Active or not.
    pub status: Status,
    /// Its name.
    pub name: String,
    /// A description; never empty.
    pub description: Option<String>,
    /// 1 is evaluated first; contiguous among a server's policies.
    pub priority: u32,
    /// Made by the server and not deletable.
    pub system: bool,
    /// Whom it is for.
    pub clients: ClientCondition,
    /// When it was created.
    pub created: Timestamp,
    /// When it changed last.
    pub last_updated: Timestamp,
    /// The revision at which it was last deactivated: a token that it governed before is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_valid_from: Option<u64>,
}

/// How many clients one policy may list.
pub const CLIENTS_MAX: usize = 1_000;
/// How many policies one server may have.
pub const POLICIES_MAX: usize = 1_000;

impl Policy {
    /// Checks a policy's own rules (Okta: name 1..100, description 1..255 characters).
    pub fn validate(&self) -> Result<(), Invalid> {
        invalid::text("name", &self.name, 1, 100)?;
        invalid::text("description", self.description.as_deref().unwrap_or_default(), 1, 255)?;
        if let ClientCondition::Only(clients) = &self.clients {
            if clients.is_empty() {
                return Err(Invalid::new(
                    "conditions.clients.include",
                    "The list must name at least one client or ALL_CLIENTS",
                ));
            }
            invalid::at_most("conditions.clients.include", clients, CLIENTS_MAX)?;
        }
        Ok(())
    }
}

//! Groups of users, as far as a rule names them.

use serde::{Deserialize, Serialize};

use crate::{GroupId, Invalid, Timestamp, invalid};

words! {
    /// Where a group comes from.
    GroupKind {
        /// Made by an admin.
        Okta = "OKTA_GROUP",
        /// Comes with the org: `Everyone`.
        BuiltIn = "BUILT_IN",
        /// Imported from an app.
        App = "APP_GROUP",
    }
}

/// A group. `Everyone` has every user; its membership is computed, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Where it comes from.
    pub kind: GroupKind,
    /// Its name, unique in the org whatever the case.
    pub name: String,
    /// A description.
    pub description: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When its profile changed last.
    pub last_updated: Timestamp,
    /// When its members changed last.
    pub last_membership_updated: Timestamp,
}

/// The name of the built-in group of all users.
pub const EVERYONE: &str = "Everyone";

impl Group {
    /// Checks a group's own rules (Okta: name 1..255 characters, description at most 1024).
    pub fn validate(&self) -> Result<(), Invalid> {
        invalid::text("name", &self.name, 1, 255)?;
        if let Some(description) = &self.description {
            invalid::text("description", description, 0, 1024)?;
        }
        Ok(())
    }
}

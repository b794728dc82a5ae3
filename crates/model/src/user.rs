//! Users, as far as an admin who calls the API is one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Timestamp, UserId};

words! {
    /// A user's status (Okta's values).
    UserStatus {
        /// Created, not activated.
        Staged = "STAGED",
        /// Activated, without a credential.
        Provisioned = "PROVISIONED",
        /// May sign in.
        Active = "ACTIVE",
        /// Is recovering a password.
        Recovery = "RECOVERY",
        /// Must change the password.
        PasswordExpired = "PASSWORD_EXPIRED",
        /// Failed too often.
        LockedOut = "LOCKED_OUT",
        /// Suspended by an admin.
        Suspended = "SUSPENDED",
        /// Deactivated.
        Deprovisioned = "DEPROVISIONED",
    }
}

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its status.
    pub status: UserStatus,
    /// When it was created.
    pub created: Timestamp,
    /// When it was activated.
    pub activated: Option<Timestamp>,
    /// When the status changed last.
    pub status_changed: Option<Timestamp>,
    /// When it signed in last.
    pub last_login: Option<Timestamp>,
    /// When anything changed last.
    pub last_updated: Timestamp,
    /// When the password changed last.
    pub password_changed: Option<Timestamp>,
    /// The profile: `login`, `email`, `firstName`, `lastName` and whatever else the schema has.
    pub profile: Map<String, Value>,
}

impl User {
    /// The login name.
    pub fn login(&self) -> &str {
        self.profile.get("login").and_then(Value::as_str).unwrap_or_default()
    }

    /// First and last name.
    pub fn display_name(&self) -> String {
        let part = |name| self.profile.get(name).and_then(Value::as_str).unwrap_or_default();
        format!("{} {}", part("firstName"), part("lastName")).trim().to_owned()
    }
}

words! {
    /// The standard admin roles (Okta's role types).
    RoleType {
        /// May do everything.
        SuperAdmin = "SUPER_ADMIN",
        /// May do almost everything, authorization-server policies excepted.
        OrgAdmin = "ORG_ADMIN",
        /// May manage apps.
        AppAdmin = "APP_ADMIN",
        /// May manage groups and their users.
        UserAdmin = "USER_ADMIN",
        /// May help users.
        HelpDeskAdmin = "HELP_DESK_ADMIN",
        /// May read everything.
        ReadOnlyAdmin = "READ_ONLY_ADMIN",
        /// May read the log.
        ReportAdmin = "REPORT_ADMIN",
        /// May manage authorization servers.
        ApiAccessManagementAdmin = "API_ACCESS_MANAGEMENT_ADMIN",
        /// May manage memberships.
        GroupMembershipAdmin = "GROUP_MEMBERSHIP_ADMIN",
    }
}

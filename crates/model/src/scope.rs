//! Scopes of an authorization server.

use serde::{Deserialize, Serialize};

use crate::{AuthorizationServerId, Invalid, ScopeId, invalid};

words! {
    /// Whether a scope needs the user's consent.
    Consent {
        /// Must be consented to; a service cannot have it.
        Required = "REQUIRED",
        /// Never asked.
        Implicit = "IMPLICIT",
        /// Must be consented to by users; services get it.
        Flexible = "FLEXIBLE",
    }
}

words! {
    /// Whether discovery names a scope.
    MetadataPublish {
        /// Named in `scopes_supported`.
        AllClients = "ALL_CLIENTS",
        /// Not named.
        NoClients = "NO_CLIENTS",
    }
}

/// A scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// Its id.
    pub id: ScopeId,
    /// The server that it belongs to.
    pub server: AuthorizationServerId,
    /// Its name, as requested; unique in the server.
    pub name: String,
    /// The phrase in the consent dialog.
    pub display_name: Option<String>,
    /// A description for the consent dialog.
    pub description: Option<String>,
    /// Comes with the server: its name is fixed and it cannot be deleted.
    pub system: bool,
    /// Whether discovery names it.
    pub metadata_publish: MetadataPublish,
    /// Whether it needs consent.
    pub consent: Consent,
    /// Whether the user may leave it out of a consent.
    pub optional: bool,
    /// Whether it is granted when a request names no scope.
    pub default: bool,
}

/// Names that the protocol itself uses; nobody may create them (Okta). `groups` is the exception
/// that Okta allows on a custom server.
pub const RESERVED: &[&str] =
    &["openid", "profile", "email", "address", "phone", "offline_access", "device_sso"];

/// How many scopes one server may have beyond the system ones.
pub const SCOPES_MAX: usize = 5_000;

impl Scope {
    /// Checks a scope's own rules.
    pub fn validate(&self) -> Result<(), Invalid> {
        validate_name(&self.name)?;
        if !self.system && RESERVED.contains(&self.name.as_str()) {
            return Err(Invalid::new("name", format!("`{}` is a reserved scope name", self.name)));
        }
        if let Some(display_name) = &self.display_name {
            invalid::text("displayName", display_name, 0, 255)?;
        }
        if let Some(description) = &self.description {
            invalid::text("description", description, 0, 1_024)?;
        }
        Ok(())
    }

    /// Whether this is one of OpenID Connect's, which a service cannot ask for.
    pub fn is_openid(&self) -> bool {
        is_openid(&self.name)
    }
}

/// Whether a scope name is one of OpenID Connect's.
pub fn is_openid(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Okta's rule for names: printable ASCII except space, `"` and `\`; not `okta`, `*`, `okta.…`, `okta:…` (but
/// `okta.myAccount.…` is allowed); `<` or `>`, but not both.
fn validate_name(name: &str) -> Result<(), Invalid> {
    invalid::text("name", name, 1, 255)?;
    if !name.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)) {
        return Err(Invalid::new(
            "name",
            "The name must be of printable ASCII characters without spaces, double quotes and backslashes",
        ));
    }
    let okta = name.starts_with("okta.") || name.starts_with("okta:");
    if matches!(name, "okta" | "*") || (okta && !name.starts_with("okta.myAccount.")) {
        return Err(Invalid::new(
            "name",
            "The name must not be `okta` or `*`, nor start with `okta.` or `okta:`",
        ));
    }
    if name.contains('<') && name.contains('>') {
        return Err(Invalid::new("name", "The name must not contain both `<` and `>`"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_oktas_rule() {
        for good in [
            "read",
            "car:drive",
            "https://api.example.com/x",
            "a<b",
            "okta.myAccount.read",
            "groups",
            "Ω".get(2..).unwrap_or("x"),
        ] {
            if good.is_empty() {
                continue;
            }
            assert!(validate_name(good).is_ok(), "{good}");
        }
        for bad in
            ["", " ", "a b", "a\"b", "a\\b", "okta", "*", "okta.users.read", "okta:x", "<a>", "é", "a\tb"]
        {
            assert!(validate_name(bad).is_err(), "{bad}");
        }
    }
}

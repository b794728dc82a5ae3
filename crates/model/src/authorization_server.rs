//! Authorization servers: issuers with keys, scopes, claims and policies of their own.

use serde::{Deserialize, Serialize};

use crate::{AuthorizationServerId, Invalid, Status, Timestamp, TokenFormat, invalid};

words! {
    /// Which of the org's origins the issuer carries.
    IssuerMode {
        /// The org's own.
        OrgUrl = "ORG_URL",
        /// The custom domain.
        CustomUrl = "CUSTOM_URL",
        /// The one that the request was sent to.
        Dynamic = "DYNAMIC",
    }
}

words! {
    /// Who rotates the signing keys.
    RotationMode {
        /// The server, every 90 days.
        Auto = "AUTO",
        /// An admin.
        Manual = "MANUAL",
    }
}

/// Days between two automatic rotations (recorded: `nextRotation` is `lastRotated` plus 90 days).
pub const ROTATION_DAYS: i64 = 90;

/// The path segment of the default server, in place of its id.
pub const DEFAULT: &str = "default";

/// How many others one server may trust.
pub const TRUSTED_MAX: usize = 1_000;

/// An authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationServer {
    /// Its id.
    pub id: AuthorizationServerId,
    /// Its name.
    pub name: String,
    /// A description; never empty.
    pub description: Option<String>,
    /// The `aud` of its access tokens; exactly one for now.
    pub audiences: Vec<String>,
    /// Which origin the issuer carries.
    pub issuer_mode: IssuerMode,
    /// Active or not.
    pub status: Status,
    /// Who rotates its keys.
    pub rotation_mode: RotationMode,
    /// The server that came with the org: its issuer ends in `default` and it cannot be deleted.
    pub default: bool,
    /// Which version of the system scopes and claims it has (see [`crate::template`]).
    pub template: u16,
    /// The servers whose access tokens it accepts as the subject of a token exchange (Okta: associated servers).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trusted: Vec<AuthorizationServerId>,
    /// How its tokens are signed and shaped.
    #[serde(default, skip_serializing_if = "TokenFormat::is_default")]
    pub token_format: TokenFormat,
    /// When it was created.
    pub created: Timestamp,
    /// When it changed last.
    pub last_updated: Timestamp,
    /// The revision at which it was last deactivated: a token that was decided before is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_valid_from: Option<u64>,
}

impl AuthorizationServer {
    /// What stands for this server in paths and issuers.
    pub fn path_segment(&self) -> &str {
        if self.default { DEFAULT } else { self.id.as_str() }
    }

    /// Checks a server's own rules (Okta: one audience, which must be a URI if it contains a colon).
    pub fn validate(&self) -> Result<(), Invalid> {
        invalid::text("name", &self.name, 1, 255)?;
        if let Some(description) = &self.description {
            invalid::text("description", description, 0, 1_024)?;
        }
        match self.audiences.as_slice() {
            [audience] => validate_audience(audience),
            [] => Err(Invalid::new("audiences", "The field cannot be left blank")),
            _ => Err(Invalid::new("audiences", "Exactly one audience is supported")),
        }
    }
}

fn validate_audience(audience: &str) -> Result<(), Invalid> {
    invalid::text("audiences", audience, 1, 1_024)?;
    if audience.chars().any(char::is_whitespace) {
        return Err(Invalid::new("audiences", "The audience must not contain white space"));
    }
    let Some((scheme, rest)) = audience.split_once(':') else { return Ok(()) };
    let mut letters = scheme.chars();
    let named = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let legal = rest
        .chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}'));
    if !named || !legal || rest.is_empty() || rest == "//" {
        return Err(Invalid::new("audiences", "An audience that contains `:` must be a valid URI"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_with_a_colon_is_a_uri() {
        for good in ["api://default", "https://api.example.com", "urn:x:y", "whatever.rise.zone", "tokens"] {
            assert!(validate_audience(good).is_ok(), "{good}");
        }
        for bad in ["", ":", "1x:y", "http://", "a b", "ht tp://x", "x:<y>"] {
            assert!(validate_audience(bad).is_err(), "{bad}");
        }
    }
}

//! How a server's tokens are signed and shaped, beyond what Okta offers: the member `tokenmint` of an authorization
//! server. Leaves out the keys themselves and what a profile puts into a token.

use serde::{Deserialize, Serialize};

words! {
    /// What a server's tokens are signed with (RFC 7518; `EdDSA`: RFC 8037).
    #[derive(Default)]
    SigningAlgorithm {
        /// RSA PKCS #1 v1.5 with SHA-256: Okta's.
        #[default]
        Rs256 = "RS256",
        /// RSA PSS with SHA-256.
        Ps256 = "PS256",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

words! {
    /// The shape of a server's access tokens.
    #[derive(Default)]
    AccessTokenProfile {
        /// Okta's.
        #[default]
        Okta = "OKTA",
        /// Okta's and RFC 9068's at once.
        Rfc9068 = "RFC9068",
    }
}

words! {
    /// What becomes of a groups claim with more groups than a token may carry.
    #[derive(Default)]
    GroupsOverflow {
        /// The request is refused: Okta's.
        #[default]
        Fail = "FAIL",
        /// The token says where the groups are to be had.
        Pointer = "POINTER",
    }
}

/// How a server's tokens are signed and shaped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenFormat {
    /// What they are signed with, from the next rotation on.
    pub signing_algorithm: SigningAlgorithm,
    /// The shape of access tokens.
    pub access_token_profile: AccessTokenProfile,
    /// What becomes of too many groups.
    pub groups_overflow: GroupsOverflow,
}

impl TokenFormat {
    /// Whether nothing differs from Okta's.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stored_before_there_was_a_choice_reads_as_oktas() {
        assert_eq!(serde_json::from_str::<TokenFormat>("{}").unwrap(), TokenFormat::default());
        let half: TokenFormat = serde_json::from_str(r#"{"signingAlgorithm":"EdDSA"}"#).unwrap();
        let meant = TokenFormat { signing_algorithm: SigningAlgorithm::EdDsa, ..TokenFormat::default() };
        assert_eq!((half, half.is_default()), (meant, false));
        assert!(serde_json::from_str::<TokenFormat>(r#"{"signingAlgorithm":"HS256"}"#).is_err());
    }
}

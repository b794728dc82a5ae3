//! The grant types that a rule or an app may list (Okta's `GrantType`).

words! {
    /// A way to ask for tokens.
    GrantType {
        /// RFC 6749 section 4.1.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 section 4.2.
        Implicit = "implicit",
        /// RFC 6749 section 4.3.
        Password = "password",
        /// RFC 6749 section 4.4.
        ClientCredentials = "client_credentials",
        /// RFC 6749 section 6. Listed by apps; a rule that lists it is accepted, and a refresh is judged by the
        /// grant that began the family.
        RefreshToken = "refresh_token",
        /// RFC 7522.
        Saml2Bearer = "urn:ietf:params:oauth:grant-type:saml2-bearer",
        /// RFC 8693.
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
        /// RFC 8628.
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
        /// RFC 7523.
        JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        /// Okta Identity Engine.
        InteractionCode = "interaction_code",
        /// OpenID Connect CIBA.
        Ciba = "urn:openid:params:grant-type:ciba",
        /// Okta direct authentication.
        Otp = "urn:okta:params:oauth:grant-type:otp",
        /// Okta direct authentication.
        Oob = "urn:okta:params:oauth:grant-type:oob",
        /// Okta direct authentication.
        MfaOtp = "http://auth0.com/oauth/grant-type/mfa-otp",
        /// Okta direct authentication.
        MfaOob = "http://auth0.com/oauth/grant-type/mfa-oob",
    }
}

impl GrantType {
    /// Whether a client asks on its own behalf, with nobody signed in.
    pub const fn is_without_user(self) -> bool {
        matches!(self, Self::ClientCredentials)
    }
}

/// A set of grant types, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GrantTypes(u32);

impl GrantTypes {
    /// Whether `grant_type` is in the set.
    pub const fn contains(self, grant_type: GrantType) -> bool {
        self.0 & (1 << grant_type as u32) != 0
    }
}

impl FromIterator<GrantType> for GrantTypes {
    fn from_iter<I: IntoIterator<Item = GrantType>>(iterator: I) -> Self {
        Self(iterator.into_iter().fold(0, |bits, grant_type| bits | 1 << grant_type as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        for one in GrantType::ALL {
            let set: GrantTypes = [*one].into_iter().collect();
            for other in GrantType::ALL {
                assert_eq!(set.contains(*other), one == other);
            }
            assert_eq!(GrantType::from_word(one.as_str()), Some(*one));
        }
    }
}

//! Apps: the OAuth clients of an organization.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::grant_type::GrantTypes;
use crate::{AppId, GrantType, Invalid, JwkId, Status, Timestamp, invalid};

/// A `client_id`: an app's id, unless the admin chose another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// Any text; whether such a client exists is another question.
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Okta's rule for chosen ids: 6..=100 letters, digits and `$-_.+!*'(),`, and not `ALL_CLIENTS`.
    pub fn validate(&self) -> Result<(), Invalid> {
        invalid::text("client_id", &self.0, 6, 100)?;
        if !self.0.bytes().all(|b| b.is_ascii_alphanumeric() || b"$-_.+!*'(),".contains(&b)) {
            return Err(Invalid::new(
                "client_id",
                "The client id must be of letters, digits and $-_.+!*'(),",
            ));
        }
        if crate::UserId::parse(&self.0).is_some() {
            // It becomes a token's subject, and must not be taken for a person (RFC 9700 section 4.15).
            return Err(Invalid::new("client_id", "The client id must not look like a user's id"));
        }
        if &*self.0 == crate::policy::ALL_CLIENTS {
            return Err(Invalid::new("client_id", "`ALL_CLIENTS` is a reserved word"));
        }
        Ok(())
    }
}

impl From<AppId> for ClientId {
    fn from(id: AppId) -> Self {
        Self::new(id.as_str())
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for ClientId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

words! {
    /// What kind of application a client is.
    ApplicationType {
        /// Runs on a server, with a user.
        Web = "web",
        /// Installed on a device.
        Native = "native",
        /// Runs in a browser.
        Browser = "browser",
        /// A machine, without a user.
        Service = "service",
    }
}

words! {
    /// How a client proves who it is at the token endpoint.
    AuthMethod {
        /// The secret in the `Authorization` header.
        ClientSecretBasic = "client_secret_basic",
        /// The secret in the body.
        ClientSecretPost = "client_secret_post",
        /// An assertion signed with the secret.
        ClientSecretJwt = "client_secret_jwt",
        /// An assertion signed with a registered key.
        PrivateKeyJwt = "private_key_jwt",
        /// Not at all.
        None = "none",
    }
}

impl AuthMethod {
    /// Whether the client needs a secret.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }
}

words! {
    /// What an app may get at the authorize endpoint.
    ResponseType {
        /// An authorization code.
        Code = "code",
        /// An access token.
        Token = "token",
        /// An ID token.
        IdToken = "id_token",
    }
}

words! {
    /// Whether an app's users are asked for consent.
    ConsentMethod {
        /// Only if the request says so.
        Trusted = "TRUSTED",
        /// Yes.
        Required = "REQUIRED",
    }
}

words! {
    /// Whether one `*` may stand in a redirect URI's subdomain.
    WildcardRedirect {
        /// No.
        Disabled = "DISABLED",
        /// Yes.
        Subdomain = "SUBDOMAIN",
    }
}

words! {
    /// Whether refreshing gives a new refresh token.
    RotationType {
        /// Every time.
        Rotate = "ROTATE",
        /// Never.
        Static = "STATIC",
    }
}

/// How refresh tokens of an app behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshTokenSettings {
    /// Whether refreshing gives a new one.
    pub rotation_type: RotationType,
    /// Seconds during which the previous one still works: 0..=60.
    pub leeway: Option<u32>,
}

/// A public key that a client registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredJwk {
    /// Its id.
    pub id: JwkId,
    /// Active or not.
    pub status: Status,
    /// The public key, its members as given (checked: no private ones).
    pub jwk: Map<String, Value>,
}

/// Where a client's keys are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKeys {
    /// Registered here.
    Jwks(Vec<RegisteredJwk>),
    /// Published by the client.
    JwksUri(String),
}

/// `settings.oauthClient` and the credentials beside it: what the OAuth endpoints need of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthSettings {
    /// How it authenticates.
    pub auth_method: AuthMethod,
    /// Whether it must use PKCE.
    pub pkce_required: bool,
    /// Whether its signing key follows the server's (kept; pinning is not offered).
    pub auto_key_rotation: bool,
    /// What kind of application it is.
    pub application_type: ApplicationType,
    /// The grants that it may use.
    pub grant_types: Vec<GrantType>,
    /// The response types that it may ask for.
    pub response_types: Vec<ResponseType>,
    /// Where codes and tokens may be sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Where a sign-out may return to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Whether users are asked for consent.
    pub consent_method: ConsentMethod,
    /// Which origin the org's issuer carries for this app.
    pub issuer_mode: crate::authorization_server::IssuerMode,
    /// Whether redirect URIs may have a wildcard.
    pub wildcard_redirect: WildcardRedirect,
    /// Whether its tokens must be bound to a key.
    pub dpop_bound_access_tokens: bool,
    /// Registered or published keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<ClientKeys>,
    /// Refresh tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<RefreshTokenSettings>,
    /// Members that are kept and shown but not used yet, in Okta's names.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kept: Map<String, Value>,
}

/// An app whose sign-on mode is `OPENID_CONNECT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its `client_id`; never changes.
    pub client_id: ClientId,
    /// Its name for people.
    pub label: String,
    /// Active or not.
    pub status: Status,
    /// When it was created.
    pub created: Timestamp,
    /// When it changed last.
    pub last_updated: Timestamp,
    /// The revision at which it was made or last deactivated: a token that was decided before is over (it may be
    /// another app's, which had the same `client_id`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_valid_from: Option<u64>,
    /// What the OAuth endpoints need.
    pub oauth: OAuthSettings,
    /// `app.profile` in expressions: free JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Map<String, Value>>,
    /// `accessibility`, `visibility`, `features`, the user name template and `settings` besides `oauthClient`: kept
    /// and shown, without effect here. Only what differs from Okta's defaults.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kept: Map<String, Value>,
}

/// How many keys a client may register (Okta's limit).
pub const KEYS_MAX: usize = 50;
/// How many secrets a client may have (Okta's limit).
pub const SECRETS_MAX: usize = 2;
/// How many redirect URIs a client may have.
pub const REDIRECT_URIS_MAX: usize = 1_000;

impl App {
    /// Checks an app's own rules (Okta, sections 7.16 and 9.3).
    pub fn validate(&self) -> Result<(), Invalid> {
        invalid::text("label", &self.label, 1, 100)?;
        self.client_id.validate()?;
        let oauth = &self.oauth;
        validate_grants(oauth)?;
        if oauth.auth_method == AuthMethod::None && !oauth.pkce_required {
            return Err(Invalid::new(
                "pkce_required",
                "PKCE is required when the token endpoint authentication method is none",
            ));
        }
        if oauth.auth_method == AuthMethod::PrivateKeyJwt && oauth.keys.is_none() {
            return Err(Invalid::new("jwks", "private_key_jwt needs either 'jwks' or 'jwks_uri'"));
        }
        if let Some(ClientKeys::Jwks(keys)) = &oauth.keys {
            invalid::at_most("jwks", keys, KEYS_MAX)?;
        }
        if let Some(leeway) = oauth.refresh_token.and_then(|settings| settings.leeway)
            && leeway > 60
        {
            return Err(Invalid::new("refresh_token.leeway", "The leeway must be between 0 and 60 seconds"));
        }
        invalid::at_most("redirect_uris", &oauth.redirect_uris, REDIRECT_URIS_MAX)?;
        oauth.redirect_uris.iter().try_for_each(|uri| validate_redirect_uri("redirect_uris", uri))?;
        let logout = oauth.post_logout_redirect_uris.as_deref().unwrap_or_default();
        invalid::at_most("post_logout_redirect_uris", logout, REDIRECT_URIS_MAX)?;
        logout.iter().try_for_each(|uri| validate_redirect_uri("post_logout_redirect_uris", uri))
    }
}

fn validate_grants(oauth: &OAuthSettings) -> Result<(), Invalid> {
    use ApplicationType::{Browser, Native, Service, Web};
    use GrantType as G;
    if oauth.grant_types.is_empty() {
        return Err(Invalid::new("grant_types", "The list must name at least one grant type"));
    }
    let of_type = |types: &[ApplicationType]| types.contains(&oauth.application_type);
    for grant_type in &oauth.grant_types {
        let allowed = match grant_type {
            G::ClientCredentials => of_type(&[Service, Web]),
            G::Password | G::DeviceCode => of_type(&[Native]),
            G::AuthorizationCode | G::Implicit | G::RefreshToken | G::InteractionCode => {
                of_type(&[Web, Browser, Native])
            }
            G::Ciba => of_type(&[Web]),
            _ => true,
        };
        if !allowed {
            return Err(Invalid::new(
                "grant_types",
                format!(
                    "'{grant_type}' is not allowed for 'application_type' of '{}'",
                    oauth.application_type
                ),
            ));
        }
    }
    let grants: GrantTypes = oauth.grant_types.iter().copied().collect();
    if grants.contains(G::ClientCredentials) && matches!(oauth.auth_method, AuthMethod::None) {
        return Err(Invalid::new(
            "grant_types",
            "'client_credentials' needs a client that authenticates itself",
        ));
    }
    let interactive = grants.contains(G::AuthorizationCode) || grants.contains(G::Implicit);
    if interactive && oauth.redirect_uris.is_empty() {
        return Err(Invalid::new(
            "redirect_uris",
            "The list must name at least one redirect URI for these grant types",
        ));
    }
    if oauth.application_type == Service
        && oauth.response_types.iter().any(|response_type| *response_type != ResponseType::Token)
    {
        return Err(Invalid::new(
            "response_types",
            "An 'application_type' of 'service' may only have 'token'",
        ));
    }
    Ok(())
}

/// Absolute, without a fragment (RFC 6749 section 3.1.2). Custom schemes are allowed for native apps.
fn validate_redirect_uri(field: &'static str, uri: &str) -> Result<(), Invalid> {
    invalid::text(field, uri, 1, 1_024)?;
    let (scheme, rest) = uri.split_once(':').unwrap_or_default();
    let mut letters = scheme.chars();
    let named = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let has_host = rest.strip_prefix("//").is_some_and(|r| !r.is_empty() && !r.starts_with(['/', '?', ':']));
    let scripted = ["javascript", "data", "vbscript", "blob"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    let legal = uri
        .chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}'));
    if !named || !legal || scripted || rest.is_empty() || (is_web && !has_host) {
        return Err(Invalid::new(field, format!("`{uri}` is not an absolute URI")));
    }
    if uri.contains('#') {
        return Err(Invalid::new(field, format!("`{uri}` must not have a fragment")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_are_absolute_and_without_fragment() {
        for good in [
            "https://example.com/cb",
            "http://localhost:8080/cb?x=1",
            "com.example.app:/cb",
            "https://a*.example.com/cb",
        ] {
            assert!(validate_redirect_uri("redirect_uris", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "https://",
            "https:///x",
            "https://a/#f",
            "javascript:alert(1)",
            "https://a b",
            "data:x",
            "HTTP:x",
        ] {
            assert!(validate_redirect_uri("redirect_uris", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn client_ids_follow_oktas_rule() {
        assert!(ClientId::new("my-client_1").validate().is_ok());
        for bad in ["short", "has space", "ALL_CLIENTS", &"x".repeat(101), "é-client"] {
            assert!(ClientId::new(bad).validate().is_err(), "{bad}");
        }
    }
}

//! What an event is about: Okta's internal names of the types, and the target that each thing becomes. Leaves out the
//! events themselves.

use engine::Grant;
use model::event::Target;
use model::{ApiTokenId, App, AuthorizationServer, AuthorizationServerId, Claim, Group, Org};
use model::{Policy, RefreshTokenId, Rule, Scope, Timestamp, UserId};

use crate::client_secret::ClientSecret;
use crate::signing_key::KeyRecord;
use crate::snapshot::Snapshot;

/// Okta's internal names of the types, as targets of events and 404 answers carry them.
pub mod kind {
    /// The org.
    pub(crate) const ORG: &str = "Org";
    /// An authorization server.
    pub const AUTHORIZATION_SERVER: &str = "AuthorizationServer";
    /// A policy.
    pub const POLICY: &str = "Policy";
    /// A rule.
    pub const RULE: &str = "PolicyRule";
    /// A scope.
    pub const SCOPE: &str = "OAuth2Scope";
    /// A claim.
    pub const CLAIM: &str = "OAuth2Claim";
    /// An app, where it is asked for by its `client_id`, and where it acts as a client.
    pub const CLIENT: &str = "PublicClientApp";
    /// An access token. No answer is about one, only events are.
    pub(crate) const ACCESS_TOKEN: &str = "access_token";
    /// A refresh token, where it is asked for.
    pub const REFRESH_TOKEN: &str = "OAuth2RefreshTokenTx";
    /// A refresh token in an event: there Okta calls tokens by OAuth's words, as it does with access tokens.
    pub(crate) const REFRESH_TOKEN_OF_EVENT: &str = "refresh_token";
    /// An app.
    pub const APP: &str = "AppInstance";
    /// A group.
    pub const GROUP: &str = "UserGroup";
    /// A user.
    pub const USER: &str = "User";
    /// An API token.
    pub const API_TOKEN: &str = "Token";
    /// A signing key of a server.
    pub const KEY: &str = "JsonWebKey";
    /// A public key of an app.
    pub const JWK: &str = "OAuth2ClientJsonWebKey";
    /// A client secret of an app.
    pub const SECRET: &str = "OAuth2ClientSecret";
    /// An event of the log.
    pub const EVENT: &str = "LogEvent";
    /// A backup: ours, Okta has none.
    pub(crate) const BACKUP: &str = "Backup";
}

/// The org.
pub(crate) fn org(org: &Org) -> Target {
    Target::new(kind::ORG, org.id.as_str(), org.company_name.as_str())
}

/// An authorization server.
pub(crate) fn server(server: &AuthorizationServer) -> Target {
    Target::new(kind::AUTHORIZATION_SERVER, server.id.as_str(), server.name.as_str())
}

/// The authorization server that something belongs to; without a name if it is gone.
pub(crate) fn server_of(snapshot: &Snapshot, id: AuthorizationServerId) -> Target {
    let name = snapshot.server(id).map(|entry| entry.server.value.name.clone());
    Target::new(kind::AUTHORIZATION_SERVER, id.as_str(), name.unwrap_or_default())
}

/// A policy.
pub(crate) fn policy(policy: &Policy) -> Target {
    Target::new(kind::POLICY, policy.id.as_str(), policy.name.as_str())
}

/// A rule.
pub(crate) fn rule(rule: &Rule) -> Target {
    Target::new(kind::RULE, rule.id.as_str(), rule.name.as_str())
}

/// The policy and the rule that a grant was given by.
pub(crate) fn granted_by(grant: &Grant) -> [Target; 2] {
    [
        Target::new(kind::POLICY, grant.policy.as_str(), grant.policy_name.as_str()),
        Target::new(kind::RULE, grant.rule.as_str(), grant.rule_name.as_str()),
    ]
}

/// A scope.
pub(crate) fn scope(scope: &Scope) -> Target {
    Target::new(kind::SCOPE, scope.id.as_str(), scope.name.as_str())
}

/// A claim.
pub(crate) fn claim(claim: &Claim) -> Target {
    Target::new(kind::CLAIM, claim.id.as_str(), claim.name.as_str())
}

/// An app, as an admin knows it.
pub(crate) fn app(app: &App) -> Target {
    Target {
        alternate_id: Some(app.client_id.to_string()),
        ..Target::new(kind::APP, app.id.as_str(), app.label.as_str())
    }
}

/// An app that acts as a client.
pub(crate) fn client(app: &App) -> Target {
    Target::new(kind::CLIENT, app.client_id.as_str(), app.label.as_str())
}

/// An access token, by its `jti`.
pub(crate) fn access_token(jti: &str) -> Target {
    Target::new(kind::ACCESS_TOKEN, jti, "Access Token")
}

/// A refresh token.
pub(crate) fn refresh_token(id: RefreshTokenId) -> Target {
    Target::new(kind::REFRESH_TOKEN_OF_EVENT, id.as_str(), "Refresh Token")
}

/// A group.
pub(crate) fn group(group: &Group) -> Target {
    Target::new(kind::GROUP, group.id.as_str(), group.name.as_str())
}

/// A user.
pub(crate) fn user(id: UserId, login: &str) -> Target {
    Target::new(kind::USER, id.as_str(), login)
}

/// An API token.
pub(crate) fn api_token(id: ApiTokenId, name: &str) -> Target {
    Target::new(kind::API_TOKEN, id.as_str(), name)
}

/// A signing key: by where it is in its life.
pub(crate) fn key(key: &KeyRecord) -> Target {
    Target::new(kind::KEY, key.kid.as_str(), key.status.as_str())
}

/// A signing key that was revoked, and where it was in its life.
pub(crate) fn revoked_key(key: &KeyRecord) -> Target {
    Target {
        alternate_id: Some(key.status.to_string()),
        ..Target::new(kind::KEY, key.kid.as_str(), "REVOKED")
    }
}

/// A client secret: by whether it is active.
pub(crate) fn client_secret(secret: &ClientSecret) -> Target {
    Target::new(kind::SECRET, secret.id.as_str(), secret.status.as_str())
}

/// A backup, by when it was begun.
pub(crate) fn backup(created: Timestamp) -> Target {
    Target::new(kind::BACKUP, created.to_string(), "Backup")
}

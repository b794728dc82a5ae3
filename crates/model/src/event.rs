//! Events of the System Log, in the compact shape in which they are stored; `server` renders them as Okta's
//! `LogEvent`. See `docs/decisions/0003-events.md`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Actor;

words! {
    /// What happened (Okta's event types).
    EventType {
        /// A server was created.
        AuthorizationServerCreated = "oauth2.as.created",
        /// A server was changed.
        AuthorizationServerUpdated = "oauth2.as.updated",
        /// A server was deleted.
        AuthorizationServerDeleted = "oauth2.as.deleted",
        /// A server was activated.
        AuthorizationServerActivated = "oauth2.as.activated",
        /// A server was deactivated.
        AuthorizationServerDeactivated = "oauth2.as.deactivated",
        /// A server began to trust another.
        TrustedServerAdded = "app.oauth2.trusted_server.add",
        /// A server ended its trust in another.
        TrustedServerDeleted = "app.oauth2.trusted_server.delete",
        /// A scope was created.
        ScopeCreated = "oauth2.scope.created",
        /// A scope was changed.
        ScopeUpdated = "oauth2.scope.updated",
        /// A scope was deleted.
        ScopeDeleted = "oauth2.scope.deleted",
        /// A claim was created.
        ClaimCreated = "oauth2.claim.created",
        /// A claim was changed.
        ClaimUpdated = "oauth2.claim.updated",
        /// A claim was deleted.
        ClaimDeleted = "oauth2.claim.deleted",
        /// A server's signing keys were rotated.
        KeyRollover = "app.oauth2.as.key.rollover",
        /// A signing key of a server was revoked (Okta has no such event).
        KeyRevoked = "app.oauth2.as.key.revoke",
        /// A policy was created.
        PolicyCreated = "policy.lifecycle.create",
        /// A policy was changed.
        PolicyUpdated = "policy.lifecycle.update",
        /// A policy was deleted.
        PolicyDeleted = "policy.lifecycle.delete",
        /// A policy was activated.
        PolicyActivated = "policy.lifecycle.activate",
        /// A policy was deactivated.
        PolicyDeactivated = "policy.lifecycle.deactivate",
        /// A rule was added.
        RuleAdded = "policy.rule.add",
        /// A rule was changed.
        RuleUpdated = "policy.rule.update",
        /// A rule was deleted.
        RuleDeleted = "policy.rule.delete",
        /// A rule was activated.
        RuleActivated = "policy.rule.activate",
        /// A rule was deactivated.
        RuleDeactivated = "policy.rule.deactivate",
        /// Something that a rule or policy names is gone; the name stays and matches nothing.
        RuleInvalidated = "policy.rule.invalidate",
        /// An app was created.
        AppCreated = "application.lifecycle.create",
        /// An app was changed.
        AppUpdated = "application.lifecycle.update",
        /// An app was deleted.
        AppDeleted = "application.lifecycle.delete",
        /// An app was activated.
        AppActivated = "application.lifecycle.activate",
        /// An app was deactivated.
        AppDeactivated = "application.lifecycle.deactivate",
        /// A client secret was added.
        ClientSecretCreated = "app.oauth2.credentials.lifecycle.create",
        /// A client secret was deleted.
        ClientSecretDeleted = "app.oauth2.credentials.lifecycle.delete",
        /// A client secret was activated.
        ClientSecretActivated = "app.oauth2.credentials.lifecycle.activate",
        /// A client secret was deactivated.
        ClientSecretDeactivated = "app.oauth2.credentials.lifecycle.deactivate",
        /// A group was created.
        GroupCreated = "group.lifecycle.create",
        /// A group was changed.
        GroupUpdated = "group.profile.update",
        /// A group was deleted.
        GroupDeleted = "group.lifecycle.delete",
        /// A user was created.
        UserCreated = "user.lifecycle.create",
        /// An admin role was granted.
        UserPrivilegeGranted = "user.account.privilege.grant",
        /// An API token was created.
        ApiTokenCreated = "system.api_token.create",
        /// An API token was changed.
        ApiTokenUpdated = "system.api_token.update",
        /// An API token was revoked.
        ApiTokenRevoked = "system.api_token.revoke",
        /// Tokens were granted, or refused, by a custom authorization server.
        TokenGrant = "app.oauth2.as.token.grant",
        /// An access token was granted by a custom authorization server.
        AccessTokenGrant = "app.oauth2.as.token.grant.access_token",
        /// A token was revoked by its client.
        TokenRevoke = "app.oauth2.as.token.revoke",
        /// Wrong client credentials were presented.
        InvalidClientCredentials = "app.oauth2.invalid_client_credentials",
        /// The org was created.
        OrgCreated = "system.org.lifecycle.create",
        /// The database was replaced by a backup.
        BackupRestored = "system.org.backup.restore",
        /// The sealed secrets were moved to another master key.
        MasterKeyRewrapped = "system.org.master_key.rewrap",
    }
}

impl EventType {
    /// Whether it says what the token endpoint decided.
    pub const fn is_decision(self) -> bool {
        matches!(self, Self::TokenGrant | Self::AccessTokenGrant)
    }
}

words! {
    /// How it ended (Okta's `outcome.result`).
    OutcomeResult {
        /// It was done.
        Success = "SUCCESS",
        /// It was refused or went wrong.
        Failure = "FAILURE",
        /// It was allowed.
        Allow = "ALLOW",
        /// It was denied.
        Deny = "DENY",
    }
}

/// A thing that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Okta's word for the type: `AuthorizationServer`, `PublicClientApp`, `access_token`.
    #[serde(rename = "t")]
    pub kind: String,
    /// Its id; for a token its `jti`.
    pub id: String,
    /// A name that a person recognises.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Another name: a client id, a resource.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub alternate_id: Option<String>,
}

impl Target {
    /// A target with a name.
    pub fn new(kind: &str, id: impl Into<String>, display_name: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.into(),
            display_name: Some(display_name.into()),
            alternate_id: None,
        }
    }
}

/// The request that caused an event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// `X-Okta-Request-Id`.
    #[serde(rename = "id", default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The address that it came from.
    #[serde(rename = "ip", default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// `User-Agent`, at most 512 bytes.
    #[serde(rename = "ua", default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The path.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// The longest decision facts that an event keeps, in bytes.
pub const FACTS_BYTES_MAX: usize = 4_096;

/// One thing that happened. Member names are short because there is one event per token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    #[serde(rename = "e")]
    pub event_type: EventType,
    /// How it ended.
    #[serde(rename = "o")]
    pub result: OutcomeResult,
    /// Why it ended so: Okta's internal name of the error.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who did it.
    #[serde(rename = "a")]
    pub actor: Actor,
    /// What it is about.
    #[serde(rename = "t", default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// The request.
    #[serde(rename = "q", default)]
    pub origin: Origin,
    /// The configuration revision that the decision was made on, or that the change made.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The facts of the decision, from which it can be made again; left out if longer than
    /// [`FACTS_BYTES_MAX`].
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<RawValue>>,
    /// How often it happened, where several are counted into one.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// The schema number that events are stored under.
pub const SCHEMA: u32 = 1;

impl Event {
    /// A success of `actor` without targets.
    pub fn new(event_type: EventType, actor: Actor, origin: Origin) -> Self {
        Self {
            event_type,
            result: OutcomeResult::Success,
            reason: None,
            actor,
            targets: Vec::new(),
            origin,
            revision: None,
            facts: None,
            count: None,
        }
    }

    /// The same event about `target` too.
    #[must_use]
    pub fn about(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// The body to store.
    pub fn to_body(&self) -> String {
        // String keys and plain values only: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

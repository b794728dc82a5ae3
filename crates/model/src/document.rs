//! Configuration as versioned documents: every object of the organization's configuration, in the shape in which
//! it is stored.
//!
//! A stored body is the model's own serde form under a schema number. A shape changes by giving [`SCHEMA`] the
//! next number and adding an upcaster to [`Document::read`]; see `docs/decisions/0002-configuration-documents.md`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::{App, AuthorizationServer, Claim, Org, Policy, Rule, Scope};

words! {
    /// What kind of document it is.
    Kind {
        /// The org's settings.
        Org = "org",
        /// An authorization server.
        AuthorizationServer = "authorization_server",
        /// An access policy; its parent is the server.
        Policy = "policy",
        /// A rule; its parent is the server.
        Rule = "rule",
        /// A scope, or an edit of a system scope; its parent is the server.
        Scope = "scope",
        /// A claim, or an edit of a system claim; its parent is the server.
        Claim = "claim",
        /// An app.
        App = "app",
    }
}

/// The schema that this version writes.
pub const SCHEMA: u32 = 1;

/// One object of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// The org's settings.
    Org(Org),
    /// An authorization server.
    AuthorizationServer(AuthorizationServer),
    /// An access policy.
    Policy(Policy),
    /// A rule.
    Rule(Rule),
    /// A scope.
    Scope(Scope),
    /// A claim.
    Claim(Claim),
    /// An app.
    App(Box<App>),
}

/// A stored body that cannot be read: a fault, never the caller's.
#[derive(Debug, Error)]
pub enum UnreadableDocument {
    /// Written by a newer version.
    #[error(
        "document {kind} {id} has schema {schema}, and this version reads up to {SCHEMA}; upgrade this node"
    )]
    Newer {
        /// What kind.
        kind: Kind,
        /// Which one.
        id: String,
        /// Its schema number.
        schema: u32,
    },
    /// Not what the schema says.
    #[error("document {kind} {id} does not have the shape of schema {schema}: {reason}")]
    Malformed {
        /// What kind.
        kind: Kind,
        /// Which one.
        id: String,
        /// Its schema number.
        schema: u32,
        /// What the reader said.
        reason: serde_json::Error,
    },
}

impl Document {
    /// What kind it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Org(_) => Kind::Org,
            Self::AuthorizationServer(_) => Kind::AuthorizationServer,
            Self::Policy(_) => Kind::Policy,
            Self::Rule(_) => Kind::Rule,
            Self::Scope(_) => Kind::Scope,
            Self::Claim(_) => Kind::Claim,
            Self::App(_) => Kind::App,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Org(org) => org.id.as_str(),
            Self::AuthorizationServer(server) => server.id.as_str(),
            Self::Policy(policy) => policy.id.as_str(),
            Self::Rule(rule) => rule.id.as_str(),
            Self::Scope(scope) => scope.id.as_str(),
            Self::Claim(claim) => claim.id.as_str(),
            Self::App(app) => app.id.as_str(),
        }
    }

    /// The authorization server that it belongs to; empty for what belongs to the org.
    pub fn parent(&self) -> &str {
        match self {
            Self::Policy(policy) => policy.server.as_str(),
            Self::Rule(rule) => rule.server.as_str(),
            Self::Scope(scope) => scope.server.as_str(),
            Self::Claim(claim) => claim.server.as_str(),
            Self::Org(_) | Self::AuthorizationServer(_) | Self::App(_) => "",
        }
    }

    /// The body to store under [`SCHEMA`].
    pub fn to_body(&self) -> String {
        fn body(value: &impl Serialize) -> String {
            // The model's types have string keys and no fallible serializer: this cannot fail.
            serde_json::to_string(value).unwrap_or_default()
        }
        match self {
            Self::Org(org) => body(org),
            Self::AuthorizationServer(server) => body(server),
            Self::Policy(policy) => body(policy),
            Self::Rule(rule) => body(rule),
            Self::Scope(scope) => body(scope),
            Self::Claim(claim) => body(claim),
            Self::App(app) => body(app),
        }
    }

    /// Reads a stored body, whatever schema it was written under.
    pub fn read(kind: Kind, id: &str, schema: u32, body: &str) -> Result<Self, UnreadableDocument> {
        fn parse<T: DeserializeOwned>(body: &str) -> Result<T, serde_json::Error> {
            serde_json::from_str(body)
        }
        if schema > SCHEMA {
            return Err(UnreadableDocument::Newer { kind, id: id.to_owned(), schema });
        }
        match kind {
            Kind::Org => parse(body).map(Self::Org),
            Kind::AuthorizationServer => parse(body).map(Self::AuthorizationServer),
            Kind::Policy => parse(body).map(Self::Policy),
            Kind::Rule => parse(body).map(Self::Rule),
            Kind::Scope => parse(body).map(Self::Scope),
            Kind::Claim => parse(body).map(Self::Claim),
            Kind::App => parse(body).map(Self::App),
        }
        .map_err(|reason| UnreadableDocument::Malformed { kind, id: id.to_owned(), schema, reason })
    }
}

//! The nouns of Tokenmint and when they are valid.
//!
//! Owns: identifiers, times, and every object that an organization configures. A value of these types has
//! passed its own rules ([`Invalid`] says which one failed); rules that need *other* objects (is this group
//! there? is this name taken?) belong to `service`. Leaves out: storage, the wire format, decisions.

#[macro_use]
mod word;

pub mod actor;
pub mod app;
pub mod authorization_server;
pub mod claim;
pub mod document;
pub mod event;
pub mod grant_type;
pub mod group;
pub mod id;
pub mod invalid;
pub mod key;
pub mod org;
pub mod policy;
pub mod rule;
pub mod scope;
pub mod status;
pub mod template;
pub mod timestamp;
pub mod token_format;
pub mod user;

pub use actor::Actor;
pub use app::{App, ClientId};
pub use authorization_server::AuthorizationServer;
pub use claim::Claim;
pub use document::{Document, Kind};
pub use event::Event;
pub use grant_type::GrantType;
pub use group::Group;
pub use id::{
    ApiTokenId, AppId, AuthorizationServerId, ClaimId, ClientSecretId, GroupId, JwkId, OrgId, PolicyId,
    RefreshTokenId, RuleId, ScopeId, UserId,
};
pub use invalid::Invalid;
pub use org::Org;
pub use policy::Policy;
pub use rule::Rule;
pub use scope::Scope;
pub use status::Status;
pub use timestamp::Timestamp;
pub use token_format::TokenFormat;
pub use user::User;
pub use word::Word;

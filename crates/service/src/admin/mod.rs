//! What admins do over the management API: one file per noun, and the refusals that they share.
//!
//! Reads come from the newest snapshot. Changes are pure functions over a draft, so that they can be applied again
//! when another node was faster, and so that a change is checked against exactly the configuration that it changes.

pub mod api_token;
pub mod app;
pub mod associated_server;
pub mod authorization_server;
pub mod claim;
pub mod client_secret;
pub mod group;
pub mod jwk;
pub mod key;
pub mod log;
pub(crate) mod new_key;
mod order;
pub mod policy;
pub mod refresh_token;
pub mod rule;
pub mod scope;
pub mod user;

use model::user::RoleType;
use model::{ApiTokenId, Invalid, UserId};

/// Why an admin's request was refused. `server` maps these to statuses and error codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such thing (`E0000007`).
    NotFound {
        /// What was asked for.
        id: String,
        /// Okta's internal name of the type.
        kind: &'static str,
    },
    /// It is not among as many as were looked at, and there are more (`E0000007`, with a cause).
    NotReached {
        /// What was asked for.
        id: String,
        /// Okta's internal name of the type.
        kind: &'static str,
        /// How many were looked at.
        examined: usize,
    },
    /// A value is not acceptable (`E0000001`).
    Invalid {
        /// What `errorSummary` names.
        subject: &'static str,
        /// What to change.
        causes: Vec<String>,
    },
    /// `If-Match` names another version (412 `E0000231`).
    PreconditionFailed,
    /// The thing must be deactivated before (403 `E0000056`).
    DeleteForbidden,
    /// A cursor that this list did not give out (400 `E0000029`).
    InvalidCursor,
    /// The caller may not (403 `E0000006`).
    NotPermitted,
}

impl Refusal {
    /// There is no `id` of the type that Okta calls `kind`.
    pub fn not_found(id: impl Into<String>, kind: &'static str) -> Self {
        Self::NotFound { id: id.into(), kind }
    }

    /// The member `field` breaks a rule.
    pub fn invalid(field: &'static str, message: impl std::fmt::Display) -> Self {
        Self::Invalid { subject: field, causes: vec![format!("{field}: {message}")] }
    }
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        Self::invalid(invalid.field, invalid.message)
    }
}

/// The version that a change was asked for, by `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// None: the last change wins.
    Any,
    /// The object must exist (`*`).
    Exists,
    /// The object must be as it was at one of these revisions; with none of them, nothing ever is.
    OneOf(Vec<u64>),
}

impl Precondition {
    /// Compares with the object as it is.
    pub fn check(&self, revision: u64) -> Result<(), Refusal> {
        match self {
            Self::Any | Self::Exists => Ok(()),
            Self::OneOf(wanted) if wanted.contains(&revision) => Ok(()),
            Self::OneOf(_) => Err(Refusal::PreconditionFailed),
        }
    }
}

/// Who calls the management API.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user whose token it is.
    pub user: UserId,
    /// The user's login.
    pub login: String,
    /// The user's name.
    pub display_name: String,
    /// The user's admin roles.
    pub roles: Vec<RoleType>,
    /// The API token.
    pub token: ApiTokenId,
}

/// How many things a page holds where the request does not say, and at most (Okta: 200).
pub const PAGE_MAX: usize = 200;

/// A page of a list, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What it holds.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// The first `limit` of `items`; `cursor` names the place of one.
pub(crate) fn page<T>(
    mut items: impl Iterator<Item = T>,
    limit: usize,
    cursor: impl Fn(&T) -> String,
) -> Page<T> {
    let taken: Vec<T> = items.by_ref().take(limit).collect();
    let next = items.next().and_then(|_| taken.last().map(cursor));
    Page { items: taken, next }
}

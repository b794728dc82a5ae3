//! The nouns as rows: typed records, the reads of `Store` and the steps of `Batch`, one file per noun.
//! Leaves out what the fields mean and when they are valid: that is `model`'s.

mod account;
mod api_token;
mod client_secret;
mod document;
mod grant;
mod log;
mod org;
mod org_secret;
mod reseal;
mod revocation;
mod role_assignment;
mod sequence;
mod signing_key;
mod used_assertion;
mod user_group;
mod walk;

pub use account::{Account, Password};
pub use api_token::ApiToken;
pub use client_secret::ClientSecret;
pub use document::{Change, Document, NewChange};
pub use grant::{NewGrant, NewRefreshGrant, RefreshGrant};
pub use log::{Cursor, LogPage, LogQuery, LoggedEvent, Order};
pub use org::Org;
pub use reseal::{ResealError, Resealed, SealedKind, SealedRow};
pub use revocation::Revocation;
pub use role_assignment::Role;
pub use signing_key::SigningKey;
pub use user_group::Group;

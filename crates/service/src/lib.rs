//! Use cases without HTTP: what the token endpoint and the management API do.
//!
//! A use case reads the newest snapshot, asks `engine` for decisions, `jose` for signatures and `store` to
//! remember. It returns [`Failure`]: refused, which is its contract, or a fault, which is ours. Times come in as
//! arguments; only `server` reads the clock.

pub mod access_token;
pub mod admin;
pub mod backup;
pub mod client;
pub mod client_assertion;
pub mod client_keys;
pub mod client_secret;
pub mod configuration;
pub mod explain;
pub mod expression;
pub mod failure;
pub mod first_start;
pub mod freshness;
pub mod grant;
pub mod history;
pub mod ids;
pub mod introspect;
pub mod issuer;
pub mod key_pool;
pub mod key_schedule;
pub mod log;
pub mod master_key;
pub mod membership;
mod mint;
pub mod names;
pub mod org_secrets;
pub mod outbound;
pub mod portable;
pub mod preview;
pub mod published_keys;
pub mod revocations;
pub mod revoke;
mod rows;
pub mod shared_clock;
pub mod signing_key;
pub mod snapshot;
pub mod target;
pub mod tenant;
pub mod token;
mod token_id;
pub mod upkeep;
pub mod workbench;

pub use failure::{Failure, Fault, Remedy};
pub use issuer::issuer;
pub use snapshot::{AppEntry, ServerEntry, Snapshot, Versioned};
pub use tenant::Tenant;

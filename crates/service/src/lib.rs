//! Use cases without HTTP: what the token endpoint and the management API do.
//!
//! A use case reads the newest snapshot, asks `engine` for decisions, `jose` for signatures and `store` to
//! remember. It returns [`Failure`]: refused, which is its contract, or a fault, which is ours. Times come in as
//! arguments; only `server` reads the clock.

pub mod admin;
pub mod client;
pub mod client_assertion;
pub mod client_keys;
pub mod client_secret;
pub mod configuration;
pub mod failure;
pub mod first_start;
pub mod grant;
pub mod ids;
pub mod key_pool;
pub mod log;
pub mod master_key;
pub mod org_secrets;
pub mod outbound;
pub mod published_keys;
mod rows;
pub mod signing_key;
pub mod snapshot;
pub mod tenant;
pub mod token;

pub use failure::{Failure, Fault, Remedy};
pub use snapshot::{AppEntry, ServerEntry, Snapshot, Versioned};
pub use tenant::Tenant;

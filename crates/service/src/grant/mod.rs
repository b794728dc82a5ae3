//! One file per grant: it gathers the facts of its requests and never writes.

pub mod client_credentials;
pub(crate) mod of_user;
pub(crate) mod response_type;
pub(crate) mod standing;

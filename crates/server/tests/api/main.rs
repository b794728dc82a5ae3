//! The management API and the token endpoint in one process: the ledgers, whole replies, and what no input may do.

mod beyond_okta;
mod configuration;
mod explain;
mod expression;
#[path = "../ledger/mod.rs"]
mod ledger;
mod preview;
mod properties;
mod refresh_tokens;
mod replies;
mod site;

//! Ledgers: lists that fail when they are incomplete. Every route, every error code, every refusal.

mod authorization;
mod codes;
mod oauth_errors;
mod openapi;
mod table;

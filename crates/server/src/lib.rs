//! The shell: HTTP, configuration, the clock.
//!
//! Owns everything that touches the outside: listening, the table of routes, what is done around every handler, the
//! wire's shapes, settings, logs, signals. Leaves out every decision (`engine`) and every use case (`service`).

pub mod access;
pub mod answer;
pub mod api;
pub mod application;
pub mod body;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connection;
pub mod control;
pub mod cors;
pub mod error;
pub mod filter;
pub mod front;
pub mod gate;
pub mod health;
pub mod help;
pub mod http_client;
pub mod json;
pub mod key_file;
pub mod limits;
pub mod listen;
pub mod log;
pub mod meters;
pub mod metrics;
pub mod oauth;
pub mod operator;
pub mod origin;
pub mod outbound;
pub mod page;
pub mod path;
pub mod query;
pub mod question;
pub mod rate_limit;
pub mod request_id;
pub mod routes;
pub mod secret;
pub mod settings;
pub mod signals;
pub mod start;
pub mod tls;
pub mod token_tests;
pub mod whole_number;
pub mod yaml;

#[cfg(test)]
mod testing;

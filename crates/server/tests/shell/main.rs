//! The shell over real sockets: raw bytes in, raw bytes out.

mod harness;

mod doctor;
mod help;
mod limits;
mod logging;
mod metrics;
mod operator;
mod portable;
mod program;
mod replies;
mod shutdown;
mod targets;
mod tls;
mod token_tests;
mod two;

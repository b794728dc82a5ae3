//! The door to other servers. `server` stands behind it: which addresses may be called, and how long and how much is
//! read. Leaves out what the answers mean.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// A call under way.
pub type Call<'a> = Pin<Box<dyn Future<Output = Result<Fetched, OutboundError>> + Send + 'a>>;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fetched {
    /// The body, bounded.
    pub body: Vec<u8>,
    /// For how many seconds the answer holds, if it says so.
    pub max_age_seconds: Option<u64>,
}

/// Why nothing came back: a sentence for the log, never for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OutboundError(pub String);

/// Calls other servers.
pub trait Outbound: Send + Sync + fmt::Debug {
    /// Fetches `url`. Nothing but a complete answer with status 200 is one.
    fn get<'a>(&'a self, url: &'a str) -> Call<'a>;
}

/// Calls nobody.
#[derive(Debug)]
pub struct Nobody;

impl Outbound for Nobody {
    fn get<'a>(&'a self, _: &'a str) -> Call<'a> {
        Box::pin(async { Err(OutboundError("no other server may be called".to_owned())) })
    }
}

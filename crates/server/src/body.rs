//! Reading a request's body whole. Owns its limits of size and time, and the budget of all bodies together; leaves out
//! what is in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::error::{ApiError, code};

/// How many bytes of bodies are in memory at once, over all requests: many small ones could fill it, too.
#[derive(Debug, Default)]
pub struct Budget {
    used: Arc<AtomicUsize>,
}

/// What one request takes of the budget; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    used: Arc<AtomicUsize>,
    bytes: usize,
}

impl Budget {
    /// A share that holds nothing yet.
    pub fn share(&self) -> Share {
        Share { used: Arc::clone(&self.used), bytes: 0 }
    }

    /// The bytes of all shares.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Takes `bytes` more; `false` if all bodies together would then hold more than `limit`.
    fn grow(&mut self, bytes: usize, limit: usize) -> bool {
        self.bytes += bytes;
        self.used.fetch_add(bytes, Ordering::Relaxed) + bytes <= limit
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The whole body: at most `limit` bytes, never a pause longer than `pause` between two pieces, and within the budget of
/// `all_bytes` for all bodies. A body that says from the start that it is larger is refused before anything is read.
pub async fn read(
    mut body: Body,
    limit: usize,
    pause: Duration,
    share: &mut Share,
    all_bytes: usize,
) -> Result<Bytes, ApiError> {
    let announced = body.size_hint();
    if usize::try_from(announced.lower()).map_or(true, |bytes| bytes > limit) {
        return Err(too_large(limit));
    }
    let mut whole = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(pause, body.frame()).await.map_err(|_| too_slow())?;
        let data = match frame {
            None => return Ok(whole.freeze()),
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(_)) => return Err(ApiError::malformed("the body ended too early")),
        };
        if whole.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        if !share.grow(data.len(), all_bytes) {
            return Err(ApiError::unavailable(&"the bodies of all requests together are too large"));
        }
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
}

fn too_large(limit: usize) -> ApiError {
    ApiError::of(code::MALFORMED_BODY)
        .status(StatusCode::PAYLOAD_TOO_LARGE)
        .cause(format!("the body is larger than {limit} bytes"))
}

fn too_slow() -> ApiError {
    ApiError::of(code::MALFORMED_BODY)
        .status(StatusCode::REQUEST_TIMEOUT)
        .cause("the body did not arrive in time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_come_out_of_one_budget_and_go_back() {
        let budget = Budget::default();
        let (mut one, mut two) = (budget.share(), budget.share());
        assert!(one.grow(60, 100));
        assert!(!two.grow(41, 100));
        drop(two);
        assert!(one.grow(40, 100));
        drop(one);
        assert!(budget.share().grow(100, 100));
    }
}

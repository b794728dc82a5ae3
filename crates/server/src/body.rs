//! Reading a request's body whole. Owns its limits of size and time; leaves out what is in it.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::error::{ApiError, code};

/// The whole body: at most `limit` bytes, and never a pause longer than `pause` between two pieces. A body that says
/// from the start that it is larger is refused before anything is read.
pub async fn read(mut body: Body, limit: usize, pause: Duration) -> Result<Bytes, ApiError> {
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

//! Path parameters. Owns the refusal of one that cannot be read; leaves out what it names.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, code};

/// The parameters of a route's path, in order: `Path(id): Path<String>`, `Path((server, policy)): Path<(String, String)>`.
/// One that is not UTF-8 names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|read| Self(read.0)).map_err(|_| code::PATH_NOT_FOUND.into())
    }
}

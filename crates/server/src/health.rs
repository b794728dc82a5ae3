//! `/health/live` and `/health/ready`. Owns both answers; leaves out what readiness depends on ([`Readiness`]).

use std::sync::Arc;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::access::BoxFuture;
use crate::front::Shell;
use crate::json::Json;
use crate::routes::{Route, Routes};

/// Says whether this node should be sent requests. Implemented over `service`: the database answers, the newest
/// configuration is known. The reason of a no is logged, not shown.
pub trait Readiness: Send + Sync + 'static {
    /// `Err` with the reason while this node cannot serve.
    fn check(&self) -> BoxFuture<'_, Result<(), String>>;
}

/// The readiness of a server that depends on nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysReady;

impl Readiness for AlwaysReady {
    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

/// Both routes.
pub fn routes<S: Clone + Send + Sync + 'static>(shell: &Arc<Shell>) -> Routes<S> {
    let shell = Arc::clone(shell);
    Routes::new()
        .route(Route::open(Method::GET, "/health/live"), || async { state(StatusCode::OK, "live") })
        .route(Route::open(Method::GET, "/health/ready"), move || ready(Arc::clone(&shell)))
}

async fn ready(shell: Arc<Shell>) -> Response {
    if shell.is_stopping() {
        return not_ready();
    }
    match shell.readiness.check().await {
        Ok(()) => state(StatusCode::OK, "ready"),
        Err(reason) => {
            tracing::warn!("not ready: {reason}");
            not_ready()
        }
    }
}

fn not_ready() -> Response {
    let mut response = state(StatusCode::SERVICE_UNAVAILABLE, "not ready");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

fn state(status: StatusCode, word: &'static str) -> Response {
    (status, Json(serde_json::json!({ "status": word }))).into_response()
}

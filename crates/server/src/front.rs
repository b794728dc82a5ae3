//! What is done around every handler, in one place. Owns the shell's shared state, the request's target, the guard of
//! a route, the headers of every reply and the line in the log. Leaves out connections (`listen`) and the table.
//!
//! The order: name the request, read its target, select the origin, find the route; then, within the request's time:
//! count it, authenticate, check scope and role, read the body, handle; at last dress the reply and log it.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, HOST, ORIGIN, PRAGMA, PROXY_AUTHORIZATION, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};
use axum::response::{IntoResponse, Response};
use model::Timestamp;
use tokio::time::Instant;
use tower::Service;
use tracing::Instrument;

use crate::access::{Access, BoxFuture, Gate};
use crate::body::Budget;
use crate::error::{ApiError, code};
use crate::health::Readiness;
use crate::limits::Limits;
use crate::meters::{Meters, RouteMeter};
use crate::origin::{Here, Origins};
use crate::rate_limit::{Bucket, RateLimits, Usage};
use crate::request_id::{ErrorId, RequestId};
use crate::routes::{Produces, Route};
use crate::{body, clock, cors, json};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-okta-request-id");
const EVERY_METHOD: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// What every request shares, and the hooks where the rest of the server is plugged in.
pub struct Shell {
    /// The configured origins.
    pub origins: Origins,
    /// The limits of requests and bodies.
    pub limits: Limits,
    /// The counters of requests.
    pub rates: RateLimits,
    /// The bytes of the bodies in memory.
    pub bodies: Budget,
    /// What is counted beside the routes.
    pub meters: Meters,
    /// Authenticates the callers of guarded routes.
    pub gate: Box<dyn Gate>,
    /// Says whether `/health/ready` is.
    pub readiness: Box<dyn Readiness>,
    stopping: AtomicBool,
}

impl Shell {
    /// The shell of a server that nobody has called yet.
    pub fn new(origins: Origins, limits: Limits, gate: Box<dyn Gate>, readiness: Box<dyn Readiness>) -> Self {
        let (rates, bodies, meters) = (RateLimits::default(), Budget::default(), Meters::default());
        Self { origins, limits, rates, bodies, meters, gate, readiness, stopping: AtomicBool::new(false) }
    }

    /// From now on we are not ready: what is in flight ends, and nothing new is accepted.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether we were told to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}

/// The time at which a request had arrived whole. Any handler may take it; it reads no clock of its own.
#[derive(Debug, Clone, Copy)]
pub struct Now(pub Timestamp);

/// The address at the other end of the connection. Any handler may take it.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

macro_rules! taken_from_the_request {
    ($($name:ident),+) => {$(
        impl<S: Sync> FromRequestParts<S> for $name {
            type Rejection = std::convert::Infallible;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
                Ok(*parts.extensions.get::<Self>().expect("`front` puts it into every request"))
            }
        }
    )+};
}

taken_from_the_request!(Now, Peer, RequestId);

/// The route that answered and what is left of its bucket: how `guard` tells `Front` about them.
#[derive(Clone)]
struct Routed {
    route: Arc<Route>,
    /// Its place in the table.
    number: usize,
    usage: Usage,
}

/// The whole server as one function from a request to a reply.
pub struct Front {
    shell: Arc<Shell>,
    router: Router,
    /// By the route's place in the table.
    metered: Vec<(Arc<Route>, RouteMeter)>,
    unrouted: RouteMeter,
}

impl Front {
    pub(crate) fn new(shell: Arc<Shell>, router: Router, table: Vec<Arc<Route>>) -> Self {
        let metered = table.into_iter().map(|route| (route, RouteMeter::default())).collect();
        Self { shell, router, metered, unrouted: RouteMeter::default() }
    }

    /// Path, method and counters of every route, and last those of the requests that no route matched.
    pub fn routes(&self) -> impl Iterator<Item = (&str, &str, &RouteMeter)> {
        let routes = self.metered.iter().map(|(route, meter)| (route.path, route.method.as_str(), meter));
        routes.chain([("-", "-", &self.unrouted)])
    }

    /// The shared state.
    pub fn shell(&self) -> &Arc<Shell> {
        &self.shell
    }

    /// Answers one request. It always answers: a refusal, a fault and a panic have their replies, too.
    pub async fn answer(&self, mut request: Request<Body>, peer: SocketAddr) -> Response {
        let (id, now, started) = (RequestId::new(), clock::now(), Instant::now());
        let span = tracing::info_span!("request", %id);
        let method = request.method().clone();
        let page = request.headers().get(ORIGIN).cloned();
        let can_be_told = request.version() < Version::HTTP_2;
        let host = named_host(&request);
        let origin = Arc::clone(self.shell.origins.select(host.as_deref()));
        let keeps_https = origin.is_https() && !origin.is_local();
        let (mut response, path) = match read_target(&mut request, self.shell.limits.headers) {
            Err(error) => (error.into_response(), String::new()),
            Ok(target) => {
                let here = Here::new(&self.shell.origins, origin, target.as_str());
                let extensions = request.extensions_mut();
                extensions.insert(id);
                extensions.insert(here);
                extensions.insert(Now(now));
                extensions.insert(Peer(peer));
                let mut router = self.router.clone();
                let Ok(response) = router.call(request).instrument(span.clone()).await;
                (response, target.path().to_owned())
            }
        };
        let routed = response.extensions_mut().remove::<Routed>();
        let usage = match &routed {
            Some(routed) => routed.usage,
            None => self.shell.rates.count(Bucket::of(&method, &path), now),
        };
        if let Some(routed) = &routed {
            cors::allow(routed.route.cors, &*self.shell.gate, page.as_ref(), response.headers_mut());
        }
        dress(response.headers_mut(), id, usage, keeps_https);
        if can_be_told && self.shell.is_stopping() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let meter = routed.as_ref().and_then(|routed| self.metered.get(routed.number));
        let meter = meter.map_or(&self.unrouted, |(_, meter)| meter);
        meter.count(response.status().as_u16(), started.elapsed());
        span.in_scope(|| log(&method, routed.as_ref(), &response, started, peer));
        store::kill_point("reply: to send");
        response
    }
}

/// The host that the request names: an absolute target (every HTTP/2 request has one) goes before `Host`.
fn named_host(request: &Request<Body>) -> Option<String> {
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    let header = || request.headers().get(HOST).and_then(|host| host.to_str().ok());
    authority.or_else(header).map(str::to_owned)
}

/// Keeps path and query of the target, with one slash at the start; what a proxy was told is not for us. (Over HTTP/1.1
/// the parser has counted the headers already; over HTTP/2 nobody has.)
fn read_target(request: &mut Request<Body>, most_headers: usize) -> Result<PathAndQuery, ApiError> {
    if request.headers().len() > most_headers {
        return Err(ApiError::of(code::MALFORMED_BODY)
            .status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
            .summary("The request has too many headers."));
    }
    if request.method() == Method::CONNECT {
        return Err(ApiError::of(code::METHOD_NOT_ALLOWED).header(ALLOW, EVERY_METHOD));
    }
    // Two readings of one request are how requests are smuggled past a proxy (RFC 9112 sections 3.2 and 6.1).
    let several = |name| request.headers().get_all(name).iter().nth(1).is_some();
    if several(HOST) || several(TRANSFER_ENCODING) {
        return Err(ApiError::malformed("the request has two Host or Transfer-Encoding headers"));
    }
    let names_host = request.headers().contains_key(HOST) || request.uri().authority().is_some();
    if request.version() == Version::HTTP_11 && !names_host {
        return Err(ApiError::malformed("the request has no Host header"));
    }
    if request.uri().path_and_query().is_some_and(|target| target.as_str().contains("%00")) {
        return Err(ApiError::malformed("the request's target holds a NUL character"));
    }
    request.headers_mut().remove(PROXY_AUTHORIZATION);
    let sent = request.uri().path_and_query().filter(|target| target.path().starts_with('/'));
    let sent = sent.cloned().ok_or_else(|| ApiError::of(code::PATH_NOT_FOUND))?;
    let target = if sent.as_str().starts_with("//") {
        let path = format!("/{}", sent.as_str().trim_start_matches('/'));
        PathAndQuery::try_from(path).map_err(|_| ApiError::of(code::PATH_NOT_FOUND))?
    } else {
        sent
    };
    *request.uri_mut() = Uri::from(target.clone());
    Ok(target)
}

/// A handler that still waits for its request.
pub(crate) type Run = Box<dyn FnOnce(Request) -> BoxFuture<'static, Response> + Send>;

/// What is done around the handler of a matched route.
pub(crate) async fn guard(
    shell: Arc<Shell>,
    (number, route): (usize, Arc<Route>),
    request: Request,
    run: Run,
) -> Response {
    let now = request.extensions().get::<Now>().map_or_else(clock::now, |now| now.0);
    let usage = shell.rates.count(route.bucket, now);
    let handled = catch_panic(Box::pin(admit_and_run(&shell, &route, request, run)));
    let mut response = match tokio::time::timeout(shell.limits.request_time, handled).await {
        Ok(Some(Ok(response))) => response,
        Ok(Some(Err(refusal))) => refusal.into_response(),
        Ok(None) => ApiError::fault(&"a handler panicked").into_response(),
        Err(_) => ApiError::unavailable(&"a request took longer than it may").into_response(),
    };
    response.extensions_mut().insert(Routed { route, number, usage });
    response
}

async fn admit_and_run(
    shell: &Shell,
    route: &Route,
    request: Request,
    run: Run,
) -> Result<Response, ApiError> {
    if route.produces == Produces::Json && !json::accepts_json(request.headers()) {
        return Err(code::NOT_ACCEPTABLE.into());
    }
    let (mut parts, body) = request.into_parts();
    if let Access::Guarded { .. } = route.access {
        let Ok(here) = Here::from_request_parts(&mut parts, &()).await;
        let Ok(Peer(peer)) = Peer::from_request_parts(&mut parts, &()).await;
        let Ok(Now(now)) = Now::from_request_parts(&mut parts, &()).await;
        let caller = shell.gate.authenticate(&parts, peer.ip(), now).await?;
        route.access.check(&caller, &here)?;
        parts.extensions.insert(caller);
    }
    let limit = route.body_bytes.unwrap_or(shell.limits.body_bytes);
    let mut share = shell.bodies.share();
    let (pause, all_bytes) = (shell.limits.body_pause, shell.limits.all_body_bytes);
    let body = body::read(body, limit, pause, &mut share, all_bytes).await?;
    // A body may take its time to come. What is decided on it is decided now: a token that was asked for slowly is not
    // older than others, and what this node knows must be fresh now.
    parts.extensions.insert(Now(clock::now()));
    Ok(run(Request::from_parts(parts, Body::from(body))).await)
}

/// The future's value, or `None` if it panicked (the panic hook has logged where).
async fn catch_panic<T>(mut future: BoxFuture<'_, T>) -> Option<T> {
    let caught = std::future::poll_fn(|context| {
        match std::panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => std::task::Poll::Ready(None),
        }
    });
    caught.await
}

/// Answers a path that no line of the table has.
pub(crate) async fn path_not_found() -> ApiError {
    code::PATH_NOT_FOUND.into()
}

/// Answers a method that the path's lines do not have; axum adds `Allow`.
pub(crate) async fn method_not_allowed() -> ApiError {
    code::METHOD_NOT_ALLOWED.into()
}

/// The headers that every reply has.
fn dress(headers: &mut HeaderMap, id: RequestId, usage: Usage, keeps_https: bool) {
    headers.insert(REQUEST_ID, id.header());
    usage.write(headers);
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    }
    let always = [(REFERRER_POLICY, "strict-origin-when-cross-origin"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    for (name, value) in always {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if keeps_https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
}

/// One line per request. It names the route, never the path or query: they may carry tokens.
fn log(method: &Method, routed: Option<&Routed>, response: &Response, started: Instant, peer: SocketAddr) {
    let error = response.extensions().get::<ErrorId>().map(ErrorId::as_str);
    tracing::debug!(
        method = %if routed.is_some() { method.as_str() } else { "-" },
        route = routed.map_or("-", |routed| routed.route.path),
        status = response.status().as_u16(),
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        peer = %peer.ip(),
        error,
        "answered"
    );
}

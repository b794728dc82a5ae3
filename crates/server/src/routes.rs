//! The table of routes. Owns what is said of a route in its one line, and mounts the table on axum's router; leaves
//! out the lines themselves (`api`, `oauth`, `health`) and what is done around every handler (`front`).
//!
//! ```ignore
//! Routes::new()
//!     .route(Route::guarded(GET, "/api/v1/authorizationServers", "okta.authorizationServers.read", ServerReaders), list)
//!     .route(Route::open(POST, "/oauth2/{authorizationServerId}/v1/token").body(64 * 1024).cors(Cors::Client), token)
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::routing::{MethodFilter, on, options};

use crate::access::{Access, Admins};
use crate::cors::{self, Cors};
use crate::front::{self, Front, Shell};
use crate::rate_limit::Bucket;

/// What a route answers with, as far as `Accept` is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Produces {
    /// JSON: a request that takes none is 406.
    Json,
    /// Whatever the handler decides (pages, metadata in XML, redirects).
    Anything,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method; `GET` answers `HEAD`, too.
    pub method: Method,
    /// The path with its parameters in braces: `/api/v1/users/{userId}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it is counted with.
    pub bucket: Bucket,
    /// Which pages of other origins may call it.
    pub cors: Cors,
    /// Bytes of its body; `None` is [`Limits::body_bytes`](crate::limits::Limits).
    pub body_bytes: Option<usize>,
    /// What it answers with.
    pub produces: Produces,
}

impl Route {
    /// A route of the management API.
    pub fn guarded(method: Method, path: &'static str, scope: &'static str, admins: Admins) -> Self {
        Self {
            access: Access::Guarded { scope, admins },
            body_bytes: None,
            cors: Cors::Trusted,
            produces: Produces::Json,
            ..Self::open(method, path)
        }
    }

    /// A route that anybody may call. Where it only reads, it takes no body: strangers could fill memory with them.
    pub fn open(method: Method, path: &'static str) -> Self {
        let bucket = Bucket::of(&method, path);
        let (access, cors, produces) = (Access::Open, Cors::Closed, Produces::Anything);
        let body_bytes = (method == Method::GET).then_some(0);
        Self { method, path, access, bucket, cors, body_bytes, produces }
    }

    /// With another bucket than the path's own.
    #[must_use]
    pub fn bucket(self, bucket: Bucket) -> Self {
        Self { bucket, ..self }
    }

    /// With another class of pages.
    #[must_use]
    pub fn cors(self, cors: Cors) -> Self {
        Self { cors, ..self }
    }

    /// With another limit of the body.
    #[must_use]
    pub fn body(self, bytes: usize) -> Self {
        Self { body_bytes: Some(bytes), ..self }
    }

    /// With another kind of answer.
    #[must_use]
    pub fn produces(self, produces: Produces) -> Self {
        Self { produces, ..self }
    }
}

type Mount<S> = Box<dyn FnOnce(Router<S>, Arc<Shell>, usize) -> Router<S> + Send>;

/// The table, with handlers over the state `S`.
pub struct Routes<S> {
    table: Vec<Arc<Route>>,
    mounts: Vec<Mount<S>>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// A table without a line.
    #[expect(clippy::new_without_default, reason = "a table is written down, not defaulted")]
    pub fn new() -> Self {
        Self { table: Vec::new(), mounts: Vec::new() }
    }

    /// One more line.
    #[must_use]
    pub fn route<H: Handler<T, S>, T: 'static>(mut self, route: Route, handler: H) -> Self {
        let route = Arc::new(route);
        self.table.push(Arc::clone(&route));
        self.mounts.push(Box::new(move |router, shell, number| {
            let (path, filter) = (route.path, filter(&route.method));
            let endpoint = move |State(state): State<S>, request: Request| {
                let handler = handler.clone();
                let run = Box::new(|request| Box::pin(handler.call(request, state)) as _);
                front::guard(Arc::clone(&shell), (number, Arc::clone(&route)), request, run)
            };
            router.route(path, on(filter, endpoint))
        }));
        self
    }

    /// The lines of another table after those of this one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.table.extend(other.table);
        self.mounts.extend(other.mounts);
        self
    }

    /// The lines as plain data: for tests and ledgers.
    pub fn table(&self) -> impl Iterator<Item = &Route> {
        self.table.iter().map(|route| &**route)
    }

    /// Mounts the table: what `listen` serves.
    ///
    /// # Panics
    ///
    /// If two lines claim the same method and path, or a path cannot be told from another.
    pub fn mount(self, shell: Arc<Shell>, state: S) -> Front {
        let mut router = Router::new();
        for (number, mount) in self.mounts.into_iter().enumerate() {
            router = mount(router, Arc::clone(&shell), number);
        }
        for (path, (cors, methods)) in preflights(&self.table) {
            let shell = Arc::clone(&shell);
            let answer = move |headers: HeaderMap| async move {
                cors::preflight(cors, &*shell.gate, &headers, &methods)
            };
            router = router.route(path, options(answer));
        }
        let router = router
            .fallback(front::path_not_found)
            .method_not_allowed_fallback(front::method_not_allowed)
            .with_state(state);
        Front::new(shell, router, self.table)
    }
}

/// The paths that pages of other origins may call: with the widest class of their lines, and their methods.
fn preflights(table: &[Arc<Route>]) -> BTreeMap<&'static str, (Cors, HeaderValue)> {
    let mut paths: BTreeMap<&'static str, (Cors, Vec<&str>)> = BTreeMap::new();
    for route in table.iter().filter(|route| route.cors != Cors::Closed && route.method != Method::OPTIONS) {
        paths.entry(route.path).or_insert((route.cors, Vec::new())).1.push(route.method.as_str());
    }
    let written = |methods: Vec<&str>| HeaderValue::try_from(methods.join(", ")).ok();
    paths.into_iter().filter_map(|(path, (cors, methods))| Some((path, (cors, written(methods)?)))).collect()
}

fn filter(method: &Method) -> MethodFilter {
    MethodFilter::try_from(method.clone()).expect("the table names only methods of HTTP")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing() {}

    #[test]
    fn a_line_says_what_is_special_and_the_path_says_the_bucket() {
        let routes = Routes::<()>::new()
            .route(Route::guarded(Method::GET, "/api/v1/apps", "okta.apps.read", Admins::AppReaders), nothing)
            .and(Routes::new().route(
                Route::open(Method::POST, "/oauth2/v1/token").body(65_536).cors(Cors::Client),
                nothing,
            ));
        let table: Vec<_> = routes.table().cloned().collect();
        assert_eq!(table[0].bucket, Bucket::Apps);
        assert_eq!(table[0].access, Access::Guarded { scope: "okta.apps.read", admins: Admins::AppReaders });
        assert_eq!(table[1].bucket, Bucket::Token);
        assert_eq!((table[1].body_bytes, table[1].cors), (Some(65_536), Cors::Client));
    }
}

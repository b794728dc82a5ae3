//! A server with a few routes, and a client that sends exactly what it is told to.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::response::IntoResponse;
use model::Timestamp;
use model::actor::ActorKind;
use server::access::{Admins, BoxFuture, Caller, Gate, Role};
use server::cors::Cors;
use server::error::{ApiError, code};
use server::front::Shell;
use server::health::{self, Readiness};
use server::json::Json;
use server::limits::Limits;
use server::listen::{self, Ended};
use server::origin::{Here, Origin, Origins};
use server::page::Page;
use server::path::Path;
use server::routes::{Route, Routes};
use server::tls::Tls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

/// Lets tests hold a request and see that it has begun.
#[derive(Clone, Default)]
pub struct Hold {
    pub begun: Arc<Notify>,
    pub go_on: Arc<Notify>,
}

/// `SSWS super` and `SSWS reader` pass, `Bearer` with a scope for its text passes with that scope alone.
pub struct TestGate;

impl Gate for TestGate {
    fn authenticate<'a>(
        &'a self,
        parts: &'a Parts,
        address: IpAddr,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Caller, ApiError>> {
        let sent = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let caller = |roles: &[Role], scope: Option<&str>| Caller {
            kind: ActorKind::User,
            id: "00uTest".to_owned(),
            alternate_id: None,
            display_name: None,
            roles: roles.to_vec(),
            scopes: scope.map(|scope| [scope.to_owned()].into()),
            token: None,
            address,
        };
        let caller = match sent.and_then(|sent| sent.split_once(' ')) {
            Some(("SSWS", "super")) => Ok(caller(&[Role::SuperAdmin], None)),
            Some(("SSWS", "reader")) => Ok(caller(&[Role::ReadOnlyAdmin], None)),
            Some(("Bearer", scope)) => Ok(caller(&[Role::SuperAdmin], Some(scope))),
            _ => Err(code::INVALID_TOKEN.into()),
        };
        Box::pin(async { caller })
    }

    fn trusts_origin(&self, origin: &str) -> bool {
        origin == "https://trusted.example"
    }
}

/// Ready or not, as the test says.
pub struct TestReadiness(pub Result<(), String>);

impl Readiness for TestReadiness {
    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        let answer = self.0.clone();
        Box::pin(async { answer })
    }
}

async fn held(State(hold): State<Hold>) -> &'static str {
    hold.begun.notify_one();
    hold.go_on.notified().await;
    "done"
}

async fn list(here: Here, page: Page<2, 5>) -> impl IntoResponse {
    page.reply(&here, &["a", "b"], Some("cursor"))
}

async fn create(caller: Caller, Json(thing): Json<serde_json::Value>) -> impl IntoResponse {
    Json(serde_json::json!({ "by": caller.id, "thing": thing }))
}

async fn seen(headers: HeaderMap, here: Here) -> impl IntoResponse {
    let names: Vec<_> = headers.keys().map(ToString::to_string).collect();
    Json(serde_json::json!({ "headers": names, "url": here.url() }))
}

async fn broken() -> &'static str {
    panic!("s3cret state")
}

async fn named(Path(id): Path<String>) -> String {
    id
}

async fn keys() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "max-age=60")], "{}")
}

async fn large() -> Vec<u8> {
    vec![b'x'; 64 << 20]
}

pub fn routes(shell: &Arc<Shell>) -> Routes<Hold> {
    Routes::new()
        .route(Route::open(Method::GET, "/held"), held)
        .route(Route::open(Method::GET, "/api/v1/things"), list)
        .route(
            Route::guarded(Method::POST, "/api/v1/things", "okta.apps.manage", Admins::AppManagers),
            create,
        )
        .route(Route::open(Method::GET, "/api/v1/seen"), seen)
        .route(Route::open(Method::GET, "/api/v1/things/{id}"), named)
        .route(Route::open(Method::GET, "/broken"), broken)
        .route(Route::open(Method::GET, "/oauth2/v1/keys").cors(Cors::Public), keys)
        .route(Route::open(Method::POST, "/small").body(10), |body: String| async { body })
        .route(Route::open(Method::GET, "/large"), large)
        .and(health::routes(shell))
}

pub struct Server {
    pub address: SocketAddr,
    pub hold: Hold,
    pub stop: mpsc::Sender<()>,
    pub ended: JoinHandle<Ended>,
}

pub struct Setup {
    pub limits: Limits,
    pub origin: &'static str,
    pub readiness: Result<(), String>,
    pub tls: Option<Arc<Tls>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { limits: Limits::default(), origin: "http://localhost:8080", readiness: Ok(()), tls: None }
    }
}

impl Setup {
    pub async fn start(self) -> Server {
        let origins = Origins::new(Origin::parse(self.origin).unwrap(), []);
        let readiness = Box::new(TestReadiness(self.readiness));
        let shell = Arc::new(Shell::new(origins, self.limits, Box::new(TestGate), readiness));
        let hold = Hold::default();
        let front = Arc::new(routes(&shell).mount(shell, hold.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, words) = mpsc::channel(2);
        let ended = tokio::spawn(listen::serve(listener, front, self.tls, words));
        Server { address, hold, stop, ended }
    }
}

pub async fn start() -> Server {
    Setup::default().start().await
}

pub async fn start_with(limits: Limits) -> Server {
    Setup { limits, ..Setup::default() }.start().await
}

impl Server {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends the text as it is on a connection of its own, and reads one reply.
    pub async fn send(&self, text: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(text.as_ref()).await.unwrap();
        Reply::read(&mut stream).await.expect("a reply")
    }

    /// `GET` with nothing special.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    }

    /// `POST` of JSON as an administrator.
    pub async fn post(&self, path: &str, headers: &str, body: &str) -> Reply {
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n");
        self.send(head + body).await
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    /// Reads one reply; `None` if the connection ends before its headers do.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if read_more(stream, &mut bytes).await == 0 {
                return None;
            }
        };
        let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
        let mut lines = text.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let split =
            |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers: Vec<_> = lines.filter_map(split).collect();
        let named: HashMap<_, _> = headers.iter().cloned().collect();
        let length: usize = named.get("content-length").map_or(0, |length| length.parse().unwrap());
        while bytes.len() < head + length && read_more(stream, &mut bytes).await > 0 {}
        let body = String::from_utf8(bytes[head..].to_vec()).unwrap();
        Some(Self { status, headers, body })
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// Status and code of an error object, whose shape is checked.
    pub fn error(&self) -> (u16, String) {
        let json = self.json();
        let keys: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"]);
        assert_eq!(self.header("content-type"), "application/json");
        assert!(json["errorId"].as_str().unwrap().starts_with("oae"));
        (self.status, json["errorCode"].as_str().unwrap().to_owned())
    }
}

async fn read_more(stream: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> usize {
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_buf(bytes)).await;
    read.expect("the server says something within ten seconds").unwrap_or(0)
}

/// Whether the other end closes within `seconds`.
pub async fn closes_within(stream: &mut (impl AsyncRead + Unpin), seconds: u64) -> bool {
    let mut bytes = Vec::new();
    let end = async { while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(Duration::from_secs(seconds), end).await.is_ok()
}

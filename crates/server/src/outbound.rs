//! The door to other servers: one GET, bounded in time and size, to an address that was resolved once and may be
//! called. No redirects, no proxies. Leaves out which addresses may be called (`outbound/network`) and what the answers
//! mean (`service`).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CACHE_CONTROL, HOST, HeaderMap, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use service::outbound::{Call, Fetched, Outbound, OutboundError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use network::{Network, may_call};

pub mod network;

/// Time until there is a connection, and until the answer is complete.
const CONNECT_TIME: Duration = Duration::from_secs(3);
const TOTAL_TIME: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 256 * 1024;
const HEADER_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;
/// How many calls may be under way.
const CALLS_MAX: usize = 8;
/// How many of a host's addresses are tried.
const ADDRESSES_MAX: usize = 4;
/// After so many failures in a row, a host is left alone for so long.
const FAILURES_MAX: u32 = 3;
const BREAK_TIME: Duration = Duration::from_secs(10);
/// How many hosts that failed are remembered.
const HOSTS_MAX: usize = 1_000;

/// Calls other servers.
#[derive(Debug)]
pub struct Caller {
    allowed: Vec<Network>,
    turns: Semaphore,
    failing: Mutex<HashMap<String, Failing>>,
    tls: OnceCell<Arc<ClientConfig>>,
}

#[derive(Debug, Clone, Copy)]
struct Failing {
    times: u32,
    last: Instant,
}

impl Caller {
    /// Calls public addresses, and those of `allowed`.
    pub fn new(allowed: Vec<Network>) -> Self {
        let (turns, failing, tls) = (Semaphore::new(CALLS_MAX), Mutex::default(), OnceCell::new());
        Self { allowed, turns, failing, tls }
    }

    async fn fetch(&self, url: &str) -> Result<Fetched, OutboundError> {
        let target = Target::parse(url)?;
        // Waiting for a turn says nothing about the host.
        let turn = timeout(TOTAL_TIME, self.turns.acquire()).await;
        let _turn = turn.ok().and_then(Result::ok).ok_or_else(|| failed("too many calls are under way"))?;
        self.check_breaker(&target.authority)?;
        let fetched = match timeout(TOTAL_TIME, self.call(&target)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(failed("the answer was not complete in time")),
        };
        self.note(&target.authority, fetched.is_ok());
        fetched
    }

    async fn call(&self, target: &Target) -> Result<Fetched, OutboundError> {
        let connect = async {
            let addresses = self.resolve(target).await?;
            connect(&addresses).await
        };
        let stream =
            timeout(CONNECT_TIME, connect).await.map_err(|_| failed("there was no connection in time"))??;
        if !target.is_tls {
            return exchange(stream, target).await;
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|error| failed(&error))?;
        let connector = TlsConnector::from(Arc::clone(self.tls().await?));
        let stream = connector.connect(name, stream).await.map_err(|error| failed(&error))?;
        exchange(stream, target).await
    }

    /// The host's addresses that may be called. What is checked here is what is connected to.
    async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, OutboundError> {
        let found: Vec<SocketAddr> = if let Ok(address) = target.host.parse::<IpAddr>() {
            vec![SocketAddr::new(address, target.port)]
        } else {
            let found = lookup_host((target.host.as_str(), target.port)).await;
            found.map_err(|error| failed(&error))?.collect()
        };
        let allowed = found.iter().filter(|found| may_call(found.ip(), &self.allowed));
        let allowed: Vec<SocketAddr> = allowed.copied().take(ADDRESSES_MAX).collect();
        if allowed.is_empty() {
            return Err(failed("its address is not public; --outbound-allow may allow it"));
        }
        Ok(allowed)
    }

    /// The system's authorities, read on first use.
    async fn tls(&self) -> Result<&Arc<ClientConfig>, OutboundError> {
        self.tls
            .get_or_try_init(|| async {
                tokio::task::spawn_blocking(client_config).await.map_err(|error| failed(&error))?
            })
            .await
    }

    fn check_breaker(&self, authority: &str) -> Result<(), OutboundError> {
        let failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let broken = |failing: &Failing| failing.times >= FAILURES_MAX && failing.last.elapsed() < BREAK_TIME;
        if failing.get(authority).is_some_and(broken) {
            return Err(failed("it failed again and again and is left alone for a while"));
        }
        Ok(())
    }

    fn note(&self, authority: &str, is_good: bool) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if is_good {
            failing.remove(authority);
            return;
        }
        if failing.len() >= HOSTS_MAX {
            failing.retain(|_, failing| failing.last.elapsed() < BREAK_TIME);
        }
        if failing.len() >= HOSTS_MAX {
            failing.clear();
        }
        let now = Instant::now();
        let host = failing.entry(authority.to_owned()).or_insert(Failing { times: 0, last: now });
        *host = Failing { times: host.times.saturating_add(1), last: now };
    }
}

impl Outbound for Caller {
    fn get<'a>(&'a self, url: &'a str) -> Call<'a> {
        Box::pin(self.fetch(url))
    }
}

fn failed(why: &(impl ToString + ?Sized)) -> OutboundError {
    OutboundError(why.to_string())
}

/// Where a URL leads.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    is_tls: bool,
    host: String,
    port: u16,
    /// `Host`, and the name under which failures are counted.
    authority: String,
    path: String,
}

impl Target {
    fn parse(url: &str) -> Result<Self, OutboundError> {
        let uri: Uri = url.parse().map_err(|_| failed("the URL cannot be read"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(failed("the URL is neither http nor https")),
        };
        let authority = uri.authority().ok_or_else(|| failed("the URL has no host"))?;
        if authority.as_str().contains('@') {
            return Err(failed("the URL names a user"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(failed("the URL has no host"));
        }
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => Some(if is_tls { 443 } else { 80 }),
            _ => authority.port_u16().filter(|port| *port > 0),
        };
        let port = port.ok_or_else(|| failed("the URL's port cannot be read"))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            is_tls,
            host,
            port,
            authority: authority.as_str().to_ascii_lowercase(),
            path: path.to_owned(),
        })
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, OutboundError> {
    let mut last = failed("it has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = failed(&error),
        }
    }
    Err(last)
}

fn client_config() -> Result<Arc<ClientConfig>, OutboundError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// One request, one answer.
async fn exchange<S>(stream: S, target: &Target) -> Result<Fetched, OutboundError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(&error))?;
    // Dropped with this function, and the connection with it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let request = Request::get(&target.path)
        .header(HOST, &target.authority)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, "tokenmint")
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(&error))?;
    let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
    let (head, body) = response.into_parts();
    if head.status != StatusCode::OK {
        return Err(failed(&format!("it answered with status {}", head.status.as_u16())));
    }
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| failed(&error))?;
    Ok(Fetched { body: body.to_bytes().to_vec(), max_age_seconds: max_age_seconds(&head.headers) })
}

/// What `Cache-Control` says: `max-age`, or 0 where it forbids keeping.
fn max_age_seconds(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let is = |name: &str| directives.iter().any(|directive| directive.eq_ignore_ascii_case(name));
    if is("no-store") || is("no-cache") {
        return Some(0);
    }
    directives.iter().find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| seconds.trim_matches('"').parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_target_is_a_host_over_http() {
        let shown = |url: &str| {
            Target::parse(url).map(|t| format!("{} {} {} {}", t.is_tls, t.host, t.port, t.path)).ok()
        };
        assert_eq!(shown("https://a.example/jwks?x=1").as_deref(), Some("true a.example 443 /jwks?x=1"));
        assert_eq!(shown("http://A.example").as_deref(), Some("false A.example 80 /"));
        assert_eq!(shown("http://[::1]:8080/k").as_deref(), Some("false ::1 8080 /k"));
        for bad in [
            "",
            "/jwks",
            "ftp://a.example/",
            "file:///etc/passwd",
            "http://user:pass@a.example/",
            "http://a@b/",
            "https://",
            "https://:443/",
            "http://a.example:0/",
            "http://a.example:99999/",
            "http://a example/",
        ] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_age_is_what_cache_control_says() {
        let age = |text: &'static str| {
            max_age_seconds(&HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(text))]))
        };
        assert_eq!(age("public, max-age=600"), Some(600));
        assert_eq!(age("Max-Age=\"7\""), Some(7));
        assert_eq!(age("max-age=600, no-cache"), Some(0));
        assert_eq!(age("no-store"), Some(0));
        for none in ["", "public", "max-age=", "max-age=soon", "s-maxage=9", "max-age=-1"] {
            assert_eq!(age(none), None, "{none}");
        }
        assert_eq!(max_age_seconds(&HeaderMap::new()), None);
    }

    #[tokio::test]
    async fn a_host_that_fails_again_and_again_is_left_alone() {
        let caller = Caller::new(vec![Network::parse("127.0.0.1").unwrap()]);
        // Nobody listens on port 1.
        let mut said = Vec::new();
        for _ in 0..4 {
            said.push(caller.get("http://127.0.0.1:1/").await.unwrap_err().0);
        }
        assert!(said[..3].iter().all(|said| !said.contains("left alone")), "{said:?}");
        assert!(said[3].contains("left alone"), "{said:?}");
        let other = caller.get("http://127.0.0.1:2/").await.unwrap_err().0;
        assert!(!other.contains("left alone"), "{other}");
    }

    #[tokio::test]
    async fn an_address_that_is_not_public_is_not_called() {
        let caller = Caller::new(Vec::new());
        for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/"] {
            let said = caller.get(url).await.unwrap_err().0;
            assert!(said.contains("not public"), "{url}: {said}");
        }
    }
}

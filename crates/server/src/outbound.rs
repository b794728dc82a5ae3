//! The door to other servers: one GET, bounded in time and size, to an address that was resolved once and may be
//! called. No redirects, no proxies. Leaves out how one request is sent (`http_client`), which addresses may be called
//! (`outbound/network`) and what the answers mean (`service`).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::header::{ACCEPT, CACHE_CONTROL, HOST, HeaderMap, USER_AGENT};
use hyper::{Request, StatusCode};
use rustls::ClientConfig;
use service::outbound::{Call, Fetched, Outbound, OutboundError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::lookup_host;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout};

use crate::http_client::{Target, client_config, connect, encrypt, exchange};
use network::{Network, may_call};

pub mod network;

/// Time until there is a connection, and until the answer is complete.
const CONNECT_TIME: Duration = Duration::from_secs(3);
const TOTAL_TIME: Duration = Duration::from_secs(5);
const BODY_BYTES_MAX: usize = 256 * 1024;
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
        let target = Target::parse(url).map_err(OutboundError)?;
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
            connect(&addresses).await.map_err(OutboundError)
        };
        let stream =
            timeout(CONNECT_TIME, connect).await.map_err(|_| failed("there was no connection in time"))??;
        if !target.is_tls {
            return fetch_over(stream, target).await;
        }
        let stream = encrypt(stream, target, Arc::clone(self.tls().await?)).await.map_err(OutboundError)?;
        fetch_over(stream, target).await
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
                let config = tokio::task::spawn_blocking(|| client_config(&[])).await;
                config.map_err(|error| failed(&error))?.map_err(OutboundError)
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

/// One request, one answer.
async fn fetch_over<S>(stream: S, target: &Target) -> Result<Fetched, OutboundError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = Request::get(&target.path)
        .header(HOST, &target.authority)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, "tokenmint")
        .body(Full::default())
        .map_err(|error| failed(&error))?;
    let (head, body) = exchange(stream, request, BODY_BYTES_MAX).await.map_err(OutboundError)?.into_parts();
    if head.status != StatusCode::OK {
        return Err(failed(&format!("it answered with status {}", head.status.as_u16())));
    }
    Ok(Fetched { body: body.to_vec(), max_age_seconds: max_age_seconds(&head.headers) })
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

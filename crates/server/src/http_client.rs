//! One request over one connection to another server, over HTTP/1.1 with or without TLS. Bounded in headers and body; no
//! redirects, no proxies. Leaves out which addresses may be called, time, and what answers mean (`outbound`, for servers
//! that clients name; `operator/remote`, for a server of ours).

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const HEADER_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whether it is spoken to over TLS.
    pub is_tls: bool,
    /// Its host: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// `Host`, and the name under which failures are counted.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// Reads a URL.
    pub fn parse(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| "the URL cannot be read".to_owned())?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("the URL is neither http nor https".to_owned()),
        };
        let authority = uri.authority().ok_or_else(|| "the URL has no host".to_owned())?;
        if authority.as_str().contains('@') {
            return Err("the URL names a user".to_owned());
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err("the URL has no host".to_owned());
        }
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => Some(if is_tls { 443 } else { 80 }),
            _ => authority.port_u16().filter(|port| *port > 0),
        };
        let port = port.ok_or_else(|| "the URL's port cannot be read".to_owned())?;
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

/// Connects to the first address that answers.
pub async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut last = "it has no address".to_owned();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

/// Trusts the system's authorities, and `more`.
pub fn client_config(more: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for authority in more {
        roots.add(authority.clone()).map_err(|error| format!("the authority cannot be used: {error}"))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Shakes hands as TLS has it; the server must have the target's name.
pub async fn encrypt(
    stream: TcpStream,
    target: &Target,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, String> {
    let name = ServerName::try_from(target.host.clone()).map_err(|error| error.to_string())?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| error.to_string())
}

/// One request, one answer of at most `body_bytes_max`.
pub async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    body_bytes_max: usize,
) -> Result<Response<Bytes>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEADER_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    // Dropped with this function, and the connection with it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, body_bytes_max).collect().await.map_err(|error| error.to_string())?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

#[cfg(test)]
mod tests {
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
}

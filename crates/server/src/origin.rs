//! The origins that the server is known by. Owns how they are read from the configuration, how a request selects one,
//! and links. Leaves out custom domains of authorization servers.
//!
//! Nothing builds a link from `Host`: it only selects among the configured origins, and an unknown one means the first.

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use service::issuer::IssuerOrigins;

/// `scheme://host[:port]`, lower case, without the scheme's own port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    text: Arc<str>,
    /// Where the authority starts in `text`.
    authority: usize,
}

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
}

/// Why a text is no origin: a sentence that follows the text in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnOrigin(pub &'static str);

impl fmt::Display for NotAnOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Origin {
    /// Reads a base URL; a slash at its end is dropped.
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(NotAnOrigin("has no scheme; it starts with http:// or https://"));
        };
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(NotAnOrigin("has a scheme other than http and https"));
        }
        if rest.contains('#') {
            return Err(NotAnOrigin("has a fragment; it ends after the host and port"));
        }
        if rest.contains('?') {
            return Err(NotAnOrigin("has a query; it ends after the host and port"));
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('/') {
            return Err(NotAnOrigin("has a path; it ends after the host and port"));
        }
        if authority.contains('@') {
            return Err(NotAnOrigin("has a user name; it is only scheme, host and port"));
        }
        let (host, port) = split_authority(authority).ok_or(NotAnOrigin("has no readable host and port"))?;
        if !is_host(host) {
            return Err(NotAnOrigin("has no valid host name (write international names in their xn-- form)"));
        }
        let port = port.filter(|port| *port != default_port(&scheme));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self {
            authority: scheme.len() + 3,
            text: format!("{scheme}://{}{port}", host.to_ascii_lowercase()).into(),
        })
    }

    /// The origin of a server that was not told one: `localhost` where it listens on loopback or on every address.
    pub fn of_listener(address: SocketAddr, scheme: Scheme) -> Self {
        let (ip, port) = (address.ip(), address.port());
        let host = match ip {
            ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let scheme = match scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let port = if port == default_port(scheme) { String::new() } else { format!(":{port}") };
        Self { text: format!("{scheme}://{host}{port}").into(), authority: scheme.len() + 3 }
    }

    /// `https://id.example.com`, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether browsers reach this origin by TLS only.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// Whether this is a name of the machine itself: what a browser remembers of it would bind every program there.
    pub fn is_local(&self) -> bool {
        let host = self.host();
        host == "localhost" || host.parse::<IpAddr>().is_ok()
    }

    /// An absolute URL: `path` begins with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// The name or address alone: without a port, and without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        let authority = self.authority();
        let host = split_authority(authority).map_or(authority, |(host, _)| host);
        host.trim_start_matches('[').trim_end_matches(']')
    }

    fn authority(&self) -> &str {
        &self.text[self.authority..]
    }

    /// Whether a request that names `host` (`Host`, `:authority`) means this origin.
    fn answers_to(&self, host: &str) -> bool {
        if host.eq_ignore_ascii_case(self.authority()) {
            return true;
        }
        let port = if self.is_https() { ":443" } else { ":80" };
        host.strip_suffix(port).is_some_and(|host| host.eq_ignore_ascii_case(self.authority()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

/// Host and port; `None` if a port is there and is not a number from 1 to 65535.
fn split_authority(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_address = authority.rfind(']').unwrap_or(0);
    let Some(colon) = authority[after_address..].find(':').map(|colon| colon + after_address) else {
        return Some((authority, None));
    };
    let digits = &authority[colon + 1..];
    let port = digits.parse().ok().filter(|port| *port != 0 && digits.bytes().all(|b| b.is_ascii_digit()))?;
    Some((&authority[..colon], Some(port)))
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

/// Every configured origin: the first is the default and the org's own, the second the custom domain (Okta).
#[derive(Debug, Clone)]
pub struct Origins {
    default: Arc<Origin>,
    others: Arc<[Arc<Origin>]>,
}

impl Origins {
    /// `default` serves requests that name no configured host.
    pub fn new(default: Origin, others: impl IntoIterator<Item = Origin>) -> Self {
        Self { default: Arc::new(default), others: others.into_iter().map(Arc::new).collect() }
    }

    /// The first origin.
    pub fn default_origin(&self) -> &Arc<Origin> {
        &self.default
    }

    /// What an issuer may carry, for a request that was sent to `selected`.
    fn issuers(&self, selected: &Origin) -> IssuerOrigins {
        let custom = self.others.first().unwrap_or(&self.default);
        IssuerOrigins {
            org: Arc::clone(&self.default.text),
            custom: Arc::clone(&custom.text),
            selected: Arc::clone(&selected.text),
        }
    }

    /// All origins, the default first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Origin>> {
        std::iter::once(&self.default).chain(self.others.iter())
    }

    /// The origin that a request naming `host` means.
    pub fn select(&self, host: Option<&str>) -> &Arc<Origin> {
        let known = host.and_then(|host| self.all().find(|origin| origin.answers_to(host)));
        known.unwrap_or(&self.default)
    }
}

/// Where a request arrived: the selected origin, and the request's own path and query. Any handler may take it.
#[derive(Debug, Clone)]
pub struct Here {
    /// The selected origin.
    pub origin: Arc<Origin>,
    origins: Origins,
    /// The request's path and query as it was sent.
    path_and_query: Arc<str>,
}

impl Here {
    /// The place of `path_and_query` on `origin`, which is one of `origins`.
    pub fn new(origins: &Origins, origin: Arc<Origin>, path_and_query: &str) -> Self {
        Self { origin, origins: origins.clone(), path_and_query: path_and_query.into() }
    }

    /// The place of `path_and_query` on the default origin.
    pub fn at_default(origins: &Origins, path_and_query: &str) -> Self {
        Self::new(origins, Arc::clone(origins.default_origin()), path_and_query)
    }

    /// What the issuer of an authorization server may carry here.
    pub fn issuers(&self) -> IssuerOrigins {
        self.origins.issuers(&self.origin)
    }

    /// An absolute URL on the selected origin: `path` begins with a slash.
    pub fn link(&self, path: &str) -> String {
        self.origin.link(path)
    }

    /// The request's own URL.
    pub fn url(&self) -> String {
        self.origin.link(&self.path_and_query)
    }

    /// The request's path.
    pub fn path(&self) -> &str {
        self.path_and_query.split_once('?').map_or(&*self.path_and_query, |(path, _)| path)
    }

    /// The request's query, without its question mark; empty without one.
    pub fn query(&self) -> &str {
        self.path_and_query.split_once('?').map_or("", |(_, query)| query)
    }
}

impl<S: Sync> FromRequestParts<S> for Here {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().expect("`front` puts it into every request"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_kept_in_one_form() {
        for (text, kept) in [
            ("http://localhost:8080", "http://localhost:8080"),
            ("HTTPS://ID.Example.COM:443/", "https://id.example.com"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://[::1]", "https://[::1]"),
        ] {
            assert_eq!(Origin::parse(text).map(|origin| origin.to_string()), Ok(kept.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_base_url_is_only_scheme_host_and_port() {
        for (text, why) in [
            ("localhost:8080", "has no scheme"),
            ("ftp://x", "has a scheme other"),
            ("http://x/oauth2", "has a path"),
            ("http://x?a=b", "has a query"),
            ("http://x/#a", "has a fragment"),
            ("http://me@x", "has a user name"),
            ("http://", "has no valid host"),
            ("http://x:99999", "has no readable host and port"),
            ("http://x:", "has no readable host and port"),
            ("http://bücher.example", "has no valid host"),
            ("http://a b", "has no valid host"),
        ] {
            let NotAnOrigin(message) = Origin::parse(text).expect_err(text);
            assert!(message.starts_with(why), "{text}: {message}");
        }
    }

    #[test]
    fn host_only_selects_and_an_unknown_one_means_the_default() {
        let origins = Origins::new(
            Origin::parse("http://localhost:8080").unwrap(),
            [Origin::parse("https://id.example.com").unwrap()],
        );
        for (host, selected) in [
            (Some("localhost:8080"), "http://localhost:8080"),
            (Some("ID.example.com"), "https://id.example.com"),
            (Some("id.example.com:443"), "https://id.example.com"),
            (Some("id.example.com:80"), "http://localhost:8080"),
            (Some("evil.example"), "http://localhost:8080"),
            (None, "http://localhost:8080"),
        ] {
            assert_eq!(origins.select(host).as_str(), selected, "{host:?}");
        }
    }

    #[test]
    fn a_server_that_was_told_nothing_calls_itself_localhost_where_that_reaches_it() {
        use Scheme::{Http, Https};
        for (address, scheme, origin) in [
            ("127.0.0.1:8080", Http, "http://localhost:8080"),
            ("[::]:9000", Http, "http://localhost:9000"),
            ("10.0.0.7:80", Http, "http://10.0.0.7"),
            ("[2001:db8::1]:8080", Http, "http://[2001:db8::1]:8080"),
            ("127.0.0.1:8443", Https, "https://localhost:8443"),
            ("0.0.0.0:443", Https, "https://localhost"),
            ("10.0.0.7:80", Https, "https://10.0.0.7:80"),
        ] {
            assert_eq!(Origin::of_listener(address.parse().unwrap(), scheme).as_str(), origin);
        }
    }

    #[test]
    fn a_host_is_what_a_certificate_names() {
        for (text, host) in [
            ("http://localhost:8080", "localhost"),
            ("https://id.example.com", "id.example.com"),
            ("https://[2001:db8::1]:8443", "2001:db8::1"),
            ("https://127.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().host(), host);
        }
    }
}

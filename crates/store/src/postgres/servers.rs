//! What a database URL says: which servers there are and how each is spoken to. Owns the words of PostgreSQL's own
//! clients that the driver does not know. Leaves out TLS itself (`tls`) and which server it will be (`dial`).

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, SslNegotiation, TargetSessionAttrs};

use super::session;
use super::tls::{Mode, Tls};
use crate::fault::OpenError;

/// How long one server may take until it can be asked something; `connect_timeout` in the URL says otherwise.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// What a statement may take, so that nobody waits for a database that is too slow to be of use; `options` in the URL
/// come later and win. Statements come in one flight: a transaction that stands still has lost its client.
const LIMITS: &str = "-c statement_timeout=4s -c lock_timeout=3s -c idle_in_transaction_session_timeout=5s";
/// After this long without an acknowledgement a connection is given up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
/// After this long a quiet connection is probed.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);

/// The servers of one URL, in its order: one of them takes writes.
#[derive(Debug)]
pub(super) struct Servers {
    /// Each with a single host.
    pub(super) each: Vec<Config>,
    pub(super) tls: Tls,
}

/// Reads a URL, and the files that it names.
pub(super) fn read(url: &str) -> Result<Servers, OpenError> {
    let (base, query) = parted(url);
    let mut words = Words::default();
    let mut others = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if !words.take(pair)? {
            others.push(pair);
        }
    }
    let config: Config = format!("{base}?{}", others.join("&"))
        .parse()
        .map_err(|error: tokio_postgres::Error| OpenError::Url(session::text(&error)))?;
    let tls = words.tls()?;
    let each = hosts(&config)?.into_iter().map(|host| for_one(&config, host, &tls)).collect();
    Ok(Servers { each, tls })
}

/// What comes before the parameters of a URL, and the parameters. A `?` before an `@` belongs to the password.
pub(super) fn parted(url: &str) -> (&str, &str) {
    let credentials = url.find('@').unwrap_or(0);
    match url[credentials..].find('?') {
        Some(place) => (&url[..credentials + place], &url[credentials + place + 1..]),
        None => (url, ""),
    }
}

/// What the driver does not read.
#[derive(Default)]
struct Words {
    mode: Option<Mode>,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl Words {
    /// Takes a parameter that is ours to read; `false` if it is the driver's.
    fn take(&mut self, pair: &str) -> Result<bool, OpenError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "sslmode" => {
                let mode = Mode::find(value).ok_or_else(|| unknown(name, value, Mode::WORDS))?;
                self.mode = Some(mode);
            }
            "sslrootcert" => self.root = Some(decoded(name, value)?),
            "sslcert" => self.certificate = Some(decoded(name, value)?),
            "sslkey" => self.key = Some(decoded(name, value)?),
            // Nothing else is of use to a server that writes: so it is not asked for, it is always so.
            "target_session_attrs" if ["any", "primary", "read-write"].contains(&value) => {}
            "target_session_attrs" => return Err(unknown(name, value, "`read-write` and `primary`")),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn tls(self) -> Result<Tls, OpenError> {
        let client = match (self.certificate, self.key) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            _ => return Err(OpenError::Tls("`sslcert` and `sslkey` go together".to_owned())),
        };
        let tls = Tls::new(self.mode, self.root, client).map_err(OpenError::Tls)?;
        // Now, so that a mistake is seen at the start; and again for each connection, so that files may be renewed.
        tls.load().map_err(OpenError::Tls)?;
        Ok(tls)
    }
}

fn unknown(name: &str, value: &str, known: &str) -> OpenError {
    OpenError::Url(format!("`{name}={value}` is not known here, only {known}"))
}

/// The value of a parameter that names a file.
fn decoded(name: &str, value: &str) -> Result<String, OpenError> {
    let bad = || OpenError::Url(format!("the value of `{name}` is empty or not percent-encoded UTF-8"));
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2).ok_or_else(bad)?;
        let digits = std::str::from_utf8(digits).map_err(|_| bad())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| bad())?);
        rest = after;
    }
    String::from_utf8(bytes).ok().filter(|text| !text.is_empty()).ok_or_else(bad)
}

/// A server: its host, an address that was given for it, its port.
type Place<'c> = (Option<&'c Host>, Option<std::net::IpAddr>, u16);

fn hosts(config: &Config) -> Result<Vec<Place<'_>>, OpenError> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    let fits = |length: usize| length == count || length == 0;
    if count == 0 || !fits(hosts.len()) || !fits(addresses.len()) || !(ports.len() == 1 || fits(ports.len()))
    {
        let why = "it names no host, or not as many ports or addresses as hosts";
        return Err(OpenError::Url(why.to_owned()));
    }
    let port = |place: usize| ports.get(place).or(ports.first()).copied().unwrap_or(5432);
    Ok((0..count).map(|place| (hosts.get(place), addresses.get(place).copied(), port(place))).collect())
}

/// What the URL says, for one of its servers.
fn for_one(given: &Config, (host, address, port): Place<'_>, tls: &Tls) -> Config {
    let mut config = Config::new();
    let mut speaks_tls = true;
    match host {
        Some(Host::Tcp(name)) => drop(config.host(name)),
        // A socket of this machine needs no TLS, whatever the mode is.
        Some(Host::Unix(path)) => {
            config.host_path(path);
            speaks_tls = false;
        }
        None => {}
    }
    if let Some(address) = address {
        config.hostaddr(address);
    }
    if let Some(user) = given.get_user() {
        config.user(user);
    }
    if let Some(password) = given.get_password() {
        config.password(password);
    }
    if let Some(name) = given.get_dbname() {
        config.dbname(name);
    }
    if let Some(retries) = given.get_keepalives_retries() {
        config.keepalives_retries(retries);
    }
    let negotiation = if speaks_tls { given.get_ssl_negotiation() } else { SslNegotiation::Postgres };
    config
        .port(port)
        .application_name(given.get_application_name().unwrap_or("tokenmint"))
        .options(format!("{LIMITS} {}", given.get_options().unwrap_or_default()))
        .connect_timeout(given.get_connect_timeout().copied().unwrap_or(CONNECT_PATIENCE))
        .tcp_user_timeout(given.get_tcp_user_timeout().copied().unwrap_or(UNACKNOWLEDGED))
        .keepalives(given.get_keepalives())
        .keepalives_idle(KEEPALIVE_IDLE.min(given.get_keepalives_idle()))
        .keepalives_interval(given.get_keepalives_interval().unwrap_or(UNACKNOWLEDGED))
        .channel_binding(given.get_channel_binding())
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .ssl_negotiation(negotiation)
        .ssl_mode(if speaks_tls { tls.negotiated() } else { SslMode::Disable });
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(parameters: &str) -> String {
        match read(&format!("postgres://ana:s3cret@db.example.com/mint?{parameters}")) {
            Err(error) => {
                let text = error.to_string();
                assert!(!text.contains("s3cret"), "{text}");
                text
            }
            Ok(servers) => panic!("{parameters}: {servers:?}"),
        }
    }

    #[test]
    fn each_host_keeps_its_own_port_and_shares_everything_else() {
        let url = "postgres://ana:s3cret@one,two:5433,[::1]:5434/mint?application_name=x&\
                   target_session_attrs=read-write&connect_timeout=7&sslmode=disable";
        let servers = read(url).expect("it reads").each;
        let places: Vec<_> = servers.iter().map(|config| (config.get_hosts(), config.get_ports())).collect();
        let host = |name: &str| vec![Host::Tcp(name.to_owned())];
        let expected = [(host("one"), vec![5432]), (host("two"), vec![5433]), (host("::1"), vec![5434])];
        assert_eq!(places.len(), expected.len());
        for ((hosts, ports), expected) in places.into_iter().zip(&expected) {
            assert_eq!((hosts, ports), (expected.0.as_slice(), expected.1.as_slice()));
        }
        for config in &servers {
            assert_eq!(config.get_password(), Some(&b"s3cret"[..]));
            assert_eq!((config.get_user(), config.get_dbname()), (Some("ana"), Some("mint")));
            assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(7)));
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        }
    }

    #[test]
    fn what_the_url_says_about_limits_comes_last_and_wins() {
        let url = "postgres://db/mint?options=-c%20statement_timeout%3D9s";
        let servers = read(url).expect("it reads").each;
        let options = servers[0].get_options().expect("options");
        assert!(options.starts_with("-c statement_timeout=4s") && options.ends_with("statement_timeout=9s"));
    }

    #[test]
    fn a_parameter_that_is_not_known_is_named() {
        for (parameters, words) in [
            ("nonsense=1", "nonsense"),
            ("sslmode=allow", "`sslmode=allow` is not known here, only `disable`, `prefer`, `require`"),
            ("target_session_attrs=standby", "only `read-write` and `primary`"),
            ("sslpassword=x", "sslpassword"),
            ("sslrootcert=%zz", "`sslrootcert`"),
            ("sslcert=a.pem", "`sslcert` and `sslkey` go together"),
            ("sslmode=verify-full", "`sslrootcert=FILE`"),
            ("sslmode=verify-ca&sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem"),
            ("sslmode=require&sslrootcert=system", "`sslrootcert=system`"),
        ] {
            let text = refusal(parameters);
            assert!(text.contains(words), "{parameters}: {text}");
        }
    }

    #[test]
    fn a_question_mark_in_a_password_is_the_passwords() {
        let servers = read("postgres://ana:a?b@db/mint?sslmode=disable").expect("it reads").each;
        assert_eq!(servers[0].get_password(), Some(&b"a?b"[..]));
    }

    #[test]
    fn a_local_socket_speaks_no_tls_whatever_the_mode_is() {
        let servers = read("postgres://%2Fvar%2Frun,db/mint?sslmode=require").expect("it reads").each;
        let modes: Vec<_> = servers.iter().map(Config::get_ssl_mode).collect();
        assert_eq!(modes, [SslMode::Disable, SslMode::Require]);
    }
}

//! TLS. Owns what is agreed with clients (versions, protocols, sessions) and which certificate they are shown; leaves out
//! where certificates come from and for how long they are good (`tls/`), and the clocks of a connection (`connection`).
//!
//! TLS 1.2 and 1.3, with the library's suites: all of them forward secret and authenticated. No early data: a token
//! request that is sent twice must arrive twice. No client certificates.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use model::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::ServerSessionMemoryCache;
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::origin::Origins;
use identity::{Files, Identity};
use keeper::{Keeper, Source};
use private_ca::PrivateCa;

pub mod handshake;
pub mod identity;
pub mod keeper;
pub mod private_ca;
pub mod validity;

/// Sessions that are remembered, so that a client that comes back need not prove and compute everything again.
const SESSIONS: usize = 4_096;

/// What our own certificate is always for, besides the names of the base URLs.
const OWN_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    /// `--tls-cert` and `--tls-key`.
    Files(Files),
    /// `--tls-self-signed`: a private CA in the data directory.
    SelfSigned {
        /// The data directory.
        data: PathBuf,
    },
}

/// Ends TLS for connections.
pub struct Tls {
    provider: Arc<CryptoProvider>,
    /// One pointer: a connection gets the old certificate or the new one, and with the old one go its sessions.
    config: ArcSwap<ServerConfig>,
    turns: Semaphore,
}

/// Gets the first certificate, for a server that is known by `origins`. The error is a sentence for whoever starts it.
pub fn start(settings: &Settings, origins: &Origins, now: Timestamp) -> Result<(Arc<Tls>, Keeper), String> {
    let hosts = origins.all().map(|origin| origin.host().to_owned());
    let source = match settings {
        Settings::Files(files) => Source::Files(files.clone(), hosts.collect()),
        Settings::SelfSigned { data } => {
            let mut all: Vec<_> = OWN_HOSTS.map(str::to_owned).into();
            all.extend(hosts.filter(|host| !OWN_HOSTS.contains(&host.as_str())));
            Source::Own(Box::new(PrivateCa::open(data, now)?), all)
        }
    };
    for origin in origins.all().filter(|origin| !origin.is_https()) {
        tracing::warn!(
            "the base URL `{origin}` begins with http, but the server speaks TLS: links will not work"
        );
    }
    Keeper::start(source, now)
}

impl Tls {
    fn new(provider: Arc<CryptoProvider>, identity: Identity) -> Result<Self, String> {
        let config = ArcSwap::from(agreement(&provider, identity)?);
        Ok(Self { provider, config, turns: handshake::turns() })
    }

    /// Shows this certificate to every connection that begins from now on.
    fn show(&self, identity: Identity) -> Result<(), String> {
        self.config.store(agreement(&self.provider, identity)?);
        Ok(())
    }

    /// Does the handshake.
    pub async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = TlsAcceptor::from(self.config.load_full());
        handshake::in_turns(&self.turns, acceptor.accept(stream)).await
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}

fn agreement(provider: &Arc<CryptoProvider>, identity: Identity) -> Result<Arc<ServerConfig>, String> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let resolver = Arc::new(SingleCertAndKey::from(identity.certified));
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Ok(Arc::new(config))
}

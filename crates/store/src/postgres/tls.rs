//! TLS to the database: whom a connection trusts, by the modes of PostgreSQL's own clients, and what proves to both
//! ends that they are at the two ends of one connection (channel binding). Leaves out the URL that says so (`servers`).

use std::fmt;
use std::future::Future;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

/// How much of a server's identity must be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl Mode {
    pub(super) const WORDS: &str = "`disable`, `prefer`, `require`, `verify-ca` and `verify-full`";

    pub(super) fn find(word: &str) -> Option<Self> {
        Some(match word {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// Whose certificates are believed.
#[derive(Clone, Debug)]
enum Roots {
    Nobodys,
    Systems,
    File(PathBuf),
}

/// What was asked for; the files are read when a connection is made.
#[derive(Clone, Debug)]
pub(super) struct Tls {
    mode: Mode,
    roots: Roots,
    client: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// The rules are those of PostgreSQL's own clients: the system's authorities vouch for anybody, so the name must be
    /// checked; whoever names a file of authorities wants it used; and without one nobody can be verified.
    pub(super) fn new(
        mode: Option<Mode>,
        root: Option<String>,
        client: Option<(PathBuf, PathBuf)>,
    ) -> Result<Self, String> {
        let (mode, roots) = match (mode, root) {
            (None | Some(Mode::VerifyFull), Some(root)) if root == "system" => {
                (Mode::VerifyFull, Roots::Systems)
            }
            (Some(_), Some(root)) if root == "system" => {
                return Err("`sslrootcert=system` goes with `sslmode=verify-full` only".to_owned());
            }
            (Some(Mode::VerifyCa | Mode::VerifyFull), None) => {
                return Err(
                    "to verify the server, say by whose word: `sslrootcert=FILE`, or `system`".to_owned()
                );
            }
            (mode, None) => (mode.unwrap_or(Mode::Prefer), Roots::Nobodys),
            (Some(Mode::Require), Some(root)) => (Mode::VerifyCa, Roots::File(root.into())),
            (mode, Some(root)) => (mode.unwrap_or(Mode::Prefer), Roots::File(root.into())),
        };
        Ok(Self { mode, roots, client })
    }

    /// What the driver must insist on.
    pub(super) fn negotiated(&self) -> SslMode {
        match self.mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        }
    }

    /// Reads the files, and says what is wrong with them.
    pub(super) fn load(&self) -> Result<Connector, String> {
        let provider = Arc::new(default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match &self.roots {
            Roots::Nobodys => Arc::new(Unverified(Arc::clone(&provider))),
            roots => {
                let verifier = WebPkiServerVerifier::builder_with_provider(
                    Arc::new(roots.read()?),
                    Arc::clone(&provider),
                );
                let verifier = verifier.build().map_err(|error| error.to_string())?;
                if self.mode == Mode::VerifyFull { verifier } else { Arc::new(Nameless(verifier)) }
            }
        };
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| error.to_string())?.dangerous();
        let config = config.with_custom_certificate_verifier(verifier);
        let mut config = match &self.client {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => config
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(|error| format!("`{}` and its key: {error}", certificate.display()))?,
        };
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Ok(Connector { config: Ok(Arc::new(config)), needs_name: self.mode == Mode::VerifyFull })
    }

    /// As [`Tls::load`], off the workers. A file that cannot be used any more makes the connection fail.
    pub(super) async fn connector(&self) -> Connector {
        let tls = self.clone();
        let loaded = tokio::task::spawn_blocking(move || tls.load()).await;
        let loaded = loaded.unwrap_or_else(|error| Err(error.to_string()));
        loaded.unwrap_or_else(|error| Connector { config: Err(error), needs_name: true })
    }
}

impl Roots {
    fn read(&self) -> Result<RootCertStore, String> {
        let mut store = RootCertStore::empty();
        match self {
            Self::Nobodys => {}
            Self::Systems => {
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if store.is_empty() {
                    return Err("this system names no authorities to believe".to_owned());
                }
            }
            Self::File(path) => {
                for certificate in certificates(path)? {
                    store.add(certificate).map_err(|error| format!("`{}`: {error}", path.display()))?;
                }
            }
        }
        Ok(store)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let unreadable = |error| format!("`{}` cannot be read: {error}", path.display());
    let read = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let found = read.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if found.is_empty() { Err(format!("`{}` holds no certificate", path.display())) } else { Ok(found) }
}

/// A key that others may read is refused, as PostgreSQL's own clients do.
fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let unreadable = |error: &dyn fmt::Display| format!("`{}` cannot be read: {error}", path.display());
    let file = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    let open_to = if file.uid() == 0 { 0o037 } else { 0o077 };
    if file.mode() & open_to != 0 {
        return Err(format!("others may read the private key `{}`: chmod 600 closes it", path.display()));
    }
    PrivateKeyDer::from_pem_file(path).map_err(|error| unreadable(&error))
}

/// Believes whoever answers: what is sent is hidden from those who only listen.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Believes whomever an authority vouches for, whatever the name.
#[derive(Debug)]
struct Nameless(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for Nameless {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // The name is looked at last, when everything else was found good.
        match self.0.verify_server_cert(certificate, chain, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Makes the TLS of one connection.
#[derive(Clone)]
pub(super) struct Connector {
    config: Result<Arc<ClientConfig>, String>,
    needs_name: bool,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl<S> MakeTlsConnect<S> for Connector
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Secured<S>;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> io::Result<Handshake> {
        let config = self.config.clone().map_err(io::Error::other)?;
        let name = match ServerName::try_from(domain.to_owned()) {
            Ok(name) => name,
            Err(error) if self.needs_name => return Err(io::Error::new(io::ErrorKind::InvalidInput, error)),
            // It is not looked at; an address is not sent to the server either.
            Err(_) => ServerName::from(std::net::IpAddr::from([0, 0, 0, 0])),
        };
        Ok(Handshake { connector: TlsConnector::from(config), name })
    }
}

/// A handshake to come.
pub(super) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Secured<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Secured<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, stream).await.map(Secured) })
    }
}

/// A connection under TLS.
pub(super) struct Secured<S>(tokio_rustls::client::TlsStream<S>);

impl<S> TlsStream for Secured<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn channel_binding(&self) -> ChannelBinding {
        let certificates = self.0.get_ref().1.peer_certificates().unwrap_or_default();
        match certificates.first().and_then(|certificate| end_point(certificate)) {
            Some(digest) => ChannelBinding::tls_server_end_point(digest),
            None => ChannelBinding::none(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// What RFC 5929 calls `tls-server-end-point`: a digest of the certificate, by the algorithm of its signature; none where
/// that has no digest of 256 or 384 bits, and then the connection is simply not bound.
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    // Certificate ::= SEQUENCE { what is signed, SEQUENCE { OBJECT IDENTIFIER, … }, the signature }
    let (body, _) = element(certificate)?;
    let (_, after_signed) = element(body)?;
    let (algorithm, _) = element(after_signed)?;
    let (identifier, _) = element(algorithm)?;
    let suite = match identifier {
        // ecdsa-with-SHA384, sha384WithRSAEncryption
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3] | [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12] => {
            cipher_suite::TLS13_AES_256_GCM_SHA384
        }
        // ecdsa-with-SHA256, sha256WithRSAEncryption; and RFC 5929 has SHA-256 stand in for MD5 and SHA-1.
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]
        | [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4 | 5 | 11] => cipher_suite::TLS13_AES_128_GCM_SHA256,
        _ => return None,
    };
    // The suite lends its digest: this crate knows no other library of cryptography.
    Some(suite.tls13()?.common.hash_provider.hash(certificate).as_ref().to_vec())
}

/// The contents of the first element of DER, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&short, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = if short < 0x80 {
        (usize::from(short), rest)
    } else {
        let (digits, rest) =
            rest.split_at_checked(usize::from(short & 0x7f)).filter(|(d, _)| d.len() <= 4)?;
        (digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)), rest)
    };
    rest.split_at_checked(length)
}

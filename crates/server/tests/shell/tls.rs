//! TLS over real sockets: what is agreed, which certificates are taken, and what strangers may do to the port.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion};
use server::clock;
use server::limits::Limits;
use server::listen::Ended;
use server::origin::{Origin, Origins};
use server::tls::identity::Files;
use server::tls::keeper::Keeper;
use server::tls::{self, Settings, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{Reply, Server, Setup, closes_within};
use crate::program::{Directory, Running, tokenmint};

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";
const SHORT: Duration = Duration::from_millis(300);
const ORIGIN: &str = "https://id.example.com";

/// A CA of the test's own, and where it puts what it makes.
struct Authority {
    directory: Directory,
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { directory: Directory::new(), issuer: Issuer::new(params, key), root }
    }

    fn files(&self) -> Files {
        let path = |name: &str| self.directory.0.join(name);
        Files { certificate: path("server.pem"), key: path("server.key") }
    }

    /// Writes a certificate for `host` with its key, from one year until another.
    fn write(&self, host: &str, years: (i32, i32)) {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let Files { certificate, key: key_file } = self.files();
        replace(&certificate, &pem("CERTIFICATE", leaf.der()));
        replace(&key_file, &pem("PRIVATE KEY", key.serialized_der()));
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn start(&self) -> Result<(Arc<Tls>, Keeper), String> {
        tls::start(&Settings::Files(self.files()), &origins(), clock::now())
    }
}

fn origins() -> Origins {
    Origins::new(Origin::parse(ORIGIN).unwrap(), [])
}

fn replace(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, text).unwrap();
    fs::rename(draft, path).unwrap();
}

pub fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn client(root: CertificateDer<'static>, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn connect(
    address: impl tokio::net::ToSocketAddrs,
    config: &Arc<ClientConfig>,
    host: &str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    TlsConnector::from(Arc::clone(config)).connect(name, stream).await
}

async fn live(stream: &mut TlsStream<TcpStream>) -> u16 {
    stream.write_all(LIVE).await.unwrap();
    Reply::read(stream).await.unwrap().status
}

/// A server with the certificate of an authority for `id.example.com`, and a client that trusts it.
async fn start(limits: Limits) -> (Server, Arc<ClientConfig>, Authority, Keeper) {
    let authority = Authority::new();
    authority.write("id.example.com", (2020, 2090));
    let (tls, keeper) = authority.start().unwrap();
    let setup = Setup { limits, origin: ORIGIN, tls: Some(tls), ..Setup::default() };
    let config = Arc::new(client(authority.root.clone(), &[&TLS13, &TLS12]));
    (setup.start().await, config, authority, keeper)
}

#[tokio::test]
async fn versions_1_2_and_1_3_are_spoken_and_sessions_resumed() {
    let (server, _, authority, _) = start(Limits::default()).await;
    for version in [&TLS12, &TLS13] {
        let config = Arc::new(client(authority.root.clone(), &[version]));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut stream = connect(server.address, &config, "id.example.com").await.unwrap();
            assert_eq!(live(&mut stream).await, 200);
            let (_, agreed) = stream.get_ref();
            assert_eq!(agreed.protocol_version(), Some(version.version));
            assert_eq!(agreed.handshake_kind(), Some(kind), "{version:?}");
            assert_eq!(agreed.alpn_protocol(), None);
        }
    }
}

#[tokio::test]
async fn http_2_is_agreed_on_where_the_client_offers_it() {
    let (server, config, ..) = start(Limits::default()).await;
    for (offered, agreed) in [(&["h2", "http/1.1"][..], "h2"), (&["http/1.1"], "http/1.1")] {
        let mut config = ClientConfig::clone(&config);
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let mut stream = connect(server.address, &Arc::new(config), "id.example.com").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(agreed.as_bytes()));
        if agreed == "http/1.1" {
            assert_eq!(live(&mut stream).await, 200);
            continue;
        }
        let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        let request = axum::http::Request::get("https://id.example.com/api/v1/seen").body(()).unwrap();
        let (response, _) = client.send_request(request, true).unwrap();
        let response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
    }
}

#[test]
fn files_that_cannot_be_used_are_refused_in_words() {
    let authority = Authority::new();
    let Files { certificate, key } = authority.files();
    let (certificate, key) = (certificate.as_path(), key.as_path());
    let foreign = pem("PRIVATE KEY", KeyPair::generate().unwrap().serialized_der());
    let encrypted = pem("ENCRYPTED PRIVATE KEY", b"secret");
    let garbage = pem("CERTIFICATE", b"garbage");
    for (years, spoilt, text, said) in [
        ((2020, 2090), certificate, None, "cannot read the certificate `CERT` (--tls-cert): No such file"),
        ((2020, 2090), key, None, "cannot read the private key `KEY` (--tls-key): No such file"),
        ((2020, 2090), certificate, Some(""), "`CERT` (--tls-cert) holds no certificate; it must be PEM"),
        (
            (2020, 2090),
            certificate,
            Some(&*garbage),
            "the first certificate in `CERT` (--tls-cert) is not a readable",
        ),
        (
            (2020, 2090),
            certificate,
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n"),
            "`CERT` (--tls-cert) is damaged: a certificate in it is not whole PEM",
        ),
        ((2020, 2090), key, Some("no key"), "`KEY` (--tls-key) holds no private key; it must be PEM"),
        (
            (2020, 2090),
            key,
            Some(&*encrypted),
            "the private key in `KEY` (--tls-key) is encrypted; write it without",
        ),
        (
            (2020, 2090),
            key,
            Some(&*foreign),
            "the key in `KEY` (--tls-key) does not match the first certificate in",
        ),
        (
            (2020, 2024),
            Path::new("/"),
            None,
            "the certificate in `CERT` (--tls-cert) expired on 2024-01-01T00:00",
        ),
        (
            (2080, 2090),
            Path::new("/"),
            None,
            "the certificate in `CERT` (--tls-cert) is not valid before 2080-01-01",
        ),
    ] {
        authority.write("localhost", years);
        match text {
            Some(text) => fs::write(spoilt, text).unwrap(),
            None => drop(fs::remove_file(spoilt)),
        }
        let message = authority.start().err().expect(said);
        let expected = said
            .replace("CERT`", &format!("{}`", certificate.display()))
            .replace("KEY`", &format!("{}`", key.display()));
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn the_program_ends_with_the_reason_and_makes_no_database() {
    let directory = Directory::new();
    let data = directory.0.join("data");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--tls-cert", "/nowhere", "--tls-key", "/nowhere"];
    let ended = tokenmint(&arguments).arg("--data").arg(&data).output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.starts_with("error: cannot read the certificate `/nowhere` (--tls-cert): No such"),
        "{said}"
    );
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
}

/// The certificate that a new connection gets.
async fn shown(server: &Server, config: &Arc<ClientConfig>) -> CertificateDer<'static> {
    let stream = connect(server.address, config, "id.example.com").await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

fn written(authority: &Authority) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(authority.files().certificate).unwrap()
}

#[tokio::test]
async fn changed_files_serve_new_connections_and_broken_ones_change_nothing() {
    let (server, config, authority, keeper) = start(Limits::default()).await;
    tokio::spawn(keeper.keep(Duration::from_millis(40)));
    let first = written(&authority);
    let mut old = connect(server.address, &config, "id.example.com").await.unwrap();
    assert_eq!(live(&mut old).await, 200);

    authority.write("id.example.com", (2020, 2090));
    let second = written(&authority);
    assert_ne!(first, second);
    let swapped = async { while shown(&server, &config).await != second {} };
    tokio::time::timeout(Duration::from_secs(10), swapped).await.expect("the new certificate is shown");

    for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        fs::write(authority.files().certificate, broken).unwrap();
        tokio::time::sleep(SHORT).await;
        assert_eq!(shown(&server, &config).await, second);
    }
    fs::remove_file(authority.files().key).unwrap();
    tokio::time::sleep(SHORT).await;
    assert_eq!(shown(&server, &config).await, second);
    assert_eq!(live(&mut old).await, 200, "an old connection goes on");

    authority.write("id.example.com", (2020, 2090));
    let third = written(&authority);
    let swapped = async { while shown(&server, &config).await != third {} };
    tokio::time::timeout(Duration::from_secs(10), swapped).await.expect("it recovers");
}

/// Starts the program with `--tls-self-signed`; returns its port and its first lines on stdout.
fn start_own(data: &Path) -> (Child, u16, Vec<String>) {
    let mut command = tokenmint(&["serve", "--tls-self-signed", "--listen", "127.0.0.1:0", "--data"]);
    command.arg(data).env("TOKENMINT_BASE_URL", "https://id.example.com,https://[fe80::7]:8443");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines: Result<_, _> = lines.take(3).collect();
    // The origins do not tell the port, but the log does. It stays open, as the program writes to it.
    let mut log = BufReader::new(child.stderr.as_mut().unwrap()).lines().map_while(Result::ok);
    let port = log.find_map(|line| line.split("address=127.0.0.1:").nth(1).map(str::to_owned));
    let port = port.expect("the log tells the address").split(' ').next().unwrap().parse().unwrap();
    (child, port, lines.unwrap())
}

#[tokio::test]
async fn our_own_certificate_is_for_every_name_and_its_ca_survives_a_restart() {
    let directory = Directory::new();
    let (ca, key) = (directory.0.join("tls-ca.pem"), directory.0.join("tls-ca.key"));
    let mut kept = None;
    for _ in 0..2 {
        let (mut child, port, lines) = start_own(&directory.0);
        assert_eq!(lines[0], format!("Tokenmint listens on {ORIGIN}"));
        assert_eq!(lines[1], format!("Private CA:      {}", ca.display()));
        assert!(lines[2].contains(&format!("NODE_EXTRA_CA_CERTS={}", ca.display())), "{}", lines[2]);
        assert!(lines[2].contains(&format!("SSL_CERT_FILE={}", ca.display())), "{}", lines[2]);
        let config = Arc::new(client(CertificateDer::from_pem_file(&ca).unwrap(), &[&TLS13, &TLS12]));
        for host in ["localhost", "127.0.0.1", "::1", "id.example.com", "fe80::7"] {
            let mut stream = connect(("127.0.0.1", port), &config, host).await.expect(host);
            assert_eq!(live(&mut stream).await, 200);
        }
        assert!(connect(("127.0.0.1", port), &config, "other.example").await.is_err());
        child.kill().unwrap();
        child.wait().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&ca), mode(&key)), (0o644, 0o600));
        let now = (fs::read(&ca).unwrap(), fs::read(&key).unwrap());
        assert_eq!(kept.get_or_insert_with(|| now.clone()), &now, "the CA stays the same");
    }
}

#[test]
fn without_a_base_url_the_origin_is_https_on_localhost() {
    let directory = Directory::new();
    let running = Running::start(&directory.0, &["--tls-self-signed"]);
    assert!(running.origin.starts_with("https://localhost:"), "{}", running.origin);
    assert_eq!(running.stop().0, Some(0));
}

#[test]
fn files_of_the_private_ca_that_do_not_belong_together_are_told() {
    let open = |data: &Path| {
        let own = Settings::SelfSigned { data: data.to_owned() };
        tls::start(&own, &origins(), clock::now()).map(drop)
    };
    let (one, other) = (Directory::new(), Directory::new());
    assert_eq!((open(&one.0), open(&other.0)), (Ok(()), Ok(())));
    let (ca, key) = ("tls-ca.pem", "tls-ca.key");
    let root = fs::read(one.0.join(ca)).unwrap();
    fs::copy(other.0.join(ca), one.0.join(ca)).unwrap();
    let message = open(&one.0).unwrap_err();
    assert!(message.contains("do not belong together"), "{message}");
    fs::remove_file(one.0.join(ca)).unwrap();
    assert_eq!(open(&one.0), Ok(()), "the certificate is made again from its key");
    let again = fs::read(one.0.join(ca)).unwrap();
    assert_eq!(again.len() / 100, root.len() / 100);
    fs::remove_file(one.0.join(key)).unwrap();
    let message = open(&one.0).unwrap_err();
    assert!(message.contains("tls-ca.key` is missing: put it back, or remove"), "{message}");
}

#[test]
fn a_key_that_everybody_may_read_and_names_that_do_not_match_are_in_the_log() {
    let authority = Authority::new();
    authority.write("localhost", (2020, 2090));
    let Files { certificate, key } = authority.files();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let more = ["--tls-cert", certificate, "--tls-key", key, "--base-url", "http://id.example.com"];
    let data = Directory::new();
    let (code, log) = Running::start(&data.0, &more).stop();
    assert_eq!(code, Some(0), "{log}");
    for said in [
        "every user of this machine may read the TLS key",
        "the TLS certificate is not for `id.example.com`",
        "the base URL `http://id.example.com` begins with http, but the server speaks TLS",
    ] {
        assert!(log.contains(said), "{log}");
    }
}

#[tokio::test]
async fn a_handshake_has_its_time_and_those_who_wait_are_in_nobodys_way() {
    let limits = Limits {
        handshake_time: Duration::from_secs(3),
        header_time: Duration::from_secs(1),
        ..Limits::default()
    };
    let (server, config, ..) = start(limits).await;
    let mut established = connect(server.address, &config, "id.example.com").await.unwrap();
    assert_eq!(live(&mut established).await, 200);
    let mut stuck = Vec::new();
    for index in 0..300 {
        let mut stream = server.connect().await;
        // The head of a record whose rest never comes; or nothing at all.
        let sent: &[u8] = if index % 2 == 0 { b"\x16\x03\x01\x02\x00\x01" } else { b"" };
        stream.write_all(sent).await.unwrap();
        stuck.push(stream);
    }
    assert_eq!(live(&mut established).await, 200);
    let mut silent = connect(server.address, &config, "id.example.com").await.unwrap();
    assert!(closes_within(&mut silent, 5).await, "after the handshake the time of headers counts");
    for mut stream in stuck {
        assert!(closes_within(&mut stream, 5).await);
    }
}

#[tokio::test]
async fn plain_http_is_told_and_seen_off_and_garbage_is_just_seen_off() {
    let (server, config, ..) = start(Limits::default()).await;
    for (sent, status) in [(LIVE, Some(400)), (b"\x00\x01\x02garbage", None)] {
        let mut stream = server.connect().await;
        stream.write_all(sent).await.unwrap();
        let reply = Reply::read(&mut stream).await;
        assert_eq!(reply.as_ref().map(|reply| reply.status), status);
        if let Some(reply) = reply {
            assert_eq!(reply.body, "This port speaks TLS: the URL has to begin with https\n");
        }
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0, "it ends without an error");
    }
    let mut stream = server.connect().await;
    stream.write_all(b"\x16\x03\x01\x00\x05hello").await.unwrap();
    assert!(closes_within(&mut stream, 2).await, "nor is everything TLS that begins like it");
    let mut stream = connect(server.address, &config, "id.example.com").await.unwrap();
    assert_eq!(live(&mut stream).await, 200);
}

#[tokio::test]
async fn a_reply_that_is_not_read_ends_the_connection_under_tls_too() {
    let (server, config, ..) = start(Limits { write_pause: SHORT, ..Limits::default() }).await;
    let mut stream = connect(server.address, &config, "id.example.com").await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut total, mut buffer) = (0, vec![0; 1 << 20]);
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        total += read;
    }
    assert!(total < 64 << 20, "the rest was never sent");
}

#[tokio::test]
async fn a_handshake_does_not_hold_up_the_end() {
    let (server, ..) = start(Limits::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"\x16").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.stop.send(()).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(2), server.ended).await.expect("at once").unwrap();
    assert_eq!(ended, Ended::Quietly);
}

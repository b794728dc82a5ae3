//! TLS to a PostgreSQL with a certificate of a test's own authority: each mode against each kind of server.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

use super::bed::Directory;
use super::cluster;
use super::keeper::Keeper;
use crate::fault::{FaultKind, OpenError};
use crate::port::Store;

/// Who may come in, and how: by password or with a certificate over TLS; `plain` also without.
const DOORS: &str = "hostssl all certified 127.0.0.1/32 cert\n\
                     hostssl all all 127.0.0.1/32 scram-sha-256\n\
                     hostnossl all all 127.0.0.1/32 trust\n";

struct Authority(String, Issuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).expect("parameters");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let certificate = pem("CERTIFICATE", certificate.der());
        Self(certificate, Issuer::new(params, key))
    }

    /// A certificate for `name`, and its key.
    fn certify(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("parameters");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.1).expect("a certificate");
        (pem("CERTIFICATE", certificate.der()), pem("PRIVATE KEY", &key.serialize_der()))
    }
}

/// What lies in files: base64 between two lines.
fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for (number, three) in der.chunks(3).enumerate() {
        let byte = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > three.len() { '=' } else { char::from(digit) });
        }
        if number % 16 == 15 {
            text.push('\n');
        }
    }
    text + &format!("\n-----END {label}-----\n")
}

struct Bed {
    _keeper: Keeper,
    directory: Directory,
    port: u16,
}

impl Bed {
    /// A server whose certificate is for `localhost`; without TLS if it is not to speak it.
    async fn with(speaks_tls: bool) -> Option<Self> {
        let mut keeper = cluster::own_servers().await?;
        let directory = Directory::new();
        std::fs::create_dir(directory.path()).expect("a directory");
        keeper.make("data");
        let ours = Authority::new("ours");
        let (certificate, key) = ours.certify("localhost", ExtendedKeyUsagePurpose::ServerAuth);
        for (name, text) in [
            ("server.crt", &certificate),
            ("server.key", &key),
            ("root.crt", &ours.0),
            ("pg_hba.conf", &DOORS.to_owned()),
        ] {
            keeper.put(&format!("data/{name}"), text);
        }
        let (client, client_key) = ours.certify("certified", ExtendedKeyUsagePurpose::ClientAuth);
        let theirs = Authority::new("theirs").0;
        for (name, text) in [
            ("ours.pem", &ours.0),
            ("theirs.pem", &theirs),
            ("client.pem", &client),
            ("client.key", &client_key),
        ] {
            let path = directory.path().join(name);
            std::fs::write(&path, text).expect("a file");
            let closed = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&path, closed).expect("its mode");
        }
        let port = keeper.start("data", "-c password_encryption=scram-sha-256");
        // Before TLS begins, whoever is on this machine comes in.
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let (admin, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("it answers");
        let connection = tokio::spawn(connection);
        for statement in [
            "create role secret superuser login password 'a passphrase'",
            "create role certified superuser login",
        ] {
            admin.batch_execute(statement).await.expect("a role");
        }
        if speaks_tls {
            for (name, value) in [("ssl", "on"), ("ssl_ca_file", "root.crt")] {
                admin
                    .batch_execute(&format!("alter system set {name} = '{value}'"))
                    .await
                    .expect("a setting");
            }
            admin.batch_execute("select pg_reload_conf()").await.expect("it reads them");
        }
        drop(admin);
        connection.await.expect("it ends").expect("it ends well");
        let bed = Self { _keeper: keeper, directory, port };
        // A server takes a moment to read its settings.
        let speaks =
            || async { bed.open("secret:a%20passphrase", "localhost", "sslmode=require").await.is_ok() };
        while speaks_tls && !speaks().await {
            tokio::task::yield_now().await;
        }
        Some(bed)
    }

    /// Opens a store; in `parameters` a `DIR` stands for where the files are.
    async fn open(&self, user: &str, host: &str, parameters: &str) -> Result<(), OpenError> {
        let directory = self.directory.path().display().to_string();
        let parameters = parameters.replace("DIR", &directory);
        let url = format!("postgres://{user}@{host}:{}/postgres?{parameters}", self.port);
        let store = Store::open_postgres(&url).await?;
        store.health().await?;
        store.close().await?;
        Ok(())
    }

    /// What a connection that is refused says.
    async fn refusal(&self, host: &str, parameters: &str) -> String {
        match self.open("secret:a%20passphrase", host, parameters).await {
            Err(OpenError::Fault(fault)) => {
                assert_eq!(fault.kind, FaultKind::Unavailable, "{fault}");
                fault.to_string()
            }
            other => panic!("{host} {parameters}: {other:?}"),
        }
    }

    /// Whether the connection came about over TLS, as the server sees it.
    async fn is_secured(&self, parameters: &str) -> bool {
        let url = format!("postgres://secret:a%20passphrase@localhost:{}/postgres?{parameters}", self.port);
        let session = crate::postgres::Postgres::connect(&url).expect("a pool");
        let connection = session.connection().await.expect("a connection");
        let row = connection.query_one("select ssl from pg_stat_ssl where pid = pg_backend_pid()", &[]).await;
        row.expect("an answer").get(0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_takes_the_servers_that_it_should() {
    let Some(bed) = Bed::with(true).await else { return };
    for (host, parameters) in [
        ("localhost", "sslmode=disable"),
        ("localhost", "sslmode=prefer"),
        ("localhost", ""),
        ("127.0.0.1", "sslmode=require"),
        ("localhost", "sslmode=require&sslrootcert=DIR/ours.pem"),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=DIR/ours.pem"),
        ("localhost", "sslmode=verify-full&sslrootcert=DIR/ours.pem"),
        ("localhost", "sslmode=verify-full&sslrootcert=DIR/ours.pem&channel_binding=require"),
    ] {
        let opened = bed.open("secret:a%20passphrase", host, parameters).await;
        opened.unwrap_or_else(|error| panic!("{host} {parameters}: {error:?}"));
    }
    assert!(bed.is_secured("sslmode=prefer").await, "TLS is taken where it is offered");
    assert!(!bed.is_secured("sslmode=disable").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_another_authority_or_name_is_refused() {
    let Some(bed) = Bed::with(true).await else { return };
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        let said = bed.refusal("localhost", &format!("sslmode={mode}&sslrootcert=DIR/theirs.pem")).await;
        assert!(said.contains("UnknownIssuer") || said.contains("BadSignature"), "{mode}: {said}");
    }
    let said = bed.refusal("127.0.0.1", "sslmode=verify-full&sslrootcert=DIR/ours.pem").await;
    assert!(said.contains("not valid for name"), "{said}");
    let said = bed.refusal("localhost", "sslrootcert=system").await;
    assert!(said.contains("UnknownIssuer"), "the system does not know the test's authority: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_tls_is_refused_by_every_mode_that_asks_for_it() {
    let Some(bed) = Bed::with(false).await else { return };
    for mode in ["disable", "prefer"] {
        let opened = bed.open("secret", "localhost", &format!("sslmode={mode}")).await;
        opened.unwrap_or_else(|error| panic!("{mode}: {error:?}"));
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        let said = bed.refusal("localhost", &format!("sslmode={mode}&sslrootcert=DIR/ours.pem")).await;
        assert!(said.contains("server does not support TLS"), "{mode}: {said}");
    }
    assert!(!bed.is_secured("sslmode=prefer").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_opens_the_door_that_asks_for_one() {
    let Some(bed) = Bed::with(true).await else { return };
    let with = "sslmode=verify-full&sslrootcert=DIR/ours.pem&sslcert=DIR/client.pem&sslkey=DIR/client.key";
    bed.open("certified", "localhost", with).await.expect("it is let in");
    let without = "sslmode=verify-full&sslrootcert=DIR/ours.pem";
    assert!(bed.open("certified", "localhost", without).await.is_err());
    let key = bed.directory.path().join("client.key");
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("its mode");
    let refused = bed.open("certified", "localhost", with).await.expect_err("others may read the key");
    assert!(matches!(&refused, OpenError::Tls(said) if said.contains("chmod 600")), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_is_renewed_counts_from_the_next_connection() {
    let Some(bed) = Bed::with(true).await else { return };
    let (ours, theirs) = (bed.directory.path().join("ours.pem"), bed.directory.path().join("theirs.pem"));
    let roots = bed.directory.path().join("roots.pem");
    std::fs::copy(&theirs, &roots).expect("a copy");
    let url = format!(
        "postgres://secret:a%20passphrase@localhost:{}/postgres?sslmode=verify-full&sslrootcert={}",
        bed.port,
        roots.display()
    );
    let session = crate::postgres::Postgres::connect(&url).expect("a pool");
    assert!(session.connection().await.is_err());
    std::fs::copy(&ours, &roots).expect("a copy");
    drop(session.connection().await.expect("a connection"));
}

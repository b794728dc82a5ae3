//! Our own certificates: `--tls-self-signed`. Owns the private CA in the data directory, made once and then kept, and
//! the certificates that it signs for this server; leaves out when a new one is due (`keeper`).
//!
//! The CA's name follows from its key, so that key and name are all that signing needs.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use super::identity::Identity;
use super::validity::Validity;

/// The CA's certificate in the data directory: what clients are told to trust.
pub const CERTIFICATE: &str = "tls-ca.pem";
/// The CA's key beside it.
pub const KEY: &str = "tls-ca.key";

const CA_DAYS: i64 = 3_650;
const LEAF_DAYS: i64 = 365;
/// Clients whose clocks are a little behind ours.
const SLACK_MILLISECONDS: i64 = 3_600_000;

/// A CA that only this server uses.
pub struct PrivateCa {
    path: PathBuf,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
    validity: Validity,
}

impl PrivateCa {
    /// Opens the CA in `data`; makes it on the first start.
    pub fn open(data: &Path, now: Timestamp) -> Result<Self, String> {
        let (path, key_path) = (data.join(CERTIFICATE), data.join(KEY));
        let found = read(&path)?;
        let key = match (read(&key_path)?, &found) {
            (Some(text), _) => read_key(&key_path, &text)?,
            (None, None) => make_key(&key_path)?,
            (None, Some(_)) => {
                return Err(format!(
                    "the private CA's key `{}` is missing: put it back, or remove `{}`, too, and a new CA is made that \
                     clients have to trust anew",
                    key_path.display(),
                    path.display()
                ));
            }
        };
        let params = ca_params(&key, now);
        // A certificate alone can be made again: the key and the name decide whom clients trust.
        let certificate = match found {
            Some(text) => CertificateDer::from_pem_slice(&text)
                .map_err(|_| format!("`{}` holds no certificate", path.display()))?,
            None => make_certificate(&path, &params, &key)?,
        };
        let validity = Validity::of(&certificate)
            .ok_or_else(|| format!("`{}` holds no readable certificate", path.display()))?;
        if now > validity.ends {
            return Err(format!(
                "the private CA in `{}` expired on {}: remove it and `{}`, and a new one is made that clients have to \
                 trust anew",
                path.display(),
                validity.ends,
                key_path.display()
            ));
        }
        let path = std::path::absolute(&path).unwrap_or(path);
        Ok(Self { path, certificate, issuer: Issuer::new(params, key), validity })
    }

    /// Where its certificate is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When the CA ends, and with it all that it signed.
    pub fn ends(&self) -> Timestamp {
        self.validity.ends
    }

    /// A new certificate for `hosts` with a new key, which lives in memory only.
    pub fn issue(
        &self,
        hosts: &[String],
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<Identity, String> {
        let failed =
            |error: rcgen::Error| format!("cannot make a certificate for {}: {error}", hosts.join(", "));
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let ends = now.plus_days(LEAF_DAYS).min(self.validity.ends).whole_second();
        let mut params = CertificateParams::new(hosts.to_vec()).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, "Tokenmint");
        hold(&mut params, now.plus_milliseconds(-SLACK_MILLISECONDS), ends);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &self.issuer).map_err(failed)?.der().clone();
        self.verify(&leaf, provider, now)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let certified = CertifiedKey::from_der(vec![leaf], key, provider);
        Ok(Identity { certified: certified.map_err(|error| error.to_string())?, ends })
    }

    /// Looks at a certificate of ours as a client does, so that files that do not belong together show here.
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        provider: &CryptoProvider,
        now: Timestamp,
    ) -> Result<(), String> {
        let failed = |error: rustls::Error| {
            format!(
                "the private CA's files `{}` and `{KEY}` do not belong together ({error}): put the right ones back, or \
                 remove both, and a new CA is made that clients have to trust anew",
                self.path.display()
            )
        };
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(failed)?;
        let leaf = ParsedCertificate::try_from(leaf).map_err(failed)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now.seconds().unsigned_abs()));
        let algorithms = provider.signature_verification_algorithms.all;
        rustls::client::verify_server_cert_signed_by_trust_anchor(&leaf, &roots, &[], now, algorithms)
            .map_err(failed)
    }
}

fn ca_params(key: &KeyPair, now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    let id = params.key_identifier(key).first_chunk().copied().map_or(0, u32::from_be_bytes);
    params.distinguished_name.push(DnType::CommonName, format!("Tokenmint private CA {id:08x}"));
    hold(&mut params, now.plus_milliseconds(-SLACK_MILLISECONDS), now.plus_days(CA_DAYS));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn make_key(path: &Path) -> Result<KeyPair, String> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .map_err(|error| format!("cannot make a key for the private CA: {error}"))?;
    write(path, &to_pem("PRIVATE KEY", key.serialized_der()), 0o600)?;
    Ok(key)
}

fn make_certificate(
    path: &Path,
    params: &CertificateParams,
    key: &KeyPair,
) -> Result<CertificateDer<'static>, String> {
    let made = params.self_signed(key).map_err(|error| format!("cannot make a private CA: {error}"))?;
    write(path, &to_pem("CERTIFICATE", made.der()), 0o644)?;
    tracing::info!("made a private CA for TLS: `{}`", path.display());
    Ok(made.der().clone())
}

fn read_key(path: &Path, text: &[u8]) -> Result<KeyPair, String> {
    let mode = fs::metadata(path).map_or(0, |found| found.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!("others may use the private CA's key `{}`: chmod 600", path.display());
    }
    let key = PrivateKeyDer::from_pem_slice(text).ok().and_then(|key| KeyPair::try_from(&key).ok());
    key.ok_or_else(|| format!("`{}` holds no readable private key", path.display()))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read `{}`: {error}", path.display())),
    }
}

/// Writes beside the file and moves it into place, so that there is a whole one or none.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot write `{}`: {error}", path.display());
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::set_permissions(&draft, Permissions::from_mode(mode)).map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)?;
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

fn to_pem(label: &str, der: &[u8]) -> String {
    const COLUMNS: usize = 64;
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(COLUMNS).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Sets both ends. (The type of a date belongs to a crate that we need not name.)
fn hold(params: &mut CertificateParams, begins: Timestamp, ends: Timestamp) {
    let [begins, ends] = [begins, ends]
        .map(|time| rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(time.seconds().unsigned_abs()));
    (params.not_before, params.not_after) = (begins, ends);
}

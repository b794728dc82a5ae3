//! A certificate with its key, fit to be shown to clients. Owns reading the two from PEM files and every check of them,
//! each with its sentence; leaves out certificates of our own making (`private_ca`) and when files are read (`keeper`).

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use model::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;

use super::validity::Validity;

/// The files of `--tls-cert` and `--tls-key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate and its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A certificate whose key we have.
#[derive(Debug)]
pub struct Identity {
    /// Both, for the TLS library.
    pub certified: CertifiedKey,
    /// When the certificate ends.
    pub ends: Timestamp,
}

impl Files {
    /// Reads and checks both. The error is a sentence for whoever runs the server.
    pub fn read(&self, provider: &CryptoProvider, now: Timestamp) -> Result<Identity, String> {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        let chain = read_chain(&self.certificate)?;
        let private_key = read_key(&self.key)?;
        let leaf = chain.first().filter(|leaf| ParsedCertificate::try_from(*leaf).is_ok());
        let validity = leaf.and_then(|leaf| Validity::of(leaf)).ok_or_else(|| {
            format!(
                "the first certificate in `{certificate}` (--tls-cert) is not a readable X.509 certificate"
            )
        })?;
        if now < validity.begins {
            return Err(format!(
                "the certificate in `{certificate}` (--tls-cert) is not valid before {}, and it is {now}",
                validity.begins
            ));
        }
        if now > validity.ends {
            return Err(format!(
                "the certificate in `{certificate}` (--tls-cert) expired on {}",
                validity.ends
            ));
        }
        let certified =
            CertifiedKey::from_der(chain, private_key, provider).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => format!(
                    "the key in `{key}` (--tls-key) does not match the first certificate in `{certificate}` \
                 (--tls-cert); the server's own certificate must stand before those of its authorities"
                ),
                error => format!("the private key in `{key}` (--tls-key) cannot be used: {error}"),
            })?;
        Ok(Identity { certified, ends: validity.ends })
    }

    /// Says it in the log if others on this machine may read the key.
    pub fn warn_of_open_key(&self) {
        let mode = fs::metadata(&self.key).map_or(0, |found| found.permissions().mode());
        if mode & 0o004 != 0 {
            tracing::warn!(
                "every user of this machine may read the TLS key `{}`: chmod o-r",
                self.key.display()
            );
        }
    }
}

impl Identity {
    /// Whether the certificate is for `host`: a name, or an IP address without brackets.
    pub fn is_for(&self, host: &str) -> bool {
        let Some(leaf) = self.certified.cert.first() else { return false };
        let (Ok(leaf), Ok(name)) = (ParsedCertificate::try_from(leaf), ServerName::try_from(host)) else {
            return false;
        };
        rustls::client::verify_server_name(&leaf, &name).is_ok()
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let text = fs::read(path).map_err(|error| unreadable("certificate", path, "tls-cert", &error))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(format!(
            "`{shown}` (--tls-cert) holds no certificate; it must be PEM, with -----BEGIN CERTIFICATE-----"
        )),
        Ok(chain) => Ok(chain),
        Err(_) => Err(format!("`{shown}` (--tls-cert) is damaged: a certificate in it is not whole PEM")),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    const ENCRYPTED: &[u8] = b"ENCRYPTED";
    let shown = path.display();
    let text = fs::read(path).map_err(|error| unreadable("private key", path, "tls-key", &error))?;
    if text.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED) {
        return Err(format!(
            "the private key in `{shown}` (--tls-key) is encrypted; write it without a passphrase, for the server \
             alone: openssl pkey -in FILE -out NEW_FILE"
        ));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => format!(
            "`{shown}` (--tls-key) holds no private key; it must be PEM, with -----BEGIN PRIVATE KEY-----"
        ),
        _ => format!("`{shown}` (--tls-key) is damaged: the private key in it is not whole PEM"),
    })
}

fn unreadable(what: &str, path: &Path, flag: &str, error: &io::Error) -> String {
    format!("cannot read the {what} `{}` (--{flag}): {error}", path.display())
}

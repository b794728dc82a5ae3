//! The keys under which one org's secrets are sealed and compared.
//!
//! The org's root MAC key is random and sealed under the master key, so that the master key can change without
//! making any client secret or API token unknown. Bearer secrets are kept as a keyed MAC only.

use std::sync::{Arc, PoisonError, RwLock};

use jose::{KeyRing, MacKey, Secret};
use model::{AppId, AuthorizationServerId, ClientSecretId, OrgId};
use thiserror::Error;

use crate::failure::Fault;

/// The name under which the root MAC key is stored.
pub const ROOT_MAC_KEY: &str = "root_mac_key";

/// An org's keys for sealing and comparing.
#[derive(Debug)]
pub struct OrgSecrets {
    org: OrgId,
    ring: RwLock<Arc<KeyRing>>,
    client_secret: MacKey,
    api_token: MacKey,
    token_id: MacKey,
}

/// The master key does not open this store.
#[derive(Debug, Error)]
#[error(
    "the master key (id {given}) does not open this store, which was sealed under key {sealed}; give the key \
     that the store was made with by `--master-key-file` or TOKENMINT_MASTER_KEY"
)]
pub struct WrongMasterKey {
    given: String,
    sealed: String,
}

impl OrgSecrets {
    /// Keys for a new org, and its sealed root key to be stored under [`ROOT_MAC_KEY`].
    pub fn generate(org: OrgId, ring: KeyRing) -> Result<(Self, Vec<u8>), Fault> {
        let root = MacKey::generate();
        let sealed = ring.seal(root.expose(), &root_context(org)).map_err(Fault::internal)?;
        Ok((Self::new(org, ring, &root), sealed))
    }

    /// The keys of an org that exists.
    pub fn open(org: OrgId, ring: KeyRing, sealed_root: &[u8]) -> Result<Self, WrongMasterKey> {
        let root = ring
            .open(sealed_root, &root_context(org))
            .ok()
            .and_then(|root| MacKey::from_slice(root.expose()));
        match root {
            Some(root) => Ok(Self::new(org, ring, &root)),
            None => Err(WrongMasterKey {
                given: ring.current().to_string(),
                sealed: jose::sealed_under(sealed_root)
                    .map_or_else(|| "unknown".to_owned(), |id| id.to_string()),
            }),
        }
    }

    fn new(org: OrgId, ring: KeyRing, root: &MacKey) -> Self {
        Self {
            org,
            ring: RwLock::new(Arc::new(ring)),
            client_secret: root.derive("client secret"),
            api_token: root.derive("api token"),
            token_id: root.derive("token id"),
        }
    }

    /// The master keys in use.
    pub fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Seals under other master keys from now on.
    pub fn replace_ring(&self, ring: KeyRing) -> Arc<KeyRing> {
        let ring = Arc::new(ring);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        ring
    }

    /// Seals a private signing key.
    pub fn seal_signing_key(
        &self,
        server: AuthorizationServerId,
        kid: &str,
        pkcs8: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        self.ring().seal(pkcs8, &signing_key_context(self.org, server.as_str(), kid)).map_err(Fault::internal)
    }

    /// Opens a private signing key.
    pub fn open_signing_key(
        &self,
        server: AuthorizationServerId,
        kid: &str,
        sealed: &[u8],
    ) -> Result<Secret, Fault> {
        let context = signing_key_context(self.org, server.as_str(), kid);
        self.ring().open(sealed, &context).map_err(Fault::internal)
    }

    /// Seals a client secret, which the API shows and `client_secret_jwt` needs.
    pub fn seal_client_secret(&self, app: AppId, id: ClientSecretId, secret: &str) -> Result<Vec<u8>, Fault> {
        let context = client_secret_context(self.org, app.as_str(), id.as_str());
        self.ring().seal(secret.as_bytes(), &context).map_err(Fault::internal)
    }

    /// Opens a client secret.
    pub fn open_client_secret(&self, app: AppId, id: ClientSecretId, sealed: &[u8]) -> Result<Secret, Fault> {
        let context = client_secret_context(self.org, app.as_str(), id.as_str());
        self.ring().open(sealed, &context).map_err(Fault::internal)
    }

    /// A signing key's sealed bytes under the current master key; `None` if they are under it already.
    pub fn reseal_signing_key(
        &self,
        server: AuthorizationServerId,
        kid: &str,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Fault> {
        let context = signing_key_context(self.org, server.as_str(), kid);
        self.ring().reseal(sealed, &context).map_err(Fault::internal)
    }

    /// A client secret's sealed bytes under the current master key; `None` if they are under it already.
    pub fn reseal_client_secret(
        &self,
        app: AppId,
        id: ClientSecretId,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, Fault> {
        let context = client_secret_context(self.org, app.as_str(), id.as_str());
        self.ring().reseal(sealed, &context).map_err(Fault::internal)
    }

    /// What is compared instead of a client secret.
    pub fn client_secret_mac(&self, secret: &str) -> [u8; 32] {
        self.client_secret.mac(secret.as_bytes())
    }

    /// The key that the ids of access tokens are made with.
    pub(crate) fn token_id(&self) -> &MacKey {
        &self.token_id
    }

    /// What is compared instead of an API token.
    pub fn api_token_mac(&self, token: &str) -> [u8; 32] {
        self.api_token.mac(token.as_bytes())
    }
}

/// A new API token: 42 characters that start with `00`, as Okta's.
pub fn new_api_token() -> String {
    format!("00{}", jose::random_token(40))
}

/// A new client secret: 64 characters, as Okta's of 2026.
pub fn new_client_secret() -> String {
    jose::random_token(64)
}

/// Sealed bytes are bound to the row they belong to, so that moving them to another row makes them unreadable.
pub fn root_context(org: OrgId) -> Vec<u8> {
    context(&["org_secret", org.as_str(), "", ROOT_MAC_KEY])
}

/// The context of a sealed signing key.
pub fn signing_key_context(org: OrgId, server: &str, kid: &str) -> Vec<u8> {
    context(&["signing_key", org.as_str(), server, kid])
}

/// The context of a sealed client secret.
pub fn client_secret_context(org: OrgId, app: &str, id: &str) -> Vec<u8> {
    context(&["client_secret", org.as_str(), app, id])
}

fn context(parts: &[&str]) -> Vec<u8> {
    parts.join("\u{1f}").into_bytes()
}

//! Signing keys as a snapshot holds them: public half ready, private half sealed and parsed on first use.

use std::sync::{Arc, OnceLock};

use jose::{Algorithm, PublicJwk, PublicKey, SigningKey};
use model::key::KeyStatus;
use model::token_format::SigningAlgorithm;
use model::{AuthorizationServerId, Timestamp};

use crate::failure::Fault;
use crate::org_secrets::OrgSecrets;

/// What a key of ours may sign with: what introspection may meet.
pub const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa];

/// The algorithm that a server is set to.
pub const fn algorithm(of: SigningAlgorithm) -> Algorithm {
    match of {
        SigningAlgorithm::Rs256 => Algorithm::Rs256,
        SigningAlgorithm::Ps256 => Algorithm::Ps256,
        SigningAlgorithm::Es256 => Algorithm::Es256,
        SigningAlgorithm::EdDsa => Algorithm::EdDsa,
    }
}

/// One key of an authorization server.
#[derive(Clone)]
pub struct KeyRecord {
    /// Its name: the thumbprint of its public half.
    pub kid: String,
    /// Where it is in its life.
    pub status: KeyStatus,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Its public half.
    pub public: PublicJwk,
    /// Its private half under the master key.
    pub sealed: Arc<[u8]>,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it signs.
    pub activated: Option<Timestamp>,
    /// Since when it does not sign any more.
    pub retired: Option<Timestamp>,
    parsed: Arc<OnceLock<Arc<SigningKey>>>,
    verifying: Arc<OnceLock<PublicKey>>,
}

impl std::fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRecord")
            .field("kid", &self.kid)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl KeyRecord {
    /// A record of a key that was just generated: parsed already.
    pub fn of_generated(
        key: SigningKey,
        server: AuthorizationServerId,
        secrets: &OrgSecrets,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let pkcs8 = key.to_pkcs8().map_err(Fault::internal)?;
        let sealed = secrets.seal_signing_key(server, key.kid(), pkcs8.expose())?;
        let (kid, algorithm, public) = (key.kid().to_owned(), key.algorithm(), key.public().clone());
        let mut record = Self::of_row(kid, KeyStatus::Next, algorithm, public, sealed, now);
        record.parsed = Arc::new(OnceLock::from(Arc::new(key)));
        Ok(record)
    }

    /// A record of a stored key.
    pub fn of_row(
        kid: String,
        status: KeyStatus,
        algorithm: Algorithm,
        public: PublicJwk,
        sealed: Vec<u8>,
        created: Timestamp,
    ) -> Self {
        Self {
            kid,
            status,
            algorithm,
            public,
            sealed: sealed.into(),
            created,
            activated: None,
            retired: None,
            parsed: Arc::default(),
            verifying: Arc::default(),
        }
    }

    /// The same key in the next part of its life.
    #[must_use]
    pub fn with_status(&self, status: KeyStatus, now: Timestamp) -> Self {
        let mut record = Self { status, ..self.clone() };
        match status {
            KeyStatus::Active => record.activated = Some(now),
            KeyStatus::Expired => record.retired = Some(now),
            KeyStatus::Next => {}
        }
        record
    }

    /// The public key, ready to verify what this key signs and nothing else; parsed once per key and node.
    pub fn verifying(&self) -> Option<&PublicKey> {
        if let Some(key) = self.verifying.get() {
            return Some(key);
        }
        match PublicKey::bound_to(self.algorithm, &self.public) {
            Ok(key) => Some(self.verifying.get_or_init(|| key)),
            Err(error) => {
                tracing::error!(kid = self.kid, %error, "this public key of ours cannot be read");
                None
            }
        }
    }

    /// The private key, if it was parsed already.
    pub fn parsed(&self) -> Option<&Arc<SigningKey>> {
        self.parsed.get()
    }

    /// Opens and parses the private key: about a tenth of a millisecond, once per key and node.
    pub fn parse(
        &self,
        server: AuthorizationServerId,
        secrets: &OrgSecrets,
    ) -> Result<Arc<SigningKey>, Fault> {
        let pkcs8 = secrets.open_signing_key(server, &self.kid, &self.sealed)?;
        let key = SigningKey::from_pkcs8(self.algorithm, pkcs8.expose()).map_err(Fault::internal)?;
        Ok(Arc::clone(self.parsed.get_or_init(|| Arc::new(key))))
    }
}

/// The keys of one server.
#[derive(Debug, Clone, Default)]
pub struct SigningKeys {
    records: Vec<Arc<KeyRecord>>,
}

impl SigningKeys {
    /// From records in any order: the active one comes first, then the next, then the expired, newest first (and by
    /// name within one second, so that every node lists them alike).
    pub fn new(mut records: Vec<Arc<KeyRecord>>) -> Self {
        records.sort_by(|a, b| (a.status, b.retired, &a.kid).cmp(&(b.status, a.retired, &b.kid)));
        Self { records }
    }

    /// All of them: active, next, expired.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<KeyRecord>> {
        self.records.iter()
    }

    /// The one that signs.
    pub fn active(&self) -> Option<&Arc<KeyRecord>> {
        self.records.iter().find(|record| record.status == KeyStatus::Active)
    }

    /// The one that will sign.
    pub fn next(&self) -> Option<&Arc<KeyRecord>> {
        self.records.iter().find(|record| record.status == KeyStatus::Next)
    }

    /// The one with this name.
    pub fn find(&self, kid: &str) -> Option<&Arc<KeyRecord>> {
        self.records.iter().find(|record| record.kid == kid)
    }
}

//! Client secrets as a snapshot holds them: never in clear.

use model::{ClientSecretId, Status, Timestamp};

/// One secret of an app.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// Active secrets authenticate.
    pub status: Status,
    /// Keyed MAC of the secret, for comparison.
    pub mac: [u8; 32],
    /// The secret under the master key.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
    /// When its status changed last.
    pub last_updated: Timestamp,
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSecret")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

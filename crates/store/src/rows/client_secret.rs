//! The secrets of apps: sealed, because the API shows them, beside a keyed MAC for comparison.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::rows::walk::Walk;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// A client secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// The app.
    pub app: String,
    /// The secret's id.
    pub id: String,
    /// Such as `ACTIVE`.
    pub status: String,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// Its keyed MAC.
    pub mac: Vec<u8>,
    /// When it was made.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
}

impl FromRow for ClientSecret {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            app: row.take()?,
            id: row.take()?,
            status: row.take()?,
            sealed: row.take()?,
            mac: row.take()?,
            created: row.take()?,
            updated: row.take()?,
        })
    }
}

impl Store {
    /// Every client secret of the org, by app and id.
    pub async fn each_client_secret<E: From<Fault>>(
        &self,
        org: &str,
        each: impl FnMut(ClientSecret) -> Result<(), E>,
    ) -> Result<(), E> {
        let key = |row: &ClientSecret| params![&row.app, &row.id];
        Walk { statement: statements::CLIENT_SECRETS, first: params!["", ""], key }
            .each(self, org, each)
            .await
    }

    /// The secrets of one app, by id.
    pub async fn client_secrets_of_app(&self, org: &str, app: &str) -> Result<Vec<ClientSecret>, Fault> {
        self.query(statements::CLIENT_SECRETS_OF_APP, org, params![app]).await
    }
}

impl Batch {
    /// Writes a secret, whether or not it is new.
    pub fn put_client_secret(&mut self, secret: &ClientSecret) -> usize {
        let ClientSecret { app, id, status, sealed, mac, created, updated } = secret;
        self.one(statements::PUT_CLIENT_SECRET, params![app, id, status, sealed, mac, *created, *updated])
    }

    /// Moves a secret to the status and time that `secret` holds; misses if its status is not `from` any more.
    pub fn update_client_secret(&mut self, secret: &ClientSecret, from: &str) -> usize {
        let ClientSecret { app, id, status, updated, .. } = secret;
        self.one(statements::UPDATE_CLIENT_SECRET, params![status, *updated, app, id, from])
    }

    /// Removes a secret; misses if there is none.
    pub fn delete_client_secret(&mut self, app: &str, id: &str) -> usize {
        self.one(statements::DELETE_CLIENT_SECRET, params![app, id])
    }

    /// Removes every secret of an app.
    pub fn delete_client_secrets(&mut self, app: &str) -> usize {
        self.step(statements::DELETE_CLIENT_SECRETS, params![app])
    }
}

//! API tokens, found by the keyed MAC of what the caller presents.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// The keyed MAC of the token.
    pub mac: Vec<u8>,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The user whose rights it has.
    pub account: String,
    /// The client that it was made with.
    pub client_name: String,
    /// Where it may be used from, as JSON text.
    pub network: String,
    /// When it was made.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
    /// When it was last used, roughly.
    pub used: Option<i64>,
    /// When it ends if it is not used.
    pub expires: i64,
}

impl FromRow for ApiToken {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            mac: row.take()?,
            id: row.take()?,
            name: row.take()?,
            account: row.take()?,
            client_name: row.take()?,
            network: row.take()?,
            created: row.take()?,
            updated: row.take()?,
            used: row.take()?,
            expires: row.take()?,
        })
    }
}

impl Store {
    /// The token with this MAC.
    pub async fn find_api_token_by_mac(&self, org: &str, mac: &[u8]) -> Result<Option<ApiToken>, Fault> {
        self.query_opt(statements::API_TOKEN_BY_MAC, org, params![mac]).await
    }

    /// The token with this id.
    pub async fn find_api_token(&self, org: &str, id: &str) -> Result<Option<ApiToken>, Fault> {
        self.query_opt(statements::API_TOKEN, org, params![id]).await
    }

    /// A page of tokens, by id, behind `after`.
    pub async fn api_tokens(&self, org: &str, after: &str, limit: i64) -> Result<Vec<ApiToken>, Fault> {
        self.query(statements::API_TOKENS, org, params![after, limit]).await
    }
}

impl Batch {
    /// Adds a token; conflicts if its MAC or id is there already.
    pub fn insert_api_token(&mut self, token: &ApiToken) -> usize {
        let ApiToken { mac, id, name, account, client_name, network, .. } = token;
        let (created, updated, used, expires) = (token.created, token.updated, token.used, token.expires);
        let params = params![mac, id, name, account, client_name, network, created, updated, used, expires];
        self.one(statements::INSERT_API_TOKEN, params)
    }

    /// Changes name and network; misses if there is no such token.
    pub fn update_api_token(&mut self, id: &str, name: &str, network: &str, updated: i64) -> usize {
        self.one(statements::UPDATE_API_TOKEN, params![name, network, updated, id])
    }

    /// Notes that a token was used, and when it ends now. No expectation: it may be gone meanwhile.
    pub fn touch_api_token(&mut self, mac: &[u8], used: i64, expires: i64) -> usize {
        self.step(statements::TOUCH_API_TOKEN, params![used, expires, mac])
    }

    /// Removes a token; misses if there is none.
    pub fn delete_api_token(&mut self, id: &str) -> usize {
        self.one(statements::DELETE_API_TOKEN, params![id])
    }
}

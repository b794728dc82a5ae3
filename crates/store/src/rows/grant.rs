//! Grants, and what moves of those that can be refreshed. Leaves out what a grant is worth to introspection.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// What was granted to whom, under which configuration and by which rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewGrant {
    /// Its id.
    pub id: String,
    /// The user, if there is one.
    pub account: Option<String>,
    /// The `client_id`.
    pub client: String,
    /// The authorization server.
    pub server: String,
    /// The session that it came from.
    pub session: Option<String>,
    /// The revision that it was decided on.
    pub revision: i64,
    /// The rule that governed it.
    pub rule: Option<String>,
    /// The scopes, as a JSON list.
    pub scopes: String,
    /// The audiences, as a JSON list.
    pub audiences: String,
    /// How sure it is who the user is.
    pub acr: Option<String>,
    /// How the user signed in, as a JSON list.
    pub amr: Option<String>,
    /// When the user signed in.
    pub auth_time: Option<i64>,
    /// The key that its tokens are bound to, as JSON.
    pub cnf: Option<String>,
    /// What a hook said, as JSON.
    pub hook: Option<String>,
    /// When.
    pub created: i64,
}

/// What moves of a grant with every refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefreshGrant {
    /// When it was last refreshed.
    pub updated: i64,
    /// When it ends if it is not refreshed.
    pub idle_expires: i64,
    /// When it ends in any case, if ever.
    pub expires: Option<i64>,
}

/// A grant that can be refreshed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshGrant {
    /// Its id.
    pub id: String,
    /// The user.
    pub account: Option<String>,
    /// The user's profile, as JSON text, if the user is still there.
    pub profile: Option<String>,
    /// The scopes, as a JSON list.
    pub scopes: String,
    /// When it was granted.
    pub created: i64,
    /// When it was last refreshed.
    pub updated: i64,
    /// When it ends if it is not refreshed.
    pub idle_expires: i64,
    /// When it ends in any case, if ever.
    pub expires: Option<i64>,
}

impl FromRow for RefreshGrant {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.take()?,
            account: row.take()?,
            profile: row.take()?,
            scopes: row.take()?,
            created: row.take()?,
            updated: row.take()?,
            idle_expires: row.take()?,
            expires: row.take()?,
        })
    }
}

struct Text(String);

impl FromRow for Text {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        row.take().map(Self)
    }
}

impl Store {
    /// The clients that hold refresh tokens of a server at `now`, behind `after`.
    pub async fn refresh_clients(
        &self,
        org: &str,
        server: &str,
        after: &str,
        now: i64,
        limit: i64,
    ) -> Result<Vec<String>, Fault> {
        let params = params![server, after, now, limit];
        let found: Vec<Text> = self.query(statements::REFRESH_CLIENTS, org, params).await?;
        Ok(found.into_iter().map(|Text(client)| client).collect())
    }

    /// What a client holds of a server and has not expired at `now`, by id, behind `after`.
    pub async fn refresh_grants(
        &self,
        org: &str,
        (server, client): (&str, &str),
        after: &str,
        now: i64,
        limit: i64,
    ) -> Result<Vec<RefreshGrant>, Fault> {
        self.query(statements::REFRESH_GRANTS, org, params![server, client, after, now, limit]).await
    }

    /// One grant of a client that has not expired at `now`.
    pub async fn find_refresh_grant(
        &self,
        org: &str,
        (server, client): (&str, &str),
        id: &str,
        now: i64,
    ) -> Result<Option<RefreshGrant>, Fault> {
        self.query_opt(statements::REFRESH_GRANT, org, params![server, client, id, now]).await
    }

    /// The first grants of a client, expired or not.
    pub async fn refresh_grant_ids(
        &self,
        org: &str,
        (server, client): (&str, &str),
        limit: i64,
    ) -> Result<Vec<String>, Fault> {
        let params = params![server, client, limit];
        let found: Vec<Text> = self.query(statements::REFRESH_GRANT_IDS, org, params).await?;
        Ok(found.into_iter().map(|Text(id)| id).collect())
    }
}

impl Batch {
    /// Remembers a grant.
    pub fn insert_grant(&mut self, grant: &NewGrant) -> usize {
        let NewGrant { id, account, client, server, session, revision, rule, scopes, .. } = grant;
        let NewGrant { audiences, acr, amr, auth_time, cnf, hook, created, .. } = grant;
        let params = params![
            id, account, client, server, session, *revision, rule, scopes, audiences, acr, amr, *auth_time,
            cnf, hook, *created
        ];
        self.one(statements::INSERT_GRANT, params)
    }

    /// Makes a grant one that can be refreshed.
    pub fn insert_refresh_grant(&mut self, grant: &NewGrant, refresh: &NewRefreshGrant) -> usize {
        let NewRefreshGrant { updated, idle_expires, expires } = refresh;
        let params = params![&grant.server, &grant.client, &grant.id, *updated, *idle_expires, *expires];
        self.one(statements::INSERT_REFRESH_GRANT, params)
    }

    /// Ends a grant that can be refreshed; misses if it has ended or never was. Two steps; answers the second.
    pub fn end_refresh_grant(&mut self, server: &str, client: &str, id: &str, at: i64) -> usize {
        self.step(statements::END_GRANT, params![at, id]);
        self.one(statements::DELETE_REFRESH_GRANT, params![server, client, id])
    }
}

//! Users: the account, the logins that lead to it, and its password's hash.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: String,
    /// Such as `ACTIVE`.
    pub status: String,
    /// The profile, as JSON text.
    pub profile: String,
    /// When it was made.
    pub created: i64,
    /// When it became active first.
    pub activated: Option<i64>,
    /// When its status last changed.
    pub status_changed: Option<i64>,
    /// When it last signed in.
    pub last_login: Option<i64>,
    /// When it last changed.
    pub updated: i64,
    /// When its password last changed.
    pub password_changed: Option<i64>,
    /// Raised whenever what was granted before must end.
    pub epoch: i64,
    /// Raised with every update; [`Batch::update_account`] compares it.
    pub revision: i64,
}

impl FromRow for Account {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.take()?,
            status: row.take()?,
            profile: row.take()?,
            created: row.take()?,
            activated: row.take()?,
            status_changed: row.take()?,
            last_login: row.take()?,
            updated: row.take()?,
            password_changed: row.take()?,
            epoch: row.take()?,
            revision: row.take()?,
        })
    }
}

/// A password's hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// The hash with its parameters.
    pub hash: String,
    /// When it was set.
    pub changed: i64,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Password").field("changed", &self.changed).finish_non_exhaustive()
    }
}

impl FromRow for Password {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self { hash: row.take()?, changed: row.take()? })
    }
}

impl Store {
    /// The user with this id.
    pub async fn find_account(&self, org: &str, id: &str) -> Result<Option<Account>, Fault> {
        self.query_opt(statements::ACCOUNT, org, params![id]).await
    }

    /// The user that a login, folded by the caller, leads to.
    pub async fn find_account_by_login(&self, org: &str, login: &str) -> Result<Option<Account>, Fault> {
        self.query_opt(statements::ACCOUNT_BY_LOGIN, org, params![login]).await
    }

    /// The user's password.
    pub async fn find_password(&self, org: &str, account: &str) -> Result<Option<Password>, Fault> {
        self.query_opt(statements::PASSWORD, org, params![account]).await
    }
}

impl Batch {
    /// Adds a user; conflicts if the id is there already. A login and a password are steps of their own.
    pub fn insert_account(&mut self, account: &Account) -> usize {
        let Account { id, status, profile, .. } = account;
        let params = params![
            id,
            status,
            profile,
            account.created,
            account.activated,
            account.status_changed,
            account.last_login,
            account.updated,
            account.password_changed,
            account.epoch,
            account.revision,
        ];
        self.one(statements::INSERT_ACCOUNT, params)
    }

    /// Writes all of a user but `created` and `last_login`, and raises its revision by one.
    ///
    /// Misses if the stored revision is not the one that `account` holds, that is, that it was read with.
    pub fn update_account(&mut self, account: &Account) -> usize {
        let Account { id, status, profile, revision, .. } = account;
        let params = params![
            status,
            profile,
            account.activated,
            account.status_changed,
            account.updated,
            account.password_changed,
            account.epoch,
            revision + 1,
            id,
            *revision,
        ];
        self.one(statements::UPDATE_ACCOUNT, params)
    }

    /// Notes a sign-in; misses if the user is gone.
    pub fn touch_account(&mut self, id: &str, last_login: i64) -> usize {
        self.one(statements::TOUCH_ACCOUNT, params![last_login, id])
    }

    /// Removes a user; misses if there is none. Logins, password and roles are steps of their own.
    pub fn delete_account(&mut self, id: &str) -> usize {
        self.one(statements::DELETE_ACCOUNT, params![id])
    }

    /// Lets a login, folded by the caller, lead to a user; conflicts if it leads somewhere already.
    pub fn insert_login(&mut self, login: &str, account: &str) -> usize {
        self.one(statements::INSERT_LOGIN, params![login, account])
    }

    /// Frees a login of a user; misses if it does not lead there.
    pub fn delete_login(&mut self, login: &str, account: &str) -> usize {
        self.one(statements::DELETE_LOGIN, params![login, account])
    }

    /// Sets a user's password.
    pub fn put_password(&mut self, account: &str, password: &Password) -> usize {
        self.one(statements::PUT_PASSWORD, params![account, &password.hash, password.changed])
    }

    /// Removes a user's password, if there is one.
    pub fn delete_password(&mut self, account: &str) -> usize {
        self.step(statements::DELETE_PASSWORD, params![account])
    }
}

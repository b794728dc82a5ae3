//! Which administrator roles a user, group or app holds.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// A role that a principal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Such as `SUPER_ADMIN`.
    pub role: String,
    /// Since when.
    pub created: i64,
}

impl FromRow for Role {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self { role: row.take()?, created: row.take()? })
    }
}

struct Principal(String);

impl FromRow for Principal {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        row.take().map(Self)
    }
}

struct Count(i64);

impl FromRow for Count {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        row.take().map(Self)
    }
}

impl Store {
    /// The roles of a principal.
    pub async fn roles(&self, org: &str, principal: &str) -> Result<Vec<Role>, Fault> {
        self.query(statements::ROLES, org, params![principal]).await
    }

    /// Who holds a role: those who have held it longest first, `limit` at most.
    pub async fn role_holders(&self, org: &str, role: &str, limit: i64) -> Result<Vec<String>, Fault> {
        let found: Vec<Principal> = self.query(statements::ROLE_HOLDERS, org, params![role, limit]).await?;
        Ok(found.into_iter().map(|Principal(id)| id).collect())
    }

    /// How many principals hold a role.
    pub async fn count_role(&self, org: &str, role: &str) -> Result<i64, Fault> {
        let found = self.query_opt(statements::COUNT_ROLE, org, params![role]).await?;
        Ok(found.map_or(0, |Count(count)| count))
    }
}

impl Batch {
    /// Gives a role to a principal, who may hold it already.
    pub fn insert_role(&mut self, principal: &str, role: &str, created: i64) -> usize {
        self.step(statements::INSERT_ROLE, params![principal, role, created])
    }

    /// Takes a role from a principal; misses if there is nothing to take.
    pub fn delete_role(&mut self, principal: &str, role: &str) -> usize {
        self.one(statements::DELETE_ROLE, params![principal, role])
    }

    /// Takes every role from a principal.
    pub fn delete_roles(&mut self, principal: &str) -> usize {
        self.step(statements::DELETE_ROLES, params![principal])
    }
}

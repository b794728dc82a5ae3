//! Groups of users.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::statements::{self, Statement};
use crate::value::{FromRow, Row, Value, params};

/// How many ids one statement looks for.
const AMONG: usize = 16;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: String,
    /// Such as `OKTA_GROUP`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its name, folded by the caller; unique within the org.
    pub folded: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created: i64,
    /// When it last changed.
    pub updated: i64,
    /// When its members last changed.
    pub membership_updated: i64,
}

impl FromRow for Group {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.take()?,
            kind: row.take()?,
            name: row.take()?,
            folded: row.take()?,
            description: row.take()?,
            created: row.take()?,
            updated: row.take()?,
            membership_updated: row.take()?,
        })
    }
}

impl Store {
    /// The group with this id.
    pub async fn find_group(&self, org: &str, id: &str) -> Result<Option<Group>, Fault> {
        self.query_opt(statements::GROUP, org, params![id]).await
    }

    /// The group with this folded name.
    pub async fn find_group_by_name(&self, org: &str, folded: &str) -> Result<Option<Group>, Fault> {
        self.query_opt(statements::GROUP_BY_NAME, org, params![folded]).await
    }

    /// A page of groups, by id, behind `after`, whose folded names begin with `prefix` (which may be empty).
    pub async fn groups(
        &self,
        org: &str,
        prefix: &str,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Group>, Fault> {
        if prefix.is_empty() {
            return self.query(statements::GROUPS, org, params![after, limit]).await;
        }
        let end = format!("{prefix}{}", char::MAX);
        self.query(statements::GROUPS_BY_PREFIX, org, params![prefix, end, after, limit]).await
    }

    /// Those of the ids that are groups, in no particular order.
    pub async fn groups_among<S: AsRef<str>>(&self, org: &str, ids: &[S]) -> Result<Vec<Group>, Fault> {
        self.among(statements::GROUPS_AMONG, org, ids).await
    }

    /// The groups that have one of the folded names, in no particular order.
    pub async fn groups_by_names<S: AsRef<str>>(&self, org: &str, folded: &[S]) -> Result<Vec<Group>, Fault> {
        self.among(statements::GROUPS_BY_NAMES, org, folded).await
    }

    async fn among<S: AsRef<str>>(
        &self,
        statement: &'static Statement,
        org: &str,
        wanted: &[S],
    ) -> Result<Vec<Group>, Fault> {
        let mut found = Vec::new();
        for chunk in wanted.chunks(AMONG) {
            let mut params: Vec<Value> = chunk.iter().map(|text| Value::from(text.as_ref())).collect();
            // The statement has so many places: the last text fills those that are left.
            let last = params[params.len() - 1].clone();
            params.resize(AMONG, last);
            found.extend(self.query(statement, org, params).await?);
        }
        Ok(found)
    }
}

impl Batch {
    /// Adds a group; conflicts if its id or folded name is there already.
    pub fn insert_group(&mut self, group: &Group) -> usize {
        let Group { id, kind, name, folded, description, created, updated, membership_updated } = group;
        let params = params![id, kind, name, folded, description, *created, *updated, *membership_updated];
        self.one(statements::INSERT_GROUP, params)
    }

    /// Changes name and description; misses if there is no such group, conflicts if the name is taken.
    pub fn update_group(&mut self, group: &Group) -> usize {
        let Group { id, name, folded, description, updated, .. } = group;
        self.one(statements::UPDATE_GROUP, params![name, folded, description, *updated, id])
    }

    /// Removes a group; misses if there is none.
    pub fn delete_group(&mut self, id: &str) -> usize {
        self.one(statements::DELETE_GROUP, params![id])
    }
}

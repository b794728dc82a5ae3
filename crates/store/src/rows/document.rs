//! Configuration: the current documents, and every change to them.

use crate::batch::Batch;
use crate::fault::Fault;
use crate::port::Store;
use crate::rows::walk::Walk;
use crate::statements;
use crate::value::{FromRow, Row, params};

const PAGE: usize = 500;

/// A document as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it describes, such as `app`.
    pub kind: String,
    /// Its id within the org and kind.
    pub id: String,
    /// The document that it belongs to.
    pub parent: Option<String>,
    /// The revision that wrote it.
    pub revision: i64,
    /// How to read the body.
    pub schema: i64,
    /// JSON text.
    pub body: String,
}

impl FromRow for Document {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            kind: row.take()?,
            id: row.take()?,
            parent: row.take()?,
            revision: row.take()?,
            schema: row.take()?,
            body: row.take()?,
        })
    }
}

/// One change of one document. A kind whose rows hold secrets has neither body and only says: read it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The revision that it is part of.
    pub revision: i64,
    /// Its place within the revision.
    pub ordinal: i64,
    /// The document's kind.
    pub kind: String,
    /// The document's id.
    pub id: String,
    /// The document that it belongs to.
    pub parent: Option<String>,
    /// When.
    pub at: i64,
    /// Who, as JSON text.
    pub actor: String,
    /// How to read the bodies.
    pub schema: i64,
    /// The body before, unless it is new.
    pub before: Option<String>,
    /// The body after, unless it is gone.
    pub after: Option<String>,
}

impl FromRow for Change {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            revision: row.take()?,
            ordinal: row.take()?,
            kind: row.take()?,
            id: row.take()?,
            parent: row.take()?,
            at: row.take()?,
            actor: row.take()?,
            schema: row.take()?,
            before: row.take()?,
            after: row.take()?,
        })
    }
}

/// A change that is to be appended; who makes it is the batch's actor.
#[derive(Clone, Copy, Debug)]
pub struct NewChange<'a> {
    /// The revision that it is part of.
    pub revision: i64,
    /// Its place within the revision.
    pub ordinal: i64,
    /// The document's kind.
    pub kind: &'a str,
    /// The document's id.
    pub id: &'a str,
    /// The document that it belongs to.
    pub parent: Option<&'a str>,
    /// When.
    pub at: i64,
    /// How to read the bodies.
    pub schema: i64,
    /// The body before, unless it is new.
    pub before: Option<&'a str>,
    /// The body after, unless it is gone.
    pub after: Option<&'a str>,
}

impl Store {
    /// One document.
    pub async fn find_document(&self, org: &str, kind: &str, id: &str) -> Result<Option<Document>, Fault> {
        self.query_opt(statements::DOCUMENT, org, params![kind, id]).await
    }

    /// Every document of the org, by kind and id.
    ///
    /// A change that is committed meanwhile may or may not be in it. So read [`Store::revision`] before, and apply
    /// [`Store::changes_after`] it afterwards.
    pub async fn each_document<E: From<Fault>>(
        &self,
        org: &str,
        each: impl FnMut(Document) -> Result<(), E>,
    ) -> Result<(), E> {
        let key = |document: &Document| params![&document.kind, &document.id];
        Walk { statement: statements::DOCUMENTS, first: params!["", ""], key }.each(self, org, each).await
    }

    /// Every document of one kind, by id.
    pub async fn each_document_of_kind<E: From<Fault>>(
        &self,
        org: &str,
        kind: &str,
        each: impl FnMut(Document) -> Result<(), E>,
    ) -> Result<(), E> {
        let key = |document: &Document| params![&document.kind, &document.id];
        let walk = Walk { statement: statements::DOCUMENTS_OF_KIND, first: params![kind, ""], key };
        walk.each(self, org, each).await
    }

    /// The changes behind `revision`, oldest first: whole revisions, and at least one if there is any.
    pub async fn changes_after(&self, org: &str, revision: i64, limit: usize) -> Result<Vec<Change>, Fault> {
        let limit = limit.max(1);
        let mut changes = self.changes(org, (revision, i64::MAX), i64::MAX, limit).await?;
        let Some(last) = changes.last().map(|change| change.revision) else { return Ok(changes) };
        if changes.len() < limit {
            return Ok(changes);
        }
        // The page may end within a revision: then finish that one.
        while let Some(from) = changes.last().map(|change| (change.revision, change.ordinal)) {
            let rest = self.changes(org, from, last, PAGE).await?;
            let full = rest.len() == PAGE;
            changes.extend(rest);
            if !full {
                break;
            }
        }
        Ok(changes)
    }

    async fn changes(
        &self,
        org: &str,
        after: (i64, i64),
        to: i64,
        count: usize,
    ) -> Result<Vec<Change>, Fault> {
        self.query(statements::CHANGES, org, params![after.0, after.1, to, limit(count)]).await
    }

    /// The changes of one document before a revision (`i64::MAX` for all), newest first.
    pub async fn history(
        &self,
        org: &str,
        kind: &str,
        id: &str,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Change>, Fault> {
        self.query(statements::HISTORY, org, params![kind, id, before, limit]).await
    }
}

impl Batch {
    /// Writes a document, whether or not it is new.
    pub fn put_document(&mut self, document: &Document) -> usize {
        let Document { kind, id, parent, revision, schema, body } = document;
        self.one(statements::PUT_DOCUMENT, params![kind, id, parent, *revision, *schema, body])
    }

    /// Removes a document; misses if there is none.
    pub fn delete_document(&mut self, kind: &str, id: &str) -> usize {
        self.one(statements::DELETE_DOCUMENT, params![kind, id])
    }

    /// Records a change of this batch's actor.
    pub fn append_change(&mut self, change: NewChange<'_>) -> usize {
        let NewChange { revision, ordinal, kind, id, parent, at, schema, before, after } = change;
        let actor = &*self.actor;
        let params = params![revision, ordinal, kind, id, parent, at, actor, schema, before, after];
        self.one(statements::APPEND_CHANGE, params)
    }
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

//! Restoring a backup: the copy is made beside the database that it replaces, read back and compared, and completed by what
//! makes it safe; only then is it put in place. Leaves out asking people (`server`).
//!
//! The revision of each org goes up, beyond every revision that any token of the org can name: what ends from now on ends
//! the tokens of before, too (`docs/decisions/0009-backup.md`).

use std::io::{self, Read, Seek, SeekFrom};

use model::event::{Event, EventType, Origin};
use model::{Actor, Document, Kind, OrgId, Timestamp};
use store::{Batch, CopyError, Piece, Staging, Store, copy_out, tables_at};
use thiserror::Error;

use super::reader::{Damage, Reader};
use super::writer::Writer;
use super::{Counter, Portrait, Section, Summary, Told};
use crate::failure::Fault;
use crate::rows::{self, Changing};
use crate::target;
use crate::token_id::REVISION_MAX;

/// The beginning of 2024.
const EPOCH_SECONDS: i64 = 1_704_067_200;
/// No org changes its configuration so often for years.
const REVISIONS_PER_SECOND: i64 = 256;

/// Why nothing was restored.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The backup changed while it was read.
    #[error("the backup {0}")]
    Damage(#[from] Damage),
    /// The database cannot be made.
    #[error(transparent)]
    Staging(#[from] CopyError<Damage>),
    /// What was made is not what the backup holds.
    #[error("the table {0} was written and reads back differently; nothing was changed")]
    Different(&'static str),
    /// The header is not about the rows that follow it.
    #[error("the backup says that it is of {said}, and holds {found}; nothing was changed")]
    OtherOrgs {
        /// What the header says.
        said: String,
        /// What the rows say.
        found: String,
    },
    /// No revision is left.
    #[error("the revision of the org {0} would become {1}, which is more than a token can name")]
    TooManyRevisions(String, u64),
    /// The backup cannot be read again.
    #[error("the backup cannot be read again: {0}")]
    File(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// The revision that an org has after a restore.
///
/// A token names the revision that it was decided on. After a restore the old revisions are given out again, and a token
/// of the time that is undone would pass for one of later. So the count goes on above all of them: above what the
/// backup and the database that is replaced have, and, because neither may know the newest, above what a clock says that
/// nobody can have reached.
pub fn new_revision(backup: i64, present: Option<i64>, created: Timestamp, now: Timestamp) -> u64 {
    let seconds = now.seconds().max(created.seconds()).saturating_sub(EPOCH_SECONDS).max(0);
    let unreached = seconds.saturating_mul(REVISIONS_PER_SECOND);
    let highest = backup.max(present.unwrap_or(0)).max(unreached).max(0);
    u64::try_from(highest).unwrap_or(0).saturating_add(1)
}

/// Makes the database of the backup `input`, which `summary` was read from before, in `staging`, all but putting it in
/// place. `present` is the database that it will replace, if that could be read. With `end_tokens` every access token
/// that was decided before is over. A client assertion that may have been used before is over in any case, unless the
/// backup knows every one that was.
pub async fn prepare<R: Read + Seek + Send>(
    staging: &Staging,
    mut input: R,
    summary: &Summary,
    present: Option<&Portrait>,
    end_tokens: bool,
    told: Told<'_>,
    now: Timestamp,
) -> Result<(), RestoreError> {
    input.seek(SeekFrom::Start(0))?;
    let mut reader = Reader::open(input)?;
    let mut counter = Counter::default();
    let (mut backup, mut table) = (Portrait::default(), None);
    let mut give = || {
        let piece = reader.next_piece()?;
        if let Some(piece) = &piece {
            counter.count(piece, told);
            backup.take(summary.header.schema, &mut table, piece);
        }
        Ok(piece)
    };
    staging.fill(summary.header.schema, &mut give).await?;
    counter.end(told);
    if reader.summary() != *summary {
        return Err(io::Error::other("it is not the file that it was").into());
    }
    compare(staging, summary).await?;
    let store = Store::open(staging.place()).await.map_err(CopyError::<Damage>::Open)?;
    let completing = Completing { store: &store, summary, backup: &backup, present, end_tokens, now };
    let completed = completing.complete().await;
    store.close().await.map_err(Fault::from)?;
    completed
}

/// Reads back what was written, as the backup would have it.
async fn compare(staging: &Staging, summary: &Summary) -> Result<(), RestoreError> {
    let schema = summary.header.schema;
    let mut writer = Writer::new(io::sink(), summary.header.clone())?;
    let mut columns: Option<Vec<bool>> = None;
    let mut orgs = Vec::new();
    let mut take = |piece| -> Result<(), Damage> {
        match piece {
            Piece::Contents(contents) => orgs = contents.orgs,
            Piece::Table(table) if tables_at(schema).any(|known| known.name == table.name) => {
                columns = Some(table.columns.iter().map(|column| column.since <= schema).collect());
                writer.table(table)?;
            }
            Piece::Table(_) => columns = None,
            Piece::Row(mut row) => {
                if let Some(columns) = &columns {
                    let mut kept = columns.iter();
                    row.retain(|_| kept.next().is_some_and(|kept| *kept));
                    writer.row(&row)?;
                }
            }
        }
        Ok(())
    };
    copy_out(staging.place(), &mut take).await?;
    if orgs != summary.header.orgs {
        let shown = |orgs: &[(String, i64)]| {
            let each = orgs.iter().map(|(org, revision)| format!("{org} at revision {revision}"));
            if orgs.is_empty() { "no org".to_owned() } else { each.collect::<Vec<_>>().join(", ") }
        };
        return Err(RestoreError::OtherOrgs { said: shown(&summary.header.orgs), found: shown(&orgs) });
    }
    let (_, found) = writer.finish()?;
    let differs = |(wanted, found): &(&Section, &Section)| wanted != found;
    match summary.sections.iter().zip(&found.sections).find(differs) {
        Some((wanted, _)) => Err(RestoreError::Different(wanted.table)),
        None => Ok(()),
    }
}

/// What makes a copy of a backup safe to serve from.
struct Completing<'a> {
    store: &'a Store,
    summary: &'a Summary,
    backup: &'a Portrait,
    present: Option<&'a Portrait>,
    end_tokens: bool,
    now: Timestamp,
}

impl Completing<'_> {
    /// Raises the revisions, ends what is to be ended, and says in each org's log what was done.
    async fn complete(&self) -> Result<(), RestoreError> {
        for (id, backup) in &self.summary.header.orgs {
            let known = self.present.and_then(|present| present.orgs.get(id)).map(|org| org.revision);
            let revision = new_revision(*backup, known, self.summary.created(), self.now);
            if revision > REVISION_MAX {
                return Err(RestoreError::TooManyRevisions(id.clone(), revision));
            }
            let org =
                OrgId::parse(id).ok_or_else(|| Fault::internal(format!("`{id}` is no id of an org")))?;
            let before = u64::try_from(*backup).unwrap_or(0);
            let mut batch = Batch::new(id.as_str(), rows::actor(&Actor::system()));
            rows::advance_revision(&mut batch, before, revision);
            self.change(org, revision, &mut batch).await?;
            rows::append_event(&mut batch, self.now, &self.event(revision));
            self.store.commit(batch).await.map_err(Fault::from)?;
        }
        Ok(())
    }

    fn event(&self, revision: u64) -> Event {
        let mut event = Event::new(EventType::BackupRestored, Actor::system(), Origin::default());
        event.revision = Some(revision);
        event.targets.push(target::backup(self.summary.created()));
        if self.end_tokens {
            event.reason = Some("every token of before was ended".to_owned());
        }
        event
    }

    /// Whether a client assertion that was used could be taken again.
    fn forgets_assertions(&self, org: OrgId) -> bool {
        let present = self.present.and_then(|present| present.orgs.get(org.as_str()));
        match (present, self.backup.orgs.get(org.as_str())) {
            (Some(present), Some(backup)) => present.refuses_assertions_of(backup, self.now),
            _ => true,
        }
    }

    /// The change rows of the new revision. The first tells nodes that know an earlier one that they know nothing. With
    /// `end_tokens` every server's tokens begin at the revision; client assertions then begin now, as they do where it is
    /// not known which were used.
    async fn change(&self, org: OrgId, revision: u64, batch: &mut Batch) -> Result<(), Fault> {
        let at = self.now;
        Changing { batch: &mut *batch, revision, ordinal: 0, at }.put_restore(org);
        let mut ordinal = 1;
        let mut put = |document: &Document, before: &Document| {
            Changing { batch: &mut *batch, revision, ordinal, at }.put(document, Some(before));
            ordinal += 1;
        };
        if self.end_tokens {
            rows::each_document(self.store, org, Kind::AuthorizationServer, |before, _| {
                let mut document = before.clone();
                if let Document::AuthorizationServer(server) = &mut document {
                    server.tokens_valid_from = Some(revision);
                }
                put(&document, &before);
            })
            .await?;
        }
        if !self.end_tokens && !self.forgets_assertions(org) {
            return Ok(());
        }
        rows::each_document(self.store, org, Kind::Org, |before, _| {
            let mut document = before.clone();
            if let Document::Org(settings) = &mut document {
                settings.assertions_valid_from = Some(at);
            }
            put(&document, &before);
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_after_a_restore_is_above_all_that_any_token_can_name() {
        let at = Timestamp::from_seconds;
        let year = 31_536_000;
        let now = at(EPOCH_SECONDS + 3 * year);
        let by_clock = u64::try_from(3 * year * REVISIONS_PER_SECOND).unwrap() + 1;
        assert_eq!(new_revision(5, None, at(EPOCH_SECONDS), now), by_clock);
        assert_eq!(new_revision(5, Some(9), at(EPOCH_SECONDS), now), by_clock);
        assert_eq!(new_revision(5, Some(1 << 39), at(EPOCH_SECONDS), now), (1 << 39) + 1);
        assert_eq!(new_revision(1 << 39, Some(9), at(EPOCH_SECONDS), now), (1 << 39) + 1);
        assert_eq!(new_revision(5, None, now, at(0)), by_clock, "a clock that was set back");
        assert_eq!(new_revision(5, Some(7), at(0), at(0)), 8);
        let hundred_years = new_revision(5, None, at(0), at(EPOCH_SECONDS + 100 * year));
        assert!(hundred_years < REVISION_MAX, "tokens have room for a century and more");
    }

    #[tokio::test]
    async fn a_table_that_reads_back_differently_is_named() {
        let home = std::env::temp_dir().join(format!("tokenmint-compare-{}", jose::random_base62(12)));
        let (from, into) = (store::Place::Directory(home.join("a")), store::Place::Directory(home.join("b")));
        let store = Store::open(&from).await.unwrap();
        let mut batch = Batch::new("org1", "{}");
        batch.insert_org("{}", 1, 2);
        store.commit(batch).await.unwrap();
        let now = Timestamp::from_seconds(EPOCH_SECONDS);
        let mut silent = |_| {};
        let (file, summary) = crate::backup::write(&from, Vec::new(), "x", &mut silent, now).await.unwrap();
        let staging = Staging::begin(&into).await.unwrap();
        let mut reader = Reader::open(file.as_slice()).unwrap();
        staging.fill(summary.header.schema, &mut || reader.next_piece()).await.unwrap();
        compare(&staging, &summary).await.unwrap();
        let mut other = summary.clone();
        other.sections[1].digest[0] ^= 1;
        let refused = compare(&staging, &other).await;
        assert!(matches!(refused, Err(RestoreError::Different("org"))), "{refused:?}");
        let mut other = summary;
        other.sections[1].rows += 1;
        assert!(compare(&staging, &other).await.is_err());
        std::fs::remove_dir_all(&home).unwrap();
    }
}

//! The configuration as it was at an earlier revision: the newest one with the changes since then taken back, by what
//! each change row says was there before. Owns how far back that goes. Leaves out keys, secrets and groups, which are no
//! documents: whoever explains a decision needs none of them.

use std::collections::HashMap;

use model::{Document, Kind};
use store::Store;

use crate::failure::{Failure, Fault};
use crate::portable::at_length;
use crate::rows;
use crate::snapshot::Snapshot;

/// How many changes may lie between: reading them is work that the caller waits for.
pub const CHANGES_MAX: usize = 20_000;

/// Why the configuration of a revision cannot be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// No such revision is remembered: it never was, or a restore took its place.
    Unknown,
    /// More than [`CHANGES_MAX`] changes were made since.
    TooLongAgo,
}

/// What stands at one place of the configuration: its kind, id and parent.
type Place = (Kind, String, String);

/// The documents that changed since, as they were before the first of these changes.
#[derive(Default)]
struct Before {
    documents: HashMap<Place, Option<Document>>,
    changes: usize,
}

/// The configuration as of `revision`; `current` is a later one, or that one. Its documents and their order are as they
/// were. What changed since has `revision` for an `ETag`, and keys and secrets are those of `current`.
pub async fn configuration_at(
    store: &Store,
    current: &Snapshot,
    revision: u64,
) -> Result<Snapshot, Failure<Lost>> {
    if revision == current.revision {
        return Ok(current.clone());
    }
    if revision == 0 || revision > current.revision {
        return Err(Failure::Refused(Lost::Unknown));
    }
    let before = read(store, current, revision).await?;
    Ok(at_length(|| before.take_back(current, revision)))
}

/// Reads what changed after `revision`, up to `current`. A gap in the revisions is a restore: none of those that are
/// missing was ever served from this database.
async fn read(store: &Store, current: &Snapshot, revision: u64) -> Result<Before, Failure<Lost>> {
    let mut before = Before::default();
    let mut reached = revision - 1;
    while reached < current.revision {
        let rows = rows::undone_after(store, current.org_id, reached).await?;
        let Some(last) = rows.last().map(|row| row.revision) else {
            return Err(
                Fault::internal(format!("no change leads from revision {reached} to the newest")).into()
            );
        };
        if reached < revision && rows.first().is_none_or(|first| first.revision != revision) {
            return Err(Failure::Refused(Lost::Unknown));
        }
        reached = last;
        let since =
            rows.into_iter().filter(|row| row.revision > revision && row.revision <= current.revision);
        for row in since {
            before.note(row)?;
        }
    }
    Ok(before)
}

impl Before {
    fn note(&mut self, row: rows::Undo) -> Result<(), Failure<Lost>> {
        self.changes += 1;
        if self.changes > CHANGES_MAX {
            return Err(Failure::Refused(Lost::TooLongAgo));
        }
        if let Some((place, before)) = row.document {
            // Only the first change since tells what was there.
            self.documents.entry(place).or_insert(before);
        }
        Ok(())
    }

    fn take_back(self, current: &Snapshot, revision: u64) -> Snapshot {
        let mut snapshot = current.clone();
        let mut again = Vec::new();
        for ((kind, id, parent), before) in self.documents {
            match before {
                Some(document) => again.push(document),
                None => snapshot.delete(kind, &id, &parent),
            }
        }
        // What belongs to another thing comes after it.
        again.sort_by_key(|document| Kind::ALL.iter().position(|kind| *kind == document.kind()));
        for document in again {
            snapshot.put(document, revision);
        }
        snapshot.revision = revision;
        snapshot
    }
}

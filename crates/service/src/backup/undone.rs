//! What a restore would undo: everything that has ended in the database since the backup, and would stand again. A pure
//! comparison of two portraits.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::Timestamp;

use super::portrait::{OrgPortrait, Portrait, Sort};

/// How many names of each sort are told.
const NAMES: usize = 5;

/// What a restore does where it is not known which client assertions were used.
pub const ASSERTIONS_REFUSED: &str = "so that none is used twice, one with a `jti` that was issued before the restore \
     is refused, and for an hour one with a `jti` and no `iat`";

/// What has ended since a backup, and a restore of it undoes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Access tokens that were revoked and have not expired.
    pub access_tokens: u64,
    /// Client assertions that were used and could be presented again.
    pub assertions: u64,
    /// How many, and the first names, by sort.
    pub things: BTreeMap<Sort, (u64, Vec<String>)>,
    /// Orgs that the backup does not have.
    pub orgs: Vec<String>,
    /// Orgs of the backup that the database does not have: nobody can say what has ended of them.
    pub unknown: Vec<String>,
    /// Changes of the configuration.
    pub changes: u64,
}

impl Undone {
    /// Compares the backup with the database that it is to replace.
    pub fn between(backup: &Portrait, present: &Portrait, now: Timestamp) -> Self {
        let is_unknown = |id: &&String| !present.orgs.contains_key(*id);
        let unknown = backup.orgs.keys().filter(is_unknown).cloned().collect();
        let mut undone = Self { unknown, ..Self::default() };
        for (id, present) in &present.orgs {
            match backup.orgs.get(id) {
                Some(backup) => undone.org(backup, present, now),
                None => undone.orgs.push(id.clone()),
            }
        }
        undone
    }

    fn org(&mut self, backup: &OrgPortrait, present: &OrgPortrait, now: Timestamp) {
        let is_new = |(hash, expires): &(&Vec<u8>, &i64)| {
            !backup.revocations.contains_key(*hash) && **expires >= now.seconds()
        };
        self.access_tokens += count(present.revocations.iter().filter(is_new).count());
        self.assertions += count(present.used_since(backup, now));
        self.changes += u64::try_from(present.revision.saturating_sub(backup.revision)).unwrap_or(0);
        for (key, thing) in backup.things.iter().filter(|(_, thing)| thing.stands) {
            let found = present.things.get(key);
            // A key that is gone altogether is told once.
            if key.0 == Sort::Rotation && found.is_none() {
                continue;
            }
            if found.is_none_or(|found| !found.stands || found.since > thing.since) {
                let (all, names) = self.things.entry(key.0).or_default();
                *all += 1;
                if names.len() < NAMES {
                    names.push(thing.name.clone());
                }
            }
        }
    }

    /// Whether nothing has ended or changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// One line each, for a person.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.access_tokens > 0 {
            lines.push(format!("access tokens that were revoked: {}", self.access_tokens));
        }
        if self.assertions > 0 {
            lines.push(format!(
                "client assertions that were used, which is forgotten: {}; {ASSERTIONS_REFUSED}",
                self.assertions
            ));
        }
        for (sort, (all, names)) in &self.things {
            let mut line = format!("{}: {all} ({}", words(*sort), names.join(", "));
            let more = if *all > count(names.len()) { ", …)" } else { ")" };
            let _ = line.write_str(more);
            lines.push(line);
        }
        for org in &self.orgs {
            lines.push(format!("the organization {org} is not in the backup at all"));
        }
        for org in &self.unknown {
            lines
                .push(format!("whatever was ended of the organization {org}, which is not in this database"));
        }
        if self.changes > 0 {
            lines.push(format!("changes of the configuration: {}", self.changes));
        }
        lines
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

const fn words(sort: Sort) -> &'static str {
    match sort {
        Sort::Server => "authorization servers that were deactivated or deleted",
        Sort::Policy => "policies that were deactivated or deleted",
        Sort::Rule => "rules that were deactivated or deleted",
        Sort::Scope => "scopes that were deleted",
        Sort::Claim => "claims that were deactivated or deleted",
        Sort::App => "apps that were deactivated or deleted",
        Sort::AppKey => "public keys of apps that were deactivated or deleted",
        Sort::ClientSecret => "client secrets that were deactivated or deleted",
        Sort::SigningKey => "signing keys that were revoked or removed",
        Sort::Rotation => "signing keys that were rotated out",
        Sort::ApiToken => "API tokens that were revoked",
        Sort::User => "users who were deactivated or deleted",
        Sort::Password => "passwords that were changed",
        Sort::Role => "admin roles that were taken away",
        Sort::Grant => "grants that were ended",
    }
}

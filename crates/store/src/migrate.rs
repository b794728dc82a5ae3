//! The schema's migrations, which of them a database still lacks, and when to refuse a database.
//! Leaves out carrying them out: each driver does, one migration in one transaction.

use crate::fault::OpenError;
use crate::value::{FromRow, Row};

/// One step of the schema. Within a major version steps only expand, so that an older release still works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    pub(crate) major: i64,
    pub(crate) number: i64,
    pub(crate) name: &'static str,
    pub(crate) template: &'static str,
}

macro_rules! migrations {
    ($($major:literal, $number:literal, $name:literal;)*) => {
        &[$(Migration {
            major: $major,
            number: $number,
            name: $name,
            template: include_str!(concat!("../migrations/", $name, ".sql")),
        }),*]
    };
}

/// Every migration, in order.
pub(crate) const MIGRATIONS: &[Migration] = migrations! {
    1, 1, "0001_configuration";
    1, 2, "0002_secrets";
    1, 3, "0003_people";
    1, 4, "0004_grants";
    1, 5, "0005_log";
    1, 6, "0006_assertions";
    1, 7, "0007_revocations";
    1, 8, "0008_founding";
    1, 9, "0009_refresh_grants";
    1, 10, "0010_whose";
};

/// The migrations that a database of this schema has.
pub(crate) fn up_to(schema: i64) -> &'static [Migration] {
    &MIGRATIONS[..MIGRATIONS.partition_point(|known| known.number <= schema)]
}

/// The migrations that this release knows.
#[cfg(not(feature = "kill-points"))]
pub(crate) const fn known() -> &'static [Migration] {
    MIGRATIONS
}

#[cfg(feature = "kill-points")]
pub(crate) use crate::pretended_release::migrations as known;

pub(crate) const CREATE_LEDGER: &str = "create table if not exists schema_migration ( \
     number {int64} not null, major {int64} not null, name {text_c} not null, \
     checksum {text_c} not null, primary key (number) ){table_options}";
pub(crate) const READ_LEDGER: &str =
    "select number, major, name, checksum from schema_migration order by number";
pub(crate) const WRITE_LEDGER: &str =
    "insert into schema_migration (number, major, name, checksum) values ($1, $2, $3, $4)";

/// Where the two databases part.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The text of a template for one database.
pub(crate) fn render(template: &str, dialect: Dialect) -> String {
    let (int64, bytes, text_c, options) = match dialect {
        Dialect::Sqlite => ("integer", "blob", "text", " strict"),
        Dialect::Postgres => ("bigint", "bytea", "text collate \"C\"", ""),
    };
    template
        .replace("{int64}", int64)
        .replace("{bytes}", bytes)
        .replace("{text_c}", text_c)
        .replace("{table_options}", options)
}

/// A migration that a database has.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) number: i64,
    pub(crate) major: i64,
    pub(crate) name: String,
    pub(crate) checksum: String,
}

impl FromRow for Applied {
    fn from_row(mut row: Row) -> Result<Self, crate::fault::Fault> {
        Ok(Self { number: row.take()?, major: row.take()?, name: row.take()?, checksum: row.take()? })
    }
}

/// What is still to be applied, in order.
pub(crate) fn pending<'m>(
    known: &'m [Migration],
    applied: &[Applied],
) -> Result<Vec<&'m Migration>, OpenError> {
    let newest = known.iter().map(|migration| migration.major).max().unwrap_or(0);
    if let Some(found) = applied.iter().map(|applied| applied.major).find(|major| *major > newest) {
        return Err(OpenError::Newer { found, known: newest });
    }
    let mut missing = Vec::new();
    for migration in known {
        let Some(applied) = applied.iter().find(|applied| applied.number == migration.number) else {
            missing.push(migration);
            continue;
        };
        let known = checksum(migration.template);
        if applied.checksum != known {
            let (number, name) = (applied.number, applied.name.clone());
            return Err(OpenError::Checksum { number, name, applied: applied.checksum.clone(), known });
        }
    }
    Ok(missing)
}

/// FNV-1a: it notices an edit, and defends against nobody.
pub(crate) fn checksum(template: &str) -> String {
    let hash = template.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

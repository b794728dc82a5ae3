//! A release that does not exist yet, so that a test can upgrade to it and back while nodes of this one serve. Part of the
//! feature `kill-points`: nothing that is shipped has it.
//!
//! `TOKENMINT_PRETENDED_RELEASE=minor` is one with a migration that expands, `major` one with a new major version.

use std::sync::OnceLock;

use crate::migrate::{MIGRATIONS, Migration};

const MINOR: Migration = Migration {
    major: 1,
    number: 9_001,
    name: "9001_pretended",
    template: "create table pretended ( org {text_c} not null, n {int64} not null, primary key (org, n) ){table_options}; \
               alter table document add column pretended {text_c};",
};
const MAJOR: Migration = Migration {
    major: 2,
    number: 9_002,
    name: "9002_pretended",
    template: "create table pretended_major ( n {int64} not null, primary key (n) ){table_options};",
};

/// The migrations of the release that the environment asks for.
pub(crate) fn migrations() -> &'static [Migration] {
    static KNOWN: OnceLock<Vec<Migration>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let mut known = MIGRATIONS.to_vec();
        match std::env::var("TOKENMINT_PRETENDED_RELEASE").as_deref() {
            Ok("minor") => known.push(MINOR),
            Ok("major") => known.extend([MINOR, MAJOR]),
            _ => {}
        }
        known
    })
}

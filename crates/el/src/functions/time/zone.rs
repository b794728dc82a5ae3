//! Time zones by their ids. The database is part of the program: no file is read.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::nearest::nearest;

/// Ids that Okta lists and the database no longer has, or has with another meaning.
///
/// Guess: `MST` is meant as `EST` is. Okta's own example shows `EST` with the offset of summer, in the way of Joda-Time.
const ALIASES: [(&str, &str); 4] = [
    ("EST", "America/New_York"),
    ("MST", "America/Denver"),
    ("US/Pacific-New", "America/Los_Angeles"),
    ("Canada/East-Saskatchewan", "America/Regina"),
];

/// Longer ids are none.
const ID_BYTES_MAX: usize = 64;

/// The zone with this id.
pub(crate) fn find(id: &str) -> Option<TimeZone> {
    if id.len() > ID_BYTES_MAX {
        return None;
    }
    let alias = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(id));
    TimeZoneDatabase::bundled().get(alias.map_or(id, |(_, meant)| meant)).ok()
}

/// The id that was probably meant.
pub(crate) fn suggest(id: &str) -> Option<String> {
    let known: Vec<String> = TimeZoneDatabase::bundled().available().map(|name| name.to_string()).collect();
    nearest(id, known.iter().map(String::as_str)).map(str::to_owned)
}

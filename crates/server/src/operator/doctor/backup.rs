//! A backup that the doctor is told of: whether it is whole, and young enough.

use std::path::Path;

use service::backup::{self, Summary};

use super::finding::Findings;
use crate::clock;
use crate::operator::backup::{age, read};

/// An older one is a warning.
const HOURS_MAX: i64 = 24;

/// Examines the backup.
pub fn examine(file: &Path, findings: &mut Findings) {
    let shown = file.display();
    let summary: Summary = match read(file, |input| backup::verify(input, &mut |_| {})) {
        Ok(summary) => summary,
        Err(error) => {
            return findings.error(format!("backup: {error}; make another: tokenmint backup FILE"));
        }
    };
    let (created, now) = (summary.created(), clock::now());
    let text = format!("backup: `{shown}` is whole and {} old, of {created}", age(created, now));
    if now.seconds() - created.seconds() > HOURS_MAX * 3_600 {
        findings.warning(format!("{text}: make one every day (tokenmint backup FILE)"));
    } else {
        findings.ok(text);
    }
}

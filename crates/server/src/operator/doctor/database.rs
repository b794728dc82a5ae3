//! The database: whether it can be used, and whether its clock and the newest event agree with ours.

use std::path::Path;

use model::Timestamp;
use service::org_secrets::ROOT_MAC_KEY;
use store::{Embedded, Inspection};

use super::finding::Findings;
use crate::clock;

/// How far clocks may differ before it is said.
const SKEW_MILLISECONDS: i64 = 5_000;

/// Examines the embedded database of a directory that nobody serves from.
pub fn embedded(data: &Path, findings: &mut Findings) -> Option<Inspection> {
    if !data.is_dir() {
        return None;
    }
    match store::inspect_directory(data, ROOT_MAC_KEY) {
        Ok(Embedded::Absent) => findings.ok("database: none yet; the first start makes one"),
        Ok(Embedded::Held) => findings.error(
            "database: another process holds it and does not answer on the control socket; end it, or wait for its end",
        ),
        Ok(Embedded::Unfolded) => findings.warning(
            "database: the last server was cut off; the next start takes in what it left, and only then can it be checked",
        ),
        Ok(Embedded::Damaged(said)) => findings.error(format!(
            "database: `{}` is damaged ({said}); put back the newest backup",
            data.join("tokenmint.db").display()
        )),
        Ok(Embedded::Found(found)) => {
            findings.ok(format!("database: whole, {}", schema(&found)));
            return Some(found);
        }
        Err(error) => findings.error(format!("database: {}", crate::error::with_causes(&error))),
    }
    None
}

/// Examines a PostgreSQL database, which nodes may use meanwhile.
pub fn postgres(url: &str, findings: &mut Findings) -> Option<Inspection> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let looked = match &runtime {
        Ok(runtime) => runtime.block_on(store::inspect_postgres(url, ROOT_MAC_KEY)),
        Err(error) => {
            findings.error(format!("database: cannot be asked: {error}"));
            return None;
        }
    };
    match looked {
        Ok(found) => {
            findings.ok(format!("database: PostgreSQL answers, {}", schema(&found)));
            if let Some(theirs) = found.clock {
                compare_clocks(clock::now(), Timestamp::from_milliseconds(theirs), findings);
            }
            Some(found)
        }
        Err(error) => {
            findings.error(format!("database: {}; see --database-url", crate::error::with_causes(&error)));
            None
        }
    }
}

/// No clock of the database is ever used; it is another clock to compare ours with.
fn compare_clocks(ours: Timestamp, theirs: Timestamp, findings: &mut Findings) {
    let apart = theirs.milliseconds() - ours.milliseconds();
    if apart.abs() > SKEW_MILLISECONDS {
        findings.error(format!(
            "clock: it is {ours} here and {theirs} at the database, {} seconds apart: set both by NTP; tokens are dated \
             by ours, and nodes whose clocks differ by more than 90 seconds miss revocations",
            apart.abs() / 1_000
        ));
    } else {
        findings.ok("clock: agrees with the database's");
    }
}

fn schema(found: &Inspection) -> String {
    match found.pending {
        0 => "its schema is this release's".to_owned(),
        pending => format!("the next start applies {pending} migrations"),
    }
}

/// Compares the newest event with our clock.
pub fn newest_event(newest: Timestamp, findings: &mut Findings) {
    let now = clock::now();
    if newest.milliseconds() - now.milliseconds() > SKEW_MILLISECONDS {
        findings.error(format!(
            "clock: it is {now} here, and the newest event is of {newest}: one of the clocks is wrong; tokens would be dated by it"
        ));
    } else {
        findings.ok(format!("clock: {now}, not before the newest event"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::doctor::finding::Mark;

    #[test]
    fn clocks_that_differ_by_more_than_five_seconds_are_an_error_either_way() {
        let ours = Timestamp::from_seconds(1_800_000_000);
        for (apart, mark) in [
            (0, Mark::Ok),
            (5_000, Mark::Ok),
            (-5_000, Mark::Ok),
            (5_001, Mark::Error),
            (-60_000, Mark::Error),
        ] {
            let mut findings = Findings::default();
            compare_clocks(ours, ours.plus_milliseconds(apart), &mut findings);
            assert_eq!(findings.0[0].mark, mark, "{apart}");
        }
    }
}

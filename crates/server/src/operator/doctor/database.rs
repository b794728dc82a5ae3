//! The database: whether it can be used, and whether its clock and the newest event agree with ours.

use std::path::Path;

use model::Timestamp;
use service::org_secrets::ROOT_MAC_KEY;
use service::shared_clock::APART_MAX_MILLISECONDS;
use store::{DATABASE_FILE, Embedded, Inspection};

use super::finding::{Finding, Findings, Mark};
use crate::clock;
use crate::operator::runtime;

/// Clocks that are kept by NTP never differ by so much.
const APART_NOTICED_MILLISECONDS: i64 = 5_000;

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
            data.join(DATABASE_FILE).display()
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
    let looked = match runtime::current_thread() {
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

/// How bad it is that a clock is so far from another.
const fn mark(apart_milliseconds: i64) -> Mark {
    match apart_milliseconds {
        ..APART_NOTICED_MILLISECONDS => Mark::Ok,
        APART_NOTICED_MILLISECONDS..=APART_MAX_MILLISECONDS => Mark::Warning,
        _ => Mark::Error,
    }
}

/// The database's clock is the one that all nodes share: a node that is too far from it stops by itself.
fn compare_clocks(ours: Timestamp, theirs: Timestamp, findings: &mut Findings) {
    let apart = theirs.milliseconds().saturating_sub(ours.milliseconds()).saturating_abs();
    let text = match mark(apart) {
        Mark::Ok => "clock: agrees with the database's".to_owned(),
        Mark::Warning | Mark::Error => format!(
            "clock: it is {ours} here and {theirs} at the database, {} seconds apart; a node more than {} seconds from \
             the database gives out, judges and revokes nothing: set both by NTP",
            apart / 1_000,
            APART_MAX_MILLISECONDS / 1_000
        ),
    };
    findings.0.push(Finding { mark: mark(apart), text });
}

fn schema(found: &Inspection) -> String {
    match found.pending {
        0 => "its schema is this release's".to_owned(),
        pending => format!("the next start applies {pending} migrations"),
    }
}

/// Compares the newest event with our clock.
pub fn newest_event(newest: Timestamp, findings: &mut Findings) {
    compare_newest(newest, clock::now(), findings);
}

fn compare_newest(newest: Timestamp, now: Timestamp, findings: &mut Findings) {
    let mark = mark(newest.milliseconds().saturating_sub(now.milliseconds()));
    let text = match mark {
        Mark::Ok => format!("clock: {now}, not before the newest event"),
        Mark::Warning | Mark::Error => format!(
            "clock: it is {now} here, and the newest event is of {newest}: one of the clocks is wrong; tokens would be dated by it"
        ),
    };
    findings.0.push(Finding { mark, text });
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn a_clock_from_five_seconds_off_is_a_warning_and_beyond_a_minute_an_error_either_way() {
        for (apart, mark) in [
            (0, Mark::Ok),
            (4_999, Mark::Ok),
            (5_000, Mark::Warning),
            (-5_000, Mark::Warning),
            (60_000, Mark::Warning),
            (-60_000, Mark::Warning),
            (60_001, Mark::Error),
            (-60_001, Mark::Error),
        ] {
            let mut findings = Findings::default();
            compare_clocks(OURS, OURS.plus_milliseconds(apart), &mut findings);
            assert_eq!(findings.0[0].mark, mark, "{apart}");
            let said = findings.0[0].text.contains("a node more than 60 seconds from the database");
            assert_eq!(said, mark != Mark::Ok, "{apart}");
        }
    }

    #[test]
    fn an_event_of_the_future_is_a_warning_or_an_error_and_one_of_the_past_is_neither() {
        for (ahead, mark) in [
            (-1_000_000, Mark::Ok),
            (4_999, Mark::Ok),
            (5_000, Mark::Warning),
            (60_000, Mark::Warning),
            (60_001, Mark::Error),
        ] {
            let mut findings = Findings::default();
            compare_newest(OURS.plus_milliseconds(ahead), OURS, &mut findings);
            assert_eq!(findings.0[0].mark, mark, "{ahead}");
        }
    }
}

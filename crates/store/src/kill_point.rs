//! Named places at which a test can end the process, as a power cut would: what was written before is there, what comes
//! after never happens. Here, because every crate that writes knows this one. Without the feature `kill-points`, which
//! nothing that is shipped has, each place costs nothing and does nothing.
//!
//! `TOKENMINT_KILL_POINT=NAME:N` ends the process by SIGKILL when it passes the place for the N-th time.
//! `TOKENMINT_KILL_POINTS_PASSED=FILE` notes every pass in a file, so that a test knows which places there are.

/// The places outside of statements. A statement that writes adds two: `before NAME` and `after NAME`.
pub const PLACES: &[&str] = &[
    "migration: begun",
    "migration: applied",
    "migration: noted",
    "migration: committed",
    "master key: drafted",
    "master key: in place",
    "first start: composed",
    "first start: founded",
    "transaction: to begin",
    "transaction: begun",
    "transaction: to commit",
    "transaction: committed",
    "event: inserted",
    "log: to fold",
    "log: folded",
    "token: submitted",
    "token: signed",
    "token: durable",
    "token: refused",
    "assertion: used",
    "change: applied",
    "change: durable",
    "change: published",
    "key: made",
    "revocation: to commit",
    "revocation: durable",
    "revocation: known",
    "sequence: planned",
    "sequence: committed",
    "housekeeping: refusals",
    "housekeeping: keys",
    "housekeeping: sequence",
    "housekeeping: forget",
    "rewrap: paused",
    "rewrap: moved a row",
    "rewrap: all moved",
    "rewrap: reloaded",
    "rewrap: to forget",
    "reply: to send",
    "close: refusals written",
    "close: to fold",
    "restore: begun",
    "restore: filled",
    "restore: between",
    "restore: moved one aside",
    "restore: aside",
    "restore: in place",
];

/// A place outside of statements.
///
/// # Panics
/// If the name is not one of [`PLACES`].
#[cfg(feature = "kill-points")]
pub fn kill_point(name: &'static str) {
    assert!(PLACES.contains(&name), "`{name}` is missing in the list of kill points");
    armed::pass(name);
}

/// The place before or after a statement.
#[cfg(feature = "kill-points")]
pub(crate) fn kill_point_at(place: &str, statement: &str) {
    armed::pass(&format!("{place} {statement}"));
}

/// Nothing, without the feature `kill-points`.
#[cfg(not(feature = "kill-points"))]
#[inline]
pub const fn kill_point(_: &'static str) {}

/// Nothing, without the feature `kill-points`.
#[cfg(not(feature = "kill-points"))]
#[inline]
pub(crate) const fn kill_point_at(_: &str, _: &str) {}

#[cfg(feature = "kill-points")]
mod armed {
    use std::fs::{File, OpenOptions};
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    struct Arms {
        deadly: Option<(String, u64)>,
        passes: AtomicU64,
        passed: Option<File>,
    }

    fn arms() -> &'static Arms {
        static ARMS: OnceLock<Arms> = OnceLock::new();
        ARMS.get_or_init(|| {
            let deadly = std::env::var("TOKENMINT_KILL_POINT").ok().and_then(|text| {
                let (name, number) = text.rsplit_once(':')?;
                Some((name.to_owned(), number.parse().ok()?))
            });
            let file = std::env::var_os("TOKENMINT_KILL_POINTS_PASSED");
            let passed = file.and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
            Arms { deadly, passes: AtomicU64::new(0), passed }
        })
    }

    pub(super) fn pass(name: &str) {
        let arms = arms();
        if let Some(mut file) = arms.passed.as_ref() {
            // One write, so that lines of several threads stay whole.
            let _ = file.write_all(format!("{name}\n").as_bytes());
        }
        if let Some((deadly, number)) = &arms.deadly
            && deadly == name
            && arms.passes.fetch_add(1, Ordering::Relaxed) + 1 == *number
        {
            // The signal is delivered before this returns.
            let _ = kill_process(getpid(), Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_places_have_one_name() {
        let mut names = PLACES.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PLACES.len());
    }
}

//! Whether this node may still rely on what it knows. Where nodes share a store, each follows what the others commit; one
//! that could not for longer than [`STALE_AFTER_MILLISECONDS`] neither mints nor says that a token is good, so that what
//! ended anywhere has ended everywhere within that time. The same holds for one whose clock is far from the others'
//! ([`crate::shared_clock`]), and for good for one whose database was restored. Leaves out the following itself ([`crate::Tenant::follow`]).

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use model::Timestamp;

use crate::failure::Fault;
use crate::shared_clock::SharedClock;

/// How old knowledge may be.
pub const STALE_AFTER_MILLISECONDS: i64 = 1_000;
/// A request may be a little older than the newest confirmation. More than this means that the clock was set back, and
/// then nothing is known about the age of anything.
const AHEAD_MAX_MILLISECONDS: i64 = 1_000;
/// Nothing was confirmed yet.
const NEVER: i64 = i64::MIN;

/// A request's time as it passes. Waiting, for the keys of a client or for a commit, must not let a node that has become
/// stale meanwhile pass for a fresh one.
#[derive(Debug, Clone, Copy)]
pub struct Passing {
    began: Timestamp,
    measured: tokio::time::Instant,
}

impl Passing {
    /// Begins at `now`.
    pub fn since(now: Timestamp) -> Self {
        Self { began: now, measured: tokio::time::Instant::now() }
    }

    /// The time that it is by now.
    pub fn now(self) -> Timestamp {
        let passed = i64::try_from(self.measured.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.began.plus_milliseconds(passed)
    }
}

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The configuration: servers, apps, policies, keys.
    Configuration,
    /// Revoked tokens.
    Revocations,
    /// The clock that all nodes share.
    Clock,
}

/// When this node last knew everything. A store that belongs to one process alone is always fresh.
#[derive(Debug)]
pub struct Freshness {
    shared: bool,
    configuration: AtomicI64,
    revocations: AtomicI64,
    compared: AtomicI64,
    overtaken: AtomicBool,
    /// How far this node's clock is from the one that all share.
    pub clock: SharedClock,
}

impl Freshness {
    /// Nobody else writes to the store.
    pub const fn exclusive() -> Self {
        Self::new(false)
    }

    /// Other nodes write to the store. Stale until everything is confirmed.
    pub const fn shared() -> Self {
        Self::new(true)
    }

    const fn new(shared: bool) -> Self {
        Self {
            shared,
            configuration: AtomicI64::new(NEVER),
            revocations: AtomicI64::new(NEVER),
            compared: AtomicI64::new(NEVER),
            overtaken: AtomicBool::new(false),
            clock: SharedClock::new(),
        }
    }

    /// Whether other nodes write to the store.
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// Everything that was committed before `at` is known; `at` is when the reading began.
    pub fn confirm(&self, what: Followed, at: Timestamp) {
        let slot = match what {
            Followed::Configuration => &self.configuration,
            Followed::Revocations => &self.revocations,
            Followed::Clock => &self.compared,
        };
        slot.store(at.milliseconds(), Ordering::Release);
    }

    /// The database was restored: what this node knows is of a time that was undone, and stays so.
    pub(crate) fn end(&self) {
        self.overtaken.store(true, Ordering::Release);
    }

    /// Whether this node knows a database that is no more, and has to start anew.
    pub fn is_overtaken(&self) -> bool {
        self.overtaken.load(Ordering::Acquire)
    }

    /// A fault that passes, if what this node knows is too old, or its clock too far from the others'.
    pub fn check(&self, now: Timestamp) -> Result<(), Fault> {
        let fresh = |slot: &AtomicI64| {
            let confirmed = slot.load(Ordering::Acquire);
            let age = now.milliseconds().saturating_sub(confirmed);
            confirmed != NEVER && (-AHEAD_MAX_MILLISECONDS..=STALE_AFTER_MILLISECONDS).contains(&age)
        };
        if self.is_overtaken() {
            return Err(Fault::overtaken("the database was restored since this node began"));
        }
        if !self.shared {
            return Ok(());
        }
        if [&self.configuration, &self.revocations, &self.compared].into_iter().all(fresh) {
            return self.clock.check();
        }
        Err(Fault::unavailable("this node does not know for sure what other nodes did in the last second"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_store_is_fresh_for_a_second_after_everything_was_followed() {
        let at = Timestamp::from_milliseconds;
        let freshness = Freshness::shared();
        assert!(freshness.check(at(0)).is_err(), "nothing was confirmed");
        freshness.confirm(Followed::Configuration, at(10_000));
        assert!(freshness.check(at(10_000)).is_err(), "one of three");
        freshness.confirm(Followed::Revocations, at(10_400));
        assert!(freshness.check(at(10_400)).is_err(), "two of three");
        freshness.confirm(Followed::Clock, at(10_200));
        for (now, is_fresh) in
            [(10_400, true), (11_000, true), (11_001, false), (9_400, true), (9_399, false)]
        {
            assert_eq!(freshness.check(at(now)).is_ok(), is_fresh, "{now}");
        }
        freshness.clock.compare(at(10_500), at(100_600), at(10_500));
        assert!(freshness.check(at(10_500)).is_err(), "its clock is far from the others'");
        assert!(Freshness::exclusive().check(at(0)).is_ok());
    }
}

//! What is done again and again without anybody asking, in which order, and when it must wait. Leaves out how often, and
//! each work itself.
//!
//! A clock that is wrong must not let anything be forgotten: a revocation or the use of an assertion that was deleted too
//! early would count again once the clock is right. So nothing is forgotten before the clock has run evenly for an hour.

use std::time::Duration;

use model::Timestamp;
use store::kill_point;

use crate::admin::key;
use crate::tenant::Tenant;
use crate::{client_assertion, log, revocations};

/// For how long time must have passed evenly before anything is forgotten by it.
const EVEN_FOR: Duration = Duration::from_hours(1);
/// By how much the clock may be set between two rounds: synchronization corrects it by less.
const STEP_MAX_MILLISECONDS: u64 = 10_000;

/// The upkeep of one organization.
#[derive(Debug, Default)]
pub struct Upkeep {
    evenness: Evenness,
}

impl Upkeep {
    /// One round at `now`, `running` after the first. What fails is told to the process log, and tried again in the next.
    pub async fn round(&mut self, tenant: &Tenant, now: Timestamp, running: Duration) {
        kill_point("housekeeping: refusals");
        tell("refusals could not be logged", log::write_early_refusals(tenant, now).await);
        let shared = tenant.freshness.clock.shared(now);
        let is_even = self.evenness.observe(shared, running);
        if tenant.freshness.check(now).is_err() {
            // It says so itself. The others do the rest, by a clock that is right.
            return;
        }
        kill_point("housekeeping: keys");
        tell("signing keys could not be rotated", key::rotate_due(tenant, now).await);
        kill_point("housekeeping: sequence");
        let sequenced = tenant.store.sequence(tenant.org().as_str(), shared.milliseconds()).await;
        tell("events could not be given their place in the log", sequenced);
        kill_point("housekeeping: forget");
        if is_even {
            forget(tenant, now).await;
        }
    }
}

/// Removes what has been over for long enough.
async fn forget(tenant: &Tenant, now: Timestamp) {
    tell("expired signing keys could not be cleared", key::clear_expired(tenant, now).await);
    tell("expired client assertions could not be forgotten", client_assertion::sweep(tenant, now).await);
    tell("expired revocations could not be removed", revocations::sweep(tenant, now).await);
}

fn tell<T, E: std::fmt::Display>(what: &str, outcome: Result<T, E>) {
    if let Err(fault) = outcome {
        tracing::error!(%fault, "{what}");
    }
}

/// Whether a clock runs as evenly as time passes.
#[derive(Debug, Default)]
struct Evenness {
    last: Option<(Timestamp, Duration)>,
    since: Duration,
}

impl Evenness {
    /// The clock says `now` after `running`; whether it has been even for long enough.
    fn observe(&mut self, now: Timestamp, running: Duration) -> bool {
        let is_even = self.last.is_some_and(|(then, at)| {
            let passed = i64::try_from(running.saturating_sub(at).as_millis()).unwrap_or(i64::MAX);
            now.milliseconds().abs_diff(then.plus_milliseconds(passed).milliseconds())
                <= STEP_MAX_MILLISECONDS
        });
        self.last = Some((now, running));
        if !is_even {
            self.since = running;
        }
        running.saturating_sub(self.since) >= EVEN_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_even_an_hour_after_it_was_set() {
        let (hour, mut evenness) = (3_600, Evenness::default());
        let mut observe = |clock: i64, running: u64| {
            evenness.observe(Timestamp::from_seconds(clock), Duration::from_secs(running))
        };
        assert!(!observe(1_000_000, 0), "nothing is known of it yet");
        assert!(!observe(1_001_800, 1_800) && observe(1_003_600, 3_600) && observe(1_003_615, 3_610));
        assert!(!observe(1_011_120, 3_620), "it was set ahead");
        assert!(!observe(1_003_630, 3_630), "and back");
        assert!(!observe(1_003_630 + hour - 1, 3_630 + 3_599) && observe(1_003_630 + hour, 3_630 + 3_600));
    }
}

//! Changes that may need a new signing key. Making one can take long and must not hold up the queue of changes; whether
//! one is needed is known only within the change. So the change says what it wants, and is applied again with it.

use std::sync::Arc;

use jose::Algorithm;
use model::{AuthorizationServerId, Timestamp};

use crate::admin::Refusal;
use crate::configuration::{Asked, Draft};
use crate::failure::{Failure, Fault};
use crate::signing_key::KeyRecord;
use crate::tenant::Tenant;

/// How often a change may want another key than it wanted before, because others change the server meanwhile.
const KEYS_MAX: u32 = 5;

/// Why a change is not made yet.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It is refused.
    Refused(Refusal),
    /// It wants keys first.
    Wants {
        /// Whose keys.
        server: AuthorizationServerId,
        /// What it signs with.
        algorithm: Algorithm,
        /// How many.
        count: usize,
    },
}

impl<R: Into<Refusal>> From<R> for Stop {
    fn from(refusal: R) -> Self {
        Self::Refused(refusal.into())
    }
}

/// What was made for a change so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewKeys(Vec<Arc<KeyRecord>>);

impl NewKeys {
    /// New keys of `server`. A change asks for them once, before it puts them anywhere.
    pub fn get<const N: usize>(
        &self,
        server: AuthorizationServerId,
        algorithm: Algorithm,
    ) -> Result<[Arc<KeyRecord>; N], Stop> {
        let made: Vec<_> = self.0.iter().filter(|made| made.algorithm == algorithm).cloned().collect();
        made.try_into().map_err(|_| Stop::Wants { server, algorithm, count: N })
    }
}

/// Changes the configuration as [`crate::configuration::Configuration::change`] does, with the new keys that `apply`
/// wants. All nodes reckon with the times of keys, so these are of the clock that they share.
pub(crate) async fn change<T, F>(tenant: &Tenant, asked: Asked, apply: F) -> Result<T, Failure<Refusal>>
where
    F: Fn(&mut Draft, &NewKeys) -> Result<T, Stop> + Clone + Send + 'static,
    T: Send + 'static,
{
    let asked = Asked { now: tenant.freshness.clock.shared(asked.now), ..asked };
    let mut new = NewKeys::default();
    for _ in 0..=KEYS_MAX {
        let (apply, at_hand) = (apply.clone(), new.clone());
        let changed = tenant.configuration.change(asked.clone(), move |draft| apply(draft, &at_hand)).await;
        match changed {
            Ok(done) => return Ok(done),
            Err(Failure::Refused(Stop::Refused(refusal))) => return Err(Failure::Refused(refusal)),
            Err(Failure::Refused(Stop::Wants { server, algorithm, count })) => {
                new.0.clear();
                for _ in 0..count {
                    new.0.push(make(tenant, server, algorithm, asked.now).await?);
                }
            }
            Err(Failure::Fault(fault)) => return Err(Failure::Fault(fault)),
        }
    }
    Err(Fault::unavailable("the server's keys were changed again and again").into())
}

/// A key that nobody has seen, as the next one of a server, made at `now` of the clock that all nodes share. A node whose
/// own clock is wrong makes none: what it dates wrongly would sign before verifiers know it.
pub(crate) async fn make(
    tenant: &Tenant,
    server: AuthorizationServerId,
    algorithm: Algorithm,
    now: Timestamp,
) -> Result<Arc<KeyRecord>, Fault> {
    tenant.freshness.clock.check()?;
    let key = tenant.keys.take(algorithm).await?;
    store::kill_point("key: made");
    KeyRecord::of_generated(key, server, &tenant.secrets, now.whole_second()).map(Arc::new)
}

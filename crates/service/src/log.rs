//! What the token endpoint says in the log.
//!
//! Grants, and refusals after the client was authenticated, are durable before the reply. Earlier refusals can be
//! caused by anybody, so they are counted in bounded memory into one event per ten seconds, reason and address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::actor::ActorKind;
use model::event::{Event, EventType, Origin, OutcomeResult};
use model::{Actor, App, Timestamp};
use store::Batch;

use crate::failure::Fault;
use crate::rows;
use crate::tenant::Tenant;

/// How many different reasons and addresses are told apart at once; the rest is counted under one.
const KEYS_MAX: usize = 1_000;
/// How long refusals are counted before they become events.
pub const WINDOW_SECONDS: u64 = 10;

/// A client as an actor of the log.
pub fn client_actor(app: &App, address: Option<&str>) -> Actor {
    Actor {
        kind: ActorKind::Client,
        id: app.client_id.to_string(),
        alternate_id: None,
        display_name: Some(app.label.clone()),
        token: None,
        address: address.map(str::to_owned),
    }
}

/// An event of the token endpoint about `app`.
pub fn client_event(event_type: EventType, app: &App, origin: &Origin) -> Event {
    Event::new(event_type, client_actor(app, origin.address.as_deref()), origin.clone())
}

/// A batch that holds just `event`.
pub fn one(tenant: &Tenant, event: &Event, now: Timestamp) -> Batch {
    let mut batch = Batch::new(tenant.org().as_str(), rows::actor(&event.actor));
    rows::append_event(&mut batch, now, event);
    batch
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    event_type: EventType,
    reason: &'static str,
    address: Option<String>,
    client_id: Option<String>,
}

/// Refusals that were not told to the log yet.
#[derive(Debug, Default)]
pub struct EarlyRefusals {
    counts: Mutex<HashMap<Key, u64>>,
}

impl EarlyRefusals {
    /// Counts one. `client_id` only of a client that exists: a stranger's texts are not kept.
    pub fn count(
        &self,
        event_type: EventType,
        reason: &'static str,
        address: Option<&str>,
        client_id: Option<&str>,
    ) {
        let key = Key {
            event_type,
            reason,
            address: address.map(str::to_owned),
            client_id: client_id.map(str::to_owned),
        };
        self.add(key, 1);
    }

    fn add(&self, key: Key, count: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let full = counts.len() >= KEYS_MAX && !counts.contains_key(&key);
        let key = if full { Key { reason: "other", address: None, client_id: None, ..key } } else { key };
        *counts.entry(key).or_default() += count;
    }

    fn take(&self) -> HashMap<Key, u64> {
        std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells the log what was counted; what it cannot be told now, it is told the next time. Called every
/// [`WINDOW_SECONDS`], and once more before the end.
pub async fn write_early_refusals(tenant: &Tenant, now: Timestamp) -> Result<(), Fault> {
    let counts = tenant.early_refusals.take();
    if counts.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::new(tenant.org().as_str(), rows::actor(&Actor::system()));
    for (key, count) in &counts {
        let actor = match &key.client_id {
            Some(id) => Actor { kind: ActorKind::Client, id: id.clone(), ..unknown() },
            None => unknown(),
        };
        let origin = Origin { address: key.address.clone(), ..Origin::default() };
        let actor = Actor { address: key.address.clone(), ..actor };
        let mut event = Event::new(key.event_type, actor, origin);
        event.result = OutcomeResult::Failure;
        event.reason = Some(key.reason.to_owned());
        event.count = Some(*count);
        rows::append_event(&mut batch, now, &event);
    }
    let committed = tenant.store.commit(batch).await;
    if committed.is_err() {
        for (key, count) in counts {
            tenant.early_refusals.add(key, count);
        }
    }
    committed.map(drop).map_err(Fault::from)
}

fn unknown() -> Actor {
    Actor {
        kind: ActorKind::Unknown,
        id: "unknown".to_owned(),
        alternate_id: None,
        display_name: None,
        token: None,
        address: None,
    }
}

//! The keys that clients publish at a `jwks_uri`: fetched when they are needed, kept for a while, in bounded memory.
//!
//! One fetch at a time for each client; it goes on whether or not anybody waits, and no lock is held meanwhile. Leaves
//! out the call itself (`outbound`) and which key a token means (`client_keys`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Timestamp;
use tokio::sync::{Semaphore, watch};

use crate::client_assertion::Refusal;
use crate::client_keys::ClientKeys;
use crate::failure::{Failure, Fault};
use crate::outbound::Outbound;

/// Of how many clients keys are kept.
pub const CLIENTS_MAX: usize = 1_000;
/// How many requests may wait for keys at once; the excess is answered 503, so that waiting never fills the endpoint.
pub const WAITING_MAX: usize = 256;
/// How many of them may wait for the keys of one client, so that a server that hangs keeps no other client waiting.
pub const WAITING_FOR_ONE_MAX: usize = 32;
/// How long keys are kept at least, if their server does not say, and at most.
const AGE_SECONDS: std::ops::RangeInclusive<u64> = 60..=3_600;
const AGE_SECONDS_DEFAULT: u64 = 300;
/// How often a name that is not among the keys makes us fetch them again.
const UNKNOWN_MILLISECONDS: i64 = 60_000;
/// How soon after a failure they are fetched again.
const RETRY_MILLISECONDS: i64 = 1_000;

type Outcome = Result<Arc<ClientKeys>, Refusal>;
type Flight = watch::Receiver<Option<Outcome>>;

#[derive(Debug)]
struct Entry {
    uri: String,
    /// What the last fetch brought, until when it counts.
    known: Option<(Outcome, Timestamp)>,
    /// When an unknown name last made us fetch.
    unknown: Option<Timestamp>,
    flight: Option<Flight>,
    /// Places to wait for it.
    places: Arc<Semaphore>,
}

impl Entry {
    fn new(uri: &str) -> Self {
        let places = Arc::new(Semaphore::new(WAITING_FOR_ONE_MAX));
        Self { uri: uri.to_owned(), known: None, unknown: None, flight: None, places }
    }

    /// What is known, if it is enough to judge a token with this `kid`.
    fn answer(&mut self, kid: Option<&str>, now: Timestamp) -> Option<Outcome> {
        let (outcome, until) = self.known.as_ref()?;
        if *until <= now {
            return None;
        }
        let is_unknown = outcome.as_ref().is_ok_and(|keys| keys.find(kid).is_none());
        let recently = |at: Timestamp| at.plus_milliseconds(UNKNOWN_MILLISECONDS) > now;
        if is_unknown && !self.unknown.is_some_and(recently) {
            self.unknown = Some(now);
            return None;
        }
        Some(outcome.clone())
    }
}

/// The keys of every client that publishes them.
#[derive(Debug)]
pub struct PublishedKeys {
    outbound: Arc<dyn Outbound>,
    entries: Arc<Mutex<HashMap<String, Entry>>>,
    waiting: Semaphore,
}

impl PublishedKeys {
    /// Knows none yet.
    pub fn new(outbound: Arc<dyn Outbound>) -> Self {
        Self { outbound, entries: Arc::default(), waiting: Semaphore::new(WAITING_MAX) }
    }

    /// The keys of `client_id` at `uri`, new enough to judge a token with this `kid`.
    pub async fn get(
        &self,
        client_id: &str,
        uri: &str,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<ClientKeys>, Failure<Refusal>> {
        let (mut flight, places) = match self.known_or_flight(client_id, uri, kid, now) {
            Ok(outcome) => return outcome.map_err(Failure::Refused),
            Err(waiting) => waiting,
        };
        let too_many = |_| Fault::unavailable("too many requests wait for the keys of clients");
        let _place = places.try_acquire().map_err(too_many)?;
        let _waiting = self.waiting.try_acquire().map_err(too_many)?;
        let landed = flight.wait_for(Option::is_some).await;
        let outcome = landed.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or(Err(Refusal::KeysUnreachable)).map_err(Failure::Refused)
    }

    /// What is known already, or else the fetch under way, which is started if there is none.
    fn known_or_flight(
        &self,
        client_id: &str,
        uri: &str,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<Outcome, (Flight, Arc<Semaphore>)> {
        let mut entries = lock(&self.entries);
        if entries.get(client_id).is_none_or(|entry| entry.uri != uri) {
            make_room(&mut entries);
            entries.insert(client_id.to_owned(), Entry::new(uri));
        }
        let Some(entry) = entries.get_mut(client_id) else { return Ok(Err(Refusal::KeysUnreachable)) };
        // Whoever is in flight brings what is newer than what is known.
        let flight = entry.flight.as_ref().filter(|flight| flight.has_changed().is_ok());
        if let Some(flight) = flight {
            let flight = flight.clone();
            return match entry.known.as_ref().filter(|(_, until)| *until > now) {
                Some((Ok(keys), _)) if keys.find(kid).is_some() => Ok(Ok(Arc::clone(keys))),
                _ => Err((flight, Arc::clone(&entry.places))),
            };
        }
        if let Some(outcome) = entry.answer(kid, now) {
            return Ok(outcome);
        }
        let (landing, flight) = watch::channel(None);
        entry.flight = Some(flight.clone());
        let places = Arc::clone(&entry.places);
        let (entries, outbound) = (Arc::clone(&self.entries), Arc::clone(&self.outbound));
        let (client_id, uri) = (client_id.to_owned(), uri.to_owned());
        tokio::spawn(async move {
            let (outcome, kept_milliseconds) = fetch(outbound.as_ref(), &client_id, &uri).await;
            if let Some(entry) = lock(&entries).get_mut(&client_id).filter(|entry| entry.uri == uri) {
                entry.known = Some((outcome.clone(), now.plus_milliseconds(kept_milliseconds)));
                entry.flight = None;
            }
            landing.send_replace(Some(outcome));
        });
        Err((flight, places))
    }
}

fn lock(entries: &Mutex<HashMap<String, Entry>>) -> MutexGuard<'_, HashMap<String, Entry>> {
    entries.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forgets the keys that would be fetched again soonest.
fn make_room(entries: &mut HashMap<String, Entry>) {
    if entries.len() < CLIENTS_MAX {
        return;
    }
    let oldest = entries
        .iter()
        .min_by_key(|(_, entry)| (entry.flight.is_some(), entry.known.as_ref().map(|(_, until)| *until)));
    if let Some(oldest) = oldest.map(|(client_id, _)| client_id.clone()) {
        entries.remove(&oldest);
    }
}

/// Fetches once, and says for how long the outcome counts.
async fn fetch(outbound: &dyn Outbound, client_id: &str, uri: &str) -> (Outcome, i64) {
    let fetched = match outbound.get(uri).await {
        Ok(fetched) => fetched,
        Err(error) => {
            tracing::warn!(client_id, %error, "the keys of a client could not be fetched");
            return (Err(Refusal::KeysUnreachable), RETRY_MILLISECONDS);
        }
    };
    // Reading fifty keys takes some milliseconds.
    let body = fetched.body;
    let read = tokio::task::spawn_blocking(move || ClientKeys::fetched(&body)).await;
    let Ok(read) = read else { return (Err(Refusal::BadKeys), RETRY_MILLISECONDS) };
    match read {
        Ok(keys) => {
            let age = fetched.max_age_seconds.unwrap_or(AGE_SECONDS_DEFAULT);
            let age = age.clamp(*AGE_SECONDS.start(), *AGE_SECONDS.end());
            (Ok(Arc::new(keys)), i64::try_from(age).unwrap_or(i64::MAX / 1_000) * 1_000)
        }
        Err((refusal, error)) => {
            tracing::warn!(client_id, %error, "the keys of a client cannot be used");
            (Err(refusal), RETRY_MILLISECONDS)
        }
    }
}

//! Reading the System Log.

use model::Timestamp;
use model::event::{self, Event};
use store::{Cursor, EventId, LogQuery, LoggedEvent, Order};

use crate::admin::Refusal;
use crate::failure::{Failure, Fault};
use crate::target;
use crate::tenant::Tenant;

/// How many events are read at once.
const PAGE: usize = 1_000;

/// How far back a query reaches that does not say (Okta: seven days).
pub const DEFAULT_DAYS: i64 = 7;

/// What to read. Ascending without `until` polls: in the order of persistence, without end.
#[derive(Debug, Clone)]
pub struct Query {
    /// Not before; by default seven days before `until`.
    pub since: Option<Timestamp>,
    /// Before; by default now.
    pub until: Option<Timestamp>,
    /// Newest first.
    pub descending: bool,
    /// Where the last page ended.
    pub after: Option<String>,
    /// At most so many events.
    pub limit: usize,
}

/// An event as it was logged.
#[derive(Debug)]
pub struct Logged {
    /// Its UUID.
    pub uuid: String,
    /// When.
    pub published: Timestamp,
    /// What.
    pub event: Event,
}

/// A page of the log.
#[derive(Debug)]
pub struct Page {
    /// The events.
    pub events: Vec<Logged>,
    /// Where the next page begins; a polling query always has one.
    pub next: Option<String>,
}

/// Reads a page of the log.
pub async fn read(tenant: &Tenant, query: Query, now: Timestamp) -> Result<Page, Failure<Refusal>> {
    let order = match (query.descending, query.until) {
        (true, _) => Order::PublishedDescending,
        (false, Some(_)) => Order::Published,
        (false, None) => Order::Persisted,
    };
    let after = match &query.after {
        None => None,
        Some(text) => Some(Cursor::parse(order, text).ok_or(Failure::Refused(Refusal::InvalidCursor))?),
    };
    let until = query.until.unwrap_or(now);
    let since = query.since.unwrap_or_else(|| until.plus_days(-DEFAULT_DAYS));
    let bounded = order != Order::Persisted;
    let asked = LogQuery {
        since: Some(since.milliseconds()),
        // A reader who does not bound the query sees what was logged in this very millisecond, too.
        until: query.until.filter(|_| bounded).map(Timestamp::milliseconds),
        order,
        after,
        limit: query.limit,
    };
    let page = tenant.store.read_log(tenant.org().as_str(), &asked, now.milliseconds()).await?;
    let events = page.events.iter().map(logged).collect::<Result<_, _>>()?;
    Ok(Page { events, next: page.next.map(|cursor| cursor.to_string()) })
}

/// How many events are looked at for one request id.
pub const EXAMINED_MAX: usize = 20_000;

/// The event with this UUID, or the newest one of the request with this id that says what was decided. A request id is
/// looked for among the newest [`EXAMINED_MAX`] events of a time.
pub async fn find(
    tenant: &Tenant,
    name: &str,
    within: &Within,
    now: Timestamp,
) -> Result<Logged, Failure<Refusal>> {
    let org = tenant.org();
    if let Some(id) = EventId::parse(name) {
        // An event has no place until somebody reads the log.
        tenant.store.sequence(org.as_str(), now.milliseconds()).await?;
        if let Some(stored) = tenant.store.find_event(org.as_str(), id).await? {
            return Ok(logged(&stored)?);
        }
        return Err(Failure::Refused(Refusal::not_found(name, target::kind::EVENT)));
    }
    let since = within.since.unwrap_or_else(|| within.until.unwrap_or(now).plus_days(-DEFAULT_DAYS));
    let mut asked = LogQuery {
        since: Some(since.milliseconds()),
        until: within.until.map(Timestamp::milliseconds),
        order: Order::PublishedDescending,
        after: None,
        limit: PAGE,
    };
    let mut other = None;
    let mut whole = false;
    for _ in 0..EXAMINED_MAX / PAGE {
        let page = tenant.store.read_log(org.as_str(), &asked, now.milliseconds()).await?;
        for stored in page.events.iter().filter(|stored| stored.body.contains(name)) {
            let found = logged(stored)?;
            if found.event.origin.request_id.as_deref() != Some(name) {
                continue;
            }
            if found.event.event_type.is_decision() {
                return Ok(found);
            }
            other.get_or_insert(found);
        }
        asked.after = page.next;
        if asked.after.is_none() {
            whole = true;
            break;
        }
    }
    let kind = target::kind::EVENT;
    other.ok_or_else(|| {
        Failure::Refused(if whole {
            Refusal::not_found(name, kind)
        } else {
            Refusal::NotReached { id: name.to_owned(), kind, examined: EXAMINED_MAX }
        })
    })
}

/// A time within which to look; absent, the last [`DEFAULT_DAYS`] days.
#[derive(Debug, Clone, Copy, Default)]
pub struct Within {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

fn logged(stored: &LoggedEvent) -> Result<Logged, Fault> {
    let uuid = stored.id.to_string();
    if stored.schema > i64::from(event::SCHEMA) {
        return Err(Fault::internal(format!(
            "event {uuid} was written by a newer release; upgrade this node"
        )));
    }
    let event = serde_json::from_str(&stored.body).map_err(Fault::internal)?;
    Ok(Logged { uuid, published: Timestamp::from_milliseconds(stored.at), event })
}

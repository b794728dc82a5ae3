//! Reading an org's log, in the order in which it was persisted or published.
//! Leaves out how events get their place (`rows::sequence`).

use std::collections::BTreeMap;
use std::fmt;

use super::sequence::{SEGMENT_EVENTS, SEGMENT_MILLIS, Segment};
use crate::fault::{Fault, FaultKind};
use crate::numbering::{EventId, Writer};
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// How many segments are looked at together.
const SEGMENTS: i64 = 64;

/// In which order to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In the order in which events got their place. It has no end: whoever polls misses and repeats nothing.
    Persisted,
    /// By time, oldest first.
    Published,
    /// By time, newest first.
    PublishedDescending,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// Not before this time.
    pub since: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    /// In which order.
    pub order: Order,
    /// Behind what an earlier page ended with, in the same order.
    pub after: Option<Cursor>,
    /// At most so many events.
    pub limit: usize,
}

/// Where a page ended: opaque text to everybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Seq(i64),
    Time { descending: bool, at: i64, id: EventId },
}

impl Cursor {
    /// Reads the text that `Display` writes, for a query in the same order.
    pub fn parse(order: Order, text: &str) -> Option<Self> {
        let (kind, rest) = text.split_at_checked(1)?;
        let place = match (order, kind) {
            (Order::Persisted, "s") => Place::Seq(i64::from_str_radix(rest, 16).ok()?),
            (Order::Published, "a") | (Order::PublishedDescending, "d") => {
                let (at, id) = rest.split_once('.')?;
                let at = i64::from_str_radix(at, 16).ok()?;
                Place::Time { descending: kind == "d", at, id: EventId::parse(id)? }
            }
            _ => return None,
        };
        let cursor = Self(place);
        (cursor.to_string() == text).then_some(cursor)
    }

    fn behind(event: &LoggedEvent, descending: bool) -> Self {
        Self(Place::Time { descending, at: event.at, id: event.id })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Seq(seq) => write!(f, "s{seq:x}"),
            Place::Time { descending: false, at, id } => write!(f, "a{at:x}.{id}"),
            Place::Time { descending: true, at, id } => write!(f, "d{at:x}.{id}"),
        }
    }
}

/// An event with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Which event it is; `Display` writes it as a UUID.
    pub id: EventId,
    /// Its place in the org's log; some places stay empty.
    pub seq: i64,
    /// When.
    pub at: i64,
    /// How to read the body.
    pub schema: i64,
    /// JSON text.
    pub body: String,
}

/// Some events, and where to go on. In the persisted order there is always a `next`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// The events, in the order that was asked for.
    pub events: Vec<LoggedEvent>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
}

struct Stored {
    n: i64,
    at: i64,
    schema: i64,
    body: String,
}

impl FromRow for Stored {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self { n: row.take()?, at: row.take()?, schema: row.take()?, body: row.take()? })
    }
}

struct FirstSeq(Option<i64>);

impl FromRow for FirstSeq {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        row.take().map(Self)
    }
}

/// Segments of one writer whose numbers follow one another.
struct Run {
    writer: Writer,
    segments: Vec<Segment>,
}

/// Which events of a run to load.
struct Window {
    /// Numbers from, up to and without.
    n: (i64, i64),
    /// Times from, up to and without.
    at: (i64, i64),
    limit: i64,
    descending: bool,
}

impl Store {
    /// Reads a page of the org's log. Gives places to what was committed before, as far as that can be written.
    pub async fn read_log(&self, org: &str, query: &LogQuery, now: i64) -> Result<LogPage, Fault> {
        if let Err(fault) = self.sequence(org, now).await {
            tracing::warn!(%fault, org, "the newest events cannot be given their place yet");
        }
        let since = query.since.unwrap_or(i64::MIN);
        let until = query.until.unwrap_or(i64::MAX);
        let (limit, after) = (query.limit.max(1), query.after.map(|cursor| cursor.0));
        match (query.order, after) {
            (Order::Persisted, None) => self.read_persisted(org, since, until, None, limit).await,
            (Order::Persisted, Some(Place::Seq(seq))) => {
                self.read_persisted(org, since, until, Some(seq), limit).await
            }
            (Order::Published, None) => self.read_published(org, since, until, None, limit).await,
            (Order::Published, Some(Place::Time { descending: false, at, id })) => {
                self.read_published(org, since, until, Some((at, id)), limit).await
            }
            (Order::PublishedDescending, None) => self.read_descending(org, since, until, None, limit).await,
            (Order::PublishedDescending, Some(Place::Time { descending: true, at, id })) => {
                self.read_descending(org, since, until, Some((at, id)), limit).await
            }
            _ => Err(Fault::new(FaultKind::Internal, "the cursor is of another order")),
        }
    }

    /// The event with this id, once it has its place.
    pub async fn find_event(&self, org: &str, id: EventId) -> Result<Option<LoggedEvent>, Fault> {
        let key = params![id.writer.to_string(), id.n];
        let segment: Option<Segment> = self.query_opt(statements::SEGMENT_OF_EVENT, org, key.clone()).await?;
        let Some(segment) = segment.filter(|segment| id.n < segment.n + segment.events) else {
            return Ok(None);
        };
        let found = self.query_opt(statements::EVENT, org, key).await?;
        Ok(found.map(|stored| Run { writer: id.writer, segments: vec![segment] }.place(stored)))
    }

    async fn read_persisted(
        &self,
        org: &str,
        since: i64,
        until: i64,
        after: Option<i64>,
        limit: usize,
    ) -> Result<LogPage, Fault> {
        let mut from = match after {
            Some(seq) => seq,
            None => self.before_first_since(org, since).await?,
        };
        let mut events = Vec::new();
        while events.len() < limit {
            let head = self.log_head(org).await?;
            let params =
                params![from.saturating_sub(SEGMENT_EVENTS), from.saturating_add(1), since, until, SEGMENTS];
            let mut segments: Vec<Segment> = self.query(statements::SEGMENTS, org, params).await?;
            if segments.is_empty() {
                // Nothing up to the head that was read before is wanted.
                from = from.max(head);
                break;
            }
            from = clip(&mut segments, from, count(limit - events.len()));
            let begin = events.len();
            for run in runs(segments)? {
                let window = run.window((since, until), i64::MAX, false);
                events.extend(self.events_of(org, &run, window).await?);
            }
            events[begin..].sort_by_key(|event: &LoggedEvent| event.seq);
        }
        Ok(LogPage { events, next: Some(Cursor(Place::Seq(from))) })
    }

    async fn before_first_since(&self, org: &str, since: i64) -> Result<i64, Fault> {
        if since == i64::MIN {
            return Ok(0);
        }
        let head = self.log_head(org).await?;
        let first = self.query_opt(statements::FIRST_SEQ_SINCE, org, params![since]).await?;
        Ok(first.and_then(|FirstSeq(seq)| seq).map_or(head, |seq| seq - 1))
    }

    async fn read_published(
        &self,
        org: &str,
        since: i64,
        until: i64,
        after: Option<(i64, EventId)>,
        limit: usize,
    ) -> Result<LogPage, Fault> {
        let mut floor = after.map_or(since, |(at, _)| since.max(at));
        let mut events = Vec::new();
        let mut chunk = SEGMENTS;
        loop {
            let params = params![floor.saturating_sub(SEGMENT_MILLIS), floor, until, chunk];
            let segments: Vec<Segment> = self.query(statements::SEGMENTS_FROM, org, params).await?;
            // Segments that were not read begin here or later: earlier events are all in these.
            let full = count(segments.len()) == chunk;
            let horizon = segments.last().filter(|_| full).map_or(until, |segment| segment.at_min);
            if full && horizon <= floor {
                chunk *= 2;
                continue;
            }
            for run in runs(segments)? {
                let mut window = run.window((floor, horizon), count(limit) + 1, false);
                if let Some((at, id)) = after {
                    window.begin_behind(run.writer, at, id);
                }
                events.extend(self.events_of(org, &run, window).await?);
            }
            events.sort_by_key(|event: &LoggedEvent| (event.at, event.id));
            if events.len() > limit || !full {
                return Ok(page(events, limit, false));
            }
            floor = horizon;
        }
    }

    async fn read_descending(
        &self,
        org: &str,
        since: i64,
        until: i64,
        after: Option<(i64, EventId)>,
        limit: usize,
    ) -> Result<LogPage, Fault> {
        let mut ceiling = after.map_or(until, |(at, _)| until.min(at.saturating_add(1)));
        let mut events = Vec::new();
        let mut chunk = SEGMENTS;
        loop {
            let params = params![ceiling.saturating_add(SEGMENT_MILLIS), ceiling, since, chunk];
            let segments: Vec<Segment> = self.query(statements::SEGMENTS_UNTIL, org, params).await?;
            // Segments that were not read end before here: later events are all in these.
            let full = count(segments.len()) == chunk;
            let horizon = segments.last().filter(|_| full).map_or(since, |segment| segment.at_max + 1);
            if full && horizon >= ceiling {
                chunk *= 2;
                continue;
            }
            for run in runs(segments)? {
                let mut window = run.window((since.max(horizon), ceiling), count(limit) + 1, true);
                if let Some((at, id)) = after {
                    window.end_before(run.writer, at, id);
                }
                events.extend(self.events_of(org, &run, window).await?);
            }
            events.sort_by_key(|event: &LoggedEvent| std::cmp::Reverse((event.at, event.id)));
            if events.len() > limit || !full {
                return Ok(page(events, limit, true));
            }
            ceiling = horizon;
        }
    }

    async fn events_of(&self, org: &str, run: &Run, window: Window) -> Result<Vec<LoggedEvent>, Fault> {
        let Window { n, at, limit, descending } = window;
        let statement = if descending { statements::EVENTS_BACKWARD } else { statements::EVENTS_FORWARD };
        let params = params![run.writer.to_string(), n.0, n.1, at.0, at.1, limit];
        let stored = self.query(statement, org, params).await?;
        Ok(stored.into_iter().map(|stored| run.place(stored)).collect())
    }
}

impl Run {
    /// All of the run's events within these times.
    fn window(&self, at: (i64, i64), limit: i64, descending: bool) -> Window {
        let (first, last) = (&self.segments[0], &self.segments[self.segments.len() - 1]);
        Window { n: (first.n, last.n + last.events), at, limit, descending }
    }

    fn place(&self, stored: Stored) -> LoggedEvent {
        let Stored { n, at, schema, body } = stored;
        let behind = self.segments.partition_point(|segment| segment.n <= n);
        let segment = &self.segments[behind.saturating_sub(1)];
        let id = EventId { writer: self.writer, n };
        LoggedEvent { id, seq: segment.seq + (n - segment.n), at, schema, body }
    }
}

impl Window {
    /// Leaves out what is not behind the event in the order of time, writer and number.
    fn begin_behind(&mut self, writer: Writer, at: i64, id: EventId) {
        if writer < id.writer {
            self.at.0 = self.at.0.max(at.saturating_add(1));
        } else if writer == id.writer {
            self.n.0 = self.n.0.max(id.n + 1);
        }
    }

    /// Leaves out what is not before the event in the order of time, writer and number.
    fn end_before(&mut self, writer: Writer, at: i64, id: EventId) {
        if writer > id.writer {
            self.at.1 = self.at.1.min(at);
        } else if writer == id.writer {
            self.n.1 = self.n.1.min(id.n);
        }
    }
}

/// Cuts off what is not behind `from`, and what is more than `wanted` events; answers the last place that is left.
fn clip(segments: &mut Vec<Segment>, from: i64, wanted: i64) -> i64 {
    let (mut last, mut wanted) = (from, wanted);
    segments.retain_mut(|segment| {
        let seen = (from + 1 - segment.seq).max(0);
        segment.seq += seen;
        segment.n += seen;
        segment.events = (segment.events - seen).min(wanted);
        wanted -= segment.events;
        if segment.events > 0 {
            last = segment.seq + segment.events - 1;
        }
        segment.events > 0
    });
    last
}

/// Joins segments, so that one read serves several.
fn runs(segments: Vec<Segment>) -> Result<Vec<Run>, Fault> {
    let mut by_writer: BTreeMap<String, Vec<Segment>> = BTreeMap::new();
    for segment in segments {
        by_writer.entry(segment.writer.clone()).or_default().push(segment);
    }
    let mut runs: Vec<Run> = Vec::new();
    for (writer, mut segments) in by_writer {
        let writer = Writer::parse(&writer).ok_or_else(|| {
            Fault::new(FaultKind::Corrupt, format!("a segment names `{writer}` as its writer"))
        })?;
        segments.sort_by_key(|segment| segment.n);
        for segment in segments {
            match runs.last_mut() {
                Some(run) if run.writer == writer && run.end() == segment.n => run.segments.push(segment),
                _ => runs.push(Run { writer, segments: vec![segment] }),
            }
        }
    }
    Ok(runs)
}

impl Run {
    fn end(&self) -> i64 {
        self.segments.last().map_or(0, |segment| segment.n + segment.events)
    }
}

fn page(mut events: Vec<LoggedEvent>, limit: usize, descending: bool) -> LogPage {
    let more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| more).map(|event| Cursor::behind(event, descending));
    LogPage { events, next }
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

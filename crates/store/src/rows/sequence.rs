//! Gives events their place in the org's log after they are committed, a segment at a time.
//! Leaves out reading the log (`rows::log`).
//!
//! A writer's events are numbered without gaps unless a commit failed. A young gap may still be filled by a commit
//! under way, so the run ends there; an old one is closed with empty events, on which that commit would then fail
//! rather than be lost. Whoever sequences compares and swaps the head, so that two at once do no harm.

use crate::batch::Batch;
use crate::fault::{CommitError, Fault};
use crate::kill_point::kill_point;
use crate::port::Store;
use crate::statements;
use crate::value::{FromRow, Row, params};

/// The most events of one segment, and the most that one round takes from one writer.
pub(super) const SEGMENT_EVENTS: i64 = 1_000;
/// The longest time from the first to the last event of a segment.
pub(super) const SEGMENT_MILLIS: i64 = 3_600_000;
/// How old a gap must be before it is closed; no commit takes that long.
const GAP_MILLIS: i64 = 60_000;
/// How long after its last event a writer is forgotten. A process announces itself far more often.
const RETIRE_MILLIS: i64 = 30 * 86_400_000;

/// Consecutive events of one writer that follow one another in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) seq: i64,
    pub(super) writer: String,
    pub(super) n: i64,
    pub(super) events: i64,
    pub(super) at_min: i64,
    pub(super) at_max: i64,
}

impl FromRow for Segment {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self {
            seq: row.take()?,
            writer: row.take()?,
            n: row.take()?,
            events: row.take()?,
            at_min: row.take()?,
            at_max: row.take()?,
        })
    }
}

impl Segment {
    fn takes(&self, n: i64, at: i64) -> bool {
        self.n + self.events == n
            && self.events < SEGMENT_EVENTS
            && at.saturating_sub(self.at_min) <= SEGMENT_MILLIS
    }
}

struct Head(i64);

impl FromRow for Head {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        row.take().map(Self)
    }
}

/// A writer and the first of its events that has no place yet.
struct Position {
    writer: String,
    next: i64,
    at: i64,
}

impl FromRow for Position {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self { writer: row.take()?, next: row.take()?, at: row.take()? })
    }
}

struct Unsequenced {
    n: i64,
    at: i64,
}

impl FromRow for Unsequenced {
    fn from_row(mut row: Row) -> Result<Self, Fault> {
        Ok(Self { n: row.take()?, at: row.take()? })
    }
}

/// What one writer has for this round.
struct Run {
    from: Position,
    segments: Vec<Segment>,
    /// Numbers that no event will have, and the time to file them under.
    gaps: Vec<Unsequenced>,
    next: i64,
    at: i64,
    more: bool,
}

/// One compare-and-swap of the head.
struct Round {
    batch: Batch,
    head: i64,
    more: bool,
}

impl Store {
    /// Gives every committed event of the org that has no place yet its place; answers the last place given.
    pub async fn sequence(&self, org: &str, now: i64) -> Result<i64, Fault> {
        loop {
            let round = self.plan(org, now).await?;
            if round.batch.is_empty() {
                return Ok(round.head);
            }
            kill_point("sequence: planned");
            let committed = self.commit(round.batch).await;
            kill_point("sequence: committed");
            match committed {
                Ok(_) if !round.more => return Ok(round.head),
                // Another node was faster, or an event filled its gap: look again.
                Ok(_) | Err(CommitError::Missed { .. } | CommitError::Conflict { .. }) => {}
                Err(CommitError::Fault(fault)) => return Err(fault),
            }
        }
    }

    pub(super) async fn log_head(&self, org: &str) -> Result<i64, Fault> {
        let found = self.query_opt(statements::LOG_HEAD, org, Vec::new()).await?;
        Ok(found.map_or(0, |Head(seq)| seq))
    }

    async fn plan(&self, org: &str, now: i64) -> Result<Round, Fault> {
        let mut batch = Batch::new(org, "");
        let mut waiting = Vec::new();
        let positions: Vec<Position> = self.query(statements::LOG_WRITERS, org, Vec::new()).await?;
        for position in positions {
            let Position { writer, next, at } = &position;
            let params = params![writer, *next, SEGMENT_EVENTS];
            let found: Vec<Unsequenced> = self.query(statements::UNSEQUENCED, org, params).await?;
            if !found.is_empty() {
                waiting.push((position, found));
            } else if now.saturating_sub(*at) > RETIRE_MILLIS {
                batch.step(statements::RETIRE_WRITER, params![writer, *next, *at]);
            }
        }
        // Read behind the writers, so that it counts at least what they had been given.
        let head = self.log_head(org).await?;
        if waiting.is_empty() {
            return Ok(Round { batch, head, more: false });
        }
        let last: Option<Segment> = self.query_opt(statements::LAST_SEGMENT, org, Vec::new()).await?;
        let runs: Vec<Run> = waiting
            .into_iter()
            .map(|(position, found)| {
                let open = last.clone().filter(|last| last.writer == position.writer);
                follow(position, open, found, now)
            })
            .filter(|run| run.next > run.from.next)
            .collect();
        if runs.is_empty() {
            return Ok(Round { batch, head, more: false });
        }
        let more = runs.iter().any(|run| run.more);
        let head = append(&mut batch, head, last.as_ref(), runs);
        Ok(Round { batch, head, more })
    }
}

/// The events of one writer that can be given places now. `open` is the log's last segment, if it is this writer's.
fn follow(from: Position, open: Option<Segment>, found: Vec<Unsequenced>, now: i64) -> Run {
    let more = i64::try_from(found.len()) == Ok(SEGMENT_EVENTS);
    let (next, at) = (from.next, from.at);
    let mut run = Run { from, segments: Vec::from_iter(open), gaps: Vec::new(), next, at, more };
    for Unsequenced { n, at } in found {
        if n > run.next && at > now.saturating_sub(GAP_MILLIS) {
            run.more = false;
            break;
        }
        let end = n.min(run.next + SEGMENT_EVENTS);
        for missing in run.next..end {
            run.gaps.push(Unsequenced { n: missing, at });
            run.extend(missing, at);
        }
        if end < n {
            run.more = true;
            break;
        }
        run.extend(n, at);
    }
    run
}

impl Run {
    fn extend(&mut self, n: i64, at: i64) {
        (self.next, self.at) = (n + 1, at);
        if let Some(last) = self.segments.last_mut()
            && last.takes(n, at)
        {
            last.events += 1;
            last.at_max = at;
            return;
        }
        self.segments.push(Segment {
            seq: 0,
            writer: self.from.writer.clone(),
            n,
            events: 1,
            at_min: at,
            at_max: at,
        });
    }
}

/// Adds the steps that append the runs behind `head`; answers the new head.
fn append(batch: &mut Batch, head: i64, last: Option<&Segment>, runs: Vec<Run>) -> i64 {
    let events: i64 = runs.iter().map(|run| run.next - run.from.next).sum();
    if head == 0 {
        batch.step(statements::INSERT_LOG_HEAD, params![0]);
    }
    batch.one(statements::ADVANCE_LOG_HEAD, params![head + events, head]);
    let mut segments = Vec::new();
    for Run { from: Position { writer, next, .. }, next: end, at, gaps, segments: found, .. } in runs {
        batch.one(statements::ADVANCE_WRITER, params![end, at, &writer, next]);
        for gap in gaps {
            batch.one(statements::FILL_GAP, params![&writer, gap.n, gap.at]);
        }
        segments.extend(found);
    }
    // The log's last segment can only grow before others follow it.
    let grown = |segment: &Segment| last.filter(|last| last.seq == segment.seq);
    segments.sort_by_key(|segment| (grown(segment).is_none(), segment.at_min));
    let mut end = head;
    for segment in segments {
        let Segment { seq, writer, n, events, at_min, at_max } = &segment;
        let before = grown(&segment).map_or(0, |last| last.events);
        if before == 0 {
            batch.one(statements::INSERT_SEGMENT, params![end + 1, writer, *n, *events, *at_min, *at_max]);
        } else if *events > before {
            batch.one(statements::EXTEND_SEGMENT, params![*events, *at_max, *seq, before]);
        }
        end += events - before;
    }
    end
}

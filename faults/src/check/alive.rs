//! I11: within a minute of the last fault's end every node serves as many calls as before the first, by itself.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::history::{Act, History};

const WINDOW_MICROS: u64 = 2_000_000;
const LIMIT_MICROS: u64 = 60_000_000;
/// A rate is the rate of before if it reaches so many hundredths of it: the load is made by chance.
const HUNDREDTHS: usize = 75;

pub(super) fn check(history: &History) -> Vec<String> {
    let Some((from, until)) = faults(history) else { return Vec::new() };
    let mut found = Vec::new();
    for node in nodes(history) {
        let served = served(history, node);
        let before = within(&served, from.saturating_sub(WINDOW_MICROS), from);
        let starts = served.iter().filter(|start| **start >= until && **start <= until + LIMIT_MICROS);
        let best = starts.map(|start| within(&served, *start, start + WINDOW_MICROS)).max().unwrap_or(0);
        if best * 100 < before * HUNDREDTHS {
            found
                .push(format!("node {node} serves {best} calls in two seconds, and before it were {before}"));
        }
    }
    found
}

/// Whether every node serves as before.
pub fn is_recovered(history: &History) -> bool {
    check(history).is_empty()
}

/// How long after the last fault's end the last node answered for the first time.
pub fn recovery(history: &History) -> Option<Duration> {
    let (_, until) = faults(history)?;
    let firsts = nodes(history).into_iter().map(|node| {
        served(history, node).into_iter().find(|start| *start >= until).map(|start| start - until)
    });
    firsts.collect::<Option<Vec<_>>>()?.into_iter().max().map(Duration::from_micros)
}

/// The beginning of the first fault and the end of the last.
fn faults(history: &History) -> Option<(u64, u64)> {
    let from = history.faults.iter().map(|(_, start, _)| *start).min()?;
    let until = history.faults.iter().map(|(.., end)| *end).max()?;
    Some((from, until))
}

fn nodes(history: &History) -> BTreeSet<usize> {
    history.calls.iter().map(|call| call.node).collect()
}

/// When the calls began that a node answered as it should, sorted.
fn served(history: &History, node: usize) -> Vec<u64> {
    let is_traffic = |act: &Act| matches!(act, Act::Token { must_refuse: None, .. } | Act::Introspect { .. });
    let calls = history.calls.iter().filter(|call| call.node == node && is_traffic(&call.act));
    calls.filter(|call| call.outcome.done().is_some()).map(|call| call.start).collect()
}

fn within(starts: &[u64], from: u64, until: u64) -> usize {
    starts.partition_point(|start| *start < until) - starts.partition_point(|start| *start < from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::{SECOND, judge, token};
    use crate::history::Entry;

    fn tokens(from: u64, until: u64, each: u64) -> impl Iterator<Item = Entry> {
        (from..until).step_by(usize::try_from(each).unwrap()).map(|at| token(at, "c", &format!("t{at}"), "k"))
    }

    fn fault() -> Entry {
        Entry::Fault { what: "it was killed".to_owned(), start: 10 * SECOND, end: 12 * SECOND }
    }

    #[test]
    fn a_node_that_comes_back_slower_or_not_at_all_is_seen() {
        let before = || tokens(0, 10 * SECOND, SECOND / 50).chain([fault()]);
        let with = |after: Vec<Entry>| judge(check, before().chain(after).collect());
        assert_eq!(with(tokens(15 * SECOND, 20 * SECOND, SECOND / 50).collect()), Vec::<String>::new());
        assert_eq!(with(tokens(15 * SECOND, 20 * SECOND, SECOND / 10).collect()).len(), 1, "slower");
        assert_eq!(with(tokens(80 * SECOND, 85 * SECOND, SECOND / 50).collect()).len(), 1, "too late");
        assert_eq!(with(vec![]).len(), 1, "not at all");
        assert_eq!(judge(check, tokens(0, SECOND, SECOND).collect()), Vec::<String>::new(), "no fault");
    }

    #[test]
    fn recovery_is_measured_to_the_first_answer() {
        let history = History::of([fault(), token(0, "c", "t1", "k"), token(13 * SECOND, "c", "t2", "k")]);
        assert_eq!(recovery(&history), Some(Duration::from_secs(1)));
    }
}

//! Which thing of a document is which thing that exists: by name, and of several with one name the first is the first. And
//! which things move, if one list is to stand in the order of another.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// What of two lists belongs together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pairing {
    /// For each wanted thing the index of the one that exists.
    pub found: Vec<Option<usize>>,
    /// The indices of those that nobody wants.
    pub unwanted: Vec<usize>,
}

/// Pairs by key.
pub(super) fn pair<K: Eq + Hash>(
    existing: impl Iterator<Item = K>,
    wanted: impl Iterator<Item = K>,
) -> Pairing {
    let mut by_key: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (index, key) in existing.enumerate() {
        by_key.entry(key).or_default().push_back(index);
    }
    let found = wanted.map(|key| by_key.get_mut(&key).and_then(VecDeque::pop_front)).collect();
    let mut unwanted: Vec<usize> = by_key.into_values().flatten().collect();
    unwanted.sort_unstable();
    Pairing { found, unwanted }
}

/// Which of `order` (indices of what exists, in the order that is wanted) have to move: the fewest that can.
pub(super) fn moved(order: &[usize]) -> Vec<usize> {
    // The longest part that stands in order already stays. `ends[n]` is where the best such part of n + 1 things ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(order.len());
    for (at, index) in order.iter().enumerate() {
        let length = ends.partition_point(|end| order[*end] < *index);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut stays = vec![false; order.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        stays[at] = true;
        next = before[at];
    }
    order.iter().zip(stays).filter(|(_, stays)| !stays).map(|(index, _)| *index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_of_one_name_are_paired_in_their_order() {
        let pairing = pair(["a", "b", "a", "c"].into_iter(), ["a", "d", "a", "a"].into_iter());
        assert_eq!(pairing, Pairing { found: vec![Some(0), None, Some(2), None], unwanted: vec![1, 3] });
    }

    #[test]
    fn the_fewest_move() {
        for (order, expected) in [
            (&[][..], &[][..]),
            (&[0, 1, 2], &[]),
            (&[1, 2, 0], &[0]),
            (&[2, 0, 1], &[2]),
            (&[2, 1, 0], &[2, 1]),
            (&[3, 0, 4, 1, 2], &[3, 4]),
        ] {
            assert_eq!(moved(order), expected, "{order:?}");
        }
    }
}

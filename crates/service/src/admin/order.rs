//! Priorities: unique, contiguous from 1, moved and closed up in one change.

/// Where an item that asks for `priority` comes to stand among `others` others: 1 is first; none, or one beyond
/// the end, is last.
pub(crate) fn place(priority: Option<u32>, others: usize) -> usize {
    let asked = priority.map_or(usize::MAX, |priority| usize::try_from(priority).unwrap_or(usize::MAX));
    asked.saturating_sub(1).min(others)
}

/// The priority of the item at `index`.
pub(crate) fn priority(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_stands_where_it_asks_to_within_the_list() {
        for (asked, others, expected) in [
            (None, 3, 3),
            (Some(1), 3, 0),
            (Some(2), 3, 1),
            (Some(4), 3, 3),
            (Some(99), 3, 3),
            (Some(0), 3, 0),
            (Some(2), 0, 0),
        ] {
            assert_eq!(place(asked, others), expected, "{asked:?} among {others}");
        }
    }
}

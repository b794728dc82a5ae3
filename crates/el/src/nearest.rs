//! Finds the known name that somebody probably meant.

/// The candidate most like `typed`, unless none of the first [`COMPARED_MAX`] is much like it.
pub fn nearest<'c>(typed: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let folded: Vec<char> = typed.to_lowercase().chars().take(LONGEST + 1).collect();
    if folded.len() > LONGEST {
        return None;
    }
    let tolerance = (folded.len() / 3).max(1);
    candidates
        .take(COMPARED_MAX)
        .filter_map(|candidate| {
            let other: Vec<char> = candidate.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
            let is_near = other.len() <= LONGEST && other.len().abs_diff(folded.len()) <= tolerance;
            is_near.then(|| (distance(&folded, &other), candidate))
        })
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Longer words resemble nothing, which bounds the work.
const LONGEST: usize = 64;
/// How many candidates are looked at: a hint is not worth more.
const COMPARED_MAX: usize = 1_000;

/// How many letters must be added, removed, replaced or swapped with their neighbour to turn one word into the other.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous = None;
    for (row, &l) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut previous_right = None;
        for (column, &r) in right.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, column) + usize::from(l != r))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            if previous == Some(r) && previous_right == Some(l) {
                best = best.min(at(&before, column.wrapping_sub(1)) + 1);
            }
            current.push(best);
            previous_right = Some(r);
        }
        before = std::mem::replace(&mut last, current);
        previous = Some(l);
    }
    last.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_an_omission_and_another_case_are_near() {
        let known = ["String.append", "String.len", "user"];
        let find = |typed| nearest(typed, known.into_iter());
        assert_eq!(find("String.appned"), Some("String.append"));
        assert_eq!(find("string.Append"), Some("String.append"));
        assert_eq!(find("usr"), Some("user"));
        assert_eq!(find("sure"), None);
        assert_eq!(find("cool"), None);
        assert_eq!(find(""), None);
    }

    #[test]
    fn neither_long_words_nor_many_are_compared() {
        let long = "a".repeat(LONGEST);
        let longer = "a".repeat(LONGEST + 1);
        assert_eq!(nearest(&long, [long.as_str()].into_iter()), Some(long.as_str()));
        assert_eq!(nearest(&long, [longer.as_str()].into_iter()), None);
        assert_eq!(nearest(&longer, [long.as_str()].into_iter()), None);
        let with = |others: usize| std::iter::repeat_n("another", others).chain(["user"]);
        assert_eq!(nearest("usr", with(COMPARED_MAX - 1)), Some("user"));
        let looked_at = std::cell::Cell::new(0);
        let counted = with(COMPARED_MAX).inspect(|_| looked_at.set(looked_at.get() + 1));
        assert_eq!((nearest("usr", counted), looked_at.get()), (None, COMPARED_MAX));
    }
}

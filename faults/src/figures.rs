//! Many measurements as a few words.

use std::time::Duration;

/// The median and the worst of durations, which are sorted on the way.
pub fn spread(durations: &mut [Duration]) -> String {
    durations.sort_unstable();
    let worst = durations.last().copied().unwrap_or_default();
    let median = durations.get(durations.len() / 2).copied().unwrap_or_default();
    format!("median {} ms, worst {} ms", median.as_millis(), worst.as_millis())
}

/// The duration below which so many thousandths lie, which are sorted on the way.
pub fn quantile(durations: &mut [Duration], thousandths: usize) -> Duration {
    durations.sort_unstable();
    let place = durations.len() * thousandths / 1_000;
    durations.get(place.min(durations.len().saturating_sub(1))).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_worst_are_found_in_any_order() {
        let mut durations = [30, 10, 20].map(Duration::from_millis);
        assert_eq!(spread(&mut durations), "median 20 ms, worst 30 ms");
        assert_eq!(spread(&mut []), "median 0 ms, worst 0 ms");
        let mut hundred: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&mut hundred, 990), Duration::from_millis(100));
        assert_eq!(quantile(&mut hundred, 500), Duration::from_millis(51));
    }
}

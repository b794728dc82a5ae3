//! Latencies in microseconds, counted in buckets whose width grows with the value: 64 to the octave, so that a
//! percentile is at most 1.6 % below the true one. Histograms of several rounds add up.

use serde_json::{Value, json};

const SUB_BITS: u32 = 6;
const SUB: usize = 1 << SUB_BITS;
const BUCKETS: usize = SUB * 32;

/// How often each latency was seen.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS] }
    }
}

impl Histogram {
    /// Counts one latency.
    pub fn record(&mut self, micros: u64) {
        self.counts[bucket(micros)] += 1;
    }

    /// Adds what `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// How many latencies were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The least latency that `per_mille` thousandths of all do not exceed; 0 when nothing was counted.
    pub fn quantile(&self, per_mille: u64) -> u64 {
        let wanted = (self.count() * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return lower_bound(index);
            }
        }
        0
    }

    /// The buckets that are not empty, as `[[index, count], …]`.
    pub fn to_json(&self) -> Value {
        let filled = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        filled.map(|(index, count)| json!([index, count])).collect()
    }

    /// Reads what `to_json` wrote.
    pub fn from_json(value: &Value) -> Option<Self> {
        let mut histogram = Self::default();
        for pair in value.as_array()? {
            let index = usize::try_from(pair.get(0)?.as_u64()?).ok()?;
            *histogram.counts.get_mut(index)? += pair.get(1)?.as_u64()?;
        }
        Some(histogram)
    }
}

fn bucket(micros: u64) -> usize {
    let octave = micros.checked_ilog2().unwrap_or(0).saturating_sub(SUB_BITS);
    let place = usize::try_from(micros >> octave).unwrap_or(usize::MAX);
    place.saturating_add(octave as usize * SUB).min(BUCKETS - 1)
}

fn lower_bound(index: usize) -> u64 {
    let octave = (index / SUB).saturating_sub(1);
    ((index - octave * SUB) as u64) << octave
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_falls_into_a_bucket_that_starts_at_most_one_64th_below_it() {
        for value in (0..100_000).chain((0..30).map(|shift| (1 << shift) + 12_345)) {
            let low = lower_bound(bucket(value));
            assert!(low <= value && value - low <= value / 64, "{value} went to {low}");
        }
    }

    #[test]
    fn buckets_are_in_order_and_the_largest_value_has_one() {
        assert!((1..BUCKETS).all(|index| lower_bound(index - 1) < lower_bound(index)));
        assert!((0..BUCKETS).all(|index| bucket(lower_bound(index)) == index));
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_count_from_below() {
        let mut histogram = Histogram::default();
        (1..=1000).for_each(|value| histogram.record(value));
        assert_eq!(histogram.quantile(1), 1);
        assert_eq!(histogram.quantile(500), 500);
        assert_eq!(histogram.quantile(990), 984);
        assert_eq!(Histogram::default().quantile(500), 0);
    }

    #[test]
    fn a_histogram_survives_its_json_and_adds_up() {
        let mut first = Histogram::default();
        for value in [3, 70, 9000] {
            first.record(value);
        }
        let mut twice = Histogram::from_json(&first.to_json()).unwrap();
        twice.merge(&first);
        assert_eq!(twice.count(), 6);
        assert_eq!(twice.quantile(500), 70);
        assert!(Histogram::from_json(&json!([[99_999, 1]])).is_none());
    }
}

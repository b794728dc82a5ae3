//! How benches measure a call: many at once, many times, the median of it. The engine's bench borrows this file.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// A clock's reading costs some 20 ns, so that many calls are measured at once.
const BATCH: Duration = Duration::from_micros(200);

/// The median of many measurements, in nanoseconds a call.
pub fn median<T>(samples: usize, mut call: impl FnMut() -> T) -> f64 {
    let mut calls = 1_u32;
    while time(calls, &mut call) < BATCH {
        calls *= 2;
    }
    let mut measured: Vec<f64> =
        (0..samples).map(|_| time(calls, &mut call).as_secs_f64() * 1e9 / f64::from(calls)).collect();
    measured.sort_by(f64::total_cmp);
    measured[samples / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn time<T>(calls: u32, call: &mut impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        black_box(call());
    }
    start.elapsed()
}

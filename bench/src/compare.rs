//! Sides next to each other: what each reply cost, how fast they came, and the rounds one by one. The first side is what
//! the others are compared with.

use crate::rounds::{Load, Round, Side};
use crate::table::{dash, float, head, line, median, mib, ratio};

type Row = (&'static str, fn(&Side) -> f64, usize);

/// A name, how to find it, how many decimals to show.
const ROWS: [Row; 11] = [
    ("server CPU per reply, µs", cpu, 1),
    ("replies per second", rate, 0),
    ("p50, ms", |side| percentile(side, 500), 2),
    ("p99, ms", |side| percentile(side, 990), 2),
    ("p99.9, ms", |side| percentile(side, 999), 2),
    ("errors", |side| float(side.errors), 0),
    ("resident memory idle, MiB", |side| mib(side.idle_kib), 1),
    ("resident memory at most, loaded, MiB", |side| mib(side.peak_kib), 1),
    ("written to disk per reply, bytes", written_each, 0),
    ("replies measured", |side| float(side.replies()), 0),
    ("the driver's own CPU per reply, µs (not counted above)", driver_each, 1),
];

/// Processor time of the server for each reply, in microseconds: the median of the rounds.
pub fn cpu(side: &Side) -> f64 {
    median(&cpu_each(side))
}

/// Replies in a second: the median of the rounds.
pub fn rate(side: &Side) -> f64 {
    let rate = |round: &Round| ratio(round.replies(), round.wall_micros) * 1_000_000.0;
    median(&side.rounds.iter().map(rate).collect::<Vec<_>>())
}

/// Processor time of `other` over that of `first`: the median of the rounds' ratios.
pub fn cpu_ratio(first: &Side, other: &Side) -> f64 {
    median(&cpu_ratios(first, other))
}

/// A percentile of the latencies, in milliseconds.
pub fn percentile(side: &Side, per_mille: u64) -> f64 {
    float(side.latencies().quantile(per_mille)) / 1000.0
}

/// The whole comparison: the table, the rounds, and how they were driven.
pub fn markdown(sides: &[&Side], load: Load) -> String {
    format!("{}\n{}\n{}", side_by_side(sides), each_round(sides), driven(load))
}

/// How the rounds were driven.
pub fn driven(load: Load) -> String {
    let Load { connections, warm_seconds, seconds, rounds } = load;
    format!(
        "{connections} connections; {rounds} rounds, each {warm_seconds} s to warm and {seconds} s measured.\n"
    )
}

fn side_by_side(sides: &[&Side]) -> String {
    let Some((first, others)) = sides.split_first() else { return String::new() };
    let ratios: Vec<String> = others.iter().map(|side| format!("{} / {}", side.name, first.name)).collect();
    let mut names = vec![""];
    names.extend(sides.iter().map(|side| side.name));
    names.extend(ratios.iter().map(String::as_str));
    let mut text = head(&names);
    for (what, find, decimals) in ROWS {
        let figures: Vec<f64> = sides.iter().map(|side| find(side)).collect();
        let mut cells = vec![what.to_owned()];
        cells.extend(figures.iter().map(|figure| format!("{figure:.decimals$}")));
        cells.extend(
            figures[1..]
                .iter()
                .map(|figure| if figures[0] > 0.0 { format!("{:.2}", figure / figures[0]) } else { dash() }),
        );
        line(&mut text, &cells);
    }
    text
}

fn each_round(sides: &[&Side]) -> String {
    let Some((first, others)) = sides.split_first() else { return String::new() };
    let mut names = vec!["round".to_owned()];
    names.extend(sides.iter().map(|side| format!("{}, µs", side.name)));
    names.extend(others.iter().map(|side| format!("{} / {}", side.name, first.name)));
    let mut text = head(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let each: Vec<Vec<f64>> = sides.iter().map(|side| cpu_each(side)).collect();
    let ratios: Vec<Vec<f64>> = others.iter().map(|side| cpu_ratios(first, side)).collect();
    for index in 0..first.rounds.len() {
        let shown = |figures: &Vec<f64>, decimals| {
            figures.get(index).map_or_else(dash, |figure| format!("{figure:.decimals$}"))
        };
        let mut cells = vec![(index + 1).to_string()];
        cells.extend(each.iter().map(|figures| shown(figures, 1)));
        cells.extend(ratios.iter().map(|figures| shown(figures, 3)));
        line(&mut text, &cells);
    }
    text
}

fn cpu_each(side: &Side) -> Vec<f64> {
    side.rounds.iter().map(|round| ratio(round.server_micros, round.replies())).collect()
}

fn cpu_ratios(first: &Side, other: &Side) -> Vec<f64> {
    cpu_each(other).into_iter().zip(cpu_each(first)).map(|(other, first)| other / first).collect()
}

fn written_each(side: &Side) -> f64 {
    ratio(side.rounds.iter().filter_map(|round| round.written_bytes).sum(), side.replies())
}

fn driver_each(side: &Side) -> f64 {
    ratio(side.rounds.iter().map(|round| round.driver_micros).sum(), side.replies())
}

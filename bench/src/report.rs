//! Turns what was measured into a page: the two sides next to each other, the rounds, the starts, the machine; and holds
//! the figures against their aims.

use std::fmt::Write;
use std::time::Duration;

use crate::clock;
use crate::rounds::{Load, Round, Side};
use crate::starts::{FirstStarts, REPEATS};

const CPU_RATIO: f64 = 1.2;
const TAIL_RATIO: f64 = 3.0;
const IDLE_MIB: f64 = 30.0;
const LOADED_MIB: f64 = 60.0;
const RESTART: Duration = Duration::from_millis(300);
const FIRST_START: Duration = Duration::from_secs(2);

/// Everything that a run found out.
#[derive(Debug)]
pub struct Findings {
    pub load: Load,
    pub machine: Vec<String>,
    pub floor: Side,
    pub mint: Option<Measured>,
}

/// What only the mint has.
#[derive(Debug)]
pub struct Measured {
    pub side: Side,
    pub first: FirstStarts,
    pub restarts: Vec<Duration>,
}

/// One aim and what became of it.
struct Aim {
    what: &'static str,
    wanted: String,
    found: String,
    met: bool,
}

/// How many aims were missed.
pub fn misses(findings: &Findings) -> usize {
    aims(findings).iter().filter(|aim| !aim.met).count()
}

/// The whole text.
pub fn markdown(findings: &Findings) -> String {
    let mut text = String::new();
    let aims = aims(findings);
    if !aims.is_empty() {
        text.push_str("| aim | wanted | found | |\n| --- | ---: | ---: | --- |\n");
        for Aim { what, wanted, found, met } in aims {
            let verdict = if met { "met" } else { "**missed**" };
            line(&mut text, &[what, &wanted, &found, verdict]);
        }
        text.push('\n');
    }
    text.push_str(&side_by_side(findings));
    text.push_str(&each_round(findings));
    let Load { connections, warm_seconds, seconds } = findings.load;
    let _ = write!(
        text,
        "\n{connections} connections; each round {warm_seconds} s to warm and {seconds} s measured.\n\n"
    );
    for fact in &findings.machine {
        let _ = writeln!(text, "- {fact}");
    }
    text
}

fn aims(findings: &Findings) -> Vec<Aim> {
    let Some(Measured { side, first, restarts }) = &findings.mint else { return Vec::new() };
    let ratio = median(&cpu_ratios(&findings.floor, side));
    let latencies = side.latencies();
    let tail = ratio_of(latencies.quantile(990), latencies.quantile(500));
    let errors = side.errors + findings.floor.errors;
    vec![
        at_most("server CPU per token, times the floor", ratio, CPU_RATIO, ""),
        at_most("p99, times p50", tail, TAIL_RATIO, ""),
        Aim { what: "errors", wanted: "0".to_owned(), found: errors.to_string(), met: errors == 0 },
        at_most("resident memory, idle", mib(side.idle_kib), IDLE_MIB, " MiB"),
        at_most("resident memory, loaded", mib(side.peak_kib), LOADED_MIB, " MiB"),
        within("restart to first token", restarts, RESTART),
        within("very first start to ready", &first.ready, FIRST_START),
        within("very first start to first token, set-up included", &first.token, FIRST_START),
    ]
}

fn at_most(what: &'static str, found: f64, most: f64, unit: &str) -> Aim {
    Aim { what, wanted: format!("≤ {most}{unit}"), found: format!("{found:.2}{unit}"), met: found <= most }
}

fn within(what: &'static str, taken: &[Duration], most: Duration) -> Aim {
    let millis: Vec<f64> = taken.iter().map(|taken| taken.as_secs_f64() * 1000.0).collect();
    let (median, best) = (median(&millis), millis.iter().copied().fold(f64::INFINITY, f64::min));
    let found = format!("{median:.0} ms (best of {REPEATS}: {best:.0} ms)");
    Aim {
        what,
        wanted: format!("≤ {} ms", most.as_millis()),
        found,
        met: median <= float(clock::micros(most)) / 1000.0,
    }
}

type Row = (&'static str, fn(&Side) -> f64, usize);

/// A name, how to find it, how many decimals to show.
const ROWS: [Row; 12] = [
    ("server CPU per token, µs", |side| median(&cpu_each(side)), 1),
    ("tokens per second", |side| median(&side.rounds.iter().map(rate).collect::<Vec<_>>()), 0),
    ("p50, ms", |side| millis(side, 500), 2),
    ("p99, ms", |side| millis(side, 990), 2),
    ("p99.9, ms", |side| millis(side, 999), 2),
    ("errors", |side| float(side.errors), 0),
    ("resident memory idle, MiB", |side| mib(side.idle_kib), 1),
    ("resident memory at most, loaded, MiB", |side| mib(side.peak_kib), 1),
    ("written to disk per token, bytes", written_each, 0),
    ("tokens measured", |side| float(side.tokens()), 0),
    ("length of a token, bytes", |side| float(side.token_bytes as u64), 0),
    ("the driver's own CPU per token, µs (not counted above)", driver_each, 1),
];

fn side_by_side(findings: &Findings) -> String {
    let mut text = String::from("| | floor | mint | mint / floor |\n| --- | ---: | ---: | ---: |\n");
    for (what, find, decimals) in ROWS {
        let floor = find(&findings.floor);
        let mint = findings.mint.as_ref().map(|mint| find(&mint.side));
        let ratio = mint.filter(|_| floor > 0.0).map_or_else(dash, |mint| format!("{:.2}", mint / floor));
        let mint = mint.map_or_else(dash, |mint| format!("{mint:.decimals$}"));
        line(&mut text, &[what, &format!("{floor:.decimals$}"), &mint, &ratio]);
    }
    text
}

fn each_round(findings: &Findings) -> String {
    let mut text =
        String::from("\n| round | floor, µs | mint, µs | mint / floor |\n| ---: | ---: | ---: | ---: |\n");
    let mint = findings.mint.as_ref().map(|mint| &mint.side);
    let (each, ratios) =
        mint.map(|mint| (cpu_each(mint), cpu_ratios(&findings.floor, mint))).unwrap_or_default();
    for (index, floor) in cpu_each(&findings.floor).into_iter().enumerate() {
        let mint = each.get(index).map_or_else(dash, |mint| format!("{mint:.1}"));
        let ratio = ratios.get(index).map_or_else(dash, |ratio| format!("{ratio:.3}"));
        line(&mut text, &[&(index + 1).to_string(), &format!("{floor:.1}"), &mint, &ratio]);
    }
    text
}

fn line(text: &mut String, cells: &[&str]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn dash() -> String {
    "–".to_owned()
}

fn cpu_each(side: &Side) -> Vec<f64> {
    side.rounds.iter().map(|round| ratio_of(round.server_micros, round.tokens())).collect()
}

fn cpu_ratios(floor: &Side, mint: &Side) -> Vec<f64> {
    cpu_each(mint).into_iter().zip(cpu_each(floor)).map(|(mint, floor)| mint / floor).collect()
}

fn rate(round: &Round) -> f64 {
    ratio_of(round.tokens(), round.wall_micros) * 1_000_000.0
}

fn millis(side: &Side, per_mille: u64) -> f64 {
    float(side.latencies().quantile(per_mille)) / 1000.0
}

fn written_each(side: &Side) -> f64 {
    ratio_of(side.rounds.iter().filter_map(|round| round.written_bytes).sum(), side.tokens())
}

fn driver_each(side: &Side) -> f64 {
    ratio_of(side.rounds.iter().map(|round| round.driver_micros).sum(), side.tokens())
}

fn mib(kib: u64) -> f64 {
    float(kib) / 1024.0
}

fn ratio_of(over: u64, under: u64) -> f64 {
    float(over) / float(under)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark stay far below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

/// The middle one, or the mean of the two in the middle. Not a number when there is none, which meets no aim.
fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.get(middle) {
        None => f64::NAN,
        Some(upper) if values.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(values[middle - 1], *upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_string(), "2");
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]).to_string(), "2.5");
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn an_aim_is_met_at_its_limit_and_missed_above_or_without_a_figure() {
        assert!(at_most("x", 1.2, 1.2, "").met);
        assert!(!at_most("x", 1.21, 1.2, "").met);
        assert!(!at_most("x", f64::NAN, 1.2, "").met);
        let aim = within("x", &[300, 250, 900].map(Duration::from_millis), RESTART);
        assert_eq!((aim.found.as_str(), aim.met), ("300 ms (best of 5: 250 ms)", true));
    }
}

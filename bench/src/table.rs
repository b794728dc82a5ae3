//! Tables in Markdown, aims and what became of them, and the little arithmetic that they need.

use std::fmt::Write;
use std::time::Duration;

use crate::clock;

/// One aim and what became of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Aim {
    pub what: String,
    pub wanted: String,
    pub found: String,
    pub met: bool,
}

impl Aim {
    /// Met by a figure that is not above `most`.
    pub fn at_most(what: impl Into<String>, found: f64, most: f64, unit: &str) -> Self {
        let (wanted, found_text) = (format!("≤ {most}{unit}"), format!("{found:.2}{unit}"));
        Self { what: what.into(), wanted, found: found_text, met: found <= most }
    }

    /// Met by a figure that is not below `least`.
    pub fn at_least(what: impl Into<String>, found: f64, least: f64) -> Self {
        let (wanted, found_text) = (format!("≥ {least:.0}"), format!("{found:.0}"));
        Self { what: what.into(), wanted, found: found_text, met: found >= least }
    }

    /// Met if the median of what was taken is not above `most`.
    pub fn within(what: impl Into<String>, taken: &[Duration], most: Duration) -> Self {
        let millis: Vec<f64> = taken.iter().map(|taken| millis(*taken)).collect();
        let (median, best) = (median(&millis), millis.iter().copied().fold(f64::INFINITY, f64::min));
        Self {
            what: what.into(),
            wanted: format!("≤ {} ms", most.as_millis()),
            found: format!("{median:.0} ms (best of {}: {best:.0} ms)", taken.len()),
            met: median <= millis_of(most),
        }
    }

    /// Met if nothing went wrong.
    pub fn no_errors(what: impl Into<String>, errors: u64) -> Self {
        Self { what: what.into(), wanted: "0".to_owned(), found: errors.to_string(), met: errors == 0 }
    }
}

/// How many aims were missed.
pub fn misses(aims: &[Aim]) -> usize {
    aims.iter().filter(|aim| !aim.met).count()
}

/// The aims as a table.
pub fn aims(aims: &[Aim]) -> String {
    let mut text = String::from("| aim | wanted | found | |\n| --- | ---: | ---: | --- |\n");
    for Aim { what, wanted, found, met } in aims {
        line(&mut text, &[what.as_str(), wanted, found, if *met { "met" } else { "**missed**" }]);
    }
    text
}

/// The head of a table: the first column is of words, the others are of figures.
pub fn head(names: &[&str]) -> String {
    let mut text = String::new();
    line(&mut text, names);
    let _ = writeln!(text, "| --- |{}", " ---: |".repeat(names.len().saturating_sub(1)));
    text
}

/// One line of a table.
pub fn line(text: &mut String, cells: &[impl AsRef<str>]) {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// What stands where there is no figure.
pub fn dash() -> String {
    "–".to_owned()
}

/// The middle one, or the mean of the two in the middle. Not a number when there is none, which meets no aim.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.get(middle) {
        None => f64::NAN,
        Some(upper) if values.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(values[middle - 1], *upper),
    }
}

/// A duration in milliseconds.
pub fn millis(duration: Duration) -> f64 {
    millis_of(duration)
}

fn millis_of(duration: Duration) -> f64 {
    float(clock::micros(duration)) / 1000.0
}

/// KiB as MiB.
pub fn mib(kib: u64) -> f64 {
    float(kib) / 1024.0
}

/// One count over another.
pub fn ratio(over: u64, under: u64) -> f64 {
    float(over) / float(under)
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark stay far below 2^52")]
pub fn float(count: u64) -> f64 {
    count as f64
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
    fn an_aim_is_met_at_its_limit_and_missed_beyond_or_without_a_figure() {
        assert!(Aim::at_most("x", 1.2, 1.2, "").met);
        assert!(!Aim::at_most("x", 1.21, 1.2, "").met);
        assert!(!Aim::at_most("x", f64::NAN, 1.2, "").met);
        assert!(Aim::at_least("x", 40.0, 40.0).met);
        assert!(!Aim::at_least("x", f64::NAN, 40.0).met);
        let aim = Aim::within("x", &[300, 250, 900].map(Duration::from_millis), Duration::from_millis(300));
        assert_eq!((aim.found.as_str(), aim.met), ("300 ms (best of 3: 250 ms)", true));
        assert!(!Aim::within("x", &[], Duration::from_secs(1)).met);
    }

    #[test]
    fn a_table_has_a_head_and_lines() {
        let mut text = head(&["a", "b", "c"]);
        line(&mut text, &["x", "1", "2"]);
        assert_eq!(text, "| a | b | c |\n| --- | ---: | ---: |\n| x | 1 | 2 |\n");
    }
}

//! The table of docs/reliability.md, from a run. Rows that were not run keep the line that they had.

use std::fs;
use std::path::Path;

use bench::paste;

use crate::rows::{Finding, Row};

/// The markers of the table.
const NAME: &str = "faults";

/// The rows that are not built yet, so that the table shows where they belong.
const LATER: &[(u8, &str)] = &[
    (3, "power cut under the embedded store"),
    (4, "errors of the disk: `fsync`, reading, short writes"),
    (6, "a damaged database file"),
    (9, "two primaries"),
    (10, "switchover every minute"),
    (11, "a replica that lags"),
    (13, "nodes that cannot tell each other"),
    (18, "10,000 refreshes of one token at once"),
    (19, "1,000 redemptions of one code at once"),
    (26, "HTTP/2 floods"),
    (27, "TLS floods"),
    (29, "guessed passwords"),
    (30, "hostile callback targets"),
    (31, "memory limits"),
    (32, "a noisy neighbour"),
    (33, "no more files or ports"),
];

/// What a row came to.
#[derive(Debug)]
pub struct Line {
    number: u8,
    text: String,
    held: bool,
}

impl Line {
    /// The line of a row that was run.
    pub fn of(row: &Row, finding: &Finding, form: &str, seed: u64) -> Self {
        let verdict = match &finding.skipped {
            Some(why) => format!("skipped: {why}"),
            None if finding.held() => "held".to_owned(),
            None => "**did not hold**".to_owned(),
        };
        let run = if finding.skipped.is_some() { String::new() } else { format!("{form}, seed {seed}") };
        let Row { number, fault, criterion, .. } = row;
        let text = format!("| {number} | {fault} | {criterion} | {verdict} | {} | {run} |", finding.said());
        Self { number: *number, text, held: finding.held() }
    }

    /// Whether everything held.
    pub fn held(&self) -> bool {
        self.held
    }
}

/// Writes the lines into the page, among those that it has.
pub fn write(page: &Path, new: Vec<Line>) -> Result<(), String> {
    let text = fs::read_to_string(page).map_err(|error| format!("`{}`: {error}", page.display()))?;
    let later = LATER.iter().map(|(number, fault)| Line {
        number: *number,
        text: format!("| {number} | {fault} | | later | | |"),
        held: true,
    });
    paste::into_file(page, NAME, &table(old(&text).into_iter().chain(later).chain(new)))
}

/// The lines that a page has.
fn old(page: &str) -> Vec<Line> {
    let lines = page.lines().filter(|line| line.starts_with("| "));
    let numbered = lines.filter_map(|line| {
        let number = line.split('|').nth(1)?.trim().parse().ok()?;
        Some(Line { number, text: line.to_owned(), held: true })
    });
    numbered.collect()
}

/// The table; of two lines with one number the later one counts.
fn table(lines: impl Iterator<Item = Line>) -> String {
    let mut sorted: Vec<Line> = Vec::new();
    for line in lines {
        sorted.retain(|known| known.number != line.number);
        sorted.push(line);
    }
    sorted.sort_by_key(|line| line.number);
    let head =
        "| # | fault | besides the invariants | | figures | run |\n| ---: | --- | --- | --- | --- | --- |\n";
    let lines: Vec<String> = sorted.into_iter().map(|line| line.text).collect();
    format!("{head}{}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_replaces_its_own_line_and_no_other() {
        let line =
            |number: u8, text: &str| Line { number, text: format!("| {number} | {text} |"), held: true };
        let page = table([line(10, "ten"), line(2, "old")].into_iter());
        let again = table(old(&page).into_iter().chain([line(2, "new")]));
        assert!(again.ends_with("| 2 | new |\n| 10 | ten |\n"), "{again}");
        assert!(!again.contains("old"));
    }
}

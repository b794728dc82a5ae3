//! What became of the cases: for a person, and as JSON for a program. Owns the results' shape; leaves out XML (`junit`).

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::coverage::Coverage;
use super::judge::Mismatch;

/// The number of the schema of the JSON.
pub const SCHEMA: u32 = 1;

/// What became of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Everything is as expected.
    Passed,
    /// Something is not.
    Failed {
        /// What.
        mismatches: Vec<Mismatch>,
        /// Why, in short.
        decision: String,
        /// The whole decision, step by step, where that was asked for.
        explanation: Option<String>,
    },
    /// It could not be asked: the server's answer, or what it names is not there.
    Broken(String),
}

impl Outcome {
    const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Failed { .. } => "FAILED",
            Self::Broken(_) => "BROKEN",
        }
    }
}

/// A case and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult {
    /// Its name.
    pub name: String,
    /// The line in which it begins.
    pub line: usize,
    /// What became of it.
    pub outcome: Outcome,
}

/// A file's cases in order.
#[derive(Debug, Clone, PartialEq)]
pub struct FileResult {
    /// The file as it was named.
    pub file: String,
    /// Its cases.
    pub cases: Vec<CaseResult>,
}

/// All files in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Results {
    /// The files.
    pub files: Vec<FileResult>,
    /// What the cases touch, where that was asked for.
    pub coverage: Vec<Coverage>,
}

impl Results {
    fn cases(&self) -> impl Iterator<Item = &CaseResult> {
        self.files.iter().flat_map(|file| &file.cases)
    }

    /// How many cases passed, failed and are broken.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |word: &str| self.cases().filter(|case| case.outcome.word() == word).count();
        (count("PASSED"), count("FAILED"), count("BROKEN"))
    }

    /// Whether every case passed, and there is one.
    pub fn are_well(&self) -> bool {
        let (passed, failed, broken) = self.counts();
        passed > 0 && failed + broken == 0
    }

    /// For a person.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            text = text + &file.file + "\n";
            file.cases.iter().for_each(|case| text.push_str(&of_case(case)));
        }
        let (passed, failed, broken) = self.counts();
        let all = passed + failed + broken;
        let noun = if all == 1 { "case" } else { "cases" };
        let _ = write!(text, "\n{all} {noun}: {passed} passed");
        for (count, word) in [(failed, "failed"), (broken, "broken")] {
            if count > 0 {
                let _ = write!(text, ", {count} {word}");
            }
        }
        text.push('\n');
        self.coverage.iter().for_each(|coverage| text.push_str(&of_coverage(coverage)));
        text
    }

    /// For a program.
    pub fn to_json(&self) -> Value {
        let (passed, failed, broken) = self.counts();
        let files = self.files.iter().map(|file| {
            json!({"file": file.file, "cases": file.cases.iter().map(case_to_json).collect::<Vec<_>>()})
        });
        json!({
            "schema": SCHEMA,
            "passed": passed,
            "failed": failed,
            "broken": broken,
            "files": files.collect::<Vec<_>>(),
            "coverage": self.coverage,
        })
    }
}

/// What a failed or broken case says for itself, without its name.
pub fn details(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => String::new(),
        Outcome::Broken(why) => format!("{why}\n"),
        Outcome::Failed { mismatches, decision, explanation } => {
            let mut text = String::new();
            for Mismatch { place, expected, found } in mismatches {
                let said = |value: &Option<Value>| {
                    value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string)
                };
                let _ =
                    writeln!(text, "{place}\n  expected  {}\n  found     {}", said(expected), said(found));
            }
            for part in [Some(decision), explanation.as_ref()].into_iter().flatten() {
                let _ = writeln!(text, "\n{}", part.trim_end());
            }
            text
        }
    }
}

fn of_case(case: &CaseResult) -> String {
    let mark = match case.outcome {
        Outcome::Passed => return format!("  ok      {}\n", case.name),
        Outcome::Failed { .. } => "FAILED",
        Outcome::Broken(_) => "BROKEN",
    };
    let mut text = format!("  {mark}  {} (line {})\n", case.name, case.line);
    for line in details(&case.outcome).lines() {
        let _ = writeln!(text, "{}", format!("          {line}").trim_end());
    }
    text
}

fn of_coverage(coverage: &Coverage) -> String {
    let mut text = format!("\ncoverage of {}: {} %\n", coverage.server, coverage.percent);
    for section in &coverage.sections {
        let touched = section.total - section.untouched.len();
        let _ = write!(text, "  {:<9} {touched} of {}", section.kind, section.total);
        if !section.untouched.is_empty() {
            let _ = write!(text, "; no case touches {}", section.untouched.join(", "));
        }
        text.push('\n');
    }
    text
}

fn case_to_json(case: &CaseResult) -> Value {
    let mut shown = json!({"name": case.name, "line": case.line, "result": case.outcome.word()});
    match &case.outcome {
        Outcome::Passed => {}
        Outcome::Broken(why) => shown["message"] = why.as_str().into(),
        Outcome::Failed { mismatches, decision, explanation } => {
            let mismatches = mismatches.iter().map(|mismatch| {
                let mut shown = json!({"place": mismatch.place});
                for (name, value) in [("expected", &mismatch.expected), ("found", &mismatch.found)] {
                    if let Some(value) = value {
                        shown[name] = value.clone();
                    }
                }
                shown
            });
            shown["mismatches"] = mismatches.collect();
            shown["decision"] = decision.as_str().into();
            if let Some(explanation) = explanation {
                shown["explanation"] = explanation.as_str().into();
            }
        }
    }
    shown
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::token_tests::coverage::Section;

    pub(in crate::token_tests) fn results() -> Results {
        let mismatches = vec![
            Mismatch { place: "rule".to_owned(), expected: Some("Staff".into()), found: Some("Rest".into()) },
            Mismatch { place: "accessToken.tier".to_owned(), expected: None, found: Some(json!(["<a>", 2])) },
        ];
        let cases = [
            ("A courier reads", 4, Outcome::Passed),
            (
                "Staff & \"friends\" <write>",
                9,
                Outcome::Failed {
                    mismatches,
                    decision: "granted\n".to_owned(),
                    explanation: Some("policy Services\n".to_owned()),
                },
            ),
            ("Nobody knows\u{1}", 30, Outcome::Broken("client: there is no app `x`".to_owned())),
        ];
        let case = |(name, line, outcome): (&str, usize, Outcome)| CaseResult {
            name: name.to_owned(),
            line,
            outcome,
        };
        let files =
            vec![FileResult { file: "orders.yaml".to_owned(), cases: cases.into_iter().map(case).collect() }];
        let sections = vec![
            Section { kind: "rules", total: 2, untouched: vec!["Services / Rest".to_owned()] },
            Section { kind: "scopes", total: 2, untouched: Vec::new() },
        ];
        Results { files, coverage: vec![Coverage { server: "Orders".to_owned(), percent: 75, sections }] }
    }

    #[test]
    fn a_person_reads_what_differs_and_why() {
        let expected = r#"orders.yaml
  ok      A courier reads
  FAILED  Staff & "friends" <write> (line 9)
          rule
            expected  "Staff"
            found     "Rest"
          accessToken.tier
            expected  nothing
            found     ["<a>",2]

          granted

          policy Services
  BROKEN  Nobody knows (line 30)
          client: there is no app `x`

3 cases: 1 passed, 1 failed, 1 broken

coverage of Orders: 75 %
  rules     1 of 2; no case touches Services / Rest
  scopes    2 of 2
"#;
        assert_eq!(results().to_text().replace('\u{1}', ""), expected);
        assert!(!results().are_well() && !Results::default().are_well(), "no case at all is no success");
    }

    #[test]
    fn one_case_is_called_one() {
        let mut one = results();
        one.files[0].cases.truncate(1);
        assert!(one.to_text().contains("\n1 case: 1 passed\n"), "{}", one.to_text());
    }

    #[test]
    fn a_program_reads_the_same_as_json() {
        let json = results().to_json();
        assert_eq!((&json["schema"], &json["passed"], &json["failed"]), (&json!(1), &json!(1), &json!(1)));
        let cases = &json["files"][0]["cases"];
        assert_eq!(cases[0], json!({"name": "A courier reads", "line": 4, "result": "PASSED"}));
        assert_eq!(cases[1]["mismatches"][1], json!({"place": "accessToken.tier", "found": ["<a>", 2]}));
        assert_eq!(
            (&cases[1]["decision"], &cases[1]["explanation"]),
            (&json!("granted\n"), &json!("policy Services\n"))
        );
        assert_eq!(cases[2]["message"], "client: there is no app `x`");
        assert_eq!(json["coverage"][0]["percent"], 75);
    }
}

//! The results as `JUnit` XML, which pipelines show. Owns the escaping; leaves out what the results are (`report`).

use std::fmt::Write as _;

use super::report::{FileResult, Outcome, Results, details};

/// One suite for each file, one case for each case. What failed is a failure, what could not be asked an error.
pub fn to_xml(results: &Results) -> String {
    let (passed, failed, broken) = results.counts();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuites name=\"tokenmint test\" tests=\"{}\" failures=\"{failed}\" errors=\"{broken}\">",
        passed + failed + broken
    );
    results.files.iter().for_each(|file| suite(&mut xml, file));
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, file: &FileResult) {
    let name = escape(&file.file);
    let failed = file.cases.iter().filter(|case| matches!(case.outcome, Outcome::Failed { .. })).count();
    let broken = file.cases.iter().filter(|case| matches!(case.outcome, Outcome::Broken(_))).count();
    let tests = file.cases.len();
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"{broken}\" skipped=\"0\">"
    );
    for case in &file.cases {
        let _ = write!(
            xml,
            "    <testcase classname=\"{name}\" name=\"{}\" file=\"{name}\" line=\"{}\"",
            escape(&case.name),
            case.line
        );
        let (element, message) = match &case.outcome {
            Outcome::Passed => {
                xml.push_str("/>\n");
                continue;
            }
            Outcome::Failed { mismatches, .. } => {
                let places: Vec<&str> = mismatches.iter().map(|mismatch| mismatch.place.as_str()).collect();
                ("failure", format!("not as expected: {}", places.join(", ")))
            }
            Outcome::Broken(why) => ("error", why.clone()),
        };
        let _ = writeln!(
            xml,
            ">\n      <{element} message=\"{}\">{}</{element}>\n    </testcase>",
            escape(&message),
            escape(&details(&case.outcome))
        );
    }
    xml.push_str("  </testsuite>\n");
}

/// A text within XML 1.0, which has no place for most control characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_tests::report::tests::results;

    #[test]
    fn a_pipeline_reads_each_case_and_nothing_breaks_the_markup() {
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="tokenmint test" tests="3" failures="1" errors="1">
  <testsuite name="orders.yaml" tests="3" failures="1" errors="1" skipped="0">
    <testcase classname="orders.yaml" name="A courier reads" file="orders.yaml" line="4"/>
    <testcase classname="orders.yaml" name="Staff &amp; &quot;friends&quot; &lt;write&gt;" file="orders.yaml" line="9">
      <failure message="not as expected: rule, accessToken.tier">rule
  expected  &quot;Staff&quot;
  found     &quot;Rest&quot;
accessToken.tier
  expected  nothing
  found     [&quot;&lt;a&gt;&quot;,2]

granted

policy Services
</failure>
    </testcase>
    <testcase classname="orders.yaml" name="Nobody knows�" file="orders.yaml" line="30">
      <error message="client: there is no app `x`">client: there is no app `x`
</error>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(to_xml(&results()), expected);
    }
}

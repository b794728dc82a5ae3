//! What a run writes into a document is there: between the marks of a pair stands something.

use crate::finding::Finding;
use crate::tree::{Tree, has_extension};

/// Every document of `docs/`.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let documents = tree.files().filter(|(path, _)| path.starts_with("docs/") && has_extension(path, "md"));
    documents.flat_map(|(path, text)| check_document(path, text)).collect()
}

fn check_document(path: &str, text: &str) -> Vec<Finding> {
    let (mut findings, mut open) = (Vec::new(), None);
    for (number, text) in (1..).zip(text.lines().map(str::trim)) {
        match (mark(text, "begin"), mark(text, "end"), open) {
            (Some(name), _, _) => open = Some((name, number)),
            (_, Some(name), Some((pair, line))) if name == pair => {
                let message = format!("nothing stands between the marks of `{name}`: run what writes there");
                findings.push(Finding::new(path, line, message));
                open = None;
            }
            _ if text.is_empty() => {}
            _ => open = None,
        }
    }
    findings
}

/// `x` of `<!-- x:begin -->`.
fn mark<'l>(line: &'l str, which: &str) -> Option<&'l str> {
    let (name, found) = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?.split_once(':')?;
    (found == which).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::said;

    #[test]
    fn a_pair_of_marks_with_nothing_between_is_named_with_its_line() {
        for (text, lines) in [
            ("# A\n<!-- x:begin -->\n<!-- x:end -->", &[2][..]),
            ("<!-- x:begin -->\n\n  \n<!-- x:end -->\na\n<!-- y:begin -->\n<!-- y:end -->", &[1, 6]),
            ("<!-- x:begin -->\n\n| a |\n\n<!-- x:end -->\n<!-- y:begin -->\n<!-- y:end -->", &[6]),
            ("<!-- x:begin -->\na\n<!-- x:end -->", &[]),
            ("<!-- x:begin -->\n<!-- y:end -->", &[]),
            ("<!-- x:end -->\n<!-- x:begin -->", &[]),
            ("<!-- a remark -->", &[]),
        ] {
            let found = said(check, &[("docs/a.md", text)]);
            let expected: Vec<String> = lines.iter().map(|line| format!("docs/a.md:{line}: ")).collect();
            assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
            assert!(found.iter().zip(&expected).all(|(found, place)| found.starts_with(place)), "{found:?}");
        }
        assert!(said(check, &[("README.md", "<!-- x:begin -->\n<!-- x:end -->")]).is_empty());
    }
}

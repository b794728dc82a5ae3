//! The pages of `docs/decisions/` are numbered without gaps, and ARCHITECTURE.md links to each.

use crate::finding::Finding;
use crate::tree::Tree;

const FOLDER: &str = "docs/decisions/";
const MAP: &str = "ARCHITECTURE.md";

/// Every page.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let map = tree.text(MAP).unwrap_or_default();
    let mut findings = Vec::new();
    let mut expected = 1;
    for (path, text) in tree.files().filter(|(path, _)| path.starts_with(FOLDER)) {
        let name = path.strip_prefix(FOLDER).unwrap_or(path);
        let number = name.split_once('-').and_then(|(digits, _)| (digits.len() == 4).then_some(digits));
        match number.and_then(|digits| digits.parse::<u32>().ok()) {
            Some(number) if number == expected => expected += 1,
            Some(number) => {
                let message =
                    format!("the page is number {number:04}, and {expected:04} comes next: number it so");
                findings.push(Finding::new(path, 1, message));
                expected = number + 1;
            }
            None => findings.push(Finding::new(path, 1, "name the page NNNN-what-it-decides.md")),
        }
        if !text.starts_with("# ") {
            findings.push(Finding::new(path, 1, "begin with a heading that says the decision"));
        }
        if !map.contains(&format!("({path})")) {
            findings.push(Finding::new(path, 1, format!("link to the page from {MAP}")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::said;

    #[test]
    fn pages_are_numbered_and_linked() {
        let one = ("docs/decisions/0001-a.md", "# A\n");
        let map = (MAP, "[a](docs/decisions/0001-a.md) [c](docs/decisions/0003-c.md)");
        assert!(said(check, &[one, map]).is_empty());
        let found = said(check, &[one, map, ("docs/decisions/0003-c.md", "# C\n")]);
        assert_eq!(
            found,
            ["docs/decisions/0003-c.md:1: the page is number 0003, and 0002 comes next: number it so"]
        );
        let found = said(
            check,
            &[one, map, ("docs/decisions/0002-b.md", "B\n"), ("docs/decisions/notes.md", "# N\n")],
        );
        assert_eq!(found.len(), 4, "{found:?}");
    }
}

//! The paths that the documents name exist: in backticks, and as targets of links.

use crate::finding::Finding;
use crate::tree::{Tree, has_extension};

/// The documents whose backticks are read, beside those of `docs/`.
const MAPS: &[&str] = &["README.md", "ARCHITECTURE.md", "STYLE.md"];
/// What a build or a start makes.
const MADE: &[&str] = &["target", ".data", "node_modules"];
const EXTENSIONS: &[&str] = &["rs", "md", "toml", "sql", "mjs", "svg"];

/// Every document.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let documents = tree.files().filter(|(path, _)| has_extension(path, "md"));
    documents.flat_map(|(path, text)| check_document(tree, path, text)).collect()
}

fn check_document(tree: &Tree, document: &str, text: &str) -> Vec<Finding> {
    let is_map = MAPS.contains(&document) || document.starts_with("docs/");
    let mut findings = Vec::new();
    let mut fenced = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let named = line.split('`').skip(1).step_by(2).filter(|text| is_map && is_path(text));
        for path in named.flat_map(alternatives).filter(|path| !tree.has(path)) {
            let message = format!("`{path}` does not exist: name what does, from the root");
            findings.push(Finding::new(document, number, message));
        }
        for target in targets(line).filter(|target| !tree.has(&resolve(document, target))) {
            let message = format!("the link to `{target}` leads nowhere: links are relative to the document");
            findings.push(Finding::new(document, number, message));
        }
    }
    findings
}

/// Whether what stands in backticks is meant as a path of the project, rather than as code, a URL or a route.
fn is_path(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-./{},".contains(c);
    let first = text.split('/').next().unwrap_or_default();
    let looks_like_one =
        text.contains('/') || EXTENSIONS.iter().any(|extension| has_extension(text, extension));
    looks_like_one
        && text.chars().all(legal)
        && !text.starts_with(['/', '{'])
        && !text.starts_with("./")
        && text.len() > 1
        && !MADE.contains(&first)
}

/// `a/{b,c}.rs` is `a/b.rs` and `a/c.rs`.
fn alternatives(path: &str) -> Vec<String> {
    let parted = path.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?)));
    match parted {
        Some((start, (middle, end))) => {
            middle.split(',').flat_map(|one| alternatives(&format!("{start}{one}{end}"))).collect()
        }
        None => vec![path.to_owned()],
    }
}

/// The targets of a line's links that lie in the project.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '#']).next());
    links.filter(|target| !target.is_empty() && !target.contains(':'))
}

fn resolve(document: &str, target: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::said;

    const LIB: (&str, &str) = ("crates/el/src/lib.rs", "");

    #[test]
    fn a_path_in_backticks_exists() {
        for (text, fine) in [
            ("`crates/el/src/lib.rs` and `crates/el/`", true),
            ("`crates/el/src/{lib,gone}.rs`", false),
            ("`crate/el`", false),
            ("`gone.rs`", false),
            ("`README.md`", true),
            ("`/oauth2/{id}/v1/token`, `https://a.example/b`, `target/debug/x`, `./.data`, `a / b`", true),
            ("```\n`crates/gone`\n```", true),
        ] {
            let found = said(check, &[LIB, ("README.md", text)]);
            assert_eq!(found.is_empty(), fine, "{text}: {found:?}");
            let found = said(check, &[LIB, ("README.md", ""), ("docs/a.md", text)]);
            assert_eq!(found.is_empty(), fine, "{text} in docs: {found:?}");
            assert!(
                said(check, &[LIB, ("fuzz/README.md", text)]).is_empty(),
                "{text} in a folder's own page"
            );
        }
    }

    #[test]
    fn a_link_leads_somewhere() {
        let page = "[a](../../crates/el/src/lib.rs#x), [b](https://a.example), [c](#d)";
        assert!(said(check, &[LIB, ("docs/decisions/0001-a.md", page)]).is_empty());
        let found = said(check, &[LIB, ("docs/a.md", "x\n[e](gone.md)")]);
        assert!(found[0].starts_with("docs/a.md:2: the link to `gone.md`"), "{found:?}");
    }
}

//! What must not be in the code, and which a reader of the code cannot see: the absences of ARCHITECTURE.md.

use std::collections::BTreeSet;

use crate::checks::crate_order::KEPT;
use crate::finding::Finding;
use crate::source::Source;
use crate::tree::{Tree, crate_of};

/// The crates that decide.
const PURE: &[&str] = &["el", "engine"];

/// What a pure crate must not reach for.
const WORLD: &[(&str, &str)] = &[
    ("std::time::SystemTime", "take `now: Timestamp` as the last argument"),
    ("std::time::Instant", "take `now: Timestamp` as the last argument"),
    ("SystemTime", "take `now: Timestamp` as the last argument"),
    ("Instant", "take `now: Timestamp` as the last argument"),
    ("rand", "take what is random as an argument"),
    ("getrandom", "take what is random as an argument"),
    ("std::fs", "take the content as an argument"),
    ("std::io", "take the content as an argument"),
    ("std::net", "take the address as an argument"),
    ("std::env", "take the setting as an argument"),
    ("std::process", "return an error and let the caller end"),
    ("std::thread", "compute; let the caller run it elsewhere"),
];

/// Words of `async` Rust.
const WAITING: &[&str] = &["async", ".await"];

/// Calls that panic.
const PANICS: &[&str] = &[".unwrap()", ".expect(", "panic!", "unreachable!", "todo!", "unimplemented!"];

/// The files that may look at the `Host` header, to select an origin, and those that send it to others.
const HOST_FILES: &[&str] = &[
    "crates/server/src/front.rs",
    "crates/server/src/origin.rs",
    "crates/server/src/outbound.rs",
    "crates/server/src/operator/remote.rs",
];

/// The crates that make requests, and name a host as every client does.
const MAKES_REQUESTS: &[&str] = &["bench", "faults", "fuzz"];

/// Every Rust file but our own.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let tests = test_files(tree);
    let mut findings = Vec::new();
    for (path, text) in tree.rust().filter(|(path, _)| crate_of(path) != "xtask") {
        let (owner, whole) = (crate_of(path), Source::read(text));
        sql(path, owner, &whole, &mut findings);
        if !path.contains("/src/") || tests.contains(path) {
            continue;
        }
        let shipped = whole.without_tests();
        libraries(path, owner, &shipped, &mut findings);
        host(path, owner, &shipped, &mut findings);
        if PURE.contains(&owner) {
            purity(path, owner, &shipped, &mut findings);
        }
    }
    findings
}

/// The files that are compiled for tests only.
fn test_files(tree: &Tree) -> BTreeSet<&str> {
    let mut files = BTreeSet::new();
    for (path, text) in tree.rust() {
        let stem = path.strip_suffix(".rs").unwrap_or(path);
        let is_root = ["/lib", "/main", "/mod"].iter().any(|root| stem.ends_with(root));
        let home = if is_root { stem.rsplit_once('/').map_or("", |(home, _)| home) } else { stem };
        for module in Source::read(text).test_modules() {
            let (file, folder) = (format!("{home}/{module}.rs"), format!("{home}/{module}/"));
            files.extend(
                tree.rust().map(|(path, _)| path).filter(|path| *path == file || path.starts_with(&folder)),
            );
        }
    }
    files
}

fn sql(path: &str, owner: &str, source: &Source, findings: &mut Vec<Finding>) {
    if owner == "store" {
        return;
    }
    for (line, _) in source.texts.iter().filter(|(_, text)| is_sql(text)) {
        let message = "SQL outside of `store`: add a statement to crates/store/src/statements.rs and call it";
        findings.push(Finding::new(path, *line, message));
    }
}

/// Whether a text begins as a statement does and goes on as one.
fn is_sql(text: &str) -> bool {
    const STATEMENTS: &[(&str, &str)] = &[
        ("select ", " from "),
        ("insert into ", ""),
        ("update ", " set "),
        ("delete from ", ""),
        ("create table ", ""),
        ("create index ", ""),
        ("alter table ", ""),
        ("drop table ", ""),
    ];
    let text: String =
        text.trim_start().to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    STATEMENTS.iter().any(|(start, then)| text.starts_with(start) && text.contains(then))
}

/// What the manifests say, once more in the sources: a library can also come by way of another.
fn libraries(path: &str, owner: &str, source: &Source, findings: &mut Vec<Finding>) {
    for kept in KEPT.iter().filter(|kept| !kept.crates.contains(&owner)) {
        for package in kept.packages {
            for line in source.lines_naming(&package.replace('-', "_")) {
                let message = format!("`{owner}` must not name the library `{package}`: {}", kept.instead);
                findings.push(Finding::new(path, line, message));
            }
        }
    }
}

fn host(path: &str, owner: &str, source: &Source, findings: &mut Vec<Finding>) {
    if MAKES_REQUESTS.contains(&owner) || HOST_FILES.contains(&path) {
        return;
    }
    let texts =
        source.texts.iter().filter(|(_, text)| text.eq_ignore_ascii_case("host")).map(|(line, _)| *line);
    for line in source.lines_with("HOST").into_iter().chain(texts) {
        let message = "the `Host` header only selects among configured origins, in front.rs; build links with `Here::link`";
        findings.push(Finding::new(path, line, message));
    }
}

fn purity(path: &str, owner: &str, source: &Source, findings: &mut Vec<Finding>) {
    for (named, instead) in WORLD {
        for line in source.lines_naming(named) {
            let message = format!("`{owner}` is pure and must not name `{named}`: {instead}");
            findings.push(Finding::new(path, line, message));
        }
    }
    for line in WAITING.iter().flat_map(|word| source.lines_with(word)) {
        let message =
            format!("`{owner}` is pure and must not wait: gather before, and pass in what was gathered");
        findings.push(Finding::new(path, line, message));
    }
    for call in PANICS {
        for line in source.lines_with(call) {
            // A method of one's own may be called so: a parser expects a symbol.
            let own = source.code.lines().nth(line - 1).is_some_and(|text| text.contains("self.expect("));
            if *call != ".expect(" || !own {
                let message = format!(
                    "`{owner}` never panics: instead of `{call}` return an error, or a value that fits"
                );
                findings.push(Finding::new(path, line, message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::said;

    #[test]
    fn what_decides_reaches_for_nothing_and_never_panics() {
        for (line, fine) in [
            ("let a = std::time::SystemTime::now();", false),
            ("use std::{fs, fmt};", false),
            ("let b = Instant::now();", false),
            ("let c = rand::random();", false),
            ("pub async fn f() {}", false),
            ("let d = e.await;", false),
            ("let f = g.unwrap();", false),
            ("let h = i.expect(\"j\");", false),
            ("unreachable!()", false),
            ("self.expect(Symbol::Colon)?;", true),
            ("k.unwrap_or_default(); operand::x(); // unwrap()", true),
            ("#[cfg(test)] mod tests { fn l() { m.unwrap(); } }", true),
        ] {
            let found = said(check, &[("crates/engine/src/decide.rs", line)]);
            assert_eq!(found.is_empty(), fine, "{line}: {found:?}");
            assert!(said(check, &[("crates/service/src/clock.rs", line)]).is_empty(), "{line}");
        }
    }

    #[test]
    fn test_files_may_panic() {
        let files = [
            ("crates/el/src/lib.rs", "#[cfg(test)]\nmod tests;\n"),
            ("crates/el/src/tests.rs", "a.unwrap();"),
        ];
        assert!(said(check, &files).is_empty());
        let files = [("crates/el/src/lib.rs", "mod tests;\n"), ("crates/el/src/tests.rs", "a.unwrap();")];
        assert_eq!(said(check, &files).len(), 1);
    }

    #[test]
    fn sql_stands_in_the_store_only() {
        let text = "let a = \"select x\\\n from y\";";
        let found = said(check, &[("crates/service/src/a.rs", text)]);
        assert!(found[0].starts_with("crates/service/src/a.rs:1: SQL outside"), "{found:?}");
        assert!(said(check, &[("crates/store/src/a.rs", text)]).is_empty());
        assert!(said(check, &[("crates/server/src/a.rs", "\"Update of credentials failed\"")]).is_empty());
        assert!(said(check, &[("crates/server/src/a.rs", "\"update a set b = 1\"")]).len() == 1);
    }

    #[test]
    fn http_stays_in_the_shell_and_host_in_its_files() {
        assert_eq!(said(check, &[("crates/service/src/a.rs", "use axum::http::StatusCode;")]).len(), 1);
        assert!(said(check, &[("crates/server/src/a.rs", "use axum::http::StatusCode;")]).is_empty());
        for line in ["headers.get(HOST)", "headers.get(\"host\")"] {
            assert_eq!(said(check, &[("crates/server/src/page.rs", line)]).len(), 1, "{line}");
            assert!(said(check, &[("crates/server/src/front.rs", line)]).is_empty(), "{line}");
        }
    }
}

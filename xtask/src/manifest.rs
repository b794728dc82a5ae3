//! The dependencies that a `Cargo.toml` names. Owns reading the few lines that say so.

/// A dependency and the line that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
}

/// Every dependency of every kind.
pub fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    let mut listing = false;
    for (line, text) in (1..).zip(manifest.lines()) {
        let text = text.trim();
        if let Some(header) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let (table, name) = match header.rsplit_once("dependencies.") {
                Some((_, name)) => (false, Some(name)),
                None => (header.ends_with("dependencies") && !header.starts_with("workspace"), None),
            };
            listing = table;
            found.extend(name.map(|name| Dependency { name: name.trim_matches('"').to_owned(), line }));
        } else if listing && !text.is_empty() && !text.starts_with('#') {
            let key = text.split(['=', '.', ' ']).next().unwrap_or_default();
            let renamed = text.split_once("package = \"").and_then(|(_, rest)| rest.split('"').next());
            found.push(Dependency { name: renamed.unwrap_or(key).trim_matches('"').to_owned(), line });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_dependency_is_found() {
        let manifest = "\
[package]
name = \"el\"
[dependencies]
# none but these
model.workspace = true
regex = \"1\"
cipher = { package = \"aws-lc-rs\", version = \"1\" }
[dev-dependencies]
proptest = { workspace = true }
[target.'cfg(unix)'.dependencies]
libc = \"1\"
[dependencies.tokio]
version = \"1\"
[features]
x = []
";
        let found: Vec<_> = dependencies(manifest).into_iter().map(|d| (d.name, d.line)).collect();
        let expected =
            [("model", 5), ("regex", 6), ("aws-lc-rs", 7), ("proptest", 9), ("libc", 11), ("tokio", 12)];
        assert_eq!(found, expected.map(|(name, line)| (name.to_owned(), line)));
    }
}

//! The files that git knows or would add, with their texts. Owns reading them; leaves out what they should look like.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Every text file by its path from the root, and every directory that holds one.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, String>,
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the workspace that this program was built in.
    pub fn read() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no root")?;
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|error| format!("cannot run git: {error}"))?;
        if !listed.status.success() {
            return Err(format!("git lists no files: {}", String::from_utf8_lossy(&listed.stderr).trim()));
        }
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let mut tree = Self::default();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            // A path that is listed and gone was deleted and not committed yet; one that is no text is no business of ours.
            if let Ok(bytes) = std::fs::read(root.join(path)) {
                tree.insert(path, String::from_utf8(bytes).ok());
            }
        }
        Ok(tree)
    }

    /// A tree of these files.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.insert(path, Some((*text).to_owned()));
        }
        tree
    }

    fn insert(&mut self, path: &str, text: Option<String>) {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        self.paths.extend(ends.map(|end| path[..end].to_owned()));
        if let Some(text) = text {
            self.files.insert(path.to_owned(), text);
        }
    }

    /// Path and text of every file.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Path and text of every Rust file.
    pub fn rust(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| has_extension(path, "rs"))
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether there is a file or a directory of that path; a slash at its end does not matter.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path.trim_end_matches('/'))
    }
}

/// Whether the name ends in `.extension`.
pub fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// The crate that a path belongs to: `el` of `crates/el/src/lib.rs`, `bench` of `bench/src/main.rs`.
pub fn crate_of(path: &str) -> &str {
    let mut parts = path.split('/');
    match parts.next() {
        Some("crates") => parts.next().unwrap_or_default(),
        first => first.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_there_if_something_is_in_them() {
        let tree = Tree::of(&[("crates/el/src/lib.rs", "")]);
        for path in ["crates", "crates/", "crates/el/src", "crates/el/src/lib.rs"] {
            assert!(tree.has(path), "{path}");
        }
        for path in ["crate", "crates/e", "crates/el/src/lib"] {
            assert!(!tree.has(path), "{path}");
        }
    }

    #[test]
    fn a_path_belongs_to_a_crate() {
        assert_eq!(crate_of("crates/el/tests/language/main.rs"), "el");
        assert_eq!(crate_of("bench/src/main.rs"), "bench");
    }
}

//! Who may name whom: crates name only crates to their left, and a library only where it belongs.

use crate::finding::Finding;
use crate::manifest;
use crate::tree::{Tree, crate_of};

/// Each crate and the crates that it may name.
const ORDER: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("el", &["model"]),
    ("engine", &["model", "el"]),
    ("jose", &["model"]),
    ("store", &["model"]),
    ("service", &["model", "el", "engine", "jose", "store"]),
    ("server", &["model", "el", "engine", "jose", "store", "service"]),
    ("bench", &[]),
    ("faults", &["bench"]),
    // Tries every parser that there is, so it stands to the right of all.
    ("fuzz", &["model", "el", "engine", "jose", "store", "service", "server"]),
    ("xtask", &[]),
];

/// A library, where it may be named, and why only there.
pub struct Kept {
    /// The names in manifests.
    pub packages: &'static [&'static str],
    /// The crates that may name them.
    pub crates: &'static [&'static str],
    /// What to do instead.
    pub instead: &'static str,
}

/// The libraries that only some crates may name.
pub const KEPT: &[Kept] = &[
    Kept {
        packages: &["axum", "hyper", "hyper-util", "http", "http-body", "http-body-util", "h2", "tower"],
        crates: &["server", "bench", "faults", "fuzz"],
        instead: "only `server` knows HTTP; return a typed refusal and let `server` map it",
    },
    Kept {
        packages: &["rustls", "rustls-native-certs", "tokio-rustls", "rcgen"],
        crates: &["server", "store"],
        instead: "only `server` speaks TLS, and `store` to its database",
    },
    Kept {
        packages: &["saphyr-parser"],
        crates: &["server"],
        instead: "only `server` reads files; take a `serde_json::Value`",
    },
    Kept {
        packages: &["prometheus-client"],
        crates: &["server"],
        instead: "only `server` counts requests and shows the counts",
    },
    Kept {
        packages: &["rusqlite", "libsqlite3-sys", "tokio-postgres", "deadpool-postgres", "postgres-types"],
        crates: &["store"],
        instead: "only `store` knows SQL; add a statement and a row type there",
    },
    Kept {
        packages: &["aws-lc-rs", "aws-lc-sys"],
        crates: &["jose", "bench", "faults"],
        instead: "only `jose` sees a private key; use what it offers, or add it there",
    },
    Kept {
        packages: &["tokio"],
        crates: &["store", "service", "server", "bench", "faults", "fuzz"],
        instead: "this crate is pure: no tasks, no I/O; do it in `service` or above",
    },
    Kept {
        packages: &["rand", "getrandom"],
        crates: &["jose", "store", "service", "server", "bench"],
        instead: "this crate is pure: take what is random as an argument",
    },
];

/// Every manifest of a crate.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.files().filter(|(path, _)| *path != "Cargo.toml" && path.ends_with("Cargo.toml"));
    manifests.flat_map(|(path, text)| check_manifest(path, text)).collect()
}

fn check_manifest(path: &str, text: &str) -> Vec<Finding> {
    let owner = crate_of(path);
    let Some((_, allowed)) = ORDER.iter().find(|(name, _)| *name == owner) else {
        let message =
            format!("the crate `{owner}` has no place yet: give it one in xtask/src/checks/crate_order.rs");
        return vec![Finding::new(path, 1, message)];
    };
    let mut findings = Vec::new();
    for dependency in manifest::dependencies(text) {
        let name = dependency.name.as_str();
        if ORDER.iter().any(|(ours, _)| *ours == name) && !allowed.contains(&name) {
            let allowed = if allowed.is_empty() { "none of ours".to_owned() } else { allowed.join(", ") };
            let message = format!(
                "`{owner}` must not name `{name}`, which is not to its left; it may name {allowed}. Move what you need \
                 down, or pass it in as an argument"
            );
            findings.push(Finding::new(path, dependency.line, message));
        }
        let kept = KEPT.iter().find(|kept| kept.packages.contains(&name) && !kept.crates.contains(&owner));
        if let Some(kept) = kept {
            let message = format!("`{owner}` must not name the library `{name}`: {}", kept.instead);
            findings.push(Finding::new(path, dependency.line, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::said;

    #[test]
    fn left_never_names_right() {
        let engine = "[dependencies]\nmodel.workspace = true\nel.workspace = true\n";
        assert!(said(check, &[("crates/engine/Cargo.toml", engine)]).is_empty());
        let found = said(check, &[("crates/el/Cargo.toml", "[dependencies]\nengine.workspace = true\n")]);
        assert!(found[0].starts_with("crates/el/Cargo.toml:2: `el` must not name `engine`"), "{found:?}");
        let found =
            said(check, &[("crates/jose/Cargo.toml", "[dev-dependencies]\nstore.workspace = true\n")]);
        assert!(found[0].contains("it may name model"), "{found:?}");
    }

    #[test]
    fn a_library_stays_where_it_belongs() {
        for (owner, library, fine) in [
            ("server", "axum", true),
            ("service", "axum", false),
            ("service", "tokio", true),
            ("engine", "tokio", false),
            ("store", "rusqlite", true),
            ("service", "rusqlite", false),
            ("service", "aws-lc-rs", false),
            ("el", "rand", false),
            ("fuzz", "aws-lc-rs", false),
        ] {
            let manifest = format!("[dependencies]\n{library} = \"1\"\n");
            let found = said(check, &[(&format!("crates/{owner}/Cargo.toml"), &manifest)]);
            assert_eq!(found.is_empty(), fine, "{owner} {library}: {found:?}");
        }
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        let found = said(check, &[("crates/console/Cargo.toml", "[package]\n")]);
        assert!(found[0].contains("has no place yet"), "{found:?}");
    }
}

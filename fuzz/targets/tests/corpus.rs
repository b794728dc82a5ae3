//! The inputs that are kept, through every target: what once broke a promise, and what reaches far. Needs no fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Says which input it was.
fn replay(name: &str) {
    let (_, run) = targets::ALL.iter().find(|(known, _)| *known == name).expect("a target of this name");
    let inputs = folder("corpus").join(name);
    let kept = names(&inputs);
    assert!(!kept.is_empty(), "nothing is kept for {name}");
    for input in kept {
        let bytes = fs::read(inputs.join(&input)).unwrap();
        let outcome = std::panic::catch_unwind(|| run(&bytes));
        assert!(outcome.is_ok(), "corpus/{name}/{input}");
    }
    for (number, bytes) in [&b""[..], b"\n", b"\n\n\n", b"\0", b"\xff"].iter().enumerate() {
        assert!(std::panic::catch_unwind(|| run(bytes)).is_ok(), "{name}: {number}");
    }
}

macro_rules! kept_inputs_keep_the_promises_of {
    ($($target:ident),+) => {$(
        #[test]
        fn $target() {
            replay(stringify!($target));
        }
    )+

        const REPLAYED: &[&str] = &[$(stringify!($target)),+];
    };
}

kept_inputs_keep_the_promises_of! {
    assertion, backup, body, credentials, expression, filter, form, json, jwk, jws, list, origin, portable, request, settings
}

#[test]
fn every_target_has_a_program_a_corpus_and_a_replay() {
    let known: BTreeSet<String> = targets::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let programs =
        names(&folder("fuzz_targets")).iter().map(|name| name.trim_end_matches(".rs").to_owned()).collect();
    let replayed: BTreeSet<String> = REPLAYED.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!((&known, &known, &known), (&programs, &names(&folder("corpus")), &replayed));
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for name in known {
        assert!(manifest.contains(&format!("fuzz_targets/{name}.rs")), "{name} is not in the manifest");
    }
}

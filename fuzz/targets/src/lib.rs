//! Everything that reads a stranger's bytes, each with what must hold whatever the bytes are.
//!
//! A target is a function of bytes that panics where a promise is broken. libFuzzer calls it with bytes of its making
//! (`fuzz_targets/`), and `tests/corpus.rs` with those that are kept. Leaves out what the product says of good input:
//! that is the business of the tests beside it.

pub mod assertion;
pub mod backup;
pub mod body;
pub mod credentials;
pub mod expression;
pub mod filter;
pub mod form;
pub mod json;
pub mod jwk;
pub mod jws;
pub mod list;
pub mod origin;
mod pieces;
mod plain_form;
pub mod portable;
pub mod request;
pub mod settings;
mod shell;

#[expect(dead_code, reason = "the server's own tests use the rest")]
#[path = "../../../crates/server/tests/api/site.rs"]
mod site;
#[expect(dead_code, reason = "the use cases' own tests use the rest")]
#[path = "../../../crates/service/tests/suite/world.rs"]
mod world;

/// A function that panics where a promise is broken.
pub type Run = fn(&[u8]);

/// Every target by its name, which is also that of its program and of its corpus.
pub const ALL: &[(&str, Run)] = &[
    ("assertion", assertion::run),
    ("backup", backup::run),
    ("body", body::run),
    ("credentials", credentials::run),
    ("expression", expression::run),
    ("filter", filter::run),
    ("form", form::run),
    ("json", json::run),
    ("jwk", jwk::run),
    ("jws", jws::run),
    ("list", list::run),
    ("origin", origin::run),
    ("portable", portable::run),
    ("request", request::run),
    ("settings", settings::run),
];

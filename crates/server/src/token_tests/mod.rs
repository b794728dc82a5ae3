//! Golden token tests: files that say who asks for what and which token comes of it (`docs/token-tests.md`). One file per
//! step: `file` reads, `judge` compares an answer of Token Preview with what is expected, `decision` says in short why,
//! `coverage` finds what no case touches, `report` and `junit` tell. Leaves out where the answers come from (`operator/test`).

pub mod coverage;
pub mod decision;
pub mod expectation;
pub mod file;
pub mod judge;
pub mod junit;
pub mod report;

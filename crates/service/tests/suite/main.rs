//! The use cases over a store in memory and a clock that tests move: what only a caller within the process can see.

mod algorithms;
mod assertions;
mod backup;
mod backup_damage;
mod bad_wire;
mod client;
mod dangling;
mod drafts;
mod early;
mod explained;
mod history;
mod introspection;
mod jwks;
#[path = "../../../store/src/tests/keeper.rs"]
#[expect(dead_code, reason = "the store's suite needs more of it")]
mod keeper;
mod key_life;
mod key_revocation;
mod keys;
mod master_key;
mod nodes;
mod orgs;
mod past;
mod portable;
mod portable_properties;
mod portrait;
mod previews;
mod published_keys;
mod revocation;
mod secrets;
mod sequence;
mod token;
mod upkeep;
#[path = "../../../store/src/tests/wire.rs"]
mod wire;
mod world;

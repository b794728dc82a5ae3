//! The use cases over a store in memory and a clock that tests move: what only a caller within the process can see.

mod algorithms;
mod assertions;
mod backup;
mod backup_damage;
mod client;
mod dangling;
mod drafts;
mod early;
mod history;
mod introspection;
mod jwks;
mod key_life;
mod key_revocation;
mod keys;
mod master_key;
mod nodes;
mod orgs;
mod portrait;
mod published_keys;
mod revocation;
mod secrets;
mod sequence;
mod token;
mod world;

//! What an operator does beside serving: one file per command, each with its half in the program and, where the running
//! server carries it out, its half there; and what they share in saying and waiting (`terminal`, `runtime`). Leaves out flags and help (`cli`) and how the two speak (`control`).

pub mod api_token;
pub mod apply;
pub mod backup;
pub mod completions;
pub mod doctor;
pub mod export;
pub mod preview;
pub mod previewer;
pub mod remote;
pub mod restore;
mod runtime;
pub mod terminal;
pub mod test;

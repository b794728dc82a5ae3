//! What a program that looks from outside needs, whatever it looks at: a clock, HTTP, options, what the kernel says of a
//! process, a PostgreSQL of its own. Leaves out the benchmark itself, which is the program's.

pub mod clock;
pub mod cluster;
pub mod facts;
pub mod http;
pub mod master_key;
pub mod options;
pub mod paste;
pub mod usage;

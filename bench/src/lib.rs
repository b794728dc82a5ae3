//! What a program that measures from outside needs, whatever it measures: a clock, HTTP, options, what the kernel says of
//! a process. Leaves out the benchmark itself, which is the program's.

pub mod clock;
pub mod facts;
pub mod http;
pub mod options;
pub mod paste;
pub mod usage;

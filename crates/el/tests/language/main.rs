//! The expression language, text in and text out.

mod arrays;
mod conversions;
mod diagnostics;
mod guesses;
mod inputs;
mod limits;
mod names;
mod operators;
mod properties;
mod strings;
mod syntax;
mod variables;
mod world;

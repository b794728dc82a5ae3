//! The expression language, text in and text out.

mod arrays;
mod conversions;
mod countries;
mod diagnostics;
mod differential;
mod directories;
mod documentation;
mod groups;
mod guesses;
mod inputs;
mod limits;
mod linked;
mod names;
mod operators;
mod properties;
mod reference;
mod safe;
mod strings;
mod syntax;
mod times;
mod variables;
mod world;

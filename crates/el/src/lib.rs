//! Okta's expression language, as it may be written in a claim, a group rule or a mapping.
//!
//! Text becomes tokens, tokens become a [`tree`], the tree is checked against what is known of names and
//! functions, and the checked [`Program`] is evaluated as often as one likes. Every stage is pure and total: no clock, no
//! randomness, no I/O, no panic, and every loop bounded by [`Limits`].
//!
//! Left out: what the variables hold. The caller says that through [`Variables`] and [`Object`], and nothing is copied that
//! the expression does not read.
//!
//! Beyond Okta: `?.`, which leads from null to null (`tree::Step`), and more characters ([`Limits::characters`]).
//!
//! Where Okta documents nothing, we do what the Spring Expression Language does, of which Okta's is a subset. Each such guess
//! has one function, one comment that says so, and one test in `tests/language/guesses.rs`.
//!
//! ```
//! let program = el::compile("String.toUpperCase(user.firstName)", &el::Limits::default())?;
//! let scope = serde_json::json!({"user": {"firstName": "Ana"}});
//! let scope = scope.as_object().expect("the scope is an object");
//! assert_eq!(program.evaluate(scope), Ok(el::Value::from("ANA")));
//! # Ok::<(), Vec<el::Diagnostic>>(())
//! ```

mod budget;
mod check;
mod diagnostic;
mod eval;
mod functions;
mod group;
mod input;
mod lex;
mod limits;
mod names;
mod nearest;
mod number;
mod operators;
mod parse;
mod pattern;
mod print;
mod program;
mod scope;
mod span;
pub mod tree;
mod value;

pub use crate::{
    diagnostic::{Diagnostic, EvalError, Severity},
    functions::groups::{GROUPS_MAX, between_slashes},
    group::{Group, GroupSource},
    input::Input,
    limits::Limits,
    names::{GroupNames, LinkNames, Names, Uses},
    nearest::nearest,
    parse::parse,
    pattern::Pattern,
    program::{Program, compile},
    scope::{CallError, Found, Object, Variables},
    span::Span,
    value::{Map, Value},
};

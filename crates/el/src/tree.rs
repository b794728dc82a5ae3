//! The tree of an expression: what was written, and where. What it means is left to `check` and `eval`.
//!
//! Chains of one precedence (`a + b - c`, `a and b and c`, `a.b[0].c`) are flat, so the height of a tree depends on how
//! deep brackets nest and not on how long the text is.

use std::sync::Arc;

pub use crate::span::Span;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Where it stands, brackets around it not included.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `1234`
    Int(i64),
    /// `3.141`
    Num(f64),
    /// `'x'`, `"x"`
    Text(Arc<str>),
    /// `{1, 2, 3}`
    List(Vec<Expr>),
    /// `{'group.id': {'00g1'}}`
    Map(Vec<(Name, Expr)>),
    /// `user`: a variable.
    Variable(Arc<str>),
    /// `user.roles[0]`: steps from a value to one of its parts. There is at least one.
    Path {
        /// Where the path begins.
        base: Box<Expr>,
        /// The way from there.
        steps: Vec<Step>,
    },
    /// `String.len(x)`, `toUpperCase(x)`
    Call(Call),
    /// `!a`, `not a`
    Not(Box<Expr>),
    /// `-a`
    Negate(Box<Expr>),
    /// `a + b - c` or `a * b / c`: operators of one precedence, from left to right. There is at least one.
    Arithmetic {
        /// The leftmost operand.
        first: Box<Expr>,
        /// The others, each with the operator before it.
        rest: Vec<(Arithmetic, Expr)>,
    },
    /// `a == b`. Comparisons do not chain.
    Compare {
        /// What stands to the left.
        left: Box<Expr>,
        /// How the sides are compared.
        operator: Comparison,
        /// What stands to the right.
        right: Box<Expr>,
    },
    /// `a matches 'b'`
    Matches {
        /// The text that is matched as a whole.
        subject: Box<Expr>,
        /// The regular expression.
        pattern: Box<Expr>,
    },
    /// `a and b and c`. There are at least two.
    All(Vec<Expr>),
    /// `a or b or c`. There are at least two.
    Any(Vec<Expr>),
    /// `a ? b : c`
    Ternary {
        /// Decides.
        condition: Box<Expr>,
        /// The value if it holds.
        then: Box<Expr>,
        /// The value if not.
        otherwise: Box<Expr>,
    },
    /// `a ?: b`
    Elvis {
        /// The value, unless null or empty.
        value: Box<Expr>,
        /// The value in its place.
        otherwise: Box<Expr>,
    },
}

/// A word, or the key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Where it stands.
    pub span: Span,
    /// How it reads, without quotes.
    pub text: Arc<str>,
}

/// One step from a value to one of its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Whether it is written with `?.`: from null it leads to null. Beyond Okta.
    pub safe: bool,
    /// Which part.
    pub kind: StepKind,
}

/// What part of a value a step leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// `.firstName`
    Property(Name),
    /// `[0]`, `['firstName']`
    Index {
        /// The brackets.
        span: Span,
        /// What is between them.
        at: Expr,
    },
    /// `.![profile.name]`: that property of each element.
    Project {
        /// From the dot to the bracket.
        span: Span,
        /// The way from an element to what is wanted of it. There is at least one name.
        names: Vec<Name>,
    },
    /// `.getInternalProperty("id")`
    Method {
        /// From the name to the bracket.
        span: Span,
        /// Which method.
        name: Name,
        /// What it is given.
        arguments: Vec<Expr>,
    },
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `String` in `String.len(x)`. It begins with a capital, which no variable does: that is how the parser tells the two
    /// apart.
    pub namespace: Option<Name>,
    /// `len` in `String.len(x)`.
    pub name: Name,
    /// What the function is given.
    pub arguments: Vec<Expr>,
}

/// An operator between numbers. `+` also joins strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Arithmetic {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::Remainder => "%",
        }
    }
}

impl Comparison {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}

impl Step {
    /// Where the step stands, without what it starts from.
    pub fn span(&self) -> Span {
        match &self.kind {
            StepKind::Property(name) => name.span,
            StepKind::Index { span, .. } | StepKind::Project { span, .. } | StepKind::Method { span, .. } => {
                *span
            }
        }
    }
}

impl Call {
    /// The name with its namespace: `String.len`.
    pub fn full_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{}.{}", namespace.text, self.name.text),
            None => self.name.text.to_string(),
        }
    }

    /// Where the full name stands.
    pub fn name_span(&self) -> Span {
        self.namespace.as_ref().map_or(self.name.span, |namespace| namespace.span.to(self.name.span))
    }
}

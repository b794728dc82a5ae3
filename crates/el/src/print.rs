//! Writes a tree back as text, in one canonical form: parsing that text gives the same tree.

use std::fmt::{Display, Formatter, Result};

use crate::tree::{Arithmetic, Call, Expr, Kind, Step, StepKind};

/// How strongly the outermost operator of an expression binds, weakest first. `parse` has the same order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Power {
    Conditional,
    Or,
    And,
    Compare,
    Sum,
    Product,
    Unary,
    Path,
    Primary,
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::Bool(value) => write!(f, "{value}"),
            Kind::Int(value) => write!(f, "{value}"),
            Kind::Num(value) => write!(f, "{value:?}"),
            Kind::Text(value) => quoted(f, value),
            Kind::Variable(name) => f.write_str(name),
            Kind::List(elements) => {
                f.write_str("{")?;
                separated(f, elements, ", ", Power::Conditional)?;
                f.write_str("}")
            }
            Kind::Map(entries) => map(f, entries),
            Kind::Path { base, steps } => path(f, base, steps),
            Kind::Call(call) => self::call(f, call),
            Kind::Not(operand) => {
                f.write_str("!")?;
                at_least(f, operand, Power::Unary)
            }
            Kind::Negate(operand) => {
                f.write_str("-")?;
                at_least(f, operand, Power::Unary)
            }
            Kind::Arithmetic { first, rest } => arithmetic(f, first, rest),
            Kind::Compare { left, operator, right } => sides(f, left, operator.symbol(), right),
            Kind::Matches { subject, pattern } => sides(f, subject, "matches", pattern),
            Kind::All(operands) => separated(f, operands, " AND ", Power::Compare),
            Kind::Any(operands) => separated(f, operands, " OR ", Power::And),
            Kind::Ternary { condition, then, otherwise } => {
                at_least(f, condition, Power::Or)?;
                write!(f, " ? {then} : {otherwise}")
            }
            Kind::Elvis { value, otherwise } => {
                at_least(f, value, Power::Or)?;
                write!(f, " ?: {otherwise}")
            }
        }
    }
}

fn power(kind: &Kind) -> Power {
    match kind {
        Kind::Ternary { .. } | Kind::Elvis { .. } => Power::Conditional,
        Kind::Any(_) => Power::Or,
        Kind::All(_) => Power::And,
        Kind::Compare { .. } | Kind::Matches { .. } => Power::Compare,
        Kind::Arithmetic { rest, .. } => match rest.first() {
            Some((Arithmetic::Add | Arithmetic::Subtract, _)) => Power::Sum,
            _ => Power::Product,
        },
        Kind::Not(_) | Kind::Negate(_) => Power::Unary,
        Kind::Path { .. } => Power::Path,
        _ => Power::Primary,
    }
}

/// Writes `expression`, in brackets if its operator binds less strongly than `floor`.
fn at_least(f: &mut Formatter<'_>, expression: &Expr, floor: Power) -> Result {
    if power(&expression.kind) < floor { write!(f, "({expression})") } else { write!(f, "{expression}") }
}

fn separated(f: &mut Formatter<'_>, expressions: &[Expr], separator: &str, floor: Power) -> Result {
    for (index, expression) in expressions.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        at_least(f, expression, floor)?;
    }
    Ok(())
}

fn sides(f: &mut Formatter<'_>, left: &Expr, operator: &str, right: &Expr) -> Result {
    at_least(f, left, Power::Sum)?;
    write!(f, " {operator} ")?;
    at_least(f, right, Power::Sum)
}

fn arithmetic(f: &mut Formatter<'_>, first: &Expr, rest: &[(Arithmetic, Expr)]) -> Result {
    let sum = matches!(rest.first(), Some((Arithmetic::Add | Arithmetic::Subtract, _)));
    let above = if sum { Power::Product } else { Power::Unary };
    at_least(f, first, above)?;
    for (operator, operand) in rest {
        write!(f, " {} ", operator.symbol())?;
        at_least(f, operand, above)?;
    }
    Ok(())
}

fn map(f: &mut Formatter<'_>, entries: &[(crate::tree::Name, Expr)]) -> Result {
    if entries.is_empty() {
        return f.write_str("{:}");
    }
    for (index, (key, value)) in entries.iter().enumerate() {
        f.write_str(if index == 0 { "{" } else { ", " })?;
        quoted(f, &key.text)?;
        write!(f, ": {value}")?;
    }
    f.write_str("}")
}

/// The text of the beginning of a path.
pub(crate) fn path_text(base: &Expr, steps: &[Step]) -> String {
    std::fmt::from_fn(|f| path(f, base, steps)).to_string()
}

/// The text of a call.
pub(crate) fn call_text(written: &Call) -> String {
    std::fmt::from_fn(|f| call(f, written)).to_string()
}

fn call(f: &mut Formatter<'_>, call: &Call) -> Result {
    write!(f, "{}(", call.full_name())?;
    separated(f, &call.arguments, ", ", Power::Conditional)?;
    f.write_str(")")
}

fn path(f: &mut Formatter<'_>, base: &Expr, steps: &[Step]) -> Result {
    // A capital before a method would read as the namespace of a function.
    let capital = matches!(&base.kind, Kind::Variable(name) if name.starts_with(char::is_uppercase));
    let method = |step: &Step| !step.safe && matches!(step.kind, StepKind::Method { .. });
    if capital && steps.first().is_some_and(method) {
        write!(f, "({base})")?;
    } else {
        at_least(f, base, Power::Primary)?;
    }
    for step in steps {
        if step.safe {
            f.write_str("?")?;
        }
        match &step.kind {
            StepKind::Property(name) => write!(f, ".{}", name.text)?,
            StepKind::Index { at, .. } if step.safe => write!(f, ".[{at}]")?,
            StepKind::Index { at, .. } => write!(f, "[{at}]")?,
            StepKind::Project { names, .. } => {
                let names: Vec<&str> = names.iter().map(|name| &*name.text).collect();
                write!(f, ".![{}]", names.join("."))?;
            }
            StepKind::Method { name, arguments, .. } => {
                write!(f, ".{}(", name.text)?;
                separated(f, arguments, ", ", Power::Conditional)?;
                f.write_str(")")?;
            }
        }
    }
    Ok(())
}

/// Guess: see `lex`; the quote is doubled and nothing else is escaped.
fn quoted(f: &mut Formatter<'_>, text: &str) -> Result {
    write!(f, "'{}'", text.replace('\'', "''"))
}

//! A second evaluator, slow and obvious, written for tests only: it shares nothing with the real one but the tree. It walks
//! JSON, copies everything, counts nothing and knows no budget.

mod functions;
pub mod generate;

use el::tree::{Arithmetic, Comparison, Expr, Kind, Name, Step, StepKind};
use serde_json::{Map, Value as Json, json};

use crate::world::World;

/// Why there is no value.
#[derive(Debug, PartialEq, Eq)]
pub enum No {
    /// The expression fails.
    Value,
    /// This evaluator does not know how Java would write a number.
    Idea,
}

pub type Outcome<T = Json> = Result<T, No>;

/// What the expression comes to.
pub fn evaluate(expression: &Expr, world: &World) -> Outcome {
    let value = |expression: &Expr| evaluate(expression, world);
    Ok(match &expression.kind {
        Kind::Null => Json::Null,
        Kind::Bool(it) => json!(it),
        Kind::Int(it) => json!(it),
        Kind::Num(it) => json!(it),
        Kind::Text(it) => json!(**it),
        Kind::List(elements) => Json::Array(elements.iter().map(value).collect::<Outcome<_>>()?),
        Kind::Map(entries) => {
            let mut members = Map::new();
            for (name, expression) in entries {
                members.insert(name.text.to_string(), value(expression)?);
            }
            Json::Object(members)
        }
        Kind::Variable(name) => variable(name, world)?,
        Kind::Path { base, steps } => {
            let mut at = value(base)?;
            for step in steps {
                at = self::step(at, step, world)?;
            }
            at
        }
        Kind::Call(call) => {
            let arguments = call.arguments.iter().map(value).collect::<Outcome<Vec<_>>>()?;
            functions::call(&call.full_name(), &arguments, world)?
        }
        Kind::Not(operand) => json!(!condition(&value(operand)?)?),
        Kind::Negate(operand) => negative(&value(operand)?)?,
        Kind::Arithmetic { first, rest } => {
            let mut sum = value(first)?;
            for (operator, operand) in rest {
                sum = arithmetic(&sum, *operator, &value(operand)?)?;
            }
            sum
        }
        Kind::Compare { left, operator, right } => {
            json!(compare(&value(left)?, *operator, &value(right)?)?)
        }
        Kind::Matches { subject, pattern } => {
            let (subject, pattern) = (value(subject)?, value(pattern)?);
            let texts = subject.as_str().zip(pattern.as_str()).ok_or(No::Value)?;
            json!(matches(&characters(texts.0), &characters(texts.1)))
        }
        Kind::All(operands) => {
            for operand in operands {
                if !condition(&value(operand)?)? {
                    return Ok(json!(false));
                }
            }
            json!(true)
        }
        Kind::Any(operands) => {
            for operand in operands {
                if condition(&value(operand)?)? {
                    return Ok(json!(true));
                }
            }
            json!(false)
        }
        Kind::Ternary { condition: question, then, otherwise } => {
            value(if condition(&value(question)?)? { then } else { otherwise })?
        }
        Kind::Elvis { value: first, otherwise } => match value(first)? {
            empty if empty == Json::Null || empty == json!("") => value(otherwise)?,
            there => there,
        },
    })
}

fn negative(value: &Json) -> Outcome {
    if value.is_i64() {
        return integer(value)?.checked_neg().map(Json::from).ok_or(No::Value);
    }
    Ok(json!(-value.as_f64().ok_or(No::Value)?))
}

fn variable(name: &str, world: &World) -> Outcome {
    if name == "user" {
        return Ok(if world.groups.is_some() {
            Json::Object(world.user.profile.clone())
        } else {
            Json::Null
        });
    }
    world.variables.get(name).cloned().ok_or(No::Value)
}

fn condition(value: &Json) -> Outcome<bool> {
    value.as_bool().ok_or(No::Value)
}

pub fn integer(value: &Json) -> Outcome<i64> {
    value.as_i64().ok_or(No::Value)
}

fn step(from: Json, step: &Step, world: &World) -> Outcome {
    if step.safe && from == Json::Null {
        return Ok(Json::Null);
    }
    match &step.kind {
        StepKind::Property(name) => property(&from, &name.text),
        StepKind::Index { at, .. } => match (&from, evaluate(at, world)?) {
            (Json::Array(elements), at) if at.is_i64() => {
                let place = usize::try_from(integer(&at)?).map_err(|_| No::Value)?;
                elements.get(place).cloned().ok_or(No::Value)
            }
            (Json::Object(_), Json::String(name)) => property(&from, &name),
            _ => Err(No::Value),
        },
        StepKind::Project { names, .. } => {
            let Json::Array(elements) = from else { return Err(No::Value) };
            let projected = elements.iter().map(|element| walk(element, names));
            Ok(Json::Array(projected.collect::<Outcome<_>>()?))
        }
        StepKind::Method { .. } => Err(No::Value),
    }
}

fn walk(element: &Json, names: &[Name]) -> Outcome {
    names.iter().try_fold(element.clone(), |at, name| property(&at, &name.text))
}

fn property(of: &Json, name: &str) -> Outcome {
    match of {
        Json::Object(members) => Ok(members.get(name).cloned().unwrap_or(Json::Null)),
        _ => Err(No::Value),
    }
}

/// A value as text, if it has one.
pub fn text(value: &Json) -> Outcome<String> {
    Ok(match value {
        Json::Null | Json::Object(_) => return Err(No::Value),
        Json::Bool(it) => it.to_string(),
        Json::String(it) => it.clone(),
        Json::Array(elements) => {
            let texts = elements.iter().map(|it| if it.is_null() { Ok(String::new()) } else { text(it) });
            texts.collect::<Outcome<Vec<_>>>()?.join(",")
        }
        Json::Number(number) if number.is_i64() => number.to_string(),
        Json::Number(number) => match number.as_f64() {
            Some(it) if it == 0.0 || (0.001..10_000_000.0).contains(&it.abs()) => format!("{it:?}"),
            _ => return Err(No::Idea),
        },
    })
}

fn arithmetic(left: &Json, operator: Arithmetic, right: &Json) -> Outcome {
    if operator == Arithmetic::Add && (left.is_string() || right.is_string()) {
        let joined = |side: &Json| if side.is_null() { Ok("null".to_owned()) } else { text(side) };
        return Ok(json!(joined(left)? + &joined(right)?));
    }
    if left.is_i64() && right.is_i64() {
        let (l, r) = (i128::from(integer(left)?), i128::from(integer(right)?));
        let result = match operator {
            Arithmetic::Add => l + r,
            Arithmetic::Subtract => l - r,
            Arithmetic::Multiply => l * r,
            _ if r == 0 => return Err(No::Value),
            Arithmetic::Divide => l / r,
            // Java's remainder of the least integer by -1 would be 0; like the quotient, it is refused.
            Arithmetic::Remainder if l == i128::from(i64::MIN) && r == -1 => return Err(No::Value),
            Arithmetic::Remainder => l % r,
        };
        return i64::try_from(result).map(|it| json!(it)).map_err(|_| No::Value);
    }
    let (l, r) = left.as_f64().zip(right.as_f64()).ok_or(No::Value)?;
    let result = match operator {
        Arithmetic::Add => l + r,
        Arithmetic::Subtract => l - r,
        Arithmetic::Multiply => l * r,
        Arithmetic::Divide if r != 0.0 => l / r,
        Arithmetic::Remainder if r != 0.0 => l % r,
        _ => return Err(No::Value),
    };
    if result.is_finite() { Ok(json!(result)) } else { Err(No::Value) }
}

fn compare(left: &Json, operator: Comparison, right: &Json) -> Outcome<bool> {
    use std::cmp::Ordering::{Greater, Less};
    match operator {
        Comparison::Equal => return Ok(equal(left, right)),
        Comparison::NotEqual => return Ok(!equal(left, right)),
        _ => {}
    }
    let order = match (left, right) {
        (Json::String(l), Json::String(r)) => {
            l.encode_utf16().collect::<Vec<_>>().cmp(&r.encode_utf16().collect::<Vec<_>>())
        }
        (Json::Number(l), Json::Number(r)) if l.is_i64() && r.is_i64() => l.as_i64().cmp(&r.as_i64()),
        (Json::Number(l), Json::Number(r)) if [l, r].into_iter().any(is_vast) => return Err(No::Idea),
        _ => left.as_f64().zip(right.as_f64()).and_then(|(l, r)| l.partial_cmp(&r)).ok_or(No::Value)?,
    };
    Ok(match operator {
        Comparison::Less => order == Less,
        Comparison::LessOrEqual => order != Greater,
        Comparison::Greater => order == Greater,
        _ => order != Less,
    })
}

/// Whether an integer has neighbours that are the same double.
fn is_vast(number: &serde_json::Number) -> bool {
    number.as_i64().is_some_and(|it| it.unsigned_abs() >= 1 << 53)
}

pub fn equal(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Array(l), Json::Array(r)) => {
            l.len() == r.len() && (0..l.len()).all(|at| equal(&l[at], &r[at]))
        }
        (Json::Object(l), Json::Object(r)) => {
            l.len() == r.len() && l.iter().all(|(name, it)| r.get(name).is_some_and(|other| equal(it, other)))
        }
        (Json::Number(l), Json::Number(r)) if l.is_i64() && r.is_i64() => l == r,
        (Json::Number(l), Json::Number(r)) => l.as_f64() == r.as_f64(),
        _ => left == right,
    }
}

fn characters(text: &str) -> Vec<char> {
    text.chars().collect()
}

/// Whether a pattern of letters, `.` and `*` covers the whole text, by trying everything.
fn matches(text: &[char], pattern: &[char]) -> bool {
    let one = |wanted: &char| text.first().is_some_and(|is| wanted == is || (*wanted == '.' && *is != '\n'));
    match pattern {
        [] => text.is_empty(),
        [any, '*', rest @ ..] => matches(text, rest) || (one(any) && matches(&text[1..], pattern)),
        [first, rest @ ..] => one(first) && matches(&text[1..], rest),
    }
}

//! Evaluates paths: from a value or an object to its parts, step by step.

use super::Evaluation;
use crate::{
    diagnostic::EvalError,
    functions::{Evaluated, groups::criteria},
    group::GroupObject,
    print,
    scope::Found,
    span::Span,
    tree::{Expr, Kind, Name, Step, StepKind},
    value::{ELEMENT_BYTES, Value},
};

impl<'e> Evaluation<'e> {
    /// Goes from `base` step by step. Of a variable, what is at the end is noted, or what could not be gone on from.
    pub(super) fn path(&mut self, base: &'e Expr, steps: &'e [Step]) -> Evaluated<Found<'e>> {
        let Kind::Variable(name) = &base.kind else {
            let mut found = self.found(base)?;
            for step in steps {
                found = self.step(found, step)?;
            }
            return Ok(found);
        };
        self.budget.spend(1, base.span)?;
        let mut found = self.variable(name, base.span)?;
        let mut gone = 0;
        if let Some((arguments, span)) = asks_for_groups(name, &found, steps) {
            let next = steps.get(1);
            found = Found::Value(self.groups(arguments, next, span)?);
            let projected = next.is_some_and(|step| matches!(step.kind, StepKind::Project { .. }));
            gone = if projected { 2 } else { 1 };
        }
        for (gone, step) in steps.iter().enumerate().skip(gone) {
            let from = self.inputs.is_some().then(|| found.clone());
            match self.step(found, step) {
                Ok(next) => found = next,
                Err(error) => {
                    if let Some(from) = from {
                        self.note(&from, || print::path_text(base, steps.get(..gone).unwrap_or_default()));
                    }
                    return Err(error);
                }
            }
        }
        self.note(&found, || print::path_text(base, steps));
        Ok(found)
    }

    fn step(&mut self, from: Found<'e>, step: &'e Step) -> Evaluated<Found<'e>> {
        self.budget.spend(1, step.span())?;
        if step.safe && matches!(from, Found::Value(Value::Null)) {
            return Ok(from);
        }
        match &step.kind {
            StepKind::Property(name) => property(from, &name.text, name.span),
            StepKind::Index { span, at } => {
                let at = self.value(at)?;
                index(from, &at, *span)
            }
            StepKind::Project { span, names } => self.projection(from, names, *span).map(Found::Value),
            StepKind::Method { span, name, arguments } => {
                let values = self.values(arguments)?;
                match from {
                    Found::Object(object) => {
                        object.call(&name.text, &values).map_err(|e| EvalError::new(*span, e.to_string()))
                    }
                    Found::Value(value) => {
                        let message = format!("cannot call `{}` of {}", name.text, value.described());
                        Err(EvalError::new(*span, message))
                    }
                }
            }
        }
    }

    /// What is behind `user.getGroups(…)`: a projection that follows reads the groups where they are.
    fn groups(&mut self, arguments: &'e [Expr], next: Option<&'e Step>, span: Span) -> Evaluated {
        let criteria = self.values(arguments)?;
        let groups = criteria::choose(&criteria, self.scope, &mut self.budget, span)?;
        self.budget.build(groups.len().saturating_mul(ELEMENT_BYTES), span)?;
        let projected = next.and_then(|step| match &step.kind {
            StepKind::Project { names, .. } => Some(names),
            _ => None,
        });
        let mut values = Vec::with_capacity(groups.len());
        for group in groups {
            let object = GroupObject::new(group);
            let mut found = Found::Object(&object);
            for name in projected.into_iter().flatten() {
                self.budget.spend(1, span)?;
                found = property(found, &name.text, name.span)?;
            }
            values.push(whole(found, span)?);
        }
        Ok(Value::from(values))
    }

    /// Okta: `list.![name]`.
    fn projection(&mut self, from: Found<'e>, names: &'e [Name], span: Span) -> Evaluated {
        let list = match whole(from, span)? {
            Value::List(list) => list,
            other => {
                let message = format!("`.![ ]` wants an array before it, but this is {}", other.described());
                return Err(EvalError::new(span, message));
            }
        };
        self.budget.build(list.len().saturating_mul(ELEMENT_BYTES), span)?;
        let mut projected = Vec::new();
        for element in list.iter() {
            let mut found = Found::Value(element.clone());
            for name in names {
                self.budget.spend(1, span)?;
                found = property(found, &name.text, name.span)?;
            }
            projected.push(whole(found, span)?);
        }
        Ok(Value::from(projected))
    }
}

/// Okta: `user.getGroups(…)`. The arguments, if a path from a user begins so.
fn asks_for_groups<'e>(variable: &str, user: &Found<'_>, steps: &'e [Step]) -> Option<(&'e [Expr], Span)> {
    match &steps.first()?.kind {
        StepKind::Method { span, name, arguments } if &*name.text == "getGroups" => {
            let there = !matches!(user, Found::Value(Value::Null));
            (variable == "user" && there).then_some((arguments, *span))
        }
        _ => None,
    }
}

/// Okta: an object is no value unless it says so.
pub(super) fn whole(found: Found<'_>, span: Span) -> Evaluated {
    match found {
        Found::Value(value) => Ok(value),
        Found::Object(object) => object.whole().ok_or_else(|| {
            EvalError::new(span, "this is an object and not a value; name one of its properties")
        }),
    }
}

/// A property that is missing is null; a property of null does not exist.
fn property<'e>(from: Found<'e>, name: &str, span: Span) -> Evaluated<Found<'e>> {
    match from {
        Found::Object(object) => Ok(object.property(name).unwrap_or(Found::Value(Value::Null))),
        Found::Value(Value::Map(map)) => Ok(Found::Value(map.get(name).cloned().unwrap_or_default())),
        Found::Value(other) => {
            Err(EvalError::new(span, format!("cannot read `{name}` of {}", other.described())))
        }
    }
}

/// Okta: `{1, 2, 3}[0]`.
///
/// Guess: a string is not indexed, neither as Java's characters nor as an array with commas; a property may be read by index.
fn index<'e>(from: Found<'e>, at: &Value, span: Span) -> Evaluated<Found<'e>> {
    match (from, at) {
        (Found::Value(Value::List(list)), Value::Int(position)) => {
            let element = usize::try_from(*position).ok().and_then(|position| list.get(position));
            element.cloned().map(Found::Value).ok_or_else(|| {
                EvalError::new(span, format!("there is no position {position} in an array of {}", list.len()))
            })
        }
        (from @ (Found::Object(_) | Found::Value(Value::Map(_))), Value::Text(name)) => {
            property(from, name, span)
        }
        (from, at) => {
            let from = match &from {
                Found::Object(_) => "an object",
                Found::Value(value) => value.described(),
            };
            Err(EvalError::new(span, format!("cannot index {from} by {}", at.described())))
        }
    }
}

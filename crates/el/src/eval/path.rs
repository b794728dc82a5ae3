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
        let (mut found, gone) = self.beginning(name, base.span, steps)?;
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

    /// What a path from a variable begins with, and how many steps that takes: `user.getGroups(…)` is one, with a projection
    /// two, so that no group is copied of which a part is wanted.
    fn beginning(&mut self, variable: &str, span: Span, steps: &'e [Step]) -> Evaluated<(Found<'e>, usize)> {
        self.budget.spend(1, span)?;
        let found = self.variable(variable, span)?;
        let Some((arguments, span)) = asks_for_groups(variable, &found, steps) else { return Ok((found, 0)) };
        let (names, gone): (&[Name], _) = match steps.get(1).map(|step| &step.kind) {
            Some(StepKind::Project { names, .. }) => (names, 2),
            _ => (&[], 1),
        };
        Ok((Found::Value(self.groups(arguments, names, span)?), gone))
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

    /// Okta: `user.getGroups(…).![names]`.
    fn groups(&mut self, arguments: &'e [Expr], names: &[Name], span: Span) -> Evaluated {
        let criteria = self.values(arguments)?;
        let groups = criteria::choose(&criteria, self.scope, &mut self.budget, span)?;
        self.budget.build(groups.len().saturating_mul(ELEMENT_BYTES), span)?;
        let objects = groups.into_iter().map(GroupObject::new);
        objects.map(|object| self.part(Found::Object(&object), names, span)).collect()
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
        list.iter().map(|element| self.part(Found::Value(element.clone()), names, span)).collect()
    }

    /// The part of something to which the names lead.
    fn part(&mut self, mut from: Found<'_>, names: &[Name], span: Span) -> Evaluated {
        for name in names {
            self.budget.spend(1, span)?;
            from = property(from, &name.text, name.span)?;
        }
        whole(from, span)
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

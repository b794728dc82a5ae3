//! Evaluates a checked tree. What operators and functions do is told in `operators` and `functions`.

mod path;

use std::{cmp::Ordering, sync::Arc};

use crate::{
    budget::Budget,
    diagnostic::EvalError,
    functions::{self, Evaluated},
    input::{Input, Inputs},
    number, operators,
    pattern::Pattern,
    print,
    program::Program,
    scope::{Found, Variables},
    span::Span,
    tree::{Arithmetic, Call, Comparison, Expr, Kind, Name},
    value::{Map, Value},
};
use path::whole;

/// One evaluation of a program.
pub(crate) struct Evaluation<'e> {
    program: &'e Program,
    scope: &'e dyn Variables,
    budget: Budget,
    /// Only where somebody wants to know.
    inputs: Option<Inputs>,
}

impl<'e> Evaluation<'e> {
    pub fn new(program: &'e Program, scope: &'e dyn Variables) -> Self {
        Evaluation { program, scope, budget: Budget::new(&program.limits), inputs: None }
    }

    /// The value of the whole program, and what was read for it.
    pub fn run_traced(mut self) -> (Evaluated, Vec<Input>) {
        self.inputs = Some(Inputs::default());
        let outcome = self.result();
        (outcome, self.inputs.map(Inputs::into_vec).unwrap_or_default())
    }

    /// The value of the whole program.
    pub fn run(mut self) -> Evaluated {
        self.result()
    }

    /// The value of a program that is part of another one, whose budget it shares.
    pub fn run_within(program: &'e Program, scope: &'e dyn Variables, budget: &mut Budget) -> Evaluated {
        let mut evaluation = Evaluation { program, scope, budget: budget.clone(), inputs: None };
        let value = evaluation.value(&program.tree);
        *budget = evaluation.budget;
        value
    }

    fn result(&mut self) -> Evaluated {
        let tree = &self.program.tree;
        let value = self.value(tree)?;
        if value.size() > self.program.limits.output_bytes {
            return Err(EvalError::new(tree.span, "the result is too large"));
        }
        Ok(value)
    }

    /// What an expression stands for: an object is not copied.
    fn found(&mut self, expression: &'e Expr) -> Evaluated<Found<'e>> {
        self.budget.spend(1, expression.span)?;
        match &expression.kind {
            Kind::Variable(name) => {
                let found = self.variable(name, expression.span)?;
                self.note(&found, || name.to_string());
                Ok(found)
            }
            Kind::Path { base, steps } => self.path(base, steps),
            Kind::Ternary { condition, then, otherwise } => {
                let chosen = if self.condition(condition)? { then } else { otherwise };
                self.found(chosen)
            }
            Kind::Elvis { value, otherwise } => match self.found(value)? {
                Found::Value(value) if operators::is_empty(&value) => self.found(otherwise),
                found => Ok(found),
            },
            _ => self.computed(expression).map(Found::Value),
        }
    }

    fn variable(&self, name: &str, span: Span) -> Evaluated<Found<'e>> {
        let found = self.scope.variable(name);
        found.ok_or_else(|| EvalError::new(span, format!("unknown name `{name}`")))
    }

    /// Notes what was read, if somebody wants to know. Of an object that is no value only its being there is noted.
    fn note(&mut self, found: &Found<'e>, path: impl FnOnce() -> String) {
        if let Some(inputs) = &mut self.inputs {
            inputs.note(path, || match found {
                Found::Value(value) => value.clone(),
                Found::Object(object) => object.whole().unwrap_or_else(|| Value::Map(Map::default())),
            });
        }
    }

    /// The value of an expression.
    fn value(&mut self, expression: &'e Expr) -> Evaluated {
        let found = self.found(expression)?;
        whole(found, expression.span)
    }

    /// The value of an expression that is always a value.
    fn computed(&mut self, expression: &'e Expr) -> Evaluated {
        Ok(match &expression.kind {
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::Int(*value),
            Kind::Num(value) => Value::Num(*value),
            Kind::Text(value) => Value::Text(Arc::clone(value)),
            Kind::List(elements) => self.list(elements)?,
            Kind::Map(entries) => self.map(entries)?,
            Kind::Call(call) => self.call(call, expression.span)?,
            Kind::Not(operand) => Value::Bool(!self.condition(operand)?),
            Kind::Negate(operand) => self.negative(operand)?,
            Kind::Arithmetic { first, rest } => self.arithmetic(first, rest)?,
            Kind::Compare { left, operator, right } => {
                let span = expression.span;
                Value::Bool(self.comparison(left, *operator, right, span)?)
            }
            Kind::Matches { subject, pattern } => Value::Bool(self.matches(subject, pattern)?),
            Kind::All(operands) => Value::Bool(!self.any_is(false, operands)?),
            Kind::Any(operands) => Value::Bool(self.any_is(true, operands)?),
            Kind::Null
            | Kind::Variable(_)
            | Kind::Path { .. }
            | Kind::Ternary { .. }
            | Kind::Elvis { .. } => Value::Null,
        })
    }

    fn list(&mut self, elements: &'e [Expr]) -> Evaluated {
        elements.iter().map(|element| self.value(element)).collect()
    }

    fn map(&mut self, entries: &'e [(Name, Expr)]) -> Evaluated {
        let members = entries.iter().map(|(key, value)| Ok((Arc::clone(&key.text), self.value(value)?)));
        members.collect::<Evaluated<Map>>().map(Value::Map)
    }

    fn call(&mut self, call: &'e Call, span: Span) -> Evaluated {
        let arguments = self.values(&call.arguments)?;
        let Some(function) = self.program.resolved.functions.get(&span.start) else {
            return Err(EvalError::new(span, format!("unknown function `{}`", call.full_name())));
        };
        let Evaluation { program, scope, budget, .. } = self;
        let written = &call.arguments;
        let value = (function.run)(&mut functions::Call {
            function,
            arguments: &arguments,
            written,
            span,
            budget,
            scope: *scope,
            program,
        })?;
        if let Some(inputs) = self.inputs.as_mut().filter(|_| function.reads_surroundings) {
            inputs.note(|| print::call_text(call), || value.clone());
        }
        Ok(value)
    }

    fn values(&mut self, expressions: &'e [Expr]) -> Evaluated<Vec<Value>> {
        let mut values = Vec::with_capacity(expressions.len());
        for expression in expressions {
            values.push(self.value(expression)?);
        }
        Ok(values)
    }

    /// Okta: a condition must be Boolean; nothing else converts to one.
    fn condition(&mut self, expression: &'e Expr) -> Evaluated<bool> {
        match self.value(expression)? {
            Value::Bool(value) => Ok(value),
            other => {
                let message = format!("a condition is wanted, but this is {}", other.described());
                Err(EvalError::new(expression.span, message))
            }
        }
    }

    /// Whether one of the conditions is `wanted`. Those after it are not evaluated.
    fn any_is(&mut self, wanted: bool, operands: &'e [Expr]) -> Evaluated<bool> {
        for operand in operands {
            if self.condition(operand)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn negative(&mut self, operand: &'e Expr) -> Evaluated {
        let value = self.value(operand)?;
        let negated = match value {
            Value::Num(number) => Ok(Value::Num(-number)),
            Value::Int(integer) => {
                number::integers(Arithmetic::Subtract, 0, integer).map(Value::Int).map_err(str::to_owned)
            }
            other => Err(format!("`-` wants a number, but this is {}", other.described())),
        };
        negated.map_err(|message| EvalError::new(operand.span, message))
    }

    fn arithmetic(&mut self, first: &'e Expr, rest: &'e [(Arithmetic, Expr)]) -> Evaluated {
        let mut sum = Sum::Value(self.value(first)?);
        for (operator, operand) in rest {
            let value = self.value(operand)?;
            sum = self.with_operand(sum, *operator, &value, operand.span)?;
        }
        Ok(match sum {
            Sum::Value(value) => value,
            Sum::Text(text) => Value::from(text),
        })
    }

    fn with_operand(&mut self, sum: Sum, operator: Arithmetic, value: &Value, span: Span) -> Evaluated<Sum> {
        let left = match sum {
            Sum::Text(text) if operator == Arithmetic::Add => {
                return self.concatenated(text, value, span).map(Sum::Text);
            }
            Sum::Text(text) => Value::from(text),
            Sum::Value(left) => left,
        };
        if operator == Arithmetic::Add && (is_text(&left) || is_text(value)) {
            let text = self.concatenated(String::new(), &left, span)?;
            return self.concatenated(text, value, span).map(Sum::Text);
        }
        let result = operators::arithmetic(operator, &left, value);
        result.map(Sum::Value).map_err(|message| EvalError::new(span, message))
    }

    fn concatenated(&mut self, mut text: String, value: &Value, span: Span) -> Evaluated<String> {
        self.budget.read(value.size(), span)?;
        let added = operators::text_in_concatenation(value).ok_or_else(|| {
            EvalError::new(span, format!("{} cannot be joined to a string", value.described()))
        })?;
        self.budget.build(added.len(), span)?;
        text.push_str(&added);
        Ok(text)
    }

    fn comparison(
        &mut self,
        left: &'e Expr,
        operator: Comparison,
        right: &'e Expr,
        span: Span,
    ) -> Evaluated<bool> {
        let (l, r) = (self.compared(left, right)?, self.compared(right, left)?);
        self.budget.read(l.size().saturating_add(r.size()), span)?;
        let equal = || operators::equal(&l, &r).unwrap_or_else(incomparable);
        let order = || {
            operators::order(&l, &r).ok_or_else(|| {
                let (symbol, l, r) = (operator.symbol(), l.described(), r.described());
                EvalError::new(span, format!("`{symbol}` does not take {l} and {r}"))
            })
        };
        Ok(match operator {
            Comparison::Equal => equal(),
            Comparison::NotEqual => !equal(),
            Comparison::Less => order()? == Ordering::Less,
            Comparison::LessOrEqual => order()? != Ordering::Greater,
            Comparison::Greater => order()? == Ordering::Greater,
            Comparison::GreaterOrEqual => order()? != Ordering::Less,
        })
    }

    /// One side of a comparison. An object beside `null` is not copied: all that matters is that it is there.
    fn compared(&mut self, side: &'e Expr, other: &'e Expr) -> Evaluated {
        match self.found(side)? {
            Found::Object(_) if other.kind == Kind::Null => Ok(Value::Map(Map::default())),
            found => whole(found, side.span),
        }
    }

    fn matches(&mut self, subject: &'e Expr, pattern: &'e Expr) -> Evaluated<bool> {
        let text = self.matched_text(subject)?;
        if let Some(compiled) = self.program.resolved.patterns.get(&pattern.span.start) {
            return self.compare(compiled, &text, pattern.span);
        }
        let written = self.matched_text(pattern)?;
        self.budget.spend(Pattern::COMPILE_STEPS, pattern.span)?;
        let compiled = Pattern::compile(&written, self.program.limits.late_pattern_bytes());
        let compiled = compiled.map_err(|message| EvalError::new(pattern.span, message))?;
        self.compare(&compiled, &text, pattern.span)
    }

    fn compare(&mut self, pattern: &Pattern, text: &str, span: Span) -> Evaluated<bool> {
        self.budget.spend(pattern.steps(text.len()), span)?;
        Ok(pattern.matches(text))
    }

    fn matched_text(&mut self, side: &'e Expr) -> Evaluated<Arc<str>> {
        match self.value(side)? {
            Value::Text(text) => {
                self.budget.read(text.len(), side.span)?;
                Ok(text)
            }
            other => {
                let message = format!("`matches` wants a string, but this is {}", other.described());
                Err(EvalError::new(side.span, message))
            }
        }
    }
}

/// What a chain of operators has come to. Text grows in place.
enum Sum {
    Value(Value),
    Text(String),
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::Text(_))
}

/// Guess: values of kinds that have nothing in common are not equal, as in the Spring Expression Language. Where the kinds
/// are known before evaluation, `check` warns.
const fn incomparable() -> bool {
    false
}

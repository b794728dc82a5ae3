//! Checks a tree without evaluating it: names of functions and methods, numbers of arguments, regular expressions, and types
//! where they are known. Variables that nobody knows only earn a warning. What stands behind a dot is checked in
//! `check/paths`, and literal arguments are in `check/literals`.

mod literals;
mod paths;

use crate::{
    diagnostic::{Diagnostic, Severity},
    functions::{self, Type},
    limits::Limits,
    names::Uses,
    nearest::nearest,
    program::Resolved,
    span::Span,
    tree::{Arithmetic, Call, Comparison, Expr, Kind},
};

/// Where an expression stands, and what it may name there.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    variables: &'static [&'static str],
    /// Whether it is in a string and about one group.
    about_group: bool,
}

impl Setting {
    /// Okta: the variables of an expression in a claim. `idpuser`, `source` and `$app` belong to mappings.
    pub const CLAIM: Setting =
        Setting { variables: &["user", "appuser", "app", "org", "session", "access"], about_group: false };
    /// Okta: the variable of an expression that `getFilteredGroups` is given.
    pub const GROUP: Setting = Setting { variables: &["group"], about_group: true };
}

/// Checks `tree`, which was made from `text`, and notes what evaluation will want to know.
pub(crate) fn check(tree: &Expr, text: &str, setting: Setting, limits: &Limits) -> Resolved {
    let mut checker = Checker { text, setting, limits, resolved: Resolved::default() };
    checker.expression(tree);
    checker.resolved
}

struct Checker<'c> {
    text: &'c str,
    setting: Setting,
    limits: &'c Limits,
    resolved: Resolved,
}

impl Checker<'_> {
    /// Checks an expression, and says what type it has.
    fn expression(&mut self, expression: &Expr) -> Type {
        match &expression.kind {
            Kind::Null => Type::Null,
            Kind::Bool(_) => Type::Boolean,
            Kind::Int(_) => Type::Integer,
            Kind::Num(_) => Type::Number,
            Kind::Text(_) => Type::Text,
            Kind::List(elements) => {
                self.all(elements);
                Type::Array
            }
            Kind::Map(entries) => {
                for (_, value) in entries {
                    self.expression(value);
                }
                Type::Object
            }
            Kind::Variable(name) => {
                self.variable(name, expression.span).whole = true;
                Type::Any
            }
            Kind::Path { base, steps } => self.path(base, steps),
            Kind::Call(call) => self.call(call, expression.span),
            Kind::Not(operand) => self.condition(operand),
            Kind::Negate(operand) => {
                let found = self.expression(operand);
                if !numeric(found) {
                    self.error(
                        operand.span,
                        format!("`-` wants a number, but this is {}", found.described()),
                    );
                }
                found
            }
            Kind::Arithmetic { first, rest } => self.arithmetic(first, rest),
            Kind::Compare { left, operator, right } => {
                self.comparison(left, *operator, right);
                Type::Boolean
            }
            Kind::Matches { subject, pattern } => {
                self.matches(subject, pattern);
                Type::Boolean
            }
            Kind::All(operands) | Kind::Any(operands) => {
                for operand in operands {
                    self.condition(operand);
                }
                Type::Boolean
            }
            Kind::Ternary { condition, then, otherwise } => {
                self.condition(condition);
                let (then, otherwise) = (self.expression(then), self.expression(otherwise));
                either(then, otherwise)
            }
            Kind::Elvis { value, otherwise } => {
                let (value, otherwise) = (self.expression(value), self.expression(otherwise));
                either(value, otherwise)
            }
        }
    }

    fn all(&mut self, expressions: &[Expr]) -> Vec<Type> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    fn condition(&mut self, expression: &Expr) -> Type {
        let found = self.expression(expression);
        if !Type::Boolean.accepts(found) {
            self.error(expression.span, format!("a condition is wanted, but this is {}", found.described()));
        }
        Type::Boolean
    }

    fn variable(&mut self, name: &str, span: Span) -> &mut Uses {
        let Setting { variables, about_group } = self.setting;
        if !variables.contains(&name) {
            let severity = if about_group { Diagnostic::error } else { Diagnostic::warning };
            let unknown = severity(span, format!("unknown variable `{name}`"));
            self.resolved.diagnostics.push(match nearest(name, variables.iter().copied()) {
                Some(known) => unknown.suggest(format!("did you mean `{known}`?")),
                None if about_group => unknown.suggest("an expression about groups knows only `group`"),
                None => unknown.suggest("put text in quotes"),
            });
        }
        self.resolved.names.variable(name)
    }

    fn call(&mut self, call: &Call, span: Span) -> Type {
        let types = self.all(&call.arguments);
        let namespace = call.namespace.as_ref().map(|namespace| &*namespace.text);
        let Some(function) = functions::find(namespace, &call.name.text) else {
            let unknown =
                Diagnostic::error(call.name_span(), format!("unknown function `{}`", call.full_name()));
            let meant =
                if self.is_hopeless() { None } else { functions::suggest(namespace, &call.name.text) };
            self.resolved.diagnostics.push(match meant {
                Some(known) => unknown.suggest(format!("did you mean `{known}`?")),
                None => unknown,
            });
            return Type::Any;
        };
        if !function.takes(types.len()) {
            let message = format!("`{}` cannot take {}", function.full_name(), counted(types.len()));
            let usage = format!("write `{}`", function.signature());
            self.resolved.diagnostics.push(Diagnostic::error(span, message).suggest(usage));
        }
        for (index, (argument, found)) in call.arguments.iter().zip(&types).enumerate() {
            if let Some(parameter) =
                function.parameter(index).filter(|wanted| !wanted.accepts.accepts(*found))
            {
                let (wanted, name) = (parameter.accepts.described(), parameter.name);
                let (function, found) = (function.full_name(), found.described());
                self.error(
                    argument.span,
                    format!("`{function}` wants {wanted} as `{name}`, but this is {found}"),
                );
            } else if let Some(parameter) = function.parameter(index) {
                self.literal(parameter.literal, argument);
            }
        }
        if self.setting.about_group && function.reads_surroundings {
            let message = format!("`{}` is not for an expression about groups", function.full_name());
            self.error(call.name_span(), message);
        }
        self.resolved.functions.insert(span.start, function);
        function.returns
    }

    fn arithmetic(&mut self, first: &Expr, rest: &[(Arithmetic, Expr)]) -> Type {
        let mut sum = self.expression(first);
        for (operator, operand) in rest {
            let found = self.expression(operand);
            let text = *operator == Arithmetic::Add && (sum == Type::Text || found == Type::Text);
            let unknown = sum == Type::Any || found == Type::Any;
            sum = if text && sum != Type::Object && found != Type::Object {
                Type::Text
            } else if numeric(sum) && numeric(found) {
                match (sum, found) {
                    _ if unknown => Type::Any,
                    (Type::Integer, Type::Integer) => Type::Integer,
                    _ => Type::Number,
                }
            } else if unknown && *operator == Arithmetic::Add {
                Type::Any
            } else {
                let (symbol, sum, found) = (operator.symbol(), sum.described(), found.described());
                self.error(operand.span, format!("`{symbol}` does not take {sum} and {found}"));
                Type::Any
            };
        }
        sum
    }

    fn comparison(&mut self, left: &Expr, operator: Comparison, right: &Expr) {
        let types = (self.compared(left, right), self.compared(right, left));
        let (found_left, found_right) = (types.0.described(), types.1.described());
        match operator {
            Comparison::Equal | Comparison::NotEqual => {
                if !comparable(types.0, types.1) {
                    let message = format!("{found_left} cannot be compared with {found_right}");
                    self.resolved.diagnostics.push(Diagnostic::warning(left.span.to(right.span), message));
                }
            }
            _ => {
                let ordered = |found| numeric(found) || found == Type::Text;
                if !ordered(types.0) || !ordered(types.1) || !comparable(types.0, types.1) {
                    let symbol = operator.symbol();
                    let message = format!("`{symbol}` does not take {found_left} and {found_right}");
                    self.error(left.span.to(right.span), message);
                }
            }
        }
    }

    /// Checks one side of a comparison. A variable beside `null` is not read.
    fn compared(&mut self, side: &Expr, other: &Expr) -> Type {
        if let (Kind::Variable(name), Kind::Null) = (&side.kind, &other.kind) {
            self.variable(name, side.span);
            return Type::Any;
        }
        self.expression(side)
    }

    fn matches(&mut self, subject: &Expr, pattern: &Expr) {
        for side in [subject, pattern] {
            let found = self.expression(side);
            if !matches!(found, Type::Text | Type::Any) {
                self.error(side.span, format!("`matches` wants a string, but this is {}", found.described()));
            }
        }
        if let Kind::Text(text) = &pattern.kind {
            self.pattern(text, pattern.span);
        }
    }

    /// Whether so much is wrong that the author has enough to do, and we have done enough.
    fn is_hopeless(&self) -> bool {
        const ENOUGH: usize = 8;
        let diagnostics = self.resolved.diagnostics.iter();
        diagnostics.filter(|diagnostic| diagnostic.severity == Severity::Error).count() >= ENOUGH
    }

    fn error(&mut self, span: Span, message: String) {
        self.resolved.diagnostics.push(Diagnostic::error(span, message));
    }
}

fn numeric(found: Type) -> bool {
    matches!(found, Type::Integer | Type::Number | Type::Any)
}

fn comparable(left: Type, right: Type) -> bool {
    let free = |found| matches!(found, Type::Any | Type::Null);
    left == right || free(left) || free(right) || (numeric(left) && numeric(right))
}

/// The type of something that has one of two.
fn either(one: Type, other: Type) -> Type {
    if one == other { one } else { Type::Any }
}

fn counted(arguments: usize) -> String {
    match arguments {
        0 => "no arguments".to_owned(),
        1 => "1 argument".to_owned(),
        more => format!("{more} arguments"),
    }
}

//! Checks a tree without evaluating it: names of functions and methods, numbers of arguments, regular expressions, and types
//! where they are known. Variables that nobody knows only earn a warning.

use crate::{
    diagnostic::Diagnostic,
    functions::{self, Type},
    limits::Limits,
    names::Uses,
    nearest::nearest,
    pattern::Pattern,
    program::Resolved,
    span::Span,
    tree::{Arithmetic, Call, Comparison, Expr, Kind, Name, Step},
};

/// Okta: the variables of an expression in a claim. `idpuser`, `source` and `$app` belong to mappings.
const VARIABLES: [&str; 6] = ["user", "appuser", "app", "org", "session", "access"];

/// Okta: the methods of objects, and how many arguments each takes.
const METHODS: [(&str, usize); 1] = [("getInternalProperty", 1)];

/// Checks `tree`, and notes what evaluation will want to know.
pub(crate) fn check(tree: &Expr, limits: &Limits) -> Resolved {
    let mut checker = Checker { limits, resolved: Resolved::default() };
    checker.expression(tree);
    checker.resolved
}

struct Checker<'l> {
    limits: &'l Limits,
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
        if !VARIABLES.contains(&name) {
            let unknown = Diagnostic::warning(span, format!("unknown variable `{name}`"));
            self.resolved.diagnostics.push(match nearest(name, VARIABLES.into_iter()) {
                Some(known) => unknown.suggest(format!("did you mean `{known}`?")),
                None => unknown.suggest("put text in quotes"),
            });
        }
        self.resolved.names.variable(name)
    }

    fn path(&mut self, base: &Expr, steps: &[Step]) -> Type {
        let variable = self.base(base, steps.first());
        for step in steps {
            match step {
                Step::Property(_) | Step::Project { .. } => {}
                Step::Index { at, .. } => {
                    self.expression(at);
                }
                Step::Method { name, arguments, .. } => self.method(variable, name, arguments),
            }
        }
        Type::Any
    }

    /// Checks what a path begins with; the variable, if it is one.
    fn base<'b>(&mut self, base: &'b Expr, step: Option<&Step>) -> Option<&'b str> {
        let Kind::Variable(variable) = &base.kind else {
            self.expression(base);
            return None;
        };
        let uses = self.variable(variable, base.span);
        match step {
            Some(Step::Property(name)) => {
                uses.properties.insert(name.text.to_string());
            }
            Some(Step::Index { at: Expr { kind: Kind::Text(name), .. }, .. }) => {
                uses.properties.insert(name.to_string());
            }
            Some(Step::Method { name, .. }) => {
                uses.methods.insert(name.text.to_string());
            }
            Some(Step::Index { .. } | Step::Project { .. }) | None => uses.whole = true,
        }
        Some(variable)
    }

    fn method(&mut self, variable: Option<&str>, name: &Name, arguments: &[Expr]) {
        self.all(arguments);
        let known = METHODS.iter().find(|(method, _)| *method == &*name.text);
        let diagnostic = match known {
            Some((_, wanted)) if *wanted == arguments.len() => return,
            Some((method, wanted)) => {
                let message = format!("`{method}` takes {}, not {}", counted(*wanted), arguments.len());
                Diagnostic::error(name.span, message)
            }
            None => {
                let unknown = Diagnostic::error(name.span, format!("unknown method `{}`", name.text));
                let method =
                    nearest(&name.text, METHODS.iter().map(|(method, _)| *method)).map(str::to_owned);
                // `string.len(x)` and `user.firstName.toUpperCase()` are meant for functions.
                let function =
                    functions::suggest(variable, &name.text).map(|function| format!("{function}()"));
                match method.or(function) {
                    Some(known) => unknown.suggest(format!("did you mean `{known}`?")),
                    None => unknown,
                }
            }
        };
        self.resolved.diagnostics.push(diagnostic);
    }

    fn call(&mut self, call: &Call, span: Span) -> Type {
        let types = self.all(&call.arguments);
        let namespace = call.namespace.as_ref().map(|namespace| &*namespace.text);
        let Some(function) = functions::find(namespace, &call.name.text) else {
            let unknown =
                Diagnostic::error(call.name_span(), format!("unknown function `{}`", call.full_name()));
            self.resolved.diagnostics.push(match functions::suggest(namespace, &call.name.text) {
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
            }
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
            match Pattern::compile(text, self.limits.pattern_bytes) {
                Ok(compiled) => {
                    self.resolved.patterns.insert(pattern.span.start, compiled);
                }
                Err(message) => self.error(pattern.span, message),
            }
        }
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

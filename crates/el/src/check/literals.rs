//! Checks what is written as a literal where a function wants something particular, and notes which groups are named.

use super::Checker;
use crate::{
    diagnostic::{Diagnostic, Severity},
    functions::{
        Literal,
        groups::{GROUPS_MAX, between_slashes},
        time::{pattern, zone},
    },
    limits::Limits,
    pattern::{Pattern, TOO_LARGE},
    program::compile_group_expression,
    span::Span,
    tree::{Expr, Kind},
};

impl Checker<'_> {
    /// Checks an argument that means what `literal` says.
    pub(super) fn literal(&mut self, literal: Literal, argument: &Expr) {
        match literal {
            Literal::Free => {}
            Literal::GroupId => self.group_id(argument),
            Literal::GroupIds => self.group_ids(argument),
            Literal::GroupName => match &argument.kind {
                Kind::Text(name) => {
                    self.resolved.names.groups.names.insert(name.to_string());
                }
                _ => self.resolved.names.groups.all = true,
            },
            Literal::GroupPart => self.resolved.names.groups.all = true,
            Literal::GroupPattern => self.group_pattern(argument),
            Literal::GroupExpression => self.group_expression(argument),
            Literal::GroupLimit => self.group_limit(argument),
            Literal::TimePattern => self.time_pattern(argument),
            Literal::TimeZone => self.time_zone(argument),
        }
    }

    fn group_id(&mut self, argument: &Expr) {
        match &argument.kind {
            Kind::Text(id) => {
                self.resolved.names.groups.ids.insert(id.to_string());
            }
            Kind::List(_) => self.group_ids(argument),
            _ => self.resolved.names.groups.all = true,
        }
    }

    /// An array of ids, or a string of them with commas between.
    fn group_ids(&mut self, argument: &Expr) {
        let groups = &mut self.resolved.names.groups;
        match &argument.kind {
            Kind::Text(text) => groups.ids.extend(text.split(',').map(|id| id.trim().to_owned())),
            Kind::List(elements) => {
                for element in elements {
                    match &element.kind {
                        Kind::Text(id) => {
                            groups.ids.insert(id.to_string());
                        }
                        _ => groups.all = true,
                    }
                }
            }
            _ => groups.all = true,
        }
    }

    fn group_pattern(&mut self, argument: &Expr) {
        self.resolved.names.groups.all = true;
        if let Kind::Text(text) = &argument.kind {
            self.pattern(between_slashes(text), argument.span);
        }
    }

    /// Compiles a regular expression that is written at `span`.
    pub(super) fn pattern(&mut self, text: &str, span: Span) {
        if self.is_hopeless() {
            return;
        }
        match Pattern::compile(text, self.pattern_bytes_left()) {
            Ok(compiled) => {
                self.resolved.pattern_bytes += compiled.bytes();
                self.resolved.patterns.insert(span.start, compiled);
            }
            Err(message) if message == TOO_LARGE && self.resolved.pattern_bytes > 0 => {
                self.error(span, format!("{message}, beside the others"));
            }
            Err(message) => self.error(span, message),
        }
    }

    fn pattern_bytes_left(&self) -> usize {
        self.limits.pattern_bytes.saturating_sub(self.resolved.pattern_bytes)
    }

    fn group_expression(&mut self, argument: &Expr) {
        let Kind::Text(text) = &argument.kind else { return };
        if self.is_hopeless() {
            return;
        }
        let limits = Limits { pattern_bytes: self.pattern_bytes_left(), ..self.limits.of_group_expression() };
        match compile_group_expression(text, &limits) {
            Ok(program) => {
                self.resolved.pattern_bytes += program.resolved.pattern_bytes;
                self.resolved.programs.insert(argument.span.start, program);
            }
            Err(problem) => {
                let span = within_literal(self.text, argument.span, problem.span);
                self.resolved.diagnostics.push(Diagnostic { span, ..problem });
            }
        }
    }

    fn time_pattern(&mut self, argument: &Expr) {
        if let Kind::Text(text) = &argument.kind
            && let Err(problem) = pattern::parse(text)
        {
            self.error(argument.span, problem);
        }
    }

    fn time_zone(&mut self, argument: &Expr) {
        if let Kind::Text(id) = &argument.kind
            && !self.is_hopeless()
            && zone::find(id).is_none()
        {
            let unknown = Diagnostic::error(argument.span, format!("unknown time zone `{id}`"));
            self.resolved.diagnostics.push(match zone::suggest(id) {
                Some(known) => unknown.suggest(format!("did you mean `{known}`?")),
                None => unknown,
            });
        }
    }

    /// Okta: from 1 to 100; and any number in the authorization code flow, which is not known here.
    fn group_limit(&mut self, argument: &Expr) {
        let Kind::Int(limit) = argument.kind else { return };
        let severity = match usize::try_from(limit) {
            Ok(limit) if (1..=GROUPS_MAX).contains(&limit) => return,
            Ok(1..) => Severity::Warning,
            _ => Severity::Error,
        };
        let message = format!("the limit is {limit}, but must be from 1 to {GROUPS_MAX}");
        let problem = Diagnostic { severity, ..Diagnostic::error(argument.span, message) };
        self.resolved.diagnostics.push(match severity {
            Severity::Warning => problem.suggest("only the authorization code flow allows more"),
            Severity::Error => problem,
        });
    }
}

/// Where in `text` something stands that stands at `inner` in the value of the string literal at `literal`. A quote within
/// is written twice.
fn within_literal(text: &str, literal: Span, inner: Span) -> Span {
    let written = text.get(literal.start..literal.end).unwrap_or_default();
    let quote = written.chars().next().unwrap_or('\'');
    let mut characters = written.char_indices().skip(1);
    let mut places = Vec::new();
    let mut value_bytes = 0;
    while let Some((offset, character)) = characters.next() {
        places.push((value_bytes, literal.start + offset));
        value_bytes += character.len_utf8();
        if character == quote {
            characters.next();
        }
    }
    let place = |wanted: usize| {
        let found = places.iter().find(|(value_offset, _)| *value_offset >= wanted);
        found.map_or(literal.end, |(_, offset)| *offset)
    };
    Span { start: place(inner.start), end: place(inner.end) }
}

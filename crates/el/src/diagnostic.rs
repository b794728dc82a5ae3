//! What is said to the author of an expression, and how it is shown under the text. Finding faults is done elsewhere.

use std::fmt::Write as _;

use crate::span::Span;

/// Whether an expression can be used in spite of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The expression cannot be compiled.
    Error,
    /// The expression compiles, but evaluating what the diagnostic points at will probably fail.
    Warning,
}

/// Something found wrong when compiling.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What part of the text it is about.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What might help.
    pub suggestion: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(span: Span, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Error, span, message: message.into(), suggestion: None }
    }

    pub(crate) fn warning(span: Span, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, span, message: message.into(), suggestion: None }
    }

    pub(crate) fn suggest(self, suggestion: impl Into<String>) -> Self {
        Diagnostic { suggestion: Some(suggestion.into()), ..self }
    }

    /// Shows the diagnostic under the text it was made from.
    ///
    /// ```text
    /// error: unknown function `String.appned`
    ///   |
    /// 1 | String.appned(user.firstName, 'x')
    ///   | ^^^^^^^^^^^^^ did you mean `String.append`?
    /// ```
    pub fn render(&self, text: &str) -> String {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        render(text, self.span, severity, &self.message, self.suggestion.as_deref())
    }
}

/// Why an evaluation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// What part of the expression failed.
    pub span: Span,
    /// Why.
    pub message: String,
    /// Whether it is because more groups match than there may be, of which Okta tells the client.
    pub too_many_groups: bool,
}

impl EvalError {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        EvalError { span, message: message.into(), too_many_groups: false }
    }

    /// Shows the error under the text of the expression, as [`Diagnostic::render`] does.
    pub fn render(&self, text: &str) -> String {
        render(text, self.span, "error", &self.message, None)
    }
}

fn render(text: &str, span: Span, label: &str, message: &str, suggestion: Option<&str>) -> String {
    let line = Line::around(text, span.start);
    let number = line.number.to_string();
    let gutter = " ".repeat(number.len());
    let mut shown = String::new();
    let mut indent = String::new();
    let mut carets = 0;
    for (offset, character) in line.text.char_indices().map(|(offset, c)| (line.start + offset, c)) {
        shown.push(visible(character));
        if offset < span.start {
            indent.push_str(blank(character));
        } else if offset < span.end {
            carets += blank(character).len();
        }
    }
    let carets = "^".repeat(carets.max(1));
    let suggestion = suggestion.map(|s| format!(" {s}")).unwrap_or_default();
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{label}: {message}");
    let _ = writeln!(out, "{gutter} |");
    let _ = writeln!(out, "{number} | {shown}");
    let _ = write!(out, "{gutter} | {indent}{carets}{suggestion}");
    out
}

/// One line of a text.
struct Line<'t> {
    number: usize,
    start: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    /// The line on which the byte at `offset` stands; the last one if there is no such byte.
    fn around(text: &'t str, offset: usize) -> Self {
        let mut line = Line { number: 0, start: 0, text: "" };
        let mut start = 0;
        for (index, with_end) in text.split_inclusive('\n').enumerate() {
            line = Line { number: index, start, text: with_end.trim_end_matches(['\r', '\n']) };
            start += with_end.len();
            if offset < start {
                break;
            }
        }
        Line { number: line.number + 1, ..line }
    }
}

/// Control characters could move the cursor, and so the carets.
fn visible(character: char) -> char {
    if character.is_control() && character != '\t' { char::REPLACEMENT_CHARACTER } else { character }
}

/// White space exactly as wide as `character` on a terminal.
fn blank(character: char) -> &'static str {
    match character {
        '\t' => "\t",
        // Combining marks, joiners and variation selectors.
        '\u{0300}'..='\u{036F}'
        | '\u{200B}'..='\u{200F}'
        | '\u{20D0}'..='\u{20FF}'
        | '\u{FE00}'..='\u{FE0F}' => "",
        // Hangul, the scripts of China and Japan, full-width forms, emoji.
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{A4CF}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1F64F}'
        | '\u{1F680}'..='\u{1F6FF}'
        | '\u{1F900}'..='\u{1F9FF}'
        | '\u{20000}'..='\u{3FFFD}' => "  ",
        _ => " ",
    }
}

//! Cuts the text of an expression into tokens. What a word means is the parser's business: `and` after a dot is a name.

use crate::{diagnostic::Diagnostic, span::Span};

/// A piece of the text that belongs together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'t> {
    pub kind: Kind<'t>,
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind<'t> {
    Int(i64),
    Num(f64),
    Text(String),
    Word(&'t str),
    Symbol(Symbol),
    End,
}

/// The punctuation of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    OpenRound,
    CloseRound,
    OpenSquare,
    CloseSquare,
    OpenCurly,
    CloseCurly,
    Comma,
    Colon,
    Dot,
    /// `?.`, beyond Okta.
    Safe,
    /// `.!`, which begins the projection `.![`.
    Project,
    Question,
    Elvis,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Not,
    And,
    Or,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer spellings stand before their beginnings.
const SYMBOLS: &[(&str, Symbol)] = &[
    ("?:", Symbol::Elvis),
    ("?.", Symbol::Safe),
    (".!", Symbol::Project),
    ("&&", Symbol::And),
    ("||", Symbol::Or),
    ("==", Symbol::Equal),
    ("!=", Symbol::NotEqual),
    ("<=", Symbol::LessOrEqual),
    (">=", Symbol::GreaterOrEqual),
    ("(", Symbol::OpenRound),
    (")", Symbol::CloseRound),
    ("[", Symbol::OpenSquare),
    ("]", Symbol::CloseSquare),
    ("{", Symbol::OpenCurly),
    ("}", Symbol::CloseCurly),
    (",", Symbol::Comma),
    (":", Symbol::Colon),
    (".", Symbol::Dot),
    ("?", Symbol::Question),
    ("+", Symbol::Plus),
    ("-", Symbol::Minus),
    ("*", Symbol::Star),
    ("/", Symbol::Slash),
    ("%", Symbol::Percent),
    ("!", Symbol::Not),
    ("<", Symbol::Less),
    (">", Symbol::Greater),
];

/// Spellings that the Spring Expression Language knows and Okta's subset does not, or that are easily mistyped:
/// (spelling, message, suggestion).
const REFUSED: &[(&str, &str, Option<&str>)] = &[
    ("=", "assignment with `=` is not part of the language", Some("did you mean `==`?")),
    ("&", "unexpected `&`", Some("did you mean `&&`?")),
    ("|", "unexpected `|`", Some("did you mean `||`?")),
    ("@", "bean references with `@` are not part of the language", None),
    ("#", "variables with `#` are not part of the language", None),
    ("$", "references to an app with `$` are not available here", Some("use `app` or `appuser`")),
    ("“", "typographic quotes do not delimit a string", Some("use `\"`")),
    ("”", "typographic quotes do not delimit a string", Some("use `\"`")),
    ("‘", "typographic quotes do not delimit a string", Some("use `'`")),
    ("’", "typographic quotes do not delimit a string", Some("use `'`")),
];

/// Cuts `text` into tokens; the last one is [`Kind::End`].
pub(crate) fn lex(text: &str) -> Result<Vec<Token<'_>>, Diagnostic> {
    let mut lexer = Lexer { rest: text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        let last = token.kind == Kind::End;
        tokens.push(token);
        if last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'t> {
    rest: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    fn token(&mut self) -> Result<Token<'t>, Diagnostic> {
        self.take_while(|c| c.is_ascii_whitespace());
        let start = self.at;
        let kind = match self.rest.chars().next() {
            None => Kind::End,
            Some(quote @ ('\'' | '"')) => Kind::Text(self.text(quote)?),
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some(c) if begins_word(c) => Kind::Word(self.take_while(continues_word)),
            Some(c) => Kind::Symbol(self.symbol(c)?),
        };
        Ok(Token { kind, span: Span { start, end: self.at } })
    }

    /// A string literal. The quote itself is written by doubling it.
    ///
    /// Guess: a backslash stands for itself, as in the Spring Expression Language; Okta documents no escapes.
    fn text(&mut self, quote: char) -> Result<String, Diagnostic> {
        let start = self.at;
        self.skip(1);
        let mut value = String::new();
        loop {
            value.push_str(self.take_while(|c| c != quote));
            if self.rest.is_empty() {
                let message = "this string has no closing quote";
                return Err(Diagnostic::error(Span { start, end: self.at }, message));
            }
            self.skip(1);
            if !self.rest.starts_with(quote) {
                return Ok(value);
            }
            self.skip(1);
            value.push(quote);
        }
    }

    fn number(&mut self) -> Result<Kind<'t>, Diagnostic> {
        let (start, from) = (self.at, self.rest);
        self.take_digits();
        let mut whole = true;
        if self.rest.starts_with('.') && self.digit_follows(1) {
            whole = false;
            self.skip(1);
            self.take_digits();
        }
        if self.rest.starts_with(['e', 'E']) {
            let sign = usize::from(self.rest.get(1..).is_some_and(|rest| rest.starts_with(['+', '-'])));
            if self.digit_follows(1 + sign) {
                whole = false;
                self.skip(1 + sign);
                self.take_digits();
            }
        }
        self.take_while(continues_word);
        let span = Span { start, end: self.at };
        let text = from.get(..self.at - start).unwrap_or_default();
        let parsed = if whole { text.parse().ok().map(Kind::Int) } else { finite(text).map(Kind::Num) };
        parsed.ok_or_else(|| {
            let numeric = text.parse::<f64>().is_ok();
            let fault = if numeric { "is too large" } else { "is not a number" };
            Diagnostic::error(span, format!("`{text}` {fault}"))
        })
    }

    fn symbol(&mut self, first: char) -> Result<Symbol, Diagnostic> {
        if let Some((spelling, symbol)) = SYMBOLS.iter().find(|(spelling, _)| self.rest.starts_with(spelling))
        {
            self.skip(spelling.len());
            return Ok(*symbol);
        }
        Err(self.refusal().unwrap_or_else(|| {
            let span = Span { start: self.at, end: self.at + first.len_utf8() };
            let code = u32::from(first);
            Diagnostic::error(
                span,
                if first.is_control() || first.is_whitespace() {
                    format!("unexpected character U+{code:04X}")
                } else {
                    format!("unexpected character `{first}`")
                },
            )
        }))
    }

    fn refusal(&self) -> Option<Diagnostic> {
        let (spelling, message, suggestion) =
            REFUSED.iter().find(|(spelling, ..)| self.rest.starts_with(spelling))?;
        let span = Span { start: self.at, end: self.at + spelling.len() };
        let refusal = Diagnostic::error(span, *message);
        Some(match suggestion {
            Some(suggestion) => refusal.suggest(*suggestion),
            None => refusal,
        })
    }

    fn take_digits(&mut self) {
        self.take_while(|c| c.is_ascii_digit());
    }

    fn digit_follows(&self, ahead: usize) -> bool {
        self.rest.get(ahead..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let length = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let taken = self.rest.get(..length).unwrap_or_default();
        self.skip(length);
        taken
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
        self.at += bytes;
    }
}

fn begins_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match lex(text) {
            Ok(tokens) => tokens
                .iter()
                .map(|t| format!("{:?}@{}..{}", t.kind, t.span.start, t.span.end))
                .collect::<Vec<_>>()
                .join(" "),
            Err(d) => format!("{}..{} {}", d.span.start, d.span.end, d.message),
        }
    }

    #[test]
    fn spans_are_bytes_of_the_text() {
        assert_eq!(show("'é' x"), "Text(\"é\")@0..4 Word(\"x\")@5..6 End@6..6");
    }

    #[test]
    fn a_doubled_quote_is_a_quote() {
        assert_eq!(show("'it''s'"), "Text(\"it's\")@0..7 End@7..7");
        assert_eq!(show(r#""a""b'c""#), "Text(\"a\\\"b'c\")@0..8 End@8..8");
    }

    #[test]
    fn a_dot_belongs_to_a_number_only_before_a_digit() {
        assert_eq!(show("1.5"), "Num(1.5)@0..3 End@3..3");
        assert_eq!(show("1.x"), "Int(1)@0..1 Symbol(Dot)@1..2 Word(\"x\")@2..3 End@3..3");
        assert_eq!(show("2e3"), "Num(2000.0)@0..3 End@3..3");
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert_eq!(show("9223372036854775808"), "0..19 `9223372036854775808` is too large");
        assert_eq!(show("1e999"), "0..5 `1e999` is too large");
        assert_eq!(show("12abc"), "0..5 `12abc` is not a number");
        assert_eq!(show("0x1F"), "0..4 `0x1F` is not a number");
    }

    #[test]
    fn an_open_string_is_pointed_at_from_its_quote() {
        assert_eq!(show("1 + 'abc"), "4..8 this string has no closing quote");
    }
}

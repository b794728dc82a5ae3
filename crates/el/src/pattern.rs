//! Regular expressions as Okta's Java writes them, over an engine that takes linear time.

use regex::{Error, Regex, RegexBuilder};

/// A regular expression that is compared with whole texts.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    /// How large it is: the engine does not tell, but at this size it was taken, and not at a quarter of it.
    bytes: usize,
}

/// What is said of an expression that would take more than it may.
pub(crate) const TOO_LARGE: &str = "the regular expression is too large";
/// The size that nearly every regular expression stays below.
const USUAL_BYTES: usize = 4 * 1024;
/// How many bytes of text, times how many bytes of the expression, are compared in one step. At worst each byte of the text
/// is held against each part of the expression.
const BYTES_PER_STEP: usize = 256 * 256;

impl Pattern {
    /// What compiling one during evaluation costs.
    pub(crate) const COMPILE_STEPS: u32 = 1000;

    /// Compiles a regular expression to at most `bytes`. The error says what is wrong with it: lower case, no full stop.
    ///
    /// Classes such as `\d` and `\w` mean ASCII only, as in Java. Lookaround and back-references, which cannot be had in
    /// linear time, are refused.
    pub fn compile(expression: &str, bytes: usize) -> Result<Pattern, String> {
        let expression = translate(expression);
        // Alone first: `a)(b` is wrong, but would not be within the brackets put around it.
        build(&expression, bytes).map_err(|e| explain(&e))?;
        let whole = format!(r"\A(?:{expression})\z");
        let mut size = USUAL_BYTES.min(bytes);
        loop {
            match build(&whole, size) {
                Err(Error::CompiledTooBig(_)) if size < bytes => size = size.saturating_mul(4).min(bytes),
                built => break built.map(|regex| Pattern { regex, bytes: size }).map_err(|e| explain(&e)),
            }
        }
    }

    /// Whether the expression covers all of `text`. Java: `Matcher.matches`.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// About how large it is.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many steps comparing with so many bytes of text counts for.
    pub(crate) fn steps(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.saturating_mul(self.bytes) / BYTES_PER_STEP).unwrap_or(u32::MAX)
    }
}

fn build(expression: &str, bytes: usize) -> Result<Regex, Error> {
    RegexBuilder::new(expression).size_limit(bytes).dfa_size_limit(bytes).nest_limit(64).build()
}

/// Rewrites what Java and the engine read differently.
fn translate(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut rest = expression.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        let escaped = rest.next();
        match escaped.and_then(ascii_class) {
            Some(class) => out.push_str(class),
            None => out.extend([Some(character), escaped].into_iter().flatten()),
        }
    }
    out
}

/// What a class of characters means in Java unless told otherwise.
fn ascii_class(letter: char) -> Option<&'static str> {
    Some(match letter {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => r"[ \t\n\x0B\f\r]",
        'S' => r"[^ \t\n\x0B\f\r]",
        _ => return None,
    })
}

fn explain(error: &Error) -> String {
    match error {
        Error::CompiledTooBig(_) => TOO_LARGE.to_owned(),
        other => {
            // The last line of the engine's explanation says what is wrong; those before it show our rewriting.
            let explanation = other.to_string();
            let reason = explanation.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the regular expression cannot be used: {reason}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(expression: &str, text: &str) -> Result<bool, String> {
        Pattern::compile(expression, 256 * 1024).map(|pattern| pattern.matches(text))
    }

    #[test]
    fn a_pattern_covers_the_whole_text() {
        assert_eq!(matches("a|ab", "ab"), Ok(true));
        assert_eq!(matches("b", "abc"), Ok(false));
        assert_eq!(matches(".*admin.*", "the admins"), Ok(true));
        assert_eq!(matches("(?i)ADMIN", "admin"), Ok(true));
    }

    #[test]
    fn classes_are_ascii_and_may_stand_in_brackets() {
        assert_eq!(matches(r"\d+", "١٢"), Ok(false));
        assert_eq!(matches(r"[\w.-]+@\w+\.com", "ana.b-c@x.com"), Ok(true));
        assert_eq!(matches(r"[^\s]+", "a b"), Ok(false));
    }

    #[test]
    fn what_cannot_be_had_in_linear_time_is_refused_in_words() {
        let reason = "the regular expression cannot be used: look-around, including look-ahead and look-behind, is not supported";
        assert_eq!(matches("(?=a)", ""), Err(reason.to_owned()));
        let reason = "the regular expression cannot be used: backreferences are not supported";
        assert_eq!(matches(r"(a)\1", ""), Err(reason.to_owned()));
    }

    #[test]
    fn brackets_cannot_reach_beyond_the_pattern() {
        assert!(matches("a)(b", "ab").is_err());
        assert!(matches("(?x)a#", "a").is_err());
        assert!(matches(r"a\", "a").is_err());
    }

    #[test]
    fn huge_patterns_are_refused() {
        let reason = "the regular expression is too large".to_owned();
        assert_eq!(matches("(a{1000}){1000}", "a"), Err(reason));
    }
}

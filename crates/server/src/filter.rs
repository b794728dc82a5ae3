//! The `filter` parameter of lists, as far as lists here offer it: `attribute eq "value"`, joined by `and` and `or`
//! (Okta's SCIM-like language). Owns reading it; what an attribute means is the list's.

use crate::error::{ApiError, code};

/// A filter: alternatives, each of comparisons that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(Vec<Vec<(String, String)>>);

/// The longest filter that is read, in bytes.
const BYTES_MAX: usize = 4_096;

impl Filter {
    /// Reads a filter that may compare `attributes`.
    pub fn parse(text: &str, attributes: &[&str]) -> Result<Self, ApiError> {
        let refuse = |cause: String| ApiError::of(code::INVALID_SEARCH).cause(cause);
        if text.len() > BYTES_MAX {
            return Err(refuse(format!("filter: The filter must not be longer than {BYTES_MAX} bytes")));
        }
        let words = words(text).ok_or_else(|| refuse("filter: A string has no closing quote".to_owned()))?;
        let mut words = words.into_iter();
        let mut alternatives = vec![Vec::new()];
        loop {
            let (Some(Word::Bare(attribute)), Some(Word::Bare(operator)), Some(Word::Text(value))) =
                (words.next(), words.next(), words.next())
            else {
                return Err(refuse("filter: A comparison reads: attribute eq \"value\"".to_owned()));
            };
            if !attributes.contains(&attribute.as_str()) {
                let known = attributes.join(", ");
                return Err(refuse(format!(
                    "filter: `{attribute}` cannot be filtered by; these can: {known}"
                )));
            }
            if !operator.eq_ignore_ascii_case("eq") {
                return Err(refuse(format!("filter: `{operator}` is not offered here; eq is")));
            }
            if let Some(all) = alternatives.last_mut() {
                all.push((attribute, value));
            }
            match words.next() {
                None => return Ok(Self(alternatives)),
                Some(Word::Bare(word)) if word.eq_ignore_ascii_case("and") => {}
                Some(Word::Bare(word)) if word.eq_ignore_ascii_case("or") => alternatives.push(Vec::new()),
                Some(_) => return Err(refuse("filter: Comparisons are joined by and or or".to_owned())),
            }
        }
    }

    /// Whether something is let through, whose attributes `is` compares.
    pub fn lets_through(&self, is: impl Fn(&str, &str) -> bool) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|all| all.iter().all(|(attribute, value)| is(attribute, value)))
    }
}

#[derive(Debug)]
enum Word {
    Bare(String),
    Text(String),
}

/// Words and JSON strings; `None` if a string does not end or is not one.
fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            let value = stream.next()?.ok()?;
            rest = rest.get(stream.byte_offset()..)?;
            words.push(Word::Text(value));
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
            words.push(Word::Bare(rest.get(..end)?.to_owned()));
            rest = rest.get(end..)?;
        }
        rest = rest.trim_start();
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(filter: &str) -> Result<bool, String> {
        let filter = Filter::parse(filter, &["status", "id"]).map_err(|error| error.causes.join("; "))?;
        Ok(filter.lets_through(|attribute, value| {
            matches!((attribute, value), ("status", "ACTIVE") | ("id", "1"))
        }))
    }

    #[test]
    fn comparisons_are_joined_by_and_before_or() {
        for (filter, expected) in [
            (r#"status eq "ACTIVE""#, true),
            (r#"status EQ "INACTIVE""#, false),
            (r#"status eq "INACTIVE" or id eq "1""#, true),
            (r#"status eq "ACTIVE" and id eq "2""#, false),
            (r#"id eq "2" and status eq "ACTIVE" or id eq "1" and status eq "ACTIVE""#, true),
        ] {
            assert_eq!(matches(filter), Ok(expected), "{filter}");
        }
    }

    #[test]
    fn what_is_not_a_filter_says_why() {
        for (filter, why) in [
            ("", "reads: attribute eq"),
            ("status", "reads: attribute eq"),
            (r#"status eq "A"#, "no closing quote"),
            (r#"status ne "A""#, "`ne` is not offered"),
            (r#"label eq "A""#, "`label` cannot be filtered by"),
            (r#"status eq "A" xor id eq "1""#, "joined by and or or"),
        ] {
            let message = matches(filter).unwrap_err();
            assert!(message.contains(why), "{filter}: {message}");
        }
    }
}

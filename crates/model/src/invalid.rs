//! Why a value is not acceptable: the field, and what to change.

use thiserror::Error;

/// A rule of the model that a value breaks. `field` is the member's name on the wire, so that the caller can
/// find it; `message` says what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {message}")]
pub struct Invalid {
    /// The member's name on the wire.
    pub field: &'static str,
    /// What is allowed, as a sentence for the caller.
    pub message: String,
}

impl Invalid {
    /// `field` breaks a rule; `message` says what is allowed.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// A text of `min..=max` characters (counted as Unicode scalar values, as Okta's limits are).
pub fn text(field: &'static str, value: &str, min: usize, max: usize) -> Result<(), Invalid> {
    let length = value.chars().count();
    if length < min && value.trim().is_empty() {
        return Err(Invalid::new(field, "The field cannot be left blank"));
    }
    if length < min || length > max {
        return Err(Invalid::new(
            field,
            format!("The field must be between {min} and {max} characters long, and has {length}"),
        ));
    }
    if min > 0 && value.trim().is_empty() {
        return Err(Invalid::new(field, "The field cannot be left blank"));
    }
    if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t' && c != '\r') {
        return Err(Invalid::new(field, "The field must not contain control characters"));
    }
    Ok(())
}

/// A list with at most `max` entries.
pub fn at_most<T>(field: &'static str, list: &[T], max: usize) -> Result<(), Invalid> {
    if list.len() > max {
        return Err(Invalid::new(
            field,
            format!("The list may hold at most {max} entries, and has {}", list.len()),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_text_is_told_from_a_long_one() {
        assert_eq!(text("name", "", 1, 100).unwrap_err().message, "The field cannot be left blank");
        assert_eq!(text("name", "   ", 1, 100).unwrap_err().message, "The field cannot be left blank");
        assert!(text("name", &"x".repeat(101), 1, 100).unwrap_err().message.contains("has 101"));
        assert!(text("name", &"é".repeat(100), 1, 100).is_ok(), "characters are counted, not bytes");
        assert!(text("name", "a\u{0}b", 1, 100).is_err());
    }
}

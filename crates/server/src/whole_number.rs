//! Whole numbers as people write them: digits and nothing else. Rust's own reader takes a leading `+`, too, and then two
//! spellings would be one number.

use std::str::FromStr;

/// The number that `text` writes, if it is one of that type.
pub fn whole_number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_digits_and_nothing_else() {
        for (text, number) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("65535", Some(65_535)),
            ("65536", None),
            ("", None),
            ("+5", None),
            ("-5", None),
            (" 5", None),
            ("5_0", None),
            ("\u{663}", None),
        ] {
            assert_eq!(whole_number::<u16>(text), number, "{text}");
        }
    }
}

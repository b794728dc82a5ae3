//! What a person or a script sees of a command: stdout for what was asked for, stderr for what is said beside it. Nobody
//! may be reading either, and what a command did stays done: a write that fails is no failure of the command.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;

/// What was asked for, as it is.
pub fn show(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line beside it, or several. What a server answered may be in it, which a terminal must not obey.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{}", plain_lines(line));
}

/// JSON, for a person and for programs: what a terminal would obey is escaped, which means the same.
pub fn json_text(value: &Value) -> String {
    escaped(&format!("{value:#}\n"))
}

/// JSON leaves DEL, the C1 controls and what turns the direction of text as they are.
fn escaped(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A text that an administrator chose, without what a terminal would obey.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text of several lines with words in it that somebody chose, without what a terminal would obey.
pub fn plain_lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_somebody_chose_moves_no_cursor_and_begins_no_line() {
        assert_eq!(plain("a\u{1b}[2J\r\nb\u{9b}é"), "a [2J  b é");
    }

    #[test]
    fn json_that_is_shown_reads_the_same_and_commands_no_terminal() {
        let value = serde_json::json!({"a\u{9b}2J": "b\u{1b}\u{7f}\u{202e}é\n"});
        let shown = escaped(&value.to_string());
        assert!(shown.is_ascii() || shown.contains('é'));
        assert!(!shown.chars().any(|character| character.is_control() || character == '\u{202e}'));
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_text_of_several_lines_keeps_them_and_nothing_else_that_moves() {
        assert_eq!(plain_lines("a\u{1b}[2J\r\n\nb\u{8}\n"), "a [2J \n\nb \n");
    }
}

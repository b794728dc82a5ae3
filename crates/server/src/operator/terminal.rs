//! What a person or a script sees of a command: stdout for what was asked for, stderr for what is said beside it. Nobody
//! may be reading either, and what a command did stays done: a write that fails is no failure of the command.

use std::io::Write as _;

/// What was asked for, as it is.
pub fn show(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line beside it.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
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
    fn a_text_of_several_lines_keeps_them_and_nothing_else_that_moves() {
        assert_eq!(plain_lines("a\u{1b}[2J\r\n\nb\u{8}\n"), "a [2J \n\nb \n");
    }
}

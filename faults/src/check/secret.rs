//! I8: no secret, key or token stands in logs, temporary files, the database or bodies of errors. The search (`leaks`) has
//! written down what it found.

use crate::history::History;

pub(super) fn check(history: &History) -> Vec<String> {
    history.leaks.iter().map(|(place, what)| format!("{what} stands in {place}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::judge;
    use crate::history::Entry;

    #[test]
    fn every_secret_that_was_found_is_told() {
        assert_eq!(judge(check, vec![]), Vec::<String>::new());
        let leak = Entry::Leak { place: "node.log".to_owned(), what: "a signed token".to_owned() };
        assert_eq!(judge(check, vec![leak]), ["a signed token stands in node.log"]);
    }
}

//! I6: whoever must be refused is refused, whatever is broken meanwhile: never a token out of a fault.

use crate::history::{Act, History};

pub(super) fn check(history: &History) -> Vec<String> {
    let given = history.calls.iter().filter(|call| call.outcome.done().is_some());
    let given = given.filter_map(|call| match &call.act {
        Act::Token { client, must_refuse: Some(why), .. } => {
            Some(format!("node {} gave {client} a token in spite of {why}", call.node))
        }
        _ => None,
    });
    given.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::forged::{call, done, judge, refused, token_act, unknown};

    #[test]
    fn a_token_for_whoever_must_be_refused_is_seen() {
        let act = || token_act("c", None, Some("a wrong secret"));
        assert_eq!(
            judge(check, vec![call(0, act(), refused()), call(1, act(), unknown())]),
            Vec::<String>::new()
        );
        assert_eq!(judge(check, vec![call(0, act(), done())]).len(), 1);
    }
}

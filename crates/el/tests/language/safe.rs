//! `?.`, which Okta does not have: from null it leads to null.

use el::{Limits, parse};

use crate::world::table;

#[test]
fn from_null_it_leads_to_null() {
    table(
        r#"
        appuser?.userName → null
        appuser?.userName?.more → null
        appuser?.['userName'] → null
        appuser?.![userName] → null
        appuser?.getInternalProperty('id') → null
        user.absent?.[0] → null
        appuser?.userName ?: app.clientId → "0oa1"
        appuser?.userName == null ? 'nobody' : 'somebody' → "nobody"
        "#,
    );
}

#[test]
fn from_anything_else_it_is_a_dot() {
    table(
        r#"
        user?.firstName → "Ana"
        user?.roles?.[0] → "admin"
        user?.teams?.![name] → ["Red","Blue"]
        user?.getInternalProperty('id') → "00u1"
        user ?. firstName → "Ana"
        user?.firstName?.length → fails: cannot read `length` of a string
        user?.roles?.[9] → fails: there is no position 9 in an array of 3
        "#,
    );
}

#[test]
fn it_reaches_one_step_only() {
    table(r"appuser?.userName.more → fails: cannot read `more` of null");
}

#[test]
fn what_is_in_brackets_behind_null_is_not_evaluated() {
    table(r"appuser?.[1 / 0] → null");
}

#[test]
fn a_question_keeps_its_meaning() {
    table(
        r#"
        true?1:2 → 1
        true ?'a':'b' → "a"
        null?:1 → 1
        user?.active?user?.firstName:null → "Ana"
        user? → refused: expected a value, but the expression ends here
        user?. → refused: expected a name, `[` or `![` after `?.`, but the expression ends here
        user?.1 → refused: expected a name, `[` or `![` after `?.`, found `1`
        user?.!name → refused: expected `[` after `.!`, found `name`
        "#,
    );
    for text in ["a?.b?.[0]?.![c.d]?.e(1)", "a.b?.[0]", "(a ?: b)?.c"] {
        let tree = parse(text, &Limits::default()).expect("it parses");
        assert_eq!(tree.to_string(), text);
    }
}

//! The grammar: what is part of the language, how it groups, and what is refused.

use el::{Limits, parse};

use crate::world::table;

/// The canonical text of the tree.
fn printed(text: &str) -> String {
    parse(text, &Limits::default()).map_or_else(|diagnostic| diagnostic.to_string(), |tree| tree.to_string())
}

#[test]
fn literals() {
    table(
        r#"
        'x' → "x"
        "x" → "x"
        'it''s' → "it's"
        "say ""hi""" → "say \"hi\""
        'a"b' → "a\"b"
        "" → ""
        1234 → 1234
        3.141 → 3.141
        true → true
        FALSE → false
        null → null
        NULL → null
        {} → []
        { } → []
        {1, 'a', {null}} → [1,"a",[null]]
        {:} → {}
        {'group.id': {'00g1', '00g2'}, 'operator': "EXACT"} → {"group.id":["00g1","00g2"],"operator":"EXACT"}
        {name: 1} → {"name":1}
        "#,
    );
}

#[test]
fn operators_group_by_precedence() {
    assert_eq!(printed("a or b and c"), "a OR b AND c");
    assert_eq!(printed("(a or b) and c"), "(a OR b) AND c");
    assert_eq!(printed("!a == b"), "!a == b");
    assert_eq!(printed("!(a == b)"), "!(a == b)");
    assert_eq!(printed("a + b == c + d"), "a + b == c + d");
    assert_eq!(printed("a - (b - c)"), "a - (b - c)");
    assert_eq!(printed("a * (b + c)"), "a * (b + c)");
    assert_eq!(printed("(a * b) + c"), "a * b + c");
    assert_eq!(printed("a ? b : c ? d : e"), "a ? b : c ? d : e");
    assert_eq!(printed("(a ? b : c) ? d : e"), "(a ? b : c) ? d : e");
    assert_eq!(printed("(a ?: b).c"), "(a ?: b).c");
    assert_eq!(printed("a == b ? c : d ?: e"), "a == b ? c : d ?: e");
    assert_eq!(printed("-a.b[0]"), "-a.b[0]");
    assert_eq!(printed("(-a).b"), "(-a).b");
}

#[test]
fn white_space_is_free() {
    assert_eq!(printed(" \t\r\n String . len (\n'a' ) "), "String.len('a')");
}

#[test]
fn what_spring_has_and_okta_has_not_is_refused_by_name() {
    table(
        r"
        user.x = 1 → refused: assignment with `=` is not part of the language
        T(java.lang.Runtime) → refused: type references with `T()` are not part of the language
        new String('a') → refused: constructors with `new` are not part of the language
        @bean.x → refused: bean references with `@` are not part of the language
        #root → refused: variables with `#` are not part of the language
        $salesforce.userName → refused: references to an app with `$` are not available here
        ",
    );
}

#[test]
fn comparisons_do_not_chain() {
    table(
        r"
        1 < 2 < 3 → refused: comparisons do not chain
        1 == 2 matches 'a' → refused: comparisons do not chain
        (1 < 2) == true → true
        ",
    );
}

#[test]
fn broken_syntax_is_described() {
    table(
        r"
        user. → refused: expected a name after `.`, but the expression ends here
        user.1 → refused: expected a name after `.`, found `1`
        (1 → refused: expected `)`, but the expression ends here
        1) → refused: expected an operator, found `)`
        1 + → refused: expected a value, but the expression ends here
        1 2 → refused: expected an operator, found `2`
        user.firstName user.lastName → refused: expected an operator, found `user`
        and → refused: expected a value, found `and`
        String.len( → refused: expected a value, but the expression ends here
        String.len('a' → refused: expected `,` or `)`, but the expression ends here
        {1, 2 → refused: expected `,` or `}`, but the expression ends here
        {1: 2} → refused: the key of an entry is a string
        {'a': 1, 'b'} → refused: expected `:` after a key, found `}`
        {1}[0 → refused: expected `]`, but the expression ends here
        true ? 1 → refused: expected `:` and the other value, but the expression ends here
        user.teams.!name → refused: expected `[` after `.!`, found `name`
        user.teams.![1] → refused: expected the name of a property, found `1`
        'abc → refused: this string has no closing quote
        1 & 2 → refused: unexpected `&`
        1 ^ 2 → refused: unexpected character `^`
        'a' + “b” → refused: typographic quotes do not delimit a string
        99999999999999999999 → refused: `99999999999999999999` is too large
        'a' 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' → refused: expected an operator, found `'aaaaaaaaaaaaaaaaaaaaaaa…`
        ",
    );
}

#[test]
fn nothing_at_all_is_refused() {
    assert_eq!(crate::world::result(""), "refused: the expression is empty");
    assert_eq!(crate::world::result("  \n"), "refused: the expression is empty");
    assert_eq!(crate::world::result("1\u{a0}+ 2"), "refused: unexpected character U+00A0");
    assert_eq!(crate::world::result("1\u{0}"), "refused: unexpected character U+0000");
}

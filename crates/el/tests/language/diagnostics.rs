//! What the author of an expression gets to see.

use el::{Limits, compile};

/// Everything that is found in a text, as it is shown.
fn shown(text: &str) -> String {
    let diagnostics = match compile(text, &Limits::default()) {
        Ok(program) => program.warnings().to_vec(),
        Err(diagnostics) => diagnostics,
    };
    diagnostics.iter().map(|diagnostic| diagnostic.render(text)).collect::<Vec<_>>().join("\n")
}

#[track_caller]
fn shows(text: &str, wanted: &[&str]) {
    assert_eq!(shown(text), wanted.join("\n"));
}

#[test]
fn a_mistyped_function_is_underlined_and_corrected() {
    shows(
        "String.appned(user.firstName, 'x')",
        &[
            "error: unknown function `String.appned`",
            "  |",
            "1 | String.appned(user.firstName, 'x')",
            "  | ^^^^^^^^^^^^^ did you mean `String.append`?",
        ],
    );
}

#[test]
fn carets_stand_right_after_characters_of_any_length_and_width() {
    shows(
        "'é' + '日本' + '😀' + f()",
        &[
            "error: unknown function `f`",
            "  |",
            "1 | 'é' + '日本' + '😀' + f()",
            "  |                       ^",
        ],
    );
    shows("'e\u{301}' + g()", &["error: unknown function `g`", "  |", "1 | 'e\u{301}' + g()", "  |       ^"]);
}

#[test]
fn the_line_of_the_fault_is_shown() {
    shows("user.active\n\t? 1 :\r\n x(1)", &["error: unknown function `x`", "  |", "3 |  x(1)", "  |  ^"]);
    shows(
        "user.active ?\n",
        &[
            "error: expected a value, but the expression ends here",
            "  |",
            "1 | user.active ?",
            "  |              ^",
        ],
    );
}

#[test]
fn a_tab_before_the_fault_stays_a_tab() {
    shows("\tx()", &["error: unknown function `x`", "  |", "1 | \tx()", "  | \t^"]);
}

#[test]
fn every_fault_is_reported_in_the_order_of_the_text() {
    shows(
        "cool + String.len() + usr.name",
        &[
            "warning: unknown variable `cool`",
            "  |",
            "1 | cool + String.len() + usr.name",
            "  | ^^^^ put text in quotes",
            "error: `String.len` cannot take no arguments",
            "  |",
            "1 | cool + String.len() + usr.name",
            "  |        ^^^^^^^^^^^^ write `String.len(input)`",
            "warning: unknown variable `usr`",
            "  |",
            "1 | cool + String.len() + usr.name",
            "  |                       ^^^ did you mean `user`?",
        ],
    );
}

#[test]
fn a_fault_in_an_argument_points_at_the_argument() {
    shows(
        "String.substring(user.firstName, {1}, 2)",
        &[
            "error: `String.substring` wants an integer as `startIndex`, but this is an array",
            "  |",
            "1 | String.substring(user.firstName, {1}, 2)",
            "  |                                  ^^^",
        ],
    );
}

#[test]
fn a_repeated_parameter_is_shown_in_the_usage() {
    shows(
        "String.stringSwitch(user.login)",
        &[
            "error: `String.stringSwitch` cannot take 1 argument",
            "  |",
            "1 | String.stringSwitch(user.login)",
            "  | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ write `String.stringSwitch(input, defaultString, key, value, …)`",
        ],
    );
}

/// The suggestions for a text, one per line.
fn suggested(text: &str) -> String {
    let diagnostics = compile(text, &Limits::default()).expect_err("the expression is faulty");
    diagnostics.into_iter().map(|d| d.suggestion.unwrap_or("none".into())).collect::<Vec<_>>().join("; ")
}

#[test]
fn suggestions_know_common_mistakes() {
    assert_eq!(suggested("string.append('a', 'b')"), "put text in quotes; did you mean `String.append()`?");
    assert_eq!(suggested("String.contains('a', 'b')"), "did you mean `String.stringContains`?");
    assert_eq!(suggested("Array.contains({1}, 1)"), "did you mean `Arrays.contains`?");
    assert_eq!(suggested("append('a', 'b')"), "did you mean `String.append`?");
    assert_eq!(suggested("touppercase('a')"), "did you mean `String.toUpperCase`?");
    assert_eq!(suggested("user.firstName.toUpperCase()"), "did you mean `String.toUpperCase()`?");
    assert_eq!(suggested("user.getInternalProprty('id')"), "did you mean `getInternalProperty`?");
    assert_eq!(suggested("user.getInternalProperty()"), "none");
    assert_eq!(suggested("user.x = 1"), "did you mean `==`?");
    assert_eq!(suggested("completelyDifferent()"), "none");
}

#[test]
fn an_evaluation_error_is_shown_like_a_diagnostic() {
    let text = "'ö' + appuser.userName";
    let program = compile(text, &Limits::default()).expect("the expression compiles");
    let error = program.evaluate(&crate::world::world()).expect_err("the app user is null");
    let wanted = [
        "error: cannot read `userName` of null",
        "  |",
        "1 | 'ö' + appuser.userName",
        "  |               ^^^^^^^^",
    ];
    assert_eq!(error.render(text), wanted.join("\n"));
}

#[test]
fn rendering_against_another_text_does_no_harm() {
    let diagnostics = compile("'abc' + f()", &Limits::default()).expect_err("the function is unknown");
    for text in ["", "ä", "\n\n", "日\n"] {
        assert!(diagnostics.iter().all(|diagnostic| diagnostic.render(text).contains('^')));
    }
}

#[test]
fn a_fault_within_a_string_that_is_an_expression_is_pointed_at() {
    shows(
        "getFilteredGroups({'é'}, 'group.name + ''é'' + gruop.id', 9)",
        &[
            "error: unknown variable `gruop`",
            "  |",
            "1 | getFilteredGroups({'é'}, 'group.name + ''é'' + gruop.id', 9)",
            "  |                                                ^^^^^ did you mean `group`?",
        ],
    );
    shows(
        "getFilteredGroups({'é'}, \"group.name +\", 9)",
        &[
            "error: expected a value, but the expression ends here",
            "  |",
            "1 | getFilteredGroups({'é'}, \"group.name +\", 9)",
            "  |                                       ^",
        ],
    );
}

#[test]
fn what_is_wrong_with_a_literal_is_pointed_at() {
    shows(
        "Time.now('Europe/Viena', 'yyyy')",
        &[
            "error: unknown time zone `Europe/Viena`",
            "  |",
            "1 | Time.now('Europe/Viena', 'yyyy')",
            "  |          ^^^^^^^^^^^^^^ did you mean `Europe/Vienna`?",
        ],
    );
    shows(
        "Groups.startsWith('OKTA', 'a', 500)",
        &[
            "warning: the limit is 500, but must be from 1 to 100",
            "  |",
            "1 | Groups.startsWith('OKTA', 'a', 500)",
            "  |                                ^^^ only the authorization code flow allows more",
        ],
    );
    shows(
        "user.getGroups({'group.type': {'BUILT_IN', 'OKTA'}})",
        &[
            "error: `group.type` is one of OKTA_GROUP, BUILT_IN, APP_GROUP, not `OKTA`",
            "  |",
            "1 | user.getGroups({'group.type': {'BUILT_IN', 'OKTA'}})",
            "  |                                            ^^^^^^",
        ],
    );
}

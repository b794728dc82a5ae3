//! Operators and their precedences.

use crate::world::table;

#[test]
fn plus_joins_if_either_side_is_a_string_and_adds_otherwise() {
    table(
        r#"
        user.firstName + ' ' + user.lastName → "Ana Öst"
        1 + 2 → 3
        1 + 2 + 'a' → "3a"
        'a' + 1 + 2 → "a12"
        1 + 2.5 → 3.5
        'a' + 2.0 → "a2.0"
        'a' + true → "atrue"
        'a' + user.roles → "aadmin,dev,dev"
        true + 1 → refused: `+` does not take a boolean and an integer
        user.active + 1 → fails: `+` does not take a boolean and an integer
        user.roles + user.roles → fails: `+` does not take an array and an array
        'a' + user.address → fails: an object cannot be joined to a string
        'a' + {:} → refused: `+` does not take a string and an object
        "#,
    );
}

#[test]
fn arithmetic_is_that_of_java() {
    table(
        r"
        7 - 2 - 1 → 4
        2 + 3 * 4 → 14
        (2 + 3) * 4 → 20
        7 / 2 → 3
        -7 / 2 → -3
        7 / 2.0 → 3.5
        -7 % 3 → -1
        7 div 2 mod 2 → 1
        -(2 + 3) → -5
        - -2 → 2
        -user.score → -3.5
        user.age - 1 → 40
        user.firstName - 1 → fails: `-` does not take a string and an integer
        'a' - 1 → refused: `-` does not take a string and an integer
        -'a' → refused: `-` wants a number, but this is a string
        -user.firstName → fails: `-` wants a number, but this is a string
        ",
    );
}

#[test]
fn overflow_fails_and_never_wraps() {
    table(
        r"
        9223372036854775807 + 1 → fails: the result is too large for an integer
        -9223372036854775807 - 2 → fails: the result is too large for an integer
        9223372036854775807 * 2 → fails: the result is too large for an integer
        (-9223372036854775807 - 1) / -1 → fails: the result is too large for an integer
        -(-9223372036854775807 - 1) → fails: the result is too large for an integer
        1e308 * 10 → fails: the result is too large for a number
        1 / 0 → fails: division by zero
        1 % 0 → fails: division by zero
        1.0 / 0 → fails: division by zero
        ",
    );
}

#[test]
fn equality() {
    table(
        r"
        1 == 1.0 → true
        1 eq 2 → false
        9007199254740993 == 9007199254740992.0 → false
        'a' == 'a' → true
        'a' == 'A' → false
        'a' != 'b' → true
        'é' ne 'é' → false
        true == false → false
        null == null → true
        user.middleName == null → true
        user.absent == null → true
        user.nickName == null → false
        user.nickName == '' → true
        user != null → true
        null == user → false
        appuser != null → false
        {1, 2} == {1.0, 2} → true
        {1, 2} == {1} → false
        {'a': 1, 'b': 2} == {'b': 2, 'a': 1} → true
        {'a': 1} == {'a': null} → false
        user.address == {'city': 'Graz', 'and': 'so on'} → true
        ",
    );
}

#[test]
fn order() {
    table(
        r"
        1 < 2 → true
        2 <= 1.5 → false
        user.age >= 41 → true
        user.age gt 40.5 → true
        'a' < 'b' → true
        'B' < 'a' → true
        'a' le 'a' → true
        'a' lt 1 → refused: `<` does not take a string and an integer
        user.firstName < 1 → fails: `<` does not take a string and an integer
        true > false → refused: `>` does not take a boolean and a boolean
        user.roles ge user.roles → fails: `>=` does not take an array and an array
        ",
    );
}

#[test]
fn logic_in_all_its_spellings() {
    table(
        r"
        true AND false → false
        true and true → true
        true && true → true
        false OR true → true
        false or false → false
        false || true → true
        !true → false
        not true → false
        NOT false → true
        true Or false And false → true
        !false && !false → true
        not user.active or user.age == 41 → true
        ",
    );
}

#[test]
fn logic_stops_as_soon_as_the_result_is_known() {
    table(
        r"
        false AND appuser.x == 1 → false
        true OR appuser.x == 1 → true
        true AND appuser.x == 1 → fails: cannot read `x` of null
        ",
    );
}

#[test]
fn only_booleans_are_conditions() {
    table(
        r"
        'true' ? 1 : 2 → refused: a condition is wanted, but this is a string
        null ? 1 : 2 → refused: a condition is wanted, but this is null
        user.middleName ? 1 : 2 → fails: a condition is wanted, but this is null
        user.age AND true → fails: a condition is wanted, but this is an integer
        !user.firstName → fails: a condition is wanted, but this is a string
        1 OR true → refused: a condition is wanted, but this is an integer
        ",
    );
}

#[test]
fn the_branch_not_taken_is_not_evaluated() {
    table(
        r#"
        (appuser != null) ? appuser.userName : app.clientId → "0oa1"
        appuser == null ? 'none' : appuser.userName → "none"
        true ? 1 : 1 / 0 → 1
        user.active ? false ? 1 : 2 : 3 → 2
        false ? 1 : true ? 2 : 3 → 2
        user.x != "" AND user.x != null ? user.x : user.login → "ana@example.com"
        "#,
    );
}

#[test]
fn elvis_replaces_null_and_the_empty_string() {
    table(
        r#"
        user.middleName ?: 'none' → "none"
        user.nickName ?: 'none' → "none"
        user.firstName ?: 'none' → "Ana"
        {} ?: 'none' → []
        false ?: true → false
        0 ?: 1 → 0
        ' ' ?: 'none' → " "
        user.a ?: user.b ?: 'c' → "c"
        user.firstName ?: 1 / 0 → "Ana"
        appuser ?: 'none' → "none"
        appuser.userName ?: 'none' → fails: cannot read `userName` of null
        "#,
    );
}

#[test]
fn matches_covers_the_whole_string() {
    table(
        r"
        user.login matches '.*@example\.com' → true
        user.login matches 'ana' → false
        'a' matches 'a|ab' → true
        'ab' matches 'a|ab' → true
        'ADMIN' matches '(?i)admin' → true
        'ADMIN' matches 'admin' → false
        user.firstName matches user.pattern → true
        user.firstName Matches 'A' + '.a' → true
        user.middleName matches 'a' → fails: `matches` wants a string, but this is null
        user.age matches '41' → fails: `matches` wants a string, but this is an integer
        41 matches '41' → refused: `matches` wants a string, but this is an integer
        'a' matches '(' → refused: the regular expression cannot be used: unclosed group
        'a' matches '(?=a)a' → refused: the regular expression cannot be used: look-around, including look-ahead and look-behind, is not supported
        'a' matches user.emoji + '(' → fails: the regular expression cannot be used: unclosed group
        ",
    );
}

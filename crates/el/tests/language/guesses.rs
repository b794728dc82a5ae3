//! What Okta does not document, and we had to choose. One test for each `Guess:` in the source.

use crate::world::{result, table};

#[test]
fn a_backslash_stands_for_itself() {
    table(r"'a\n' == 'a' + '\' + 'n' → true");
}

#[test]
fn words_are_operators_in_any_case() {
    table(r"1 Eq 1 aNd 2 GE 1 OR nOt TRUE → true");
}

#[test]
fn literals_are_words_in_any_case() {
    table(r"Null == NULL and True → true");
}

#[test]
fn anything_but_null_and_objects_is_text_where_text_is_wanted() {
    table(
        r#"
        String.append(1, 2.5) → "12.5"
        String.append(1e10, true) → "1.0E10true"
        String.append({1, 'a', {2}}, '') → "1,a,2"
        "#,
    );
}

#[test]
fn digits_are_an_integer_where_an_integer_is_wanted() {
    table(r"Arrays.get({7}, '0') + Arrays.get({7}, 0.0) → 14");
}

#[test]
fn a_null_element_is_an_empty_string_between_commas() {
    table(r#"Arrays.toCsvString({1, null, 2}) → "1,,2""#);
}

#[test]
fn null_joins_a_string_as_the_word_null() {
    table(r#"user.firstName + ' ' + user.middleName → "Ana null""#);
}

#[test]
fn null_is_not_zero() {
    table(
        r"
        user.middleName + 1 → fails: `+` does not take null and an integer
        null - 1 → refused: `-` does not take null and an integer
        ",
    );
}

#[test]
fn null_has_no_order() {
    table(
        r"
        user.middleName < 5 → fails: `<` does not take null and an integer
        5 > null → refused: `>` does not take an integer and null
        ",
    );
}

#[test]
fn values_of_different_kinds_are_not_equal() {
    table(
        r"
        'a' == 1 → false
        user.age != '41' → true
        session.amr == 'pwd' → false
        user.active == 'true' → false
        ",
    );
}

#[test]
fn a_string_is_not_indexed_and_a_property_may_be() {
    table(
        r#"
        user.firstName[0] → fails: cannot index a string by an integer
        user['lastName'] → "Öst"
        "#,
    );
}

#[test]
fn null_is_the_empty_array() {
    table(
        r#"
        Arrays.add(null, 1) → [1]
        Arrays.remove(null, 1) → []
        Arrays.clear(null) → []
        Arrays.contains(null, null) → false
        Arrays.toCsvString(null) → ""
        Arrays.get(null, 0) → fails: `Arrays.get`: there is no position 0 in an array of 0
        "#,
    );
}

#[test]
fn white_space_around_an_element_between_commas_is_dropped() {
    table(r#"Arrays.flatten(user.codes) → ["a","b","c"]"#);
}

#[test]
fn an_element_with_a_comma_is_not_split() {
    table(r#"Arrays.flatten({'Smith, Jones', 'x'}) → ["Smith, Jones","x"]"#);
}

#[test]
fn flatten_fails_on_null() {
    table(r"Arrays.flatten(user.roles, user.absent) → fails: `Arrays.flatten`: this value is null");
}

#[test]
fn only_a_string_with_commas_has_numbers_as_text() {
    table(
        r"
        Arrays.contains('10,20', 10) → true
        Arrays.contains({10}, '10') → false
        Arrays.contains({'10'}, 10) → false
        ",
    );
}

#[test]
fn remove_takes_the_first_only() {
    table(r#"Arrays.remove(user.roles, 'dev') → ["admin","dev"]"#);
}

#[test]
fn a_position_beyond_the_array_fails() {
    table(
        r"
        Arrays.get({1}, 1) → fails: `Arrays.get`: there is no position 1 in an array of 1
        Arrays.get({1}, -1) → fails: `Arrays.get`: there is no position -1 in an array of 1
        ",
    );
}

#[test]
fn null_converts_to_null() {
    table(
        r"
        Convert.toInt(null) → null
        Convert.toNum(user.middleName) → null
        ",
    );
}

#[test]
fn a_string_must_be_an_integer_to_become_one() {
    table(
        r"
        Convert.toInt('123.6') → fails: `Convert.toInt`: `123.6` is not an integer
        Convert.toInt(' 1') → fails: `Convert.toInt`: ` 1` is not an integer
        ",
    );
}

#[test]
fn string_functions_give_null_for_null() {
    for call in [
        "String.append(null, 'a')",
        "String.removeSpaces(null)",
        "String.replace(null, 'a', 'b')",
        "String.replaceFirst(null, 'a', 'b')",
        "String.substring(null, 0, 1)",
        "String.substringAfter(null, 'a')",
        "String.substringBefore(null, 'a')",
        "String.toUpperCase(null)",
        "String.toLowerCase(user.middleName)",
        "toLowerCase(user.middleName)",
    ] {
        assert_eq!(result(call), "null", "{call}");
    }
}

#[test]
fn questions_about_null_are_answered_no() {
    table(
        r"
        String.startsWith(null, '') → false
        String.startsWith('a', null) → false
        String.stringContains(user.middleName, '') → false
        String.stringContains('a', null) → false
        String.len(null) → 0
        ",
    );
}

#[test]
fn a_part_that_is_null_is_never_found() {
    table(
        r#"
        String.append('a', null) → "a"
        String.replace('a', null, 'b') → "a"
        String.replace('a', 'a', null) → "a"
        String.substringAfter('a', null) → ""
        String.substringBefore('a', null) → "a"
        String.stringSwitch(null, 'd', '', 'x') → "d"
        String.stringSwitch('a', 'd', null, 'x', 'a', 'y') → "y"
        String.stringSwitch('a', null) → null
        "#,
    );
}

#[test]
fn null_is_joined_like_the_empty_string() {
    table(
        r#"
        String.join(' ', user.firstName, user.middleName, user.lastName) → "Ana  Öst"
        String.join(null, 'a', 'b') → "ab"
        "#,
    );
}

#[test]
fn places_in_a_string_are_counted_as_in_java() {
    table(
        r#"
        String.len(user.emoji) → 4
        String.substring(user.emoji, 1, 3) → "😀"
        String.substring(user.emoji, 3, 4) → "b"
        "#,
    );
}

#[test]
fn half_a_character_is_left_out() {
    table(
        r#"
        String.substring(user.emoji, 0, 2) → "a"
        String.substring(user.emoji, 2, 4) → "b"
        String.substring(user.emoji, 1, 2) → ""
        "#,
    );
}

#[test]
fn only_spaces_are_removed() {
    assert_eq!(result("String.removeSpaces('a\tb c')"), "\"a\\tbc\"");
}

#[test]
fn replacing_nothing_changes_nothing() {
    table(
        r#"
        String.replace('abc', '', 'x') → "abc"
        String.replaceFirst('abc', '', 'x') → "abc"
        "#,
    );
}

#[test]
fn places_beyond_a_string_fail() {
    table(
        r"
        String.substring('abc', 0, 4) → fails: `String.substring`: 0 to 4 does not lie within the 3 characters of the string
        String.substring('abc', -1, 2) → fails: `String.substring`: -1 to 2 does not lie within the 3 characters of the string
        String.substring('abc', 2, 1) → fails: `String.substring`: 2 to 1 does not lie within the 3 characters of the string
        ",
    );
}

#[test]
fn without_the_separator_all_is_before_and_nothing_after() {
    table(
        r#"
        String.substringBefore('abc', '@') → "abc"
        String.substringAfter('abc', '@') → ""
        "#,
    );
}

#[test]
fn an_unknown_variable_is_saved_and_fails_when_it_is_read() {
    table(
        r"
        cool → fails: unknown name `cool`
        cool_updated → fails: unknown name `cool_updated`
        true ? 1 : cool → 1
        ",
    );
}

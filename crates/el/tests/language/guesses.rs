//! What Okta does not document, and we had to choose. One test for each `Guess:` in the source.

use crate::world::{World, group, result, service, table, table_in, world};

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

#[test]
fn a_request_without_a_user_is_in_no_group() {
    table_in(&service(), "isMemberOfGroupName('Everyone') → false\nGroups.contains('OKTA', '', 9) → null");
}

#[test]
fn names_of_groups_are_compared_in_the_same_case() {
    table(
        r"
        isMemberOfGroupName('staff') → false
        isMemberOfGroupNameContains('STAFF') → false
        Groups.startsWith('active_directory', 'staff', 9) → null
        user.getGroups({'group.profile.name': 'staff'}) → []
        ",
    );
}

#[test]
fn one_array_of_ids_will_do_for_many() {
    table("isMemberOfAnyGroup({'00g9', '00g1'}) → true");
}

#[test]
fn slashes_around_a_regular_expression_are_no_part_of_it() {
    table(
        r"
        isMemberOfGroupNameRegex('/S.*f') → true
        isMemberOfGroupNameRegex('/S.*f/') → true
        isMemberOfGroupNameRegex('S.*f/') → false
        ",
    );
}

#[test]
fn everyone_is_one_of_okta_s_groups_and_one_of_an_unknown_app_is_not() {
    table(r#"Groups.startsWith('OKTA', 'Every', 9) → ["Everyone"]"#);
    let lost = el::Group { kind: model::group::GroupKind::App, ..group("00g1", "Lost") };
    let world = World { groups: Some(vec![lost]), ..world() };
    table_in(&world, "Groups.startsWith('OKTA', 'L', 9) → null\nisMemberOfGroupName('Lost') → true");
}

#[test]
fn filtered_groups_are_in_the_order_of_the_user_s_and_null_is_left_out() {
    table(
        r#"
        getFilteredGroups({'00g4', '00g1'}, 'group.id', 9) → ["00g1","00g4"]
        getFilteredGroups({'00g4', '00g1'}, 'group.profile.samAccountName', 9) → ["staff"]
        "#,
    );
}

#[test]
fn too_many_groups_as_objects_are_an_error_too() {
    let world = World { groups_max: 2, ..world() };
    table_in(&world, "user.getGroups({'group.profile.name': 'West'}) → fails: more than 2 groups match");
}

#[test]
fn a_name_in_criteria_may_end_in_a_wildcard() {
    table(r#"user.getGroups({'group.profile.name': 'Every.*'}).![name] → ["Everyone"]"#);
}

#[test]
fn who_is_in_no_directory_is_null() {
    table(r#"getManagerUser("active_directory")?.login ?: 'none' → "none""#);
}

#[test]
fn what_is_no_country_converts_to_null() {
    table(r"Iso3166Convert.toAlpha2('Utopia') → null");
}

#[test]
fn codes_of_countries_are_read_generously() {
    table(
        r#"
        Iso3166Convert.toAlpha2('aut') → "AT"
        Iso3166Convert.toAlpha2('40') → "AT"
        Iso3166Convert.toAlpha2(40) → "AT"
        Iso3166Convert.toAlpha2(4) → "AF"
        "#,
    );
}

#[test]
fn null_is_no_time_and_makes_null_but_blank_fails() {
    table(
        r"
        Time.fromIso8601ToUnix(null) → null
        Time.fromIso8601ToUnix(user.nickName) → fails: `Time.fromIso8601ToUnix`: `` is not a time in ISO 8601
        ",
    );
}

#[test]
fn a_time_without_an_offset_is_in_utc() {
    table(
        r#"
        Time.fromIso8601ToUnix('1970-01-01T00:00:01') → "1000"
        Time.fromStringToIso8601('1970', 'yyyy') → "1970-01-01T00:00:00.000Z"
        "#,
    );
}

#[test]
fn times_are_written_in_utc() {
    table(r#"Time.fromIso8601ToString('2020-01-01T01:00:00+02:00', 'HH ZZ') → "23 +00:00""#);
}

#[test]
fn two_digits_of_a_year_are_from_1950_to_2049() {
    table(
        r#"
        Time.fromStringToIso8601('50', 'yy') → "1950-01-01T00:00:00.000Z"
        Time.fromStringToIso8601('49', 'YY') → "2049-01-01T00:00:00.000Z"
        "#,
    );
}

#[test]
fn names_of_zones_are_always_short() {
    table(
        r#"
        Time.now('US/Pacific', 'z') → "PDT"
        Time.now('US/Pacific', 'zzzz') → "PDT"
        "#,
    );
}

#[test]
fn old_ids_of_zones_keep_summer_time() {
    table(
        r#"
        Time.now('EST') → "2015-07-31T13:18:37.979-04:00"
        Time.now('MST') → "2015-07-31T11:18:37.979-06:00"
        "#,
    );
}

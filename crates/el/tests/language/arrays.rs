//! Okta's array functions, with Okta's examples first.

use crate::world::table;

#[test]
fn okta_examples() {
    table(
        r#"
        Arrays.add({10, 20, 30}, 40) → [10,20,30,40]
        Arrays.remove({10, 20, 30}, 20) → [10,30]
        Arrays.clear({10, 20, 30}) → []
        Arrays.get({0, 1, 2}, 0) → 0
        Arrays.flatten(10, {20, 30}, 40) → [10,20,30,40]
        Arrays.contains({10, 20, 30}, 10) → true
        Arrays.contains({10, 20, 30}, 50) → false
        Arrays.size({10, 20, 30}) → 3
        Arrays.size(NULL) → 0
        Arrays.isEmpty({10, 20}) → false
        Arrays.isEmpty(NULL) → true
        Arrays.toCsvString({"This", "is", " a ", "test"}) → "This,is, a ,test"
        Arrays.add(Arrays.toCsvString({}), 'x') → ["x"]
        Arrays.add(Arrays.add(Arrays.toCsvString({}), 'x'), 'y') → ["x","y"]
        Arrays.flatten(String.replace(app.profile.allow, "00", "")) → ["g1","g2"]
        "#,
    );
}

#[test]
fn strings_with_commas_are_arrays() {
    table(
        r#"
        Arrays.add('a,b', 'c') → ["a","b","c"]
        Arrays.remove('a,b', 'a') → ["b"]
        Arrays.clear('a,b') → []
        Arrays.get('a,b', 1) → "b"
        Arrays.contains('a,b', 'b') → true
        Arrays.size('a,b,,') → 4
        Arrays.size('') → 0
        Arrays.isEmpty('') → true
        Arrays.isEmpty('a') → false
        Arrays.toCsvString('a, b') → "a, b"
        Arrays.flatten('a,b', 'c') → ["a","b","c"]
        "#,
    );
}

#[test]
fn nothing_else_is_an_array() {
    table(
        r"
        Arrays.size(user.age) → fails: `Arrays.size` wants an array as `array`, but this is an integer
        Arrays.size(1) → refused: `Arrays.size` wants an array as `array`, but this is an integer
        Arrays.toCsvString(true) → refused: `Arrays.toCsvString` wants an array as `array`, but this is a boolean
        Arrays.isEmpty(user.address) → fails: `Arrays.isEmpty` wants an array as `array`, but this is an object
        ",
    );
}

#[test]
fn contains_compares_whole_elements_in_the_same_case() {
    table(
        r"
        Arrays.contains(user.roles, 'admin') → true
        Arrays.contains(user.roles, 'Admin') → false
        Arrays.contains(user.roles, 'adm') → false
        Arrays.contains(user.numbers, 10.0) → true
        Arrays.contains({null}, null) → true
        Arrays.contains({{1}}, {1}) → true
        ",
    );
}

#[test]
fn flatten_keeps_the_order() {
    table(
        r#"
        Arrays.flatten() → []
        Arrays.flatten({}) → []
        Arrays.flatten({1, {2, {3, {}}}}, 'a') → [1,2,3,"a"]
        Arrays.flatten(user.roles, user.numbers) → ["admin","dev","dev",10,20,30]
        "#,
    );
}

#[test]
fn get_counts_from_zero() {
    table(
        r#"
        Arrays.get(user.roles, 1) → "dev"
        Arrays.get(user.roles, '1') → "dev"
        Arrays.get(user.roles, 'x') → fails: `Arrays.get` wants an integer as `position`, but this is a string
        Arrays.get(user.roles) → refused: `Arrays.get` cannot take 1 argument
        "#,
    );
}

#[test]
fn to_csv_string() {
    table(
        r#"
        Arrays.toCsvString({}) → ""
        Arrays.toCsvString({1, 2.5, true}) → "1,2.5,true"
        Arrays.toCsvString({{1, 2}, 3}) → "1,2,3"
        Arrays.toCsvString({'ä', '😀'}) → "ä,😀"
        Arrays.toCsvString(user.teams) → fails: `Arrays.toCsvString`: an object cannot be written as text
        "#,
    );
}

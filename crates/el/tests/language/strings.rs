//! Okta's string functions, with Okta's examples first.

use crate::world::table;

#[test]
fn okta_examples() {
    table(
        r#"
        String.append("This is", " a test") → "This is a test"
        String.join(",", "This", "is", "a", "test") → "This,is,a,test"
        String.join("", "This", "is", "a", "test") → "Thisisatest"
        String.len("This") → 4
        String.removeSpaces("This is a test") → "Thisisatest"
        String.replace("This is a test", "is", "at") → "That at a test"
        String.replaceFirst("This is a test", "is", "at") → "That is a test"
        String.startsWith("Kiss", "K") → true
        String.stringContains("This is a test", "test") → true
        String.stringContains("This is a test", "doesn'tExist") → false
        String.stringSwitch("This is a test", "default", "key1", "value1") → "default"
        String.stringSwitch("This is a test", "default", "test", "value1") → "value1"
        String.stringSwitch("First match wins", "default", "absent", "value1", "wins", "value2", "match", "value3") → "value2"
        String.stringSwitch("Substrings count", "default", "ring", "value1") → "value1"
        String.substring("This is a test", 2, 9) → "is is a"
        String.substringAfter("abc@okta.com", "@") → "okta.com"
        String.substringBefore("abc@okta.com", "@") → "abc"
        String.toUpperCase("This") → "THIS"
        String.toLowerCase("ThiS") → "this"
        toUpperCase("Alexander") → "ALEXANDER"
        toLowerCase("AlexANDER") → "alexander"
        substringBefore("alex@okta.com", '@') → "alex"
        substringAfter("alex@okta.com", '@') → "okta.com"
        substring("Alexander", 1, 4) → "lex"
        String.replace(Arrays.toCsvString(access.scope), ",", " ") → "openid read"
        "#,
    );
}

#[test]
fn append() {
    table(
        r#"
        String.append('', '') → ""
        String.append('é', '😀') → "é😀"
        String.append('a', 1) → "a1"
        String.append('a') → refused: `String.append` cannot take 1 argument
        "#,
    );
}

#[test]
fn join() {
    table(
        r#"
        String.join(',') → ""
        String.join(',', 'a') → "a"
        String.join(', ', user.firstName, user.lastName) → "Ana, Öst"
        String.join('-', 1, 2.5, true) → "1-2.5-true"
        String.join() → refused: `String.join` cannot take no arguments
        "#,
    );
}

#[test]
fn len() {
    table(
        r"
        String.len('') → 0
        String.len('Öst') → 3
        String.len(user.age) → 2
        String.len(user.address) → fails: `String.len` wants a string as `input`, but this is an object
        String.len({:}) → refused: `String.len` wants a string as `input`, but this is an object
        ",
    );
}

#[test]
fn remove_spaces() {
    table(
        r#"
        String.removeSpaces('   ') → ""
        String.removeSpaces(' ä b ') → "äb"
        "#,
    );
}

#[test]
fn replace() {
    table(
        r#"
        String.replace('aaa', 'aa', 'b') → "ba"
        String.replace('a.c', '.', '$1\') → "a$1\\c"
        String.replace('😀😀', '😀', '') → ""
        String.replace('abc', 'x', 'y') → "abc"
        String.replaceFirst('aaa', 'a', 'bb') → "bbaa"
        String.replaceFirst('a.c', '.', '-') → "a-c"
        String.replaceFirst('abc', 'x', 'y') → "abc"
        String.replace(app.profile.allow, '00g', '') → "1,2"
        "#,
    );
}

#[test]
fn starts_with_and_contains_are_case_sensitive() {
    table(
        r"
        String.startsWith('Kiss', 'k') → false
        String.startsWith('', '') → true
        String.startsWith('é', 'é') → true
        String.stringContains('Kiss', 'S') → false
        String.stringContains('Kiss', '') → true
        String.stringContains(user.roles, 'min') → true
        ",
    );
}

#[test]
fn string_switch() {
    table(
        r#"
        String.stringSwitch('x', 'default') → "default"
        String.stringSwitch('abc', 'd', 'c', '1', 'a', '2') → "1"
        String.stringSwitch('', 'd', 'a', '1') → "d"
        String.stringSwitch('x', 'd', 'k') → refused: `String.stringSwitch` cannot take 3 arguments
        String.stringSwitch('x') → refused: `String.stringSwitch` cannot take 1 argument
        "#,
    );
}

#[test]
fn substring() {
    table(
        r#"
        String.substring('abc', 0, 3) → "abc"
        String.substring('abc', 3, 3) → ""
        String.substring('abc', 1, 1) → ""
        String.substring('abc', 0, 1.0) → "a"
        String.substring('abc', '0', '1') → "a"
        String.substring('äöü', 1, 2) → "ö"
        String.substring(user.login, 0, String.len(user.login) - 4) → "ana@example"
        String.substring('abc', 'x', 1) → fails: `String.substring` wants an integer as `startIndex`, but this is a string
        String.substring('abc', 0.5, 1) → fails: `String.substring` wants an integer as `startIndex`, but this is a number
        String.substring('abc', null, 1) → refused: `String.substring` wants an integer as `startIndex`, but this is null
        "#,
    );
}

#[test]
fn substring_before_and_after_look_for_the_first_occurrence() {
    table(
        r#"
        String.substringBefore('a@b@c', '@') → "a"
        String.substringAfter('a@b@c', '@') → "b@c"
        String.substringBefore('@', '@') → ""
        String.substringAfter('@', '@') → ""
        String.substringBefore('aßb', 'ß') → "a"
        "#,
    );
}

#[test]
fn case_follows_unicode() {
    table(
        r#"
        String.toUpperCase('straße') → "STRASSE"
        String.toLowerCase('ÖST') → "öst"
        String.toUpperCase('') → ""
        "#,
    );
}

//! Okta's conversions, with Okta's examples first.

use crate::world::table;

#[test]
fn okta_examples() {
    table(
        r"
        Convert.toInt('1234') → 1234
        Convert.toInt(123.4) → 123
        Convert.toInt(123.6) → 124
        Convert.toNum('3.141') → 3.141
        ",
    );
}

#[test]
fn to_int() {
    table(
        r"
        Convert.toInt(7) → 7
        Convert.toInt('-7') → -7
        Convert.toInt(2.5) → 3
        Convert.toInt(-2.5) → -2
        Convert.toInt('9223372036854775807') → 9223372036854775807
        Convert.toInt('9223372036854775808') → fails: `Convert.toInt`: `9223372036854775808` is not an integer
        Convert.toInt(1e19) → fails: `Convert.toInt`: the number is too large for an integer
        Convert.toInt('') → fails: `Convert.toInt`: `` is not an integer
        Convert.toInt('١') → fails: `Convert.toInt`: `١` is not an integer
        Convert.toInt(true) → fails: `Convert.toInt`: a boolean does not convert to an integer
        Convert.toInt(user.long) → fails: `Convert.toInt`: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` is not an integer
        ",
    );
}

#[test]
fn to_num() {
    table(
        r"
        Convert.toNum('3') → 3.0
        Convert.toNum(3) → 3.0
        Convert.toNum(3.5) → 3.5
        Convert.toNum('1e3') → 1000.0
        Convert.toNum('NaN') → fails: `Convert.toNum`: `NaN` is not a number
        Convert.toNum('inf') → fails: `Convert.toNum`: `inf` is not a number
        Convert.toNum('1e999') → fails: `Convert.toNum`: `1e999` is not a number
        Convert.toNum('abc') → fails: `Convert.toNum`: `abc` is not a number
        Convert.toNum({}) → fails: `Convert.toNum`: an array does not convert to a number
        ",
    );
}

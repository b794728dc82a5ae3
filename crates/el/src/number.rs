//! Integers and numbers together: arithmetic that overflows into an error, exact comparison, Java's rounding and text.

use std::cmp::Ordering;

use crate::tree::Arithmetic;

/// 2^63, the first number that is too large for an integer. Its negative is not too small.
const BEYOND_INT: f64 = 9_223_372_036_854_775_808.0;

/// The result, or why there is none. Division truncates, as in Java.
pub(crate) fn integers(operator: Arithmetic, left: i64, right: i64) -> Result<i64, &'static str> {
    let result = match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide | Arithmetic::Remainder if right == 0 => return Err("division by zero"),
        Arithmetic::Divide => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
    };
    result.ok_or("the result is too large for an integer")
}

/// The result, or why there is none. Infinity, which Java would answer, is no JSON number.
pub(crate) fn numbers(operator: Arithmetic, left: f64, right: f64) -> Result<f64, &'static str> {
    let result = match operator {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide | Arithmetic::Remainder if right == 0.0 => return Err("division by zero"),
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
    };
    if result.is_finite() { Ok(result) } else { Err("the result is too large for a number") }
}

/// The nearest number.
#[expect(clippy::cast_precision_loss, reason = "beyond 2^53 the nearest number is what is wanted")]
pub(crate) fn widen(integer: i64) -> f64 {
    integer as f64
}

/// The integer part, if it fits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked, and dropping the fraction is wanted"
)]
fn truncate(number: f64) -> Option<i64> {
    (-BEYOND_INT..BEYOND_INT).contains(&number).then_some(number as i64)
}

/// The number as an integer, if it is one.
pub(crate) fn exact(number: f64) -> Option<i64> {
    truncate(number).filter(|_| number.fract() == 0.0)
}

/// The nearest integer, halves upwards. Java: `Math.round`.
pub(crate) fn round(number: f64) -> Option<i64> {
    let below = number.floor();
    truncate(if number - below >= 0.5 { below + 1.0 } else { below })
}

/// Compares exactly, also where the integer has no equal number. `None` if the number is not one.
pub(crate) fn compare(integer: i64, number: f64) -> Option<Ordering> {
    if number.is_nan() {
        return None;
    }
    Some(match truncate(number) {
        Some(whole) => integer.cmp(&whole).then_with(|| 0.0_f64.total_cmp(&(number.fract() + 0.0))),
        None if number > 0.0 => Ordering::Less,
        None => Ordering::Greater,
    })
}

/// Java: `Double.toString`. `3.0`, `1.0E10`, `1.0E-5`.
pub(crate) fn text(number: f64) -> String {
    let magnitude = number.abs();
    if number == 0.0 || (1e-3..1e7).contains(&magnitude) {
        return format!("{number:?}");
    }
    let scientific = format!("{number:e}");
    match scientific.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
        None => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_is_exact_where_doubles_are_not() {
        assert_eq!(compare(9_007_199_254_740_993, 9_007_199_254_740_992.0), Some(Ordering::Greater));
        assert_eq!(compare(i64::MAX, BEYOND_INT), Some(Ordering::Less));
        assert_eq!(compare(i64::MIN, -BEYOND_INT), Some(Ordering::Equal));
        assert_eq!(compare(0, -0.0), Some(Ordering::Equal));
        assert_eq!(compare(0, 0.5), Some(Ordering::Less));
        assert_eq!(compare(0, -0.5), Some(Ordering::Greater));
        assert_eq!(compare(-1, -1.5), Some(Ordering::Greater));
        assert_eq!(compare(0, f64::NAN), None);
    }

    #[test]
    fn rounding_is_to_the_nearest_and_halves_go_up() {
        let rounded = [123.4, 123.6, 2.5, -2.5, -2.6, 0.499_999_999_999_999_94].map(round);
        assert_eq!(rounded, [123, 124, 3, -2, -3, 0].map(Some));
        assert_eq!([1e19, -1e19, f64::NAN, f64::INFINITY].map(round), [None; 4]);
    }

    #[test]
    fn text_is_that_of_java() {
        let texts = [3.0, 3.25, 0.001, 1e-5, 9_999_999.0, 1e7, -1.25e21].map(text);
        assert_eq!(texts, ["3.0", "3.25", "0.001", "1.0E-5", "9999999.0", "1.0E7", "-1.25E21"]);
    }

    #[test]
    fn overflow_is_an_error_and_never_wraps() {
        assert!(integers(Arithmetic::Add, i64::MAX, 1).is_err());
        assert!(integers(Arithmetic::Divide, i64::MIN, -1).is_err());
        assert!(integers(Arithmetic::Remainder, i64::MIN, -1).is_err());
        assert!(numbers(Arithmetic::Multiply, 1e300, 1e300).is_err());
    }
}

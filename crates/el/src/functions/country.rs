//! Okta's conversions between country codes. The countries are in `countries`.

use super::{
    Call, Evaluated, Function, Parameter, Type,
    countries::{COUNTRIES, Country},
    text,
};
use crate::value::Value;

const ONE: &[Parameter] = &[text("country")];

pub(super) const FUNCTIONS: &[Function] = &[
    convert("toAlpha2", |call| answer(call, |country| country.alpha2.into())),
    convert("toAlpha3", |call| answer(call, |country| country.alpha3.into())),
    convert("toName", |call| answer(call, |country| country.name.into())),
    convert("toNumeric", |call| answer(call, |country| format!("{:03}", country.numeric).into())),
];

const fn convert(name: &'static str, run: fn(&mut Call<'_>) -> Evaluated) -> Function {
    Function { namespace: Some("Iso3166Convert"), parameters: ONE, ..Function::new(name, Type::Text, run) }
}

/// Guess: what is no country converts to null, as it does in the library that Java programs use for these codes.
fn answer(call: &mut Call<'_>, part: fn(&Country) -> Value) -> Evaluated {
    let Some(code) = call.text(0)? else { return Ok(Value::Null) };
    Ok(find(&code).map_or(Value::Null, part))
}

/// Okta: alpha-2, alpha-3 and numeric codes are told apart by how they look.
///
/// Guess: letters in any case; a numeric code with or without its zeros in front, and also as an integer.
fn find(code: &str) -> Option<&'static Country> {
    let numeric = (1..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u16> = code.parse().ok().filter(|_| numeric);
    COUNTRIES.iter().find(|country| match code.len() {
        _ if number.is_some() => number == Some(country.numeric),
        2 => country.alpha2.eq_ignore_ascii_case(code),
        3 => country.alpha3.eq_ignore_ascii_case(code),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_found_by_each_of_its_codes_and_no_other_is() {
        assert_eq!(COUNTRIES.len(), 249);
        for country in COUNTRIES {
            let numeric = format!("{:03}", country.numeric);
            for code in [country.alpha2, country.alpha3, &numeric] {
                let found = find(code).map(|found| (found.alpha2, found.alpha3, found.numeric, found.name));
                assert_eq!(found, Some((country.alpha2, country.alpha3, country.numeric, country.name)));
            }
            let capitals = |code: &str| code.bytes().all(|letter| letter.is_ascii_uppercase());
            assert!(country.alpha2.len() == 2 && capitals(country.alpha2), "{}", country.name);
            assert!(country.alpha3.len() == 3 && capitals(country.alpha3), "{}", country.name);
        }
    }
}

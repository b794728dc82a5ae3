//! Okta's conversions between country codes, with Okta's examples first.

use crate::world::table;

#[test]
fn okta_examples() {
    table(
        r#"
        Iso3166Convert.toAlpha2("IND") → "IN"
        Iso3166Convert.toAlpha3("840") → "USA"
        Iso3166Convert.toNumeric("USA") → "840"
        Iso3166Convert.toName("IN") → "India"
        "#,
    );
}

#[test]
fn every_form_converts_to_every_form() {
    table(
        r#"
        Iso3166Convert.toAlpha2("AT") → "AT"
        Iso3166Convert.toAlpha2("040") → "AT"
        Iso3166Convert.toAlpha3("AT") → "AUT"
        Iso3166Convert.toAlpha3("AUT") → "AUT"
        Iso3166Convert.toNumeric("AT") → "040"
        Iso3166Convert.toNumeric("040") → "040"
        Iso3166Convert.toName("AUT") → "Austria"
        Iso3166Convert.toName("008") → "Albania"
        Iso3166Convert.toName("CI") → "Côte d'Ivoire"
        Iso3166Convert.toName("AX") → "Åland Islands"
        Iso3166Convert.toName("ZWE") → "Zimbabwe"
        Iso3166Convert.toName("AF") → "Afghanistan"
        "#,
    );
}

#[test]
fn what_is_no_country_is_null() {
    table(
        r#"
        Iso3166Convert.toName(null) → null
        Iso3166Convert.toName(user.middleName) → null
        Iso3166Convert.toName("") → null
        Iso3166Convert.toName("ZZ") → null
        Iso3166Convert.toName("1000") → null
        Iso3166Convert.toName("+40") → null
        Iso3166Convert.toName("é") → null
        Iso3166Convert.toName("India") → null
        Iso3166Convert.toName({'IN'}) → "India"
        Iso3166Convert.toName() → refused: `Iso3166Convert.toName` cannot take no arguments
        "#,
    );
}

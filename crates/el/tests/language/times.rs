//! Okta's time functions, with Okta's examples first.

use el::{Limits, compile};
use serde_json::{Map, Value as Json};

use crate::world::table;

#[test]
fn now() {
    table(
        r#"
        Time.now() → "2015-07-31T17:18:37.979Z"
        Time.now("EST") → "2015-07-31T13:18:37.979-04:00"
        Time.now("EST", "YYYY-MM-dd HH:mm:ss") → "2015-07-31 13:18:37"
        Time.now(null) → "2015-07-31T17:18:37.979Z"
        Time.now(null, "HH") → "17"
        Time.now("UTC") → "2015-07-31T17:18:37.979Z"
        Time.now("GMT") → "2015-07-31T17:18:37.979Z"
        Time.now("Europe/Vienna") → "2015-07-31T19:18:37.979+02:00"
        Time.now("Asia/Kolkata") → "2015-07-31T22:48:37.979+05:30"
        Time.now("America/St_Johns") → "2015-07-31T14:48:37.979-02:30"
        Time.now("US/Pacific") → "2015-07-31T10:18:37.979-07:00"
        Time.now("US/Pacific-New") → "2015-07-31T10:18:37.979-07:00"
        Time.now("PST8PDT") → "2015-07-31T10:18:37.979-07:00"
        Time.now("Etc/GMT+12") → "2015-07-31T05:18:37.979-12:00"
        Time.now("HST") → "2015-07-31T07:18:37.979-10:00"
        Time.now("Navajo") → "2015-07-31T11:18:37.979-06:00"
        Time.now("Mars/Olympus") → refused: unknown time zone `Mars/Olympus`
        Time.now("") → refused: unknown time zone ``
        Time.now("Mars/" + "Olympus") → fails: `Time.now`: unknown time zone `Mars/Olympus`
        Time.now("../etc/passwd" + "") → fails: `Time.now`: unknown time zone `../etc/passwd`
        Time.now("UTC", "q") → refused: `q` has no meaning in a pattern; text stands between `'`
        Time.now("UTC", "") → refused: the pattern is empty
        Time.now("UTC", "yyyy", 1) → refused: `Time.now` cannot take 3 arguments
        "#,
    );
}

#[test]
fn where_there_is_no_time_none_is_told() {
    let program = compile("Time.now()", &Limits::default()).expect("the expression compiles");
    let outcome = program.evaluate(&Map::<String, Json>::new());
    assert_eq!(outcome.map_err(|error| error.message), Err("`Time.now`: there is no time here".to_owned()));
}

#[test]
fn unix_times_are_in_milliseconds() {
    table(
        r#"
        Time.fromUnixToIso8601("1512484028000") → "2017-12-05T14:27:08.000Z"
        Time.fromUnixToIso8601(0) → "1970-01-01T00:00:00.000Z"
        Time.fromUnixToIso8601("-1") → "1969-12-31T23:59:59.999Z"
        Time.fromIso8601ToUnix("2017-12-05T14:27:08.000Z") → "1512484028000"
        Time.fromIso8601ToUnix("1969-12-31T23:59:59.999Z") → "-1"
        String.substring(Time.fromUnixToIso8601((Convert.toInt(String.substring(Time.fromIso8601ToUnix("2021-09-20" + "T00:00:00.000Z"), 0, 10)) + 31536000) + "000"), 0, 10) → "2022-09-20"
        Time.fromUnixToIso8601("x") → fails: `Time.fromUnixToIso8601`: the time must be a whole number
        Time.fromUnixToIso8601("") → fails: `Time.fromUnixToIso8601`: the time must be a whole number
        Time.fromUnixToIso8601("9223372036854775807") → fails: `Time.fromUnixToIso8601`: the time is too far away
        Time.fromUnixToIso8601("-62167219200000") → "0000-01-01T00:00:00.000Z"
        Time.fromUnixToIso8601("-62167219200001") → fails: `Time.fromUnixToIso8601`: the time is too far away
        Time.fromUnixToIso8601("253402207199999") → "9999-12-30T21:59:59.999Z"
        Time.fromUnixToIso8601(null) → null
        "#,
    );
}

#[test]
fn windows_times_are_in_units_of_100_ns_since_1601() {
    table(
        r#"
        Time.fromWindowsToIso8601("131569576280000000") → "2017-12-05T14:27:08.000Z"
        Time.fromWindowsToIso8601("0") → "1601-01-01T00:00:00.000Z"
        Time.fromIso8601ToWindows("1601-01-01T00:00:00.000Z") → "0"
        Time.fromIso8601ToWindows("2017-12-05T14:27:08Z") → "131569576280000000"
        Time.fromIso8601ToWindows("1970-01-01") → "116444736000000000"
        Time.fromWindowsToIso8601("9223372036854775807") → fails: `Time.fromWindowsToIso8601`: the time is too far away
        Time.fromWindowsToIso8601("-9223372036854775807") → fails: `Time.fromWindowsToIso8601`: the time is too far away
        Time.fromWindowsToIso8601(user.middleName) → null
        Time.fromIso8601ToWindows(null) → null
        Time.fromIso8601ToWindows("yesterday") → fails: `Time.fromIso8601ToWindows`: `yesterday` is not a time in ISO 8601
        Time.fromIso8601ToWindows(user.nickName) → fails: `Time.fromIso8601ToWindows`: `` is not a time in ISO 8601
        "#,
    );
}

#[test]
fn every_letter_of_a_pattern_writes_what_joda_writes() {
    let letters = [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "2017-03-05T14:07:08.090+00:00"),
        ("yy/M/d", "17/3/5"),
        ("y YY YYYY yyyyyy", "2017 17 2017 002017"),
        ("MMM MMMM", "Mar March"),
        ("E EEE EEEE e", "Sun Sun Sunday 7"),
        ("x w ww D DDD", "2017 9 09 64 064"),
        ("h hh a K H k", "2 02 PM 2 14 14"),
        ("S SS SSS SSSSS", "0 09 090 09000"),
        ("Z ZZ ZZZ z", "+0000 +00:00 UTC UTC"),
        ("G C", "AD 20"),
        ("'o''clock' ''", "o'clock '"),
        ("d.M.yyyy, H 'Uhr' – ö", "5.3.2017, 14 Uhr – ö"),
    ];
    for (pattern, wanted) in letters {
        let quoted = pattern.replace('\'', "''");
        let text = format!("Time.fromIso8601ToString('2017-03-05T14:07:08.090Z', '{quoted}')");
        assert_eq!(crate::world::result(&text), format!("{wanted:?}"), "{pattern}");
    }
}

#[test]
fn a_time_is_written_in_utc() {
    table(
        r#"
        Time.fromIso8601ToString("2020-01-01T00:30:00+02:00", "yyyy-MM-dd HH:mm") → "2019-12-31 22:30"
        Time.fromIso8601ToString("2020-01-01T00:30:00.5", "HH:mm:ss.SSS") → "00:30:00.500"
        Time.fromIso8601ToString("2020-01-01", "EEEE") → "Wednesday"
        Time.fromIso8601ToString("2020-01-01T00:00:00Z", "kk hh aa") → "24 12 AM"
        Time.fromIso8601ToString("2021-01-01", "x-'W'ww") → "2020-W53"
        Time.fromIso8601ToString(null, "yyyy") → null
        Time.fromIso8601ToString("2020-01-01", user.middleName) → fails: `Time.fromIso8601ToString` wants a string as `format`, but this is null
        Time.fromIso8601ToString("2020-01-01", user.firstName) → fails: `Time.fromIso8601ToString`: `A` has no meaning in a pattern; text stands between `'`
        Time.fromIso8601ToString("2020-02-30", "yyyy") → fails: `Time.fromIso8601ToString`: `2020-02-30` is not a time in ISO 8601
        Time.fromIso8601ToString("2020-01-01", "yyyy'") → refused: the pattern has a quote without its other one
        "#,
    );
}

#[test]
fn a_time_is_read_by_a_pattern() {
    table(
        r#"
        Time.fromStringToIso8601("12/31/2017", "MM/dd/yyyy") → "2017-12-31T00:00:00.000Z"
        Time.fromStringToIso8601("20171231", "yyyyMMdd") → "2017-12-31T00:00:00.000Z"
        Time.fromStringToIso8601("5 Mar 2017 2:07 PM", "d MMM yyyy h:mm a") → "2017-03-05T14:07:00.000Z"
        Time.fromStringToIso8601("5 march 2017", "d MMM yyyy") → "2017-03-05T00:00:00.000Z"
        Time.fromStringToIso8601("Sunday, 5 May 2019", "EEE, d MMMM yyyy") → "2019-05-05T00:00:00.000Z"
        Time.fromStringToIso8601("2017-03-05T14:07:08.09+0100", "yyyy-MM-dd'T'HH:mm:ss.SSSZ") → "2017-03-05T13:07:08.090Z"
        Time.fromStringToIso8601("2017-03-05 14:07 -02:30", "yyyy-MM-dd HH:mm ZZ") → "2017-03-05T16:37:00.000Z"
        Time.fromStringToIso8601("2017-03-05 14:07 Z", "yyyy-MM-dd HH:mm Z") → "2017-03-05T14:07:00.000Z"
        Time.fromStringToIso8601("2017-07-05 14:07 Europe/Vienna", "yyyy-MM-dd HH:mm ZZZ") → "2017-07-05T12:07:00.000Z"
        Time.fromStringToIso8601("2017-07-05 14:07 PDT", "yyyy-MM-dd HH:mm z") → "2017-07-05T21:07:00.000Z"
        Time.fromStringToIso8601("49-50", "yy-yy") → "1950-01-01T00:00:00.000Z"
        Time.fromStringToIso8601("49", "yy") → "2049-01-01T00:00:00.000Z"
        Time.fromStringToIso8601("1949", "yy") → "1949-01-01T00:00:00.000Z"
        Time.fromStringToIso8601("12 AM", "h a") → "1970-01-01T00:00:00.000Z"
        Time.fromStringToIso8601("24:30", "k:mm") → "1970-01-01T00:30:00.000Z"
        Time.fromStringToIso8601("02-29", "MM-dd") → "2000-02-29T00:00:00.000Z"
        Time.fromStringToIso8601("2016 366", "yyyy DDD") → "2016-12-31T00:00:00.000Z"
        Time.fromStringToIso8601("2020-W53-5", "x-'W'ww-e") → "2021-01-01T00:00:00.000Z"
        Time.fromStringToIso8601("1 BC", "y G") → "0000-01-01T00:00:00.000Z"
        Time.fromStringToIso8601("2 BC", "y G") → fails: `Time.fromStringToIso8601`: the time is too far away
        Time.fromStringToIso8601(null, "yyyy") → null
        "#,
    );
}

#[test]
fn what_is_no_time_fails() {
    table(
        r#"
        Time.fromStringToIso8601("", "yyyy") → fails: `Time.fromStringToIso8601`: `` is not written as the pattern says
        Time.fromStringToIso8601("2017-12", "yyyy-MM-dd") → fails: `Time.fromStringToIso8601`: `2017-12` is not written as the pattern says
        Time.fromStringToIso8601("2017x", "yyyy") → fails: `Time.fromStringToIso8601`: `2017x` is not written as the pattern says
        Time.fromStringToIso8601("13/01/2017", "MM/dd/yyyy") → fails: `Time.fromStringToIso8601`: `13/01/2017` is no time that there is
        Time.fromStringToIso8601("30 Feb 2017", "d MMM yyyy") → fails: `Time.fromStringToIso8601`: `30 Feb 2017` is no time that there is
        Time.fromStringToIso8601("Mon 5 Mar 2017", "EEE d MMM yyyy") → fails: `Time.fromStringToIso8601`: `Mon 5 Mar 2017` is no time that there is
        Time.fromStringToIso8601("25:00", "HH:mm") → fails: `Time.fromStringToIso8601`: `25:00` is no time that there is
        Time.fromStringToIso8601("13 PM", "h a") → fails: `Time.fromStringToIso8601`: `13 PM` is not written as the pattern says
        Time.fromStringToIso8601("2017-03-26 02:30 Europe/Vienna", "yyyy-MM-dd HH:mm ZZZ") → fails: `Time.fromStringToIso8601`: `2017-03-26 02:30 Europe/Vienna` is no time that there is
        Time.fromStringToIso8601("999999999", "yyyy") → fails: `Time.fromStringToIso8601`: `999999999` is no time that there is
        Time.fromStringToIso8601("é", "yyyy") → fails: `Time.fromStringToIso8601`: `é` is not written as the pattern says
        Time.fromStringToIso8601("Pacific Standard Time", "zzzz") → fails: `Time.fromStringToIso8601`: `Pacific Standard Time` is not written as the pattern says
        "#,
    );
}

#[test]
fn the_zones_of_okta_s_table_are_known() {
    for id in [
        "Etc/GMT+11",
        "Pacific/Apia",
        "Pacific/Samoa",
        "US/Aleutian",
        "US/Hawaii",
        "Pacific/Johnston",
        "Pacific/Marquesas",
        "US/Alaska",
        "America/Santa_Isabel",
        "Mexico/BajaNorte",
        "Canada/Yukon",
        "MST",
        "MST7MDT",
        "CST6CDT",
        "EST5EDT",
        "America/Shiprock",
        "Canada/East-Saskatchewan",
        "Chile/EasterIsland",
        "Jamaica",
        "US/East-Indiana",
        "US/Indiana-Starke",
        "Brazil/Acre",
        "America/Buenos_Aires",
        "America/Knox_IN",
        "Cuba",
        "Atlantic/Faeroe",
        "Eire",
        "GB-Eire",
        "Portugal",
        "Greenwich",
        "Zulu",
        "UCT",
        "WET",
        "CET",
        "MET",
        "EET",
        "Arctic/Longyearbyen",
        "Libya",
        "Turkey",
        "W-SU",
        "Iran",
        "Asia/Katmandu",
        "Asia/Saigon",
        "Hongkong",
        "PRC",
        "ROC",
        "ROK",
        "Singapore",
        "Japan",
        "Australia/ACT",
        "Australia/LHI",
        "Pacific/Yap",
        "NZ",
        "NZ-CHAT",
        "Kwajalein",
        "Pacific/Kiritimati",
        "Etc/GMT-14",
    ] {
        let shown = crate::world::result(&format!("Time.now('{id}')"));
        assert!(shown.starts_with("\"2015-0"), "{id}: {shown}");
    }
}

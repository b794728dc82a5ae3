//! Okta's time functions: times are strings, in and out. How patterns are read is told in `time/pattern`, what they make of a
//! time in `time/write` and `time/read`, and zones are in `time/zone`.
//!
//! Guess: null makes null; whatever else is no time fails, the empty string too, of which Okta says nothing.

pub(crate) mod pattern;
mod read;
mod write;
pub(crate) mod zone;

use jiff::{Timestamp, Zoned, civil::DateTime, tz::TimeZone};

use super::{Call, Evaluated, Function, Literal, Parameter, Type, any, text};
use crate::value::Value;

const TIME: &[Parameter] = &[text("time")];
const COUNT: &[Parameter] = &[any("time")];
const FORMAT: Parameter = Parameter { literal: Literal::TimePattern, ..text("format") };
const ZONE: Parameter = Parameter { literal: Literal::TimeZone, ..text("timeZoneId") };
const WITH_FORMAT: &[Parameter] = &[text("time"), FORMAT];

pub(super) const FUNCTIONS: &[Function] = &[
    time("fromIso8601ToString", WITH_FORMAT, from_iso8601_to_string),
    time("fromIso8601ToUnix", TIME, from_iso8601_to_unix),
    time("fromIso8601ToWindows", TIME, from_iso8601_to_windows),
    time("fromStringToIso8601", WITH_FORMAT, from_string_to_iso8601),
    time("fromUnixToIso8601", COUNT, from_unix_to_iso8601),
    time("fromWindowsToIso8601", COUNT, from_windows_to_iso8601),
    Function { optional: &[ZONE, FORMAT], reads_surroundings: true, ..time("now", &[], now) },
];

/// Milliseconds from the beginning of Windows' time, in 1601, to that of Unix'.
const WINDOWS_MILLIS: i64 = 11_644_473_600_000;
/// When the year 0 begins.
const YEAR_0_MILLIS: i64 = -62_167_219_200_000;
/// Windows counts in units of 100 ns.
const TICKS_PER_MILLI: i64 = 10_000;

const fn time(
    name: &'static str,
    parameters: &'static [Parameter],
    run: fn(&mut Call<'_>) -> Evaluated,
) -> Function {
    Function { namespace: Some("Time"), parameters, ..Function::new(name, Type::Text, run) }
}

/// Okta: `Time.now`, in UTC unless a zone is named, in ISO 8601 unless a pattern is given.
fn now(call: &mut Call<'_>) -> Evaluated {
    let now = call.scope.now_millis().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    let now = now.ok_or_else(|| call.fail("there is no time here"))?;
    let zone = match call.text(0)? {
        None => TimeZone::UTC,
        Some(id) => {
            zone::find(&id).ok_or_else(|| call.fail_at(0, &format!("unknown time zone {}", quoted(&id))))?
        }
    };
    let now = now.to_zoned(zone);
    match call.text(1)? {
        None => written(call, &write::iso8601(&now)),
        Some(format) => formatted(call, &now, &format),
    }
}

/// Okta: `Time.fromWindowsToIso8601`: units of 100 ns since 1601.
fn from_windows_to_iso8601(call: &mut Call<'_>) -> Evaluated {
    count_to_iso8601(call, |ticks| ticks.div_euclid(TICKS_PER_MILLI).checked_sub(WINDOWS_MILLIS))
}

/// Okta: `Time.fromUnixToIso8601`: milliseconds since 1970, as Okta support's examples have it.
fn from_unix_to_iso8601(call: &mut Call<'_>) -> Evaluated {
    count_to_iso8601(call, Some)
}

fn count_to_iso8601(call: &mut Call<'_>, millis: fn(i64) -> Option<i64>) -> Evaluated {
    if *call.argument(0) == Value::Null {
        return Ok(Value::Null);
    }
    let count = call.integer(0).map_err(|_| call.fail_at(0, "the time must be a whole number"))?;
    let time = millis(count).and_then(|millis| Timestamp::from_millisecond(millis).ok());
    in_iso8601(call, time)
}

/// Okta: the results are those that RFC 3339 knows, which begins with the year 0. The library ends with the year 9999.
fn in_iso8601(call: &mut Call<'_>, time: Option<Timestamp>) -> Evaluated {
    let time = time.filter(|time| time.as_millisecond() >= YEAR_0_MILLIS);
    let time = time.ok_or_else(|| call.fail_at(0, "the time is too far away"))?;
    written(call, &write::iso8601(&time.to_zoned(TimeZone::UTC)))
}

/// Okta: `Time.fromIso8601ToWindows`.
fn from_iso8601_to_windows(call: &mut Call<'_>) -> Evaluated {
    let Some(time) = iso8601(call)? else { return Ok(Value::Null) };
    let ticks = time.as_millisecond().saturating_add(WINDOWS_MILLIS).checked_mul(TICKS_PER_MILLI);
    let ticks = ticks.ok_or_else(|| call.fail_at(0, "the time is too far away"))?;
    written(call, &ticks.to_string())
}

/// Okta: `Time.fromIso8601ToUnix`, in milliseconds.
fn from_iso8601_to_unix(call: &mut Call<'_>) -> Evaluated {
    let Some(time) = iso8601(call)? else { return Ok(Value::Null) };
    written(call, &time.as_millisecond().to_string())
}

/// Okta: `Time.fromIso8601ToString`.
///
/// Guess: in UTC, whatever the offset of the time.
fn from_iso8601_to_string(call: &mut Call<'_>) -> Evaluated {
    let Some(time) = iso8601(call)? else { return Ok(Value::Null) };
    let Some(format) = call.text(1)? else { return Err(call.refuse(1)) };
    formatted(call, &time.to_zoned(TimeZone::UTC), &format)
}

/// Okta: `Time.fromStringToIso8601`. The result is in UTC.
fn from_string_to_iso8601(call: &mut Call<'_>) -> Evaluated {
    let Some(time) = call.text(0)? else { return Ok(Value::Null) };
    let Some(format) = call.text(1)? else { return Err(call.refuse(1)) };
    let pattern = pattern::parse(&format).map_err(|problem| call.fail_at(1, &problem))?;
    let time = read::time(&time, &pattern).map_err(|problem| call.fail_at(0, &problem))?;
    in_iso8601(call, Some(time))
}

/// The first argument, a time in ISO 8601; `None` if it is null.
///
/// Guess: without an offset it is in UTC, and a date alone is its first moment.
fn iso8601(call: &mut Call<'_>) -> Evaluated<Option<Timestamp>> {
    let Some(text) = call.text(0)? else { return Ok(None) };
    let in_utc =
        || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let time = text.parse().ok().or_else(in_utc);
    let problem = || call.fail_at(0, &format!("{} is not a time in ISO 8601", quoted(&text)));
    time.map(Some).ok_or_else(problem)
}

fn formatted(call: &mut Call<'_>, time: &Zoned, format: &str) -> Evaluated {
    let pattern = pattern::parse(format).map_err(|problem| call.fail_at(1, &problem))?;
    written(call, &write::time(time, &pattern))
}

fn written(call: &mut Call<'_>, text: &str) -> Evaluated {
    call.joined(&[text])
}

/// The beginning of somebody's text, for a message.
fn quoted(text: &str) -> String {
    super::convert::quoted(text)
}

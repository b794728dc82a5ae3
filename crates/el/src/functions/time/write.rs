//! Writes a time: in ISO 8601, or by a pattern.

use std::fmt::Write as _;

use jiff::{Zoned, civil::Weekday};

use super::pattern::{Field, Part, Parts};

/// The names of months, from January on.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The names of days, from Monday on.
pub(super) const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// How much of a name is left of it when it is short.
pub(super) const SHORT: usize = 3;

/// Okta: with milliseconds, and `Z` for UTC.
pub(super) fn iso8601(time: &Zoned) -> String {
    let mut out = String::with_capacity(32);
    let date = time.date();
    number(&mut out, date.year().into(), 4);
    // Writing to a string cannot fail, here and below.
    let _ = write!(out, "-{:02}-{:02}", date.month(), date.day());
    let _ = write!(out, "T{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let _ = write!(out, ".{:03}", time.millisecond());
    match time.offset().seconds() {
        0 => out.push('Z'),
        seconds => offset(&mut out, seconds, ":"),
    }
    out
}

/// By a pattern. Names are English.
pub(super) fn time(time: &Zoned, pattern: &Parts) -> String {
    let mut out = String::new();
    for part in &pattern.0 {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Field(field, count) => write_field(&mut out, time, *field, *count),
        }
    }
    out
}

fn write_field(out: &mut String, time: &Zoned, field: Field, count: usize) {
    let year = i32::from(time.year());
    let of_era = if year > 0 { year } else { 1 - year };
    let week = || time.date().iso_week_date();
    let hour = i32::from(time.hour());
    match field {
        Field::Era => out.push_str(if year > 0 { "AD" } else { "BC" }),
        Field::CenturyOfEra => number(out, of_era / 100, count),
        Field::YearOfEra => year_number(out, of_era, count),
        Field::Year => year_number(out, year, count),
        Field::WeekYear => year_number(out, week().year().into(), count),
        Field::Week => number(out, week().week().into(), count),
        Field::DayOfWeek => number(out, time.weekday().to_monday_one_offset().into(), count),
        Field::DayName => name(out, day_name(time.weekday()), count),
        Field::DayOfYear => number(out, time.day_of_year().into(), count),
        Field::Month => number(out, time.month().into(), count),
        Field::MonthName => name(out, month_name(time.month()), count),
        Field::Day => number(out, time.day().into(), count),
        Field::HalfDay => out.push_str(if hour < 12 { "AM" } else { "PM" }),
        Field::HourOfHalfDay => number(out, hour % 12, count),
        Field::ClockHourOfHalfDay => number(out, (hour + 11) % 12 + 1, count),
        Field::Hour => number(out, hour, count),
        Field::ClockHour => number(out, (hour + 23) % 24 + 1, count),
        Field::Minute => number(out, time.minute().into(), count),
        Field::Second => number(out, time.second().into(), count),
        Field::Fraction => {
            let digits = format!("{:03}{}", time.millisecond(), "0".repeat(count.saturating_sub(SHORT)));
            out.push_str(digits.get(..count).unwrap_or(&digits));
        }
        Field::ZoneName => zone_name(out, time),
        Field::Offset => offset(out, time.offset().seconds(), if count == 1 { "" } else { ":" }),
        Field::ZoneId => out.push_str(time.time_zone().iana_name().unwrap_or("UTC")),
    }
}

/// Guess: the short name, however many letters ask for it; long ones are in no table of zones.
fn zone_name(out: &mut String, time: &Zoned) {
    out.push_str(time.time_zone().to_offset_info(time.timestamp()).abbreviation());
}

/// At least so many digits.
fn number(out: &mut String, number: i32, digits: usize) {
    let sign = if number < 0 { "-" } else { "" };
    let _ = write!(out, "{sign}{:0digits$}", number.unsigned_abs());
}

/// Joda: two letters are the last two digits.
fn year_number(out: &mut String, year: i32, count: usize) {
    number(out, if count == 2 { year.rem_euclid(100) } else { year }, count);
}

fn name(out: &mut String, name: &str, count: usize) {
    out.push_str(if count > SHORT { name } else { name.get(..SHORT).unwrap_or(name) });
}

fn month_name(month: i8) -> &'static str {
    let index = usize::try_from(month).unwrap_or_default().wrapping_sub(1);
    MONTHS.get(index).copied().unwrap_or_default()
}

fn day_name(day: Weekday) -> &'static str {
    let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
    DAYS.get(index).copied().unwrap_or_default()
}

fn offset(out: &mut String, seconds: i32, separator: &str) {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    let _ = write!(out, "{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60);
}

//! Reads a time by a pattern.
//!
//! Where Joda-Time moves a day until it fits a name of a weekday that contradicts it, and the like, this refuses.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, ISOWeekDate, Time, Weekday},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use super::{
    pattern::{Field, Part, Parts},
    quoted,
    write::{DAYS, MONTHS, SHORT},
    zone,
};

/// Joda: the names of zones that can be read, and what they mean.
const ZONES: [(&str, &str); 11] = [
    ("UTC", "UTC"),
    ("UT", "UTC"),
    ("GMT", "UTC"),
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MST", "America/Denver"),
    ("MDT", "America/Denver"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
];

/// The time that `text` says by `pattern`, in UTC unless it says otherwise, or why it says none.
pub(super) fn time(text: &str, pattern: &Parts) -> Result<Timestamp, String> {
    let mut reader = Reader { rest: text, fields: Fields::default() };
    let mut parts = pattern.0.iter().peekable();
    let mut all = true;
    while let Some(part) = parts.next() {
        let digits_follow = matches!(parts.peek(), Some(Part::Field(field, _)) if field.is_numeric());
        all = all && reader.part(part, digits_follow).is_some();
    }
    if !all || !reader.rest.is_empty() {
        return Err(format!("{} is not written as the pattern says", quoted(text)));
    }
    reader.fields.time().ok_or_else(|| format!("{} is no time that there is", quoted(text)))
}

/// What has been read, as the letters say it.
#[derive(Default)]
struct Fields {
    before_christ: bool,
    century: Option<i32>,
    year: Option<i32>,
    week_year: Option<i32>,
    week: Option<i32>,
    weekday: Option<i32>,
    day_of_year: Option<i32>,
    month: Option<i32>,
    day: Option<i32>,
    afternoon: Option<bool>,
    hour_of_half_day: Option<i32>,
    hour: Option<i32>,
    minute: Option<i32>,
    second: Option<i32>,
    nanosecond: Option<i32>,
    zone: Option<TimeZone>,
}

struct Reader<'t> {
    rest: &'t str,
    fields: Fields,
}

impl Reader<'_> {
    fn part(&mut self, part: &Part, digits_follow: bool) -> Option<()> {
        match part {
            Part::Literal(text) => {
                let head = self.rest.get(..text.len()).filter(|head| head.eq_ignore_ascii_case(text))?;
                self.rest = self.rest.get(head.len()..)?;
                Some(())
            }
            Part::Field(field, count) => self.field(*field, *count, digits_follow),
        }
    }

    fn field(&mut self, field: Field, count: usize, digits_follow: bool) -> Option<()> {
        match field {
            Field::Era => self.fields.before_christ = self.one_of(&["AD", "BC"])? == 1,
            Field::CenturyOfEra => self.fields.century = Some(self.digits(count.max(9))?),
            Field::Year | Field::YearOfEra => self.fields.year = Some(self.year(count, digits_follow)?),
            Field::WeekYear => self.fields.week_year = Some(self.year(count, digits_follow)?),
            Field::Week => self.fields.week = Some(self.digits(2)?),
            Field::DayOfWeek => self.fields.weekday = Some(self.digits(1)?),
            Field::DayName => self.fields.weekday = Some(self.name(&DAYS)?),
            Field::DayOfYear => self.fields.day_of_year = Some(self.digits(3)?),
            Field::Month => self.fields.month = Some(self.digits(2)?),
            Field::MonthName => self.fields.month = Some(self.name(&MONTHS)?),
            Field::Day => self.fields.day = Some(self.digits(2)?),
            Field::HalfDay => self.fields.afternoon = Some(self.one_of(&["AM", "PM"])? == 1),
            Field::HourOfHalfDay => {
                let hour = self.digits(2)?;
                self.fields.hour_of_half_day = Some(hour).filter(|hour| (0..12).contains(hour));
                self.fields.hour_of_half_day?;
            }
            Field::ClockHourOfHalfDay => {
                let hour = self.digits(2)?;
                self.fields.hour_of_half_day = (1..=12).contains(&hour).then_some(hour % 12);
                self.fields.hour_of_half_day?;
            }
            Field::Hour => self.fields.hour = Some(self.digits(2)?),
            Field::ClockHour => {
                let hour = self.digits(2)?;
                self.fields.hour = (1..=24).contains(&hour).then_some(hour % 24);
                self.fields.hour?;
            }
            Field::Minute => self.fields.minute = Some(self.digits(2)?),
            Field::Second => self.fields.second = Some(self.digits(2)?),
            Field::Fraction => self.fields.nanosecond = Some(self.fraction(count)?),
            Field::Offset => self.fields.zone = Some(TimeZone::fixed(self.offset()?)),
            Field::ZoneName if count > SHORT => return None,
            Field::ZoneName => self.fields.zone = zone::find(self.zone_name()?),
            Field::ZoneId => self.fields.zone = Some(self.zone_id()?),
        }
        Some(())
    }

    /// From one digit to so many.
    fn digits(&mut self, most: usize) -> Option<i32> {
        let length = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let number = self.rest.get(..length)?.parse().ok()?;
        self.rest = self.rest.get(length..)?;
        Some(number)
    }

    /// Joda: two letters are two digits, or any number of them if no digits follow. Of the two, the century is guessed.
    ///
    /// Guess: from 1950 to 2049. Joda-Time lets that depend on the current year.
    fn year(&mut self, count: usize, digits_follow: bool) -> Option<i32> {
        let negative = count != 2 && self.eat("-");
        let before = self.rest.len();
        let number = self.digits(if digits_follow { count } else { 9 })?;
        if count == 2 && before - self.rest.len() == 2 {
            return Some(if number < 50 { 2000 + number } else { 1900 + number });
        }
        Some(if negative { -number } else { number })
    }

    fn fraction(&mut self, most: usize) -> Option<i32> {
        let length = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let digits = self.rest.get(..length).filter(|digits| !digits.is_empty())?;
        self.rest = self.rest.get(length..)?;
        format!("{digits:0<9}").get(..9)?.parse().ok()
    }

    /// The place of a name, from 1 on. Short and long ones are read, whatever the case.
    fn name(&mut self, names: &[&str]) -> Option<i32> {
        let short = || names.iter().map(|name| name.get(..SHORT).unwrap_or(name));
        let long: Vec<&str> = names.to_vec();
        let index = self.one_of(&long).or_else(|| self.one_of(&short().collect::<Vec<_>>()))?;
        i32::try_from(index + 1).ok()
    }

    fn one_of(&mut self, words: &[&str]) -> Option<usize> {
        words.iter().position(|word| self.eat(word))
    }

    fn eat(&mut self, word: &str) -> bool {
        let there = self.rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
        if there {
            self.rest = self.rest.get(word.len()..).unwrap_or_default();
        }
        there
    }

    /// `Z`, `+01`, `+0130` or `+01:30`.
    fn offset(&mut self) -> Option<Offset> {
        if self.eat("Z") {
            return Some(Offset::UTC);
        }
        let sign = if self.eat("-") { -1 } else { self.eat("+").then_some(1)? };
        let hours = self.digits(2)?;
        let minutes = if self.eat(":") || self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            self.digits(2).filter(|minutes| *minutes < 60)?
        } else {
            0
        };
        Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
    }

    fn zone_name(&mut self) -> Option<&'static str> {
        ZONES.iter().find(|(name, _)| self.eat(name)).map(|(_, id)| *id)
    }

    fn zone_id(&mut self) -> Option<TimeZone> {
        let part_of_id = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        let length = self.rest.find(|c| !part_of_id(c)).unwrap_or(self.rest.len());
        let zone = zone::find(self.rest.get(..length)?)?;
        self.rest = self.rest.get(length..)?;
        Some(zone)
    }
}

impl Fields {
    fn time(&self) -> Option<Timestamp> {
        let date = self.date().filter(|date| self.agrees(*date))?;
        let time = Time::new(
            self.hour_of_day().try_into().ok()?,
            self.minute.unwrap_or(0).try_into().ok()?,
            self.second.unwrap_or(0).try_into().ok()?,
            self.nanosecond.unwrap_or(0),
        );
        let zone = self.zone.clone().unwrap_or(TimeZone::UTC);
        let local = zone.to_ambiguous_zoned(DateTime::from_parts(date, time.ok()?));
        match local.offset() {
            // Joda: an hour that summer time leaves out is no time.
            AmbiguousOffset::Gap { .. } => None,
            _ => local.earlier().ok().map(|zoned| zoned.timestamp()),
        }
    }

    fn hour_of_day(&self) -> i32 {
        let noon = if self.afternoon == Some(true) { 12 } else { 0 };
        self.hour.unwrap_or(self.hour_of_half_day.unwrap_or(0) + noon)
    }

    /// Joda: without a year it is 2000 if there is a month or a day, and without anything it is the first day of 1970.
    fn date(&self) -> Option<Date> {
        let year = self.year.or(self.century.map(|century| century.saturating_mul(100)));
        let year = if self.before_christ { year.map(|year| 1_i32.saturating_sub(year)) } else { year };
        let in_year = |default: i32| i16::try_from(year.unwrap_or(default)).ok();
        if self.month.is_some() || self.day.is_some() {
            let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
            return Date::new(in_year(2000)?, month.try_into().ok()?, day.try_into().ok()?).ok();
        }
        if let Some(day) = self.day_of_year {
            let first = Date::new(in_year(2000)?, 1, 1).ok()?;
            return first.with().day_of_year(day.try_into().ok()?).build().ok();
        }
        if self.week.is_some() || self.weekday.is_some() || self.week_year.is_some() {
            let year = i16::try_from(self.week_year.or(year).unwrap_or(1970)).ok()?;
            let weekday = Weekday::from_monday_one_offset(self.weekday.unwrap_or(1).try_into().ok()?).ok()?;
            return ISOWeekDate::new(year, self.week.unwrap_or(1).try_into().ok()?, weekday)
                .ok()
                .map(Date::from);
        }
        Date::new(in_year(1970)?, 1, 1).ok()
    }

    /// Whether all that was said about the day is true of it.
    fn agrees(&self, date: Date) -> bool {
        let week = date.iso_week_date();
        let same = |said: Option<i32>, is: i32| said.is_none_or(|said| said == is);
        same(self.weekday, date.weekday().to_monday_one_offset().into())
            && same(self.day_of_year, date.day_of_year().into())
            && same(self.week, week.week().into())
            && same(self.week_year, week.year().into())
            && (self.year.is_none() || same(self.century, i32::from(date.year()) / 100))
    }
}

//! Patterns of times, as Java's Joda-Time reads them: `yyyy-MM-dd'T'HH:mm:ss.SSSZZ`. What they make of a time is told
//! elsewhere.

/// A piece of a pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text that stands for itself.
    Literal(String),
    /// A letter that so often follows itself.
    Field(Field, usize),
}

/// What a letter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// `G`
    Era,
    /// `C`
    CenturyOfEra,
    /// `Y`
    YearOfEra,
    /// `x`
    WeekYear,
    /// `w`
    Week,
    /// `e`: 1 is Monday.
    DayOfWeek,
    /// `E`
    DayName,
    /// `y`
    Year,
    /// `D`
    DayOfYear,
    /// `M`, `MM`
    Month,
    /// `MMM` and more
    MonthName,
    /// `d`
    Day,
    /// `a`
    HalfDay,
    /// `K`: 0 to 11
    HourOfHalfDay,
    /// `h`: 1 to 12
    ClockHourOfHalfDay,
    /// `H`: 0 to 23
    Hour,
    /// `k`: 1 to 24
    ClockHour,
    /// `m`
    Minute,
    /// `s`
    Second,
    /// `S`
    Fraction,
    /// `z`
    ZoneName,
    /// `Z`, `ZZ`
    Offset,
    /// `ZZZ` and more
    ZoneId,
}

impl Field {
    fn from_letter(letter: char, count: usize) -> Option<Self> {
        Some(match letter {
            'G' => Field::Era,
            'C' => Field::CenturyOfEra,
            'Y' => Field::YearOfEra,
            'x' => Field::WeekYear,
            'w' => Field::Week,
            'e' => Field::DayOfWeek,
            'E' => Field::DayName,
            'y' => Field::Year,
            'D' => Field::DayOfYear,
            'M' if count < 3 => Field::Month,
            'M' => Field::MonthName,
            'd' => Field::Day,
            'a' => Field::HalfDay,
            'K' => Field::HourOfHalfDay,
            'h' => Field::ClockHourOfHalfDay,
            'H' => Field::Hour,
            'k' => Field::ClockHour,
            'm' => Field::Minute,
            's' => Field::Second,
            'S' => Field::Fraction,
            'z' => Field::ZoneName,
            'Z' if count < 3 => Field::Offset,
            'Z' => Field::ZoneId,
            _ => return None,
        })
    }

    /// Whether it is written in digits.
    pub fn is_numeric(self) -> bool {
        use Field::{DayName, Era, HalfDay, MonthName, Offset, ZoneId, ZoneName};
        !matches!(self, Era | DayName | MonthName | HalfDay | ZoneName | Offset | ZoneId)
    }
}

/// How often a letter may follow itself.
const COUNT_MAX: usize = 64;

/// Reads a pattern, or says what is wrong with it.
pub(crate) fn parse(pattern: &str) -> Result<Parts, String> {
    let mut parts = Parts(Vec::new());
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\'' {
            if rest.next_if_eq(&'\'').is_some() {
                parts.literal('\'');
                continue;
            }
            loop {
                match rest.next() {
                    None => return Err("the pattern has a quote without its other one".to_owned()),
                    Some('\'') if rest.next_if_eq(&'\'').is_none() => break,
                    Some(quoted) => parts.literal(quoted),
                }
            }
        } else if character.is_ascii_alphabetic() {
            let mut count = 1;
            while rest.next_if_eq(&character).is_some() {
                count += 1;
            }
            let field = Field::from_letter(character, count).filter(|_| count <= COUNT_MAX);
            let field = field.ok_or_else(|| {
                if count > COUNT_MAX {
                    format!("the pattern has `{character}` too often in a row")
                } else {
                    format!("`{character}` has no meaning in a pattern; text stands between `'`")
                }
            })?;
            parts.0.push(Part::Field(field, count));
        } else {
            parts.literal(character);
        }
    }
    if parts.0.is_empty() { Err("the pattern is empty".to_owned()) } else { Ok(parts) }
}

/// A pattern that has been read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts(pub(super) Vec<Part>);

impl Parts {
    fn literal(&mut self, character: char) {
        match self.0.last_mut() {
            Some(Part::Literal(text)) => text.push(character),
            _ => self.0.push(Part::Literal(character.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_letters() {
        let literal = |text: &str| Part::Literal(text.to_owned());
        assert_eq!(
            parse("yyyy'T'''HH ''").map(|parts| parts.0),
            Ok(vec![Part::Field(Field::Year, 4), literal("T'"), Part::Field(Field::Hour, 2), literal(" '")])
        );
        assert_eq!(parse("MMMM").map(|parts| parts.0), Ok(vec![Part::Field(Field::MonthName, 4)]));
        assert!(parse("yyyy'T").is_err());
        assert!(parse("").is_err());
        assert!(parse("q").is_err());
        assert!(parse(&"y".repeat(65)).is_err());
    }
}

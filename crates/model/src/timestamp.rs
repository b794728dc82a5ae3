//! Points in time: milliseconds since 1970, UTC. Nothing here reads a clock.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Displayed as Okta does: `2025-03-13T23:34:06.000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// From seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since 1970.
    pub const fn milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down (a token's `iat`).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The same second without milliseconds: configuration objects carry whole seconds, as Okta's do.
    #[must_use]
    pub const fn whole_second(self) -> Self {
        Self(self.0.div_euclid(1_000) * 1_000)
    }

    /// Later by `milliseconds`; saturates.
    #[must_use]
    pub const fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Later by `days`; saturates.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        self.plus_milliseconds(days.saturating_mul(86_400_000))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(86_400_000);
        let in_day = self.0.rem_euclid(86_400_000);
        let (year, month, day) = civil_from_days(days);
        let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
        let (second, millisecond) = (in_day / 1_000 % 60, in_day % 1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    }
}

/// The Gregorian date of a day counted from 1970-01-01, by counting eras of 400 years that begin on 1 March.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_okta_shows_them() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_741_908_846_000, "2025-03-13T23:34:06.000Z"),
            (951_782_400_123, "2000-02-29T00:00:00.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_milliseconds(milliseconds).to_string(), text);
        }
    }

    #[test]
    fn seconds_round_down() {
        assert_eq!(Timestamp::from_milliseconds(1_999).seconds(), 1);
        assert_eq!(Timestamp::from_milliseconds(-1).seconds(), -1);
        assert_eq!(Timestamp::from_milliseconds(1_999).whole_second(), Timestamp::from_seconds(1));
    }
}

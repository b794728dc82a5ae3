//! From when until when a certificate holds. Owns the few lines of DER that lead there; leaves out everything else that
//! a certificate says, which is the TLS library's to judge.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::Timestamp;

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The first and the last second of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// `notBefore`.
    pub begins: Timestamp,
    /// `notAfter`.
    pub ends: Timestamp,
}

impl Validity {
    /// Reads it from a certificate in DER; `None` if that is no certificate.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (certificate, _) = enter(certificate, SEQUENCE)?;
        let (signed, _) = enter(certificate, SEQUENCE)?;
        let rest = enter(signed, VERSION).map_or(signed, |(_, rest)| rest);
        let (_, rest) = enter(rest, INTEGER)?; // serial number
        let (_, rest) = enter(rest, SEQUENCE)?; // algorithm
        let (_, rest) = enter(rest, SEQUENCE)?; // issuer
        let (validity, _) = enter(rest, SEQUENCE)?;
        let (begins, rest) = time(validity)?;
        let (ends, _) = time(rest)?;
        Some(Self { begins, ends })
    }
}

/// The contents of the first value, if it has this tag, and what follows it.
fn enter(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = bytes.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from 2050 on (RFC 5280, 4.1.2.5).
fn time(bytes: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest, digits_of_year) = if let Some((text, rest)) = enter(bytes, UTC_TIME) {
        (text, rest, 2)
    } else {
        let (text, rest) = enter(bytes, GENERALIZED_TIME)?;
        (text, rest, 4)
    };
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if text.len() != digits_of_year + 10 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, text) = text.split_at(digits_of_year);
    let year: i16 = year.parse().ok()?;
    let year = match (digits_of_year, year) {
        (2, 0..50) => 2_000 + year,
        (2, _) => 1_900 + year,
        _ => year,
    };
    let part = |index: usize| text[2 * index..2 * index + 2].parse::<i8>().ok();
    let time = DateTime::new(year, part(0)?, part(1)?, part(2)?, part(3)?, part(4)?, 0).ok()?;
    let time = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some((Timestamp::from_seconds(time.as_second()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(begins: (i32, u8, u8), ends: (i32, u8, u8)) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(begins.0, begins.1, begins.2);
        params.not_after = rcgen::date_time_ymd(ends.0, ends.1, ends.2);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn both_ways_to_write_a_time_are_read() {
        for (begins, ends, read) in [
            ((2025, 3, 13), (2049, 12, 31), ["2025-03-13T00:00:00.000Z", "2049-12-31T00:00:00.000Z"]),
            ((1999, 12, 31), (2050, 1, 1), ["1999-12-31T00:00:00.000Z", "2050-01-01T00:00:00.000Z"]),
        ] {
            let validity = Validity::of(&certificate(begins, ends)).unwrap();
            assert_eq!([validity.begins.to_string(), validity.ends.to_string()], read);
        }
    }

    #[test]
    fn what_is_cut_off_or_changed_is_refused_or_read_but_never_panics() {
        let certificate = certificate((2025, 1, 1), (2026, 1, 1));
        for length in 0..certificate.len() {
            assert_eq!(Validity::of(&certificate[..length]), None);
        }
        for index in 0..certificate.len() {
            for byte in [0x00, 0x17, 0x30, 0x80, 0x84, 0xff] {
                let mut changed = certificate.clone();
                changed[index] = byte;
                let _ = Validity::of(&changed);
            }
        }
    }
}

//! The numbers of events: within one org and one writer 1, 2, 3 and so on, with times that never go back.
//! Leaves out the order across writers (`rows::sequence`).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// After this long a process announces itself to the sequencer once more.
const REGISTRATION_MILLIS: i64 = 3_600_000;

/// One start of a process: 60 random bits, 15 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Writer(u64);

impl Writer {
    /// A writer that nobody has been before.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        getrandom::u64().map(|bits| Self(bits >> 4))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 15 {
            return None;
        }
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:015x}", self.0)
    }
}

/// Which event it is. It reads as a UUID of version 8, and a UUID leads back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    pub(crate) writer: Writer,
    pub(crate) n: i64,
}

impl EventId {
    /// Reads the text that `Display` writes; any other text is not an event of ours.
    pub fn parse(uuid: &str) -> Option<Self> {
        let groups: Vec<&str> = uuid.split('-').collect();
        if groups.iter().map(|group| group.len()).ne([8, 4, 4, 4, 12]) {
            return None;
        }
        let writer = Writer::parse(&format!("{}{}{}", groups[0], groups[1], groups[2].strip_prefix('8')?))?;
        let low = u64::from_str_radix(&format!("{}{}", groups[3], groups[4]), 16).ok()?;
        let n = i64::try_from(low & (u64::MAX >> 2)).ok()?;
        let id = Self { writer, n };
        (id.to_string() == uuid).then_some(id)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (writer, low) = (self.writer.0, self.n.unsigned_abs() | 1 << 63);
        write!(f, "{:08x}-{:04x}-8{:03x}-", writer >> 28, (writer >> 12) & 0xffff, writer & 0xfff)?;
        write!(f, "{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
    }
}

/// Where one org stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    next: i64,
    at: i64,
    /// The first number that is not known to be announced, and when that began.
    base: i64,
    registered: Option<i64>,
}

impl Line {
    const START: Self = Self { next: 1, at: i64::MIN, base: 1, registered: None };

    /// The number and time of the next event.
    pub(crate) fn number(&mut self, at: i64) -> (i64, i64) {
        let n = self.next;
        self.next += 1;
        self.at = self.at.max(at);
        (n, self.at)
    }

    /// Asked before events are numbered: where the sequencer must begin to look, if it has to be told.
    pub(crate) fn unannounced(&mut self, at: i64) -> Option<i64> {
        if self.registered.is_some_and(|then| self.at.max(at).saturating_sub(then) > REGISTRATION_MILLIS) {
            self.registered = None;
            self.base = self.next;
        }
        self.registered.is_none().then_some(self.base)
    }

    /// Takes numbers back that certainly nobody will find, unless others were given behind them.
    pub(crate) fn give_back(&mut self, first: i64, end: i64) {
        if self.next == end {
            self.next = first;
        }
    }

    /// The announcement is committed.
    pub(crate) fn announced(&mut self, at: i64) {
        self.registered = Some(at);
    }
}

/// Where every org stands, for this process.
#[derive(Debug)]
pub(crate) struct Numbering {
    pub(crate) writer: Writer,
    lines: HashMap<Arc<str>, Line>,
}

impl Numbering {
    pub(crate) fn new(writer: Writer) -> Self {
        Self { writer, lines: HashMap::new() }
    }

    pub(crate) fn line(&self, org: &str) -> Line {
        self.lines.get(org).copied().unwrap_or(Line::START)
    }

    pub(crate) fn set(&mut self, org: &Arc<str>, line: Line) {
        if let Some(stored) = self.lines.get_mut(org) {
            *stored = line;
        } else {
            self.lines.insert(org.clone(), line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_reads_as_a_uuid_and_back() {
        for (writer, n) in [(0, 1), (0xfff_ffff_ffff_ffff, i64::MAX >> 1), (0x123_4567_89ab_cdef, 77)] {
            let id = EventId { writer: Writer(writer), n };
            let text = id.to_string();
            assert_eq!(text.len(), 36);
            assert_eq!(&text[14..15], "8");
            assert!("89ab".contains(&text[19..20]), "{text}");
            assert_eq!(EventId::parse(&text), Some(id));
        }
        assert_eq!(EventId::parse("9c858901-8a57-4791-81fe-4c455b099bc9"), None);
        assert_eq!(EventId::parse("é"), None);
    }

    #[test]
    fn time_never_goes_back_and_a_stale_announcement_is_repeated() {
        let mut line = Line::START;
        assert_eq!(line.unannounced(50), Some(1));
        assert_eq!([line.number(50), line.number(40), line.number(60)], [(1, 50), (2, 50), (3, 60)]);
        assert_eq!(line.unannounced(60), Some(1), "as long as nobody says that it is committed");
        line.announced(60);
        assert_eq!(line.unannounced(70), None);
        line.number(70);
        assert_eq!(
            line.unannounced(60 + REGISTRATION_MILLIS + 1),
            Some(5),
            "from the number that comes next"
        );
    }
}

//! How one input becomes several: lines for texts, so that a corpus can be read, and a row of choices for structures.

/// The first lines of `bytes`, and everything after them as the last piece.
pub fn lines<const PIECES: usize>(bytes: &[u8]) -> [&[u8]; PIECES] {
    let mut pieces = bytes.splitn(PIECES, |byte| *byte == b'\n');
    std::array::from_fn(|_| pieces.next().unwrap_or_default())
}

/// As [`lines`], where all of it is text.
pub fn texts<const PIECES: usize>(bytes: &[u8]) -> Option<[&str; PIECES]> {
    let text = str::from_utf8(bytes).ok()?;
    let mut pieces = text.splitn(PIECES, '\n');
    Some(std::array::from_fn(|_| pieces.next().unwrap_or_default()))
}

/// Bytes as a row of choices; zeros once they are used up.
pub struct Choices<'b>(pub &'b [u8]);

impl Choices<'_> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of the first `count` numbers.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    /// At most `most` characters.
    pub fn text(&mut self, most: usize) -> String {
        let length = self.below(most + 1).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }
}

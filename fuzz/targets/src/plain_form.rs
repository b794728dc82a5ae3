//! `application/x-www-form-urlencoded` read in the plainest way, to compare with: the URL standard's parser, word for
//! word and without the product's library.

/// Every pair, decoded, in order.
pub fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let sequences = text.split(|byte| *byte == b'&').filter(|sequence| !sequence.is_empty());
    let pair = |sequence: &[u8]| {
        let equals = sequence.iter().position(|byte| *byte == b'=');
        let name = &sequence[..equals.unwrap_or(sequence.len())];
        let value = equals.map_or(&[][..], |equals| &sequence[equals + 1..]);
        (decoded(name), decoded(value))
    };
    sequences.map(pair).collect()
}

fn decoded(text: &[u8]) -> String {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let (decoded, length) = match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => (u8::try_from(high * 16 + low).unwrap_or_default(), 3),
            (b'+', ..) => (b' ', 1),
            (byte, ..) => (*byte, 1),
        };
        bytes.push(decoded);
        at += length;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

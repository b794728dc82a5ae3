//! A backup file, which comes from anywhere. Reading it never panics, whatever stands behind right checksums, and the two
//! who read it (who looks whether it is whole, and who looks what is in it) take the same files. What is taken is taken to
//! its last byte.

use service::backup::{Portrait, verify};

/// The mark of a backup and the number of its form.
const START_BYTES: usize = 20;

/// A file: as it is, and with checksums that are right.
pub fn run(bytes: &[u8]) {
    read(bytes);
    read(&with_right_checksums(bytes));
}

fn read(bytes: &[u8]) {
    let whole = verify(bytes, &mut |_| {});
    let looked_into = Portrait::of_backup(bytes, &mut |_| {});
    assert_eq!(whole.is_ok(), looked_into.is_ok(), "both read the same");
    let Ok(summary) = whole else { return };
    assert_eq!(summary.bytes, bytes.len() as u64);
    assert_eq!(looked_into.map(|(_, summary)| summary).ok(), Some(summary));
    assert!(verify(&bytes[..bytes.len() - 1], &mut |_| {}).is_err(), "it was cut");
    assert!(verify([bytes, b"\0"].concat().as_slice(), &mut |_| {}).is_err(), "something was put behind it");
}

/// The same frames, as far as there are frames, each checksum made anew: no fuzzer finds one by itself.
fn with_right_checksums(bytes: &[u8]) -> Vec<u8> {
    let (start, mut rest) = bytes.split_at(bytes.len().min(START_BYTES));
    let (mut file, mut section) = (start.to_vec(), start.to_vec());
    while let Some((letter, after)) = rest.split_first() {
        let Some((length, after)) = after.split_first_chunk() else { break };
        let Some((content, after)) = after.split_at_checked(u32::from_be_bytes(*length) as usize) else {
            break;
        };
        let content = match letter {
            b'S' => jose::sha256(&section).to_vec(),
            b'Z' => jose::sha256(&file).to_vec(),
            _ => content.to_vec(),
        };
        let length = u32::try_from(content.len()).expect("a length of four bytes was read").to_be_bytes();
        let frame = [&[*letter][..], &length, &content].concat();
        file.extend(&frame);
        if *letter == b'S' {
            section.clear();
        } else {
            section.extend(&frame);
        }
        rest = after;
    }
    [file.as_slice(), rest].concat()
}

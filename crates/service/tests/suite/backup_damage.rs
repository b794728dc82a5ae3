//! A backup file is a stranger's bytes: whatever was done to them, they are refused with the place, and nothing panics.

use std::sync::OnceLock;

use proptest::prelude::*;
use service::backup::{Damage, verify};
use store::{Place, Store};

use crate::backup::{Directory, back_up};
use crate::world::World;

fn file() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = Directory::new();
            let world = World::in_store(Store::open_directory(directory.path()).unwrap()).await;
            back_up(&Place::Directory(directory.path().to_owned()), world.now()).await.0
        })
    })
}

fn read(bytes: &[u8]) -> Result<(), Damage> {
    verify(bytes, &mut |_| {}).map(drop)
}

#[test]
fn foreign_empty_and_newer_files_are_told_apart() {
    assert!(read(file()).is_ok());
    for foreign in [&b""[..], b"SQLite format 3\0", b"tokenmint-backu", &[0; 1_000]] {
        assert!(matches!(read(foreign), Err(Damage::Foreign)), "{:?}", foreign.get(..20));
    }
    let mut newer = file().to_vec();
    newer[19] = 2;
    assert!(matches!(read(&newer), Err(Damage::NewerFormat(2))));
    let frames = Frames::split(file());
    let raised = frames.with(0, |header| {
        let text = String::from_utf8(header.to_vec()).unwrap();
        let schema = format!("\"schema\":{}", store::newest_schema());
        assert!(text.contains(&schema), "{text}");
        text.replace(&schema, "\"schema\":9999").into_bytes()
    });
    let said = read(&raised).unwrap_err().to_string();
    assert!(said.contains("0.0.0-test with migration 9999"), "{said}");
}

#[test]
fn a_cut_and_a_flipped_byte_are_named_with_their_place() {
    let whole = file();
    let said = read(&whole[..whole.len() - 1]).unwrap_err().to_string();
    assert!(said.contains("the file ends here, and at least 1 more bytes belong to it"), "{said}");
    let place = whole.windows(15).position(|window| window == b"admin@example.c").unwrap();
    let mut flipped = whole.to_vec();
    flipped[place] ^= 1;
    let said = read(&flipped).unwrap_err().to_string();
    assert!(
        said.contains("in the table account, at byte ") && said.contains("its checksum is wrong"),
        "{said}"
    );
    let mut longer = whole.to_vec();
    longer.push(0);
    assert!(read(&longer).unwrap_err().to_string().contains("something follows its end"));
    for length in (0..whole.len()).step_by(97) {
        assert!(read(&whole[..length]).is_err(), "{length}");
    }
}

/// The frames of a file, so that a test can change what is in one and make the checksums right again.
pub struct Frames {
    start: Vec<u8>,
    pub frames: Vec<(u8, Vec<u8>)>,
}

impl Frames {
    pub fn split(file: &[u8]) -> Self {
        let (start, mut rest) = file.split_at(20);
        let mut frames = Vec::new();
        while let Some((letter, after)) = rest.split_first() {
            let length = u32::from_be_bytes(after[..4].try_into().unwrap()) as usize;
            frames.push((*letter, after[4..4 + length].to_vec()));
            rest = &after[4 + length..];
        }
        Self { start: start.to_vec(), frames }
    }

    /// The file with another content in the frame at `place`.
    pub fn with(&self, place: usize, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
        let (mut file, mut section) = (self.start.clone(), self.start.clone());
        for (number, (letter, content)) in self.frames.iter().enumerate() {
            let content = match letter {
                b'S' => jose::sha256(&section).to_vec(),
                b'Z' => jose::sha256(&file).to_vec(),
                _ if number == place => change(content),
                _ => content.clone(),
            };
            let mut frame = vec![*letter];
            frame.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
            frame.extend(content);
            file.extend(&frame);
            if *letter == b'S' { section.clear() } else { section.extend(&frame) }
        }
        file
    }
}

#[test]
fn the_test_makes_checksums_as_the_program_does() {
    let frames = Frames::split(file());
    assert_eq!(frames.with(usize::MAX, <[u8]>::to_vec), file());
}

/// Something done to bytes.
#[derive(Debug, Clone)]
enum Deed {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(place, byte)| Deed::Set(place, byte)),
        place().prop_map(Deed::Cut),
        (place(), 1..64_usize).prop_map(|(place, length)| Deed::Remove(place, length)),
        (place(), prop::collection::vec(any::<u8>(), 1..64))
            .prop_map(|(place, bytes)| Deed::Insert(place, bytes)),
        (place(), 1..512_usize).prop_map(|(place, length)| Deed::Repeat(place, length)),
    ]
}

impl Deed {
    fn done_to(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        if bytes.is_empty() {
            return bytes;
        }
        let end = |place: usize, length: usize| (place + length).min(bytes.len());
        match self {
            Self::Set(place, byte) => {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            Self::Cut(place) => bytes.truncate(place.index(bytes.len())),
            Self::Remove(place, length) => {
                let place = place.index(bytes.len());
                let end = end(place, *length);
                bytes.drain(place..end);
            }
            Self::Insert(place, more) => {
                let place = place.index(bytes.len());
                bytes.splice(place..place, more.iter().copied());
            }
            Self::Repeat(place, length) => {
                let place = place.index(bytes.len());
                let piece = bytes[place..end(place, *length)].to_vec();
                bytes.splice(place..place, piece);
            }
        }
        bytes
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_to_the_bytes_is_noticed(deeds in prop::collection::vec(deed(), 1..4)) {
        let changed = deeds.iter().fold(file().to_vec(), |bytes, deed| deed.done_to(&bytes));
        prop_assert_eq!(read(&changed).is_ok(), changed == file());
    }

    #[test]
    fn whatever_stands_behind_right_checksums_is_read_or_refused(
        place in any::<prop::sample::Index>(),
        deeds in prop::collection::vec(deed(), 1..4),
    ) {
        let frames = Frames::split(file());
        let place = place.index(frames.frames.len());
        // A text may have become another text: that is then what the backup says.
        let _ = read(&frames.with(place, |content| deeds.iter().fold(content.to_vec(), |bytes, deed| deed.done_to(&bytes))));
    }

    #[test]
    fn any_bytes_behind_the_right_beginning_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        let mut all = file()[..20].to_vec();
        all.extend(bytes);
        prop_assert!(read(&all).is_err());
    }
}

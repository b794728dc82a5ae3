//! Secrets at rest.

use crate::hex;
use jose::{KeyRing, KeyRingError, OpenError, base64url, sealed_under, sha256};

fn entry(key: &[u8]) -> String {
    format!("tmk1:{}:{}", hex(&sha256(key)[..4]), base64url::encode(key))
}

fn ring(keys: &[u8]) -> KeyRing {
    let entries: Vec<_> = keys.iter().map(|key| entry(&[*key; 32])).collect();
    KeyRing::parse(&entries.join("\n")).unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn rfc_8452_appendix_c_2_aes_256_gcm_siv() {
    let mut key = [0; 32];
    key[0] = 1;
    let ring = KeyRing::parse(&entry(&key)).unwrap();
    for (plaintext, ciphertext) in [
        ("", "07f5f4169bbf55a8400cd47ea6fd400f"),
        ("0100000000000000", "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"),
    ] {
        let nonce = unhex("030000000000000000000000");
        let sealed = [&[1], &sha256(&key)[..4], &nonce, &unhex(ciphertext)].concat();
        assert_eq!(ring.open(&sealed, b"").unwrap().expose(), unhex(plaintext));
    }
}

#[test]
fn what_is_sealed_opens_in_its_place() {
    let ring = KeyRing::generate().unwrap();
    for length in [0, 1, 32, 2_000, 100_000] {
        let plaintext = vec![0x5a; length];
        let sealed = ring.seal(&plaintext, b"signing_key/00o1/k1").unwrap();
        assert_eq!(sealed.len(), 1 + 4 + 12 + length + 16);
        assert_eq!(ring.open(&sealed, b"signing_key/00o1/k1").unwrap().expose(), plaintext);
        assert_eq!(ring.open(&sealed, b"signing_key/00o1/k2").unwrap_err(), OpenError::Corrupt);
        assert_eq!(ring.open(&sealed, b"").unwrap_err(), OpenError::Corrupt);
    }
}

#[test]
fn the_same_secret_never_looks_the_same_twice() {
    let ring = KeyRing::generate().unwrap();
    assert_ne!(ring.seal(b"secret", b"").unwrap(), ring.seal(b"secret", b"").unwrap());
}

#[test]
fn every_changed_bit_is_noticed() {
    let ring = KeyRing::generate().unwrap();
    let sealed = ring.seal(b"a client secret", b"place").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = ring.open(&changed, b"place").unwrap_err();
        let expected = match bit / 8 {
            0 => matches!(error, OpenError::UnsupportedVersion(_)),
            1..=4 => matches!(error, OpenError::UnknownKey { .. }),
            _ => error == OpenError::Corrupt,
        };
        assert!(expected, "bit {bit}: {error}");
    }
    for length in 0..sealed.len() {
        assert_eq!(ring.open(&sealed[..length], b"place").unwrap_err(), OpenError::Corrupt);
    }
}

#[test]
fn a_strange_key_is_named() {
    let sealed = ring(&[1]).seal(b"secret", b"").unwrap();
    let key_id = ring(&[1]).current();
    let error = ring(&[2, 3]).open(&sealed, b"").unwrap_err();
    assert_eq!(error, OpenError::UnknownKey { key_id });
    assert!(error.to_string().contains(&key_id.to_string()));
    assert_eq!(sealed_under(&sealed), Some(key_id));
    assert_eq!(sealed_under(b"\x02..."), None);
}

#[test]
fn older_keys_open_and_the_first_seals() {
    let old = ring(&[1]).seal(b"secret", b"p").unwrap();
    let both = ring(&[2, 1]);
    assert_eq!(both.open(&old, b"p").unwrap().expose(), b"secret");
    assert_eq!(sealed_under(&both.seal(b"", b"").unwrap()), Some(ring(&[2]).current()));
    let moved = both.reseal(&old, b"p").unwrap().unwrap();
    assert_eq!(ring(&[2]).open(&moved, b"p").unwrap().expose(), b"secret");
    assert_eq!(both.reseal(&moved, b"p").unwrap(), None);
    assert_eq!(both.reseal(&old, b"q").unwrap_err(), OpenError::Corrupt);
}

#[test]
fn a_ring_survives_its_text() {
    let first = KeyRing::generate().unwrap();
    let old = first.current();
    let sealed = first.seal(b"secret", b"").unwrap();
    let ring = first.with_new_key().unwrap();
    let text = ring.to_text();
    let again = KeyRing::parse(text.expose_text().unwrap()).unwrap();
    assert_eq!(again.key_ids().collect::<Vec<_>>(), [ring.current(), old]);
    assert_eq!(again.open(&sealed, b"").unwrap().expose(), b"secret");
}

#[test]
fn a_ring_reads_from_a_file_or_a_variable() {
    let (one, two) = (entry(&[1; 32]), entry(&[2; 32]));
    for text in [format!("{one}\n{two}\n"), format!("{one},{two}"), format!("\r\n  {one} , \r\n\n{two}\r\n,")]
    {
        let ring = KeyRing::parse(&text).unwrap();
        let expected = [&one, &two].map(|entry| entry[5..13].to_owned());
        assert_eq!(ring.key_ids().map(|id| id.to_string()).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_bad_ring_is_refused_without_showing_it() {
    let good = entry(&[1; 32]);
    let other_id = good.replace(&good[5..13], "00000000");
    let short = entry(&[1; 31]);
    for (text, refusal) in [
        (String::new(), KeyRingError::Empty),
        ("\n,\n".to_owned(), KeyRingError::Empty),
        (format!("{good}\nnonsense"), KeyRingError::BadEntry(2)),
        (good.replace("tmk1", "tmk2"), KeyRingError::BadEntry(1)),
        (good.replace("tmk1:", "tmk1"), KeyRingError::BadEntry(1)),
        (format!("{good}="), KeyRingError::BadEntry(1)),
        (short, KeyRingError::BadEntry(1)),
        (other_id, KeyRingError::WrongKeyId(1)),
        (format!("{good},{good}"), KeyRingError::Duplicate(2)),
    ] {
        assert_eq!(KeyRing::parse(&text).unwrap_err(), refusal, "{text}");
    }
}

#[test]
fn a_ring_prints_its_key_ids_only() {
    let ring = ring(&[1, 2]);
    let ids: Vec<_> = ring.key_ids().map(|id| id.to_string()).collect();
    assert_eq!(format!("{ring:?}"), format!("KeyRing([KeyId({}), KeyId({})])", ids[0], ids[1]));
}

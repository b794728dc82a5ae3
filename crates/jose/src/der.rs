//! The little DER that aws-lc-rs leaves to us: the two integers of an `RSAPublicKey` (RFC 8017 appendix A.1.1), which
//! it gives as DER only, and whether anything follows a document, which it does not look at.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// The modulus and the exponent, big-endian, without leading zeros.
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, []) = element(SEQUENCE, der)? else { return None };
    let (modulus, rest) = element(INTEGER, body)?;
    let (exponent, []) = element(INTEGER, rest)? else { return None };
    Some((without_leading_zeros(modulus), without_leading_zeros(exponent)))
}

/// Whether `der` is one sequence and nothing after it.
pub(crate) fn is_one_sequence(der: &[u8]) -> bool {
    element(SEQUENCE, der).is_some_and(|(_, rest)| rest.is_empty())
}

/// Splits `der` into the content of its first element, which must have this tag, and what follows.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    if length < 0x80 {
        return rest.split_at_checked(usize::from(length));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
    if digits.len() > 2 {
        return None;
    }
    let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
    rest.split_at_checked(length)
}

pub(crate) fn without_leading_zeros(integer: &[u8]) -> &[u8] {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    &integer[zeros..]
}

//! The `jti` of an access token: noise to everybody else, and to us the configuration that the token was decided on and
//! the policy that governed it (`docs/decisions/0004-grants.md`). So a token needs no row, and still ends with its policy.
//!
//! Nothing here authenticates: a `jti` is read only from a token whose signature is good.

use jose::{MacKey, base64url};
use model::PolicyId;

const PREFIX: &str = "AT.";
/// Random bytes in front: with 104 bits no id ever comes twice.
const NONCE: usize = 13;
const REVISION: usize = 5;
const POLICY: usize = 13;
/// The highest revision that an id can say.
pub(crate) const REVISION_MAX: u64 = (1 << (8 * REVISION)) - 1;
const SEALED: usize = 1 + REVISION + POLICY;
/// What the sealed bytes say: there will be other kinds, for tokens that belong to a grant.
const OF_SERVICE: u8 = 1;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a token was granted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantedUnder {
    /// The revision of the configuration.
    pub revision: u64,
    /// The policy.
    pub policy: PolicyId,
}

impl GrantedUnder {
    /// A new id that says so to whoever has the key.
    pub fn to_access_token_id(self, key: &MacKey) -> String {
        let mut bytes = [0; NONCE + SEALED];
        let (nonce, sealed) = bytes.split_at_mut(NONCE);
        nonce.copy_from_slice(&jose::random_bytes::<NONCE>());
        let plain = std::iter::once(OF_SERVICE)
            .chain(self.revision.to_be_bytes().into_iter().skip(8 - REVISION))
            .chain(number(self.policy).to_be_bytes().into_iter().skip(16 - POLICY));
        for ((slot, plain), mask) in sealed.iter_mut().zip(plain).zip(key.mac(nonce)) {
            *slot = plain ^ mask;
        }
        let mut jti = String::with_capacity(46);
        jti.push_str(PREFIX);
        base64url::encode_onto(&bytes, &mut jti);
        jti
    }

    /// Reads an id of ours; `None` if it is of another kind.
    pub fn of_access_token_id(key: &MacKey, jti: &str) -> Option<Self> {
        let bytes = base64url::decode(jti.strip_prefix(PREFIX)?)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let mut plain: [u8; SEALED] = sealed.try_into().ok()?;
        for (slot, mask) in plain.iter_mut().zip(key.mac(nonce)) {
            *slot ^= mask;
        }
        let [kind, rest @ ..] = plain;
        let (revision, policy) = rest.split_at_checked(REVISION)?;
        let big_endian =
            |bytes: &[u8]| bytes.iter().fold(0, |sum: u128, byte| (sum << 8) | u128::from(*byte));
        let revision = u64::try_from(big_endian(revision)).ok()?;
        (kind == OF_SERVICE).then_some(())?;
        Some(Self { revision, policy: policy_of(big_endian(policy))? })
    }
}

/// The 17 characters after an id's prefix as a number of base 62.
fn number(policy: PolicyId) -> u128 {
    let digits = policy.as_str().bytes().skip(PolicyId::PREFIX.len());
    digits.fold(0, |sum, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            _ => digit.wrapping_sub(b'a') + 36,
        };
        sum * 62 + u128::from(value)
    })
}

fn policy_of(mut number: u128) -> Option<PolicyId> {
    let mut text = *b"00p00000000000000000";
    for slot in text[PolicyId::PREFIX.len()..].iter_mut().rev() {
        *slot = DIGITS[usize::try_from(number % 62).ok()?];
        number /= 62;
    }
    if number > 0 {
        return None;
    }
    PolicyId::parse(std::str::from_utf8(&text).ok()?)
}

/// A new name of an ID token, which says nothing: nobody revokes one or asks about it.
pub fn new_id_token_id() -> String {
    let mut jti = String::with_capacity(46);
    jti.push_str("ID.");
    base64url::encode_onto(&jose::random_bytes::<32>(), &mut jti);
    jti
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_the_token_was_granted_under_and_only_to_us() {
        let key = MacKey::generate();
        for (revision, policy) in [
            (0, "00p00000000000000000"),
            (1, "00p0z1Aa9Zz4BcDeFgH7"),
            ((1 << 40) - 1, "00pzzzzzzzzzzzzzzzzz"),
        ] {
            let granted = GrantedUnder { revision, policy: PolicyId::parse(policy).unwrap() };
            let jti = granted.to_access_token_id(&key);
            assert_eq!(jti.len(), 46);
            assert_eq!(GrantedUnder::of_access_token_id(&key, &jti), Some(granted));
            assert_ne!(granted.to_access_token_id(&key), jti, "each token has a name of its own");
            let other = GrantedUnder::of_access_token_id(&MacKey::generate(), &jti);
            assert_ne!(other, Some(granted));
        }
    }

    #[test]
    fn what_is_not_an_id_of_ours_is_none() {
        let key = MacKey::generate();
        for text in ["", "AT.", "ID.AAAA", "AT.AAAA", "AT.!", &format!("AT.{}", "A".repeat(44))] {
            assert_eq!(GrantedUnder::of_access_token_id(&key, text), None, "{text}");
        }
    }
}

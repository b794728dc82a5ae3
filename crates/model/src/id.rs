//! Identifiers in Okta's shape: a three-letter prefix and 17 base-62 characters, of which the first 8 are time.
//!
//! The digits are in ASCII order, so that sorting ids as bytes sorts them by creation; keyset paging relies on
//! it. Why this shape: `docs/decisions/0001-ids.md`.

use std::fmt;

use crate::timestamp::Timestamp;

const LENGTH: usize = 20;
const PREFIX: usize = 3;
const TIME: usize = 8;
const RANDOM: usize = 9;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 2020-01-01T00:00:00Z in milliseconds: the zero of an id's time, which then lasts until 2089.
const EPOCH_MS: i64 = 1_577_836_800_000;
const TICKS_PER_MS: u64 = 100;

/// What makes an id unique: a tick that never repeats in one process, and randomness against other processes.
#[derive(Debug, Clone, Copy)]
pub struct IdSeed {
    /// Ticks of 10 µs since 2020.
    pub tick: u64,
    /// Nine random bytes; each becomes one base-62 digit (the slight bias does not matter for uniqueness).
    pub random: [u8; RANDOM],
}

impl IdSeed {
    /// The first tick of the millisecond `now`.
    pub fn tick_at(now: Timestamp) -> u64 {
        u64::try_from(now.milliseconds() - EPOCH_MS).unwrap_or(0).saturating_mul(TICKS_PER_MS)
    }
}

/// Twenty ASCII letters and digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; LENGTH]);

impl Id {
    /// An id for a new object.
    pub fn mint(prefix: &str, seed: IdSeed) -> Self {
        let mut bytes = [b'0'; LENGTH];
        for (slot, byte) in bytes.iter_mut().zip(prefix.bytes().take(PREFIX)) {
            *slot = byte;
        }
        write_base62(&mut bytes[PREFIX..PREFIX + TIME], seed.tick);
        for (slot, byte) in bytes[PREFIX + TIME..].iter_mut().zip(seed.random) {
            *slot = DIGITS[usize::from(byte) % 62];
        }
        Self(bytes)
    }

    /// The id of the `ordinal`-th thing that belongs to `self` from the start (a system scope, a system claim).
    /// It needs no row: the same owner and ordinal always give the same id.
    #[must_use]
    pub fn derive(&self, prefix: &str, ordinal: u16) -> Self {
        let mut bytes = self.0;
        for (slot, byte) in bytes.iter_mut().zip(prefix.bytes().take(PREFIX)) {
            *slot = byte;
        }
        write_base62(&mut bytes[LENGTH - 2..], u64::from(ordinal));
        Self(bytes)
    }

    /// Reads an id; `None` unless it is twenty ASCII letters and digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphanumeric).then_some(Self(bytes))
    }

    /// The twenty characters.
    pub fn as_str(&self) -> &str {
        // Only ASCII ever gets in, by `mint`, `derive` and `parse`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn write_base62(slots: &mut [u8], mut value: u64) {
    for slot in slots.iter_mut().rev() {
        *slot = DIGITS[usize::try_from(value % 62).unwrap_or(0)];
        value /= 62;
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Id);

        impl $name {
            /// The first three characters of every id of this type (Okta's).
            pub const PREFIX: &'static str = $prefix;

            /// An id for a new object.
            pub fn mint(seed: IdSeed) -> Self { Self(Id::mint(Self::PREFIX, seed)) }

            /// The `ordinal`-th thing that `owner` has from the start.
            pub fn derive(owner: &Id, ordinal: u16) -> Self { Self(owner.derive(Self::PREFIX, ordinal)) }

            /// Reads an id; `None` unless it has this type's prefix and shape.
            pub fn parse(text: &str) -> Option<Self> {
                text.starts_with(Self::PREFIX).then(|| Id::parse(text)).flatten().map(Self)
            }

            /// The twenty characters.
            pub fn as_str(&self) -> &str { self.0.as_str() }

            /// The id without its type.
            pub fn as_id(&self) -> &Id { &self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(&self.0, f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Debug::fmt(&self.0, f) }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format_args!("`{text}` is not an id that starts with `{}`", $prefix))
                })
            }
        }
    )+};
}

ids! {
    /// An organization, the tenant.
    OrgId = "00o",
    /// An authorization server.
    AuthorizationServerId = "aus",
    /// An access policy of an authorization server.
    PolicyId = "00p",
    /// A rule of an access policy.
    RuleId = "0pr",
    /// A scope of an authorization server.
    ScopeId = "scp",
    /// A claim of an authorization server.
    ClaimId = "ocl",
    /// An app; by default also its `client_id`.
    AppId = "0oa",
    /// A group of users.
    GroupId = "00g",
    /// A user.
    UserId = "00u",
    /// A client secret of an app.
    ClientSecretId = "ocs",
    /// A public key of an app.
    JwkId = "pks",
    /// A grant that can be refreshed; to its client, a refresh token.
    RefreshTokenId = "oar",
    /// An API token (SSWS).
    ApiTokenId = "00T",
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(tick: u64) -> IdSeed {
        IdSeed { tick, random: [7; RANDOM] }
    }

    #[test]
    fn an_id_has_its_prefix_and_twenty_characters() {
        let id = AuthorizationServerId::mint(seed(IdSeed::tick_at(Timestamp::from_milliseconds(
            1_794_000_000_000,
        ))));
        assert_eq!(id.as_str().len(), 20);
        assert!(id.as_str().starts_with("aus"));
        assert_eq!(AuthorizationServerId::parse(id.as_str()), Some(id));
        assert_eq!(PolicyId::parse(id.as_str()), None, "another type's id is refused");
    }

    #[test]
    fn ids_sort_by_time() {
        let mut ticks: Vec<u64> = (0..2_000).map(|i| i * 997).collect();
        ticks.push(62_u64.pow(8) - 1);
        let ids: Vec<_> = ticks.iter().map(|tick| ScopeId::mint(seed(*tick))).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    }

    #[test]
    fn derived_ids_differ_by_ordinal_and_owner() {
        let one = AuthorizationServerId::mint(seed(1));
        let two = AuthorizationServerId::mint(seed(2));
        assert_ne!(ScopeId::derive(one.as_id(), 0), ScopeId::derive(one.as_id(), 1));
        assert_ne!(ScopeId::derive(one.as_id(), 0), ScopeId::derive(two.as_id(), 0));
        assert_eq!(ScopeId::derive(one.as_id(), 63).as_str().get(18..), Some("11"));
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in ["", "aus", "aus!5678901234567890", "ausé567890123456789", &"a".repeat(21)] {
            assert_eq!(AuthorizationServerId::parse(text), None, "{text}");
        }
    }
}

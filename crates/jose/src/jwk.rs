//! One public key as a JWK (RFC 7517; RSA and EC members: RFC 7518 section 6; Ed25519: RFC 8037 section 2).
//!
//! Owns which keys of strangers are taken and which are refused, and why. Leaves out sets (`jwk_set`), private keys
//! (`key`) and what a key may verify (`public_key`).

use crate::algorithm::{Algorithm, Curve, KeyType};
use crate::base64url;
use crate::der::without_leading_zeros;
use crate::json::{Members, StrictValue, shortened};
use crate::mac::sha256;
use aws_lc_rs::signature::ParsedPublicKey;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::fmt;

const RSA_MIN_BITS: usize = 2048;
const RSA_MAX_BITS: usize = 4096;
/// A modulus of [`RSA_MAX_BITS`] and the zero byte that some libraries put before it.
const RSA_MAX_CHARACTERS: usize = base64url::encoded_length(RSA_MAX_BITS / 8 + 1);
const KID_MAX_BYTES: usize = 255;
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const ENCRYPTION_ALGORITHMS: [&str; 3] = ["RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"];

/// What a key is for (RFC 7517 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// `sig`.
    Signature,
    /// `enc`: RSA only; the key that an access token is encrypted to.
    Encryption,
}

impl KeyUse {
    /// The value of `use`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "sig",
            Self::Encryption => "enc",
        }
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Okta's own member `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// In use.
    Active,
    /// Kept, but not in use.
    Inactive,
    /// Of an authorization server: published before it signs.
    Next,
    /// Of an authorization server: signs no more, still verifies.
    Expired,
}

impl KeyStatus {
    /// The value of `status`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Next => "NEXT",
            Self::Expired => "EXPIRED",
        }
    }

    fn find(name: &str) -> Option<Self> {
        [Self::Active, Self::Inactive, Self::Next, Self::Expired].into_iter().find(|it| it.name() == name)
    }
}

/// Why a JWK is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkError {
    /// Not an object.
    #[error("a key must be a JSON object")]
    NotAnObject,
    /// A member that must be text is something else.
    #[error("the key's `{0}` must be a string")]
    NotText(&'static str),
    /// A member that this type of key must have is missing.
    #[error("the key has no `{0}`")]
    Missing(&'static str),
    /// The key carries private material, which must never be sent.
    #[error("the key has the private member `{0}`; only public keys are accepted")]
    PrivateMember(&'static str),
    /// A symmetric key.
    #[error("the key is symmetric (`kty` `oct`); only public keys are accepted")]
    Symmetric,
    /// A `kty` that is none of ours.
    #[error("the key type `{0}` is not supported; use RSA, EC or OKP")]
    UnknownKeyType(String),
    /// A `crv` that is none of ours.
    #[error("the curve `{0}` is not supported")]
    UnknownCurve(String),
    /// A member is not base64url.
    #[error("the key's `{0}` is not base64url without padding")]
    BadBase64(&'static str),
    /// A member has the wrong number of bytes.
    #[error("the key's `{member}` must have exactly {bytes} bytes")]
    WrongLength {
        /// Which member.
        member: &'static str,
        /// How many bytes it must have.
        bytes: usize,
    },
    /// A `kid` that is empty or too long.
    #[error("the key's `kid` must have 1 to {KID_MAX_BYTES} bytes")]
    BadKid,
    /// A `use` other than the one needed here.
    #[error("the key's `use` is `{given}`, but `{expected}` is needed")]
    WrongUse {
        /// What the key says.
        given: String,
        /// What is needed.
        expected: KeyUse,
    },
    /// An `alg` that is none of ours.
    #[error("the key's `alg` `{0}` is not supported")]
    UnknownAlgorithm(String),
    /// An `alg` that does not go with the type of key.
    #[error("the key's `alg` `{algorithm}` does not go with a key of type {key_type}")]
    AlgorithmMismatch {
        /// What the key says.
        algorithm: String,
        /// What the key is.
        key_type: KeyType,
    },
    /// Only RSA keys can be encrypted to.
    #[error("a key of type {0} cannot be used for encryption")]
    NotForEncryption(KeyType),
    /// A `status` that is none of Okta's.
    #[error("the key's `status` `{0}` is not known")]
    UnknownStatus(String),
    /// An RSA modulus that is too short.
    #[error("the RSA key has {0} bits, but must have at least {RSA_MIN_BITS}")]
    RsaTooSmall(usize),
    /// An RSA modulus that is too long: found before anything is calculated with it.
    #[error("the RSA key has more than {RSA_MAX_BITS} bits")]
    RsaTooLarge,
    /// An RSA modulus that is no product of two odd primes.
    #[error("the RSA key's modulus is even")]
    EvenModulus,
    /// An RSA exponent that is even, below 3 or above 32 bits.
    #[error("the RSA key's exponent must be odd, at least 3 and at most 32 bits long")]
    BadExponent,
    /// An EC point that is not on its curve.
    #[error("the key is not a point on the curve {0}")]
    NotOnCurve(&'static str),
    /// The cryptographic library refuses the key for a reason that it does not give.
    #[error("the key is not valid")]
    Rejected,
}

/// The numbers that make a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Material {
    /// RSA: modulus and exponent, big-endian, without leading zeros.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
    /// A point on a NIST curve.
    Ec {
        /// Which curve.
        curve: Curve,
        /// The first coordinate, in the curve's full length.
        x: Vec<u8>,
        /// The second coordinate, in the curve's full length.
        y: Vec<u8>,
    },
    /// An Ed25519 key.
    Ed25519 {
        /// The encoded point.
        x: Vec<u8>,
    },
}

impl Material {
    /// What type of key this makes.
    pub const fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::Ec { curve, .. } => KeyType::Ec(*curve),
            Self::Ed25519 { .. } => KeyType::Ed25519,
        }
    }
}

/// A public key with what its owner says about it. Members that we do not know are dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicJwk {
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    key_use: Option<KeyUse>,
    status: Option<KeyStatus>,
    material: Material,
}

impl PublicJwk {
    /// Takes a stranger's key, strictly, for one purpose. A key without `use` serves any.
    pub fn parse(members: &Members, purpose: KeyUse) -> Result<Self, JwkError> {
        if text(members, "kty")? == Some("oct") {
            return Err(JwkError::Symmetric);
        }
        if let Some(member) = PRIVATE_MEMBERS.into_iter().find(|member| members.contains_key(*member)) {
            return Err(JwkError::PrivateMember(member));
        }
        let key_use = parse_use(members, purpose)?;
        let material = parse_material(members)?;
        Ok(Self {
            kid: parse_kid(members)?,
            algorithm: parse_algorithm(members, purpose, material.key_type())?,
            key_use,
            status: parse_status(members)?,
            material,
        })
    }

    /// One of our own keys, named by its thumbprint.
    pub(crate) fn of_signing_key(algorithm: Algorithm, material: Material) -> Self {
        let key_use = Some(KeyUse::Signature);
        let mut jwk = Self { kid: None, algorithm: Some(algorithm), key_use, status: None, material };
        jwk.kid = Some(jwk.thumbprint());
        jwk
    }

    /// This key under another name, as an API that names keys needs it.
    #[must_use]
    pub fn with_kid(self, kid: String) -> Self {
        Self { kid: Some(kid), ..self }
    }

    /// This key in another status.
    #[must_use]
    pub fn with_status(self, status: Option<KeyStatus>) -> Self {
        Self { status, ..self }
    }

    /// The member `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The member `alg` of a key that verifies signatures.
    pub const fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The member `use`.
    pub const fn key_use(&self) -> Option<KeyUse> {
        self.key_use
    }

    /// The member `status`.
    pub const fn status(&self) -> Option<KeyStatus> {
        self.status
    }

    /// The numbers.
    pub const fn material(&self) -> &Material {
        &self.material
    }

    /// The SHA-256 thumbprint in base64url, 43 characters (RFC 7638; Ed25519: RFC 8037 section 2). The same key has
    /// the same thumbprint whatever is said about it.
    pub fn thumbprint(&self) -> String {
        let encode = |bytes: &[u8]| base64url::encode(bytes);
        let canonical = match &self.material {
            Material::Rsa { n, e } => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n)),
            Material::Ec { curve, x, y } => {
                let (curve, x, y) = (curve.name(), encode(x), encode(y));
                format!(r#"{{"crv":"{curve}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Material::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x)),
        };
        base64url::encode(sha256(canonical.as_bytes()))
    }
}

/// Members in the order of Okta's JWKS documents: `status`, then by the alphabet.
impl Serialize for PublicJwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut put = |name: &str, value: Option<&str>| match value {
            Some(value) => map.serialize_entry(name, value),
            None => Ok(()),
        };
        put("status", self.status.map(KeyStatus::name))?;
        put("alg", self.algorithm.map(Algorithm::name))?;
        match &self.material {
            Material::Rsa { n, e } => {
                put("e", Some(&base64url::encode(e)))?;
                put("n", Some(&base64url::encode(n)))?;
            }
            Material::Ec { curve, .. } => put("crv", Some(curve.name()))?,
            Material::Ed25519 { .. } => put("crv", Some("Ed25519"))?,
        }
        put("kid", self.kid())?;
        put("kty", Some(kty(&self.material)))?;
        put("use", self.key_use.map(KeyUse::name))?;
        match &self.material {
            Material::Rsa { .. } => {}
            Material::Ec { x, y, .. } => {
                put("x", Some(&base64url::encode(x)))?;
                put("y", Some(&base64url::encode(y)))?;
            }
            Material::Ed25519 { x } => put("x", Some(&base64url::encode(x)))?,
        }
        map.end()
    }
}

/// As [`PublicJwk::parse`], for the purpose that the key itself states, or signatures.
impl<'de> Deserialize<'de> for PublicJwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StrictValue(value) = StrictValue::deserialize(deserializer)?;
        let members = value.as_object().ok_or(JwkError::NotAnObject).map_err(D::Error::custom)?;
        let encryption = members.get("use").and_then(Value::as_str) == Some(KeyUse::Encryption.name());
        let purpose = if encryption { KeyUse::Encryption } else { KeyUse::Signature };
        Self::parse(members, purpose).map_err(D::Error::custom)
    }
}

const fn kty(material: &Material) -> &'static str {
    match material {
        Material::Rsa { .. } => "RSA",
        Material::Ec { .. } => "EC",
        Material::Ed25519 { .. } => "OKP",
    }
}

fn text<'m>(members: &'m Members, name: &'static str) -> Result<Option<&'m str>, JwkError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::NotText(name)),
    }
}

fn required<'m>(members: &'m Members, name: &'static str) -> Result<&'m str, JwkError> {
    text(members, name)?.ok_or(JwkError::Missing(name))
}

fn parse_use(members: &Members, expected: KeyUse) -> Result<Option<KeyUse>, JwkError> {
    match text(members, "use")? {
        None => Ok(None),
        Some(given) if given == expected.name() => Ok(Some(expected)),
        Some(given) => Err(JwkError::WrongUse { given: shortened(given), expected }),
    }
}

fn parse_kid(members: &Members) -> Result<Option<String>, JwkError> {
    match text(members, "kid")? {
        Some(kid) if kid.is_empty() || kid.len() > KID_MAX_BYTES => Err(JwkError::BadKid),
        kid => Ok(kid.map(str::to_owned)),
    }
}

fn parse_status(members: &Members) -> Result<Option<KeyStatus>, JwkError> {
    let status = text(members, "status")?;
    status
        .map(|name| KeyStatus::find(name).ok_or_else(|| JwkError::UnknownStatus(shortened(name))))
        .transpose()
}

/// `alg` of an encryption key is checked and dropped: the authorization server states the algorithm.
fn parse_algorithm(
    members: &Members,
    purpose: KeyUse,
    key_type: KeyType,
) -> Result<Option<Algorithm>, JwkError> {
    if purpose == KeyUse::Encryption && key_type != KeyType::Rsa {
        return Err(JwkError::NotForEncryption(key_type));
    }
    let Some(name) = text(members, "alg")? else { return Ok(None) };
    match (purpose, Algorithm::find(name)) {
        (KeyUse::Signature, Some(algorithm)) if algorithm.key_type() == key_type => Ok(Some(algorithm)),
        (KeyUse::Encryption, _) if ENCRYPTION_ALGORITHMS.contains(&name) => Ok(None),
        (_, Some(_)) => Err(JwkError::AlgorithmMismatch { algorithm: name.to_owned(), key_type }),
        (_, None) => Err(JwkError::UnknownAlgorithm(shortened(name))),
    }
}

fn parse_material(members: &Members) -> Result<Material, JwkError> {
    match required(members, "kty")? {
        "RSA" => parse_rsa(required(members, "n")?, required(members, "e")?),
        "EC" => parse_ec(members),
        "OKP" => match required(members, "crv")? {
            "Ed25519" => Ok(Material::Ed25519 { x: exact(members, "x", 32)? }),
            curve => Err(JwkError::UnknownCurve(shortened(curve))),
        },
        other => Err(JwkError::UnknownKeyType(shortened(other))),
    }
}

fn parse_rsa(n: &str, e: &str) -> Result<Material, JwkError> {
    if n.len() > RSA_MAX_CHARACTERS {
        return Err(JwkError::RsaTooLarge);
    }
    if e.len() > RSA_MAX_CHARACTERS {
        return Err(JwkError::BadExponent);
    }
    let n = base64url::decode(n).ok_or(JwkError::BadBase64("n"))?;
    let e = base64url::decode(e).ok_or(JwkError::BadBase64("e"))?;
    rsa_material(&n, &e)
}

/// RFC 7518 section 6.3.1.1 wants no leading zero, but warns of libraries that write one: it is taken off.
pub(crate) fn rsa_material(n: &[u8], e: &[u8]) -> Result<Material, JwkError> {
    let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if bits < RSA_MIN_BITS {
        return Err(JwkError::RsaTooSmall(bits));
    }
    if bits > RSA_MAX_BITS {
        return Err(JwkError::RsaTooLarge);
    }
    if n.last().is_some_and(|last| last % 2 == 0) {
        return Err(JwkError::EvenModulus);
    }
    let exponent = e.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    if e.len() > 4 || exponent < 3 || exponent.is_multiple_of(2) {
        return Err(JwkError::BadExponent);
    }
    Ok(Material::Rsa { n: n.to_vec(), e: e.to_vec() })
}

fn parse_ec(members: &Members) -> Result<Material, JwkError> {
    let name = required(members, "crv")?;
    let curve = Curve::find(name).ok_or_else(|| JwkError::UnknownCurve(shortened(name)))?;
    let x = exact(members, "x", curve.coordinate_bytes())?;
    let y = exact(members, "y", curve.coordinate_bytes())?;
    parse_point(curve, &x, &y)?;
    Ok(Material::Ec { curve, x, y })
}

/// The key as the library wants it, which finds out whether the point is on the curve.
pub(crate) fn parse_point(curve: Curve, x: &[u8], y: &[u8]) -> Result<ParsedPublicKey, JwkError> {
    let uncompressed = [&[4], x, y].concat();
    ParsedPublicKey::new(curve.verification(), uncompressed).map_err(|_| JwkError::NotOnCurve(curve.name()))
}

fn exact(members: &Members, member: &'static str, bytes: usize) -> Result<Vec<u8>, JwkError> {
    let text = required(members, member)?;
    if text.len() > 4 * bytes {
        return Err(JwkError::WrongLength { member, bytes });
    }
    let decoded = base64url::decode(text).ok_or(JwkError::BadBase64(member))?;
    if decoded.len() == bytes { Ok(decoded) } else { Err(JwkError::WrongLength { member, bytes }) }
}

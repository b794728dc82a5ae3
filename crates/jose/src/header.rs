//! The header of a compact JWS (RFC 7515 section 4), read strictly.
//!
//! Keys that a header carries or points at (`jwk`, `jku`, `x5c`, `x5u`) are members like any other: nothing in this
//! crate follows them.

use crate::json::{Members, parse_object};
use crate::verify::VerifyError;
use serde_json::Value;

/// A header's members. `alg` is text and not `none`; `kid` and `typ` are text where present; there is no `crit`.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    members: Members,
    algorithm: String,
}

impl Header {
    pub(crate) fn parse(json: &[u8]) -> Result<Self, VerifyError> {
        let members = parse_object(json).map_err(VerifyError::Header)?;
        if members.contains_key("crit") {
            return Err(VerifyError::Critical);
        }
        for member in ["kid", "typ"] {
            if members.get(member).is_some_and(|value| !value.is_string()) {
                return Err(VerifyError::HeaderMember(member));
            }
        }
        let algorithm = match members.get("alg") {
            Some(Value::String(algorithm)) if algorithm.eq_ignore_ascii_case("none") => {
                return Err(VerifyError::Unsigned);
            }
            Some(Value::String(algorithm)) => algorithm.clone(),
            _ => return Err(VerifyError::HeaderMember("alg")),
        };
        Ok(Self { members, algorithm })
    }

    /// The member `alg`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The member `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.members.get("kid").and_then(Value::as_str)
    }

    /// The member `typ`.
    pub fn typ(&self) -> Option<&str> {
        self.members.get("typ").and_then(Value::as_str)
    }

    /// Any member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }
}

//! `tokenmint`, the member of an authorization server that Okta does not have: how its tokens are signed and shaped.
//!
//! Whoever does not know the member never harms it: absent, it is kept, and so is each of its own members. `null` goes
//! back to Okta's. Where everything is Okta's, it is not shown.

use model::token_format::{AccessTokenProfile, GroupsOverflow, SigningAlgorithm};
use model::{TokenFormat, Word};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::api::not_among;
use crate::error::ApiError;

/// The member's name.
pub(super) const MEMBER: &str = "tokenmint";
const SIGNING_ALGORITHM: &str = "signingAlgorithm";
const ACCESS_TOKEN_PROFILE: &str = "accessTokenProfile";
const GROUPS_OVERFLOW: &str = "groupsOverflow";

/// What a body says; what is absent is to be kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub signing_algorithm: Option<SigningAlgorithm>,
    pub access_token_profile: Option<AccessTokenProfile>,
    pub groups_overflow: Option<GroupsOverflow>,
}

/// Reads a member that is there, `null` among other values. Use it with `default`, which stands for absence.
pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Reads the member.
pub(super) fn read(member: Option<&Value>) -> Result<Written, ApiError> {
    let members = match member {
        None => return Ok(Written::default()),
        Some(Value::Null) => {
            let TokenFormat { signing_algorithm, access_token_profile, groups_overflow } =
                TokenFormat::default();
            return Ok(Written {
                signing_algorithm: Some(signing_algorithm),
                access_token_profile: Some(access_token_profile),
                groups_overflow: Some(groups_overflow),
            });
        }
        Some(Value::Object(members)) => members,
        Some(_) => return Err(ApiError::invalid(MEMBER, format!("{MEMBER}: must be an object"))),
    };
    let known = [SIGNING_ALGORITHM, ACCESS_TOKEN_PROFILE, GROUPS_OVERFLOW];
    if let Some(unknown) = members.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(not_among(MEMBER, unknown, &known));
    }
    Ok(Written {
        signing_algorithm: value(SIGNING_ALGORITHM, members.get(SIGNING_ALGORITHM))?,
        access_token_profile: value(ACCESS_TOKEN_PROFILE, members.get(ACCESS_TOKEN_PROFILE))?,
        groups_overflow: value(GROUPS_OVERFLOW, members.get(GROUPS_OVERFLOW))?,
    })
}

fn value<T: Word + Default>(name: &str, value: Option<&Value>) -> Result<Option<T>, ApiError> {
    let field = format!("{MEMBER}.{name}");
    match value {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(T::default())),
        Some(Value::String(text)) => match T::read(text) {
            Some(value) => Ok(Some(value)),
            None => Err(not_among(&field, text, T::WORDS)),
        },
        Some(_) => Err(ApiError::invalid(&field, format!("{field}: must be one of {}", T::WORDS.join(", ")))),
    }
}

/// The member as it is shown; nothing where everything is Okta's. What became of too many groups is shown only where it is
/// not Okta's: the member is younger than the others, and whoever compares what it wrote with what it reads finds it equal.
pub(super) fn view(format: TokenFormat) -> Option<Value> {
    let TokenFormat { signing_algorithm, access_token_profile, groups_overflow } = format;
    let mut shown = json!({SIGNING_ALGORITHM: signing_algorithm, ACCESS_TOKEN_PROFILE: access_token_profile});
    if groups_overflow != GroupsOverflow::default() {
        shown[GROUPS_OVERFLOW] = json!(groups_overflow);
    }
    (!format.is_default()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_kept_and_null_goes_back_to_oktas() {
        let written = |signing_algorithm, access_token_profile, groups_overflow| Written {
            signing_algorithm,
            access_token_profile,
            groups_overflow,
        };
        let (rs256, okta, fail) =
            (Some(SigningAlgorithm::Rs256), Some(AccessTokenProfile::Okta), Some(GroupsOverflow::Fail));
        for (member, meant) in [
            (None, written(None, None, None)),
            (Some(json!({})), written(None, None, None)),
            (Some(Value::Null), written(rs256, okta, fail)),
            (Some(json!({"signingAlgorithm": null})), written(rs256, None, None)),
            (Some(json!({"accessTokenProfile": null})), written(None, okta, None)),
            (Some(json!({"groupsOverflow": null})), written(None, None, fail)),
            (Some(json!({"groupsOverflow": "POINTER"})), written(None, None, Some(GroupsOverflow::Pointer))),
            (
                Some(json!({"accessTokenProfile": "RFC9068", "signingAlgorithm": "EdDSA"})),
                written(Some(SigningAlgorithm::EdDsa), Some(AccessTokenProfile::Rfc9068), None),
            ),
        ] {
            assert_eq!(read(member.as_ref()).unwrap(), meant, "{member:?}");
        }
    }

    #[test]
    fn what_is_oktas_is_not_shown() {
        let default = TokenFormat::default();
        let pointer = TokenFormat { groups_overflow: GroupsOverflow::Pointer, ..default };
        let es256 = TokenFormat { signing_algorithm: SigningAlgorithm::Es256, ..default };
        for (format, shown) in [
            (default, None),
            (es256, Some(json!({"signingAlgorithm": "ES256", "accessTokenProfile": "OKTA"}))),
            (
                pointer,
                Some(json!({
                    "signingAlgorithm": "RS256", "accessTokenProfile": "OKTA", "groupsOverflow": "POINTER",
                })),
            ),
        ] {
            assert_eq!(view(format), shown);
        }
    }

    #[test]
    fn what_is_not_known_is_refused_by_its_name() {
        for (member, field, cause) in [
            (json!([]), "tokenmint", "tokenmint: must be an object"),
            (json!("ES256"), "tokenmint", "tokenmint: must be an object"),
            (
                json!({"alg": "ES256"}),
                "tokenmint",
                "tokenmint: `alg` is not one of signingAlgorithm, accessTokenProfile, groupsOverflow",
            ),
            (
                json!({"signingAlgorithm": "HS256"}),
                "tokenmint.signingAlgorithm",
                "tokenmint.signingAlgorithm: `HS256` is not one of RS256, PS256, ES256, EdDSA",
            ),
            (
                json!({"signingAlgorithm": 256}),
                "tokenmint.signingAlgorithm",
                "tokenmint.signingAlgorithm: must be one of RS256, PS256, ES256, EdDSA",
            ),
            (
                json!({"groupsOverflow": "TRUNCATE"}),
                "tokenmint.groupsOverflow",
                "tokenmint.groupsOverflow: `TRUNCATE` is not one of FAIL, POINTER",
            ),
            (
                json!({"accessTokenProfile": "rfc9068"}),
                "tokenmint.accessTokenProfile",
                "tokenmint.accessTokenProfile: `rfc9068` is not one of OKTA, RFC9068",
            ),
        ] {
            let error = read(Some(&member)).unwrap_err();
            assert_eq!((error.code, error.status.as_u16()), ("E0000001", 400));
            assert_eq!(error.summary, format!("Api validation failed: {field}"));
            assert_eq!(error.causes, [cause]);
        }
    }
}

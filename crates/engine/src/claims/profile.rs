//! System claims: what an ID token says of a user, from the profile (Okta, OpenID Connect Core 5.1).

use el::Input;
use model::Timestamp;
use serde_json::{Map, Value};

use crate::user_facts::UserFacts;

/// Okta's zone of a user whose profile names none.
const DEFAULT_ZONE: &str = "America/Los_Angeles";

/// A claim whose value the server knows by itself.
#[derive(Debug)]
pub(crate) struct SystemClaim {
    name: String,
    known: Option<&'static Known>,
}

/// How a system claim is read.
#[derive(Debug)]
struct Known {
    name: &'static str,
    /// The attributes of the profile that are looked at.
    attributes: &'static [&'static str],
    value: fn(&UserFacts) -> Value,
}

const KNOWN: &[Known] = &[
    Known { name: "name", attributes: &["displayName", "firstName", "lastName"], value: full_name },
    Known { name: "preferred_username", attributes: &["login"], value: |user| attribute(user, "login") },
    Known { name: "given_name", attributes: &["firstName"], value: |user| attribute(user, "firstName") },
    Known { name: "middle_name", attributes: &["middleName"], value: |user| attribute(user, "middleName") },
    Known { name: "family_name", attributes: &["lastName"], value: |user| attribute(user, "lastName") },
    Known { name: "nickname", attributes: &["nickName"], value: |user| attribute(user, "nickName") },
    Known { name: "profile", attributes: &["profileUrl"], value: |user| attribute(user, "profileUrl") },
    Known { name: "zoneinfo", attributes: &["timezone"], value: zone },
    Known { name: "locale", attributes: &["locale"], value: locale },
    Known { name: "updated_at", attributes: &[], value: updated_at },
    Known { name: "email", attributes: &["email"], value: |user| attribute(user, "email") },
    Known { name: "email_verified", attributes: &[], value: |user| user.email_verified.into() },
    Known {
        name: "address",
        attributes: &["streetAddress", "city", "state", "zipCode", "countryCode"],
        value: address,
    },
    Known {
        name: "phone_number",
        attributes: &["primaryPhone"],
        value: |user| attribute(user, "primaryPhone"),
    },
];

impl SystemClaim {
    /// The system claim of this name.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), known: KNOWN.iter().find(|known| known.name == name) }
    }

    /// Its value; null where the user has none.
    ///
    /// Guess: `picture`, `website`, `gender` and `birthdate`, for which Okta's profile has no attribute, are what an
    /// attribute of the same name says.
    pub(crate) fn value(&self, user: &UserFacts) -> Value {
        self.known.map_or_else(|| attribute(user, &self.name), |known| (known.value)(user))
    }

    /// What was looked at.
    pub(crate) fn inputs(&self, user: &UserFacts) -> Vec<Input> {
        let input = |name: &str| Input {
            path: format!("user.{name}"),
            value: user.profile.get(name).map_or(el::Value::Null, el::Value::from),
        };
        match self.known {
            Some(known) => known.attributes.iter().map(|name| input(name)).collect(),
            None => vec![input(&self.name)],
        }
    }
}

/// An attribute of the profile; null if it is not set, or blank.
fn attribute(user: &UserFacts, name: &str) -> Value {
    match user.profile.get(name) {
        Some(Value::String(text)) if text.is_empty() => Value::Null,
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

fn text<'a>(user: &'a UserFacts, name: &str) -> Option<&'a str> {
    user.profile.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn full_name(user: &UserFacts) -> Value {
    if let Some(shown) = text(user, "displayName") {
        return shown.into();
    }
    let parts: Vec<&str> =
        ["firstName", "lastName"].into_iter().filter_map(|name| text(user, name)).collect();
    if parts.is_empty() { Value::Null } else { parts.join(" ").into() }
}

fn zone(user: &UserFacts) -> Value {
    text(user, "timezone").unwrap_or(DEFAULT_ZONE).into()
}

fn locale(user: &UserFacts) -> Value {
    text(user, "locale").map(|locale| locale.replace('_', "-")).into()
}

fn updated_at(user: &UserFacts) -> Value {
    user.last_updated.map(Timestamp::seconds).into()
}

fn address(user: &UserFacts) -> Value {
    const MEMBERS: [(&str, &str); 5] = [
        ("street_address", "streetAddress"),
        ("locality", "city"),
        ("region", "state"),
        ("postal_code", "zipCode"),
        ("country", "countryCode"),
    ];
    let members: Map<String, Value> = MEMBERS
        .into_iter()
        .map(|(member, name)| (member.to_owned(), attribute(user, name)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    if members.is_empty() { Value::Null } else { members.into() }
}

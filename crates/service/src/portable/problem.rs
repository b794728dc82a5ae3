//! What is wrong with a document, and where in it. Owns the words for a shape that cannot be read; leaves out the rules of
//! each thing (`admin`), whose refusals get a place here.

use std::fmt;

use serde::Serialize;

use crate::admin::Refusal;

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: `policies[0].rules[2].people.groups[0]`; empty for the whole.
    pub place: String,
    /// What to change.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Problem {}

impl Problem {
    /// `message` about `place`.
    pub fn new(place: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { place: place.into(), message: message.to_string() }
    }

    /// A shape that cannot be read, from what serde said about it.
    pub fn of_shape(place: &str, said: &str) -> Self {
        let quoted = || said.split('`').nth(1).unwrap_or_default();
        let known = || said.split_once(", expected ").map_or("", |(_, expected)| expected);
        if said.starts_with("unknown field `") {
            let members: Vec<&str> = known().split('`').skip(1).step_by(2).collect();
            let meant = did_you_mean(quoted(), members.iter().copied());
            // The place is that of the member itself, which a reader looks for.
            let last = place.rsplit_once('.').map_or(place, |(_, last)| last);
            let place = match place {
                "" => quoted().to_owned(),
                place if last == quoted() => place.to_owned(),
                place => format!("{place}.{}", quoted()),
            };
            let members = members.join(", ");
            return Self::new(
                place,
                format_args!("there is no member `{}`{meant}; there are {members}", quoted()),
            );
        }
        if said.starts_with("missing field `") {
            return Self::new(place, format_args!("the member `{}` is missing", quoted()));
        }
        if said.starts_with("unknown variant `") {
            let words: Vec<&str> = known().split('`').skip(1).step_by(2).collect();
            return Self::new(place, format_args!("`{}` is not one of {}", quoted(), words.join(", ")));
        }
        let expected = match known() {
            "" => return Self::new(place, said),
            "a sequence" => "a list",
            "u32" => "a whole number",
            "a string" | "a borrowed string" => "a text",
            "a boolean" => "true or false",
            other => other,
        };
        let null =
            if said.contains("type: null") { "; leave the member out, or write [] for none" } else { "" };
        let null = if expected == "a list" { null } else { "" };
        Self::new(place, format_args!("must be {expected}{null}"))
    }

    /// What a use case refused of the thing at `place`. Its members are named as they are in the document.
    pub(super) fn refused(place: &str, refusal: Refusal) -> Vec<Self> {
        match refusal {
            Refusal::Invalid { subject, causes } => {
                let of = |cause: String| {
                    let said = cause.strip_prefix(subject).and_then(|said| said.strip_prefix(": "));
                    Self::new(format!("{place}{}", member(subject)), said.unwrap_or(&cause))
                };
                causes.into_iter().map(of).collect()
            }
            Refusal::NotFound { id, kind } => vec![Self::new(place, format_args!("`{id}` ({kind}) is gone"))],
            other => vec![Self::new(place, format_args!("this is not allowed: {other:?}"))],
        }
    }
}

/// The member of the document for one of the API.
fn member(subject: &str) -> String {
    let subject = match subject {
        "audiences" => "audience",
        "trusted" => "trustedServers",
        "conditions.clients.include" => "clients",
        "conditions.grantTypes.include" => "grantTypes",
        "conditions.scopes" | "conditions.scopes.include" => "scopes",
        "conditions.people.groups" | "conditions.people.groups.include" => "people.groups",
        "conditions.people.groups.exclude" => "people.excludeGroups",
        "conditions.people.users" | "conditions.people.users.include" => "people.users",
        "conditions.people.users.exclude" => "people.excludeUsers",
        // About the thing as a whole.
        "system" | "policies" | "rules" | "claims" => return String::new(),
        other => other,
    };
    format!(".{subject}")
}

/// What somebody probably meant, as the end of a sentence.
pub(crate) fn did_you_mean<'c>(typed: &str, candidates: impl Iterator<Item = &'c str>) -> String {
    el::nearest(typed, candidates).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_says_is_said_in_words_of_the_document() {
        for (said, expected) in [
            (
                "unknown field `audiance`, expected one of `name`, `audience`",
                "there is no member `audiance`; did you mean `audience`?; there are name, audience",
            ),
            ("missing field `name`", "the member `name` is missing"),
            (
                "unknown variant `SOME`, expected `ACTIVE` or `INACTIVE`",
                "`SOME` is not one of ACTIVE, INACTIVE",
            ),
            ("invalid type: string \"s3cret\", expected an object", "must be an object"),
            (
                "invalid type: null, expected a sequence",
                "must be a list; leave the member out, or write [] for none",
            ),
            ("invalid value: integer `-1`, expected u32", "must be a whole number"),
        ] {
            assert_eq!(Problem::of_shape("", said).message, expected);
        }
    }
}

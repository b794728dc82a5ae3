//! Groups claims: the names of the user's groups that a filter lets through (Okta). Only groups of the org itself take
//! part; imported ones need an expression.

use std::mem::discriminant;

use el::{Input, Limits, Pattern};
use model::GrantType;
use model::app::ResponseType;
use model::claim::GroupFilter;
use model::group::{EVERYONE, GroupKind};

use crate::facts::Facts;
use crate::user_facts::UserFacts;

/// Which names are let through.
#[derive(Debug)]
pub(crate) struct Filter {
    /// As it was written.
    text: String,
    matcher: Matcher,
}

/// How names are compared; texts are in lower case.
#[derive(Debug)]
enum Matcher {
    /// A blank filter: every group.
    All,
    StartsWith(String),
    Equals(String),
    Contains(String),
    /// The expression covers the whole name, and the case counts.
    Regex(Box<Pattern>),
}

impl Filter {
    /// Compiles a filter.
    pub(crate) fn compile(filter: GroupFilter, text: &str) -> Result<Self, String> {
        let matcher = match filter {
            _ if text.trim().is_empty() => Matcher::All,
            GroupFilter::StartsWith => Matcher::StartsWith(text.to_lowercase()),
            GroupFilter::Equals => Matcher::Equals(text.to_lowercase()),
            GroupFilter::Contains => Matcher::Contains(text.to_lowercase()),
            GroupFilter::Regex => Matcher::Regex(Box::new(pattern(text)?)),
        };
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// Whether a group of this name passes.
    fn lets(&self, name: &str) -> bool {
        match &self.matcher {
            Matcher::All => true,
            Matcher::StartsWith(start) => lower(name).starts_with(start.as_str()),
            Matcher::Equals(whole) => lower(name) == *whole,
            Matcher::Contains(part) => lower(name).contains(part.as_str()),
            Matcher::Regex(pattern) => pattern.matches(name),
        }
    }

    /// Whether another filter is written as this one is.
    pub(crate) fn is(&self, other: &Self) -> bool {
        discriminant(&self.matcher) == discriminant(&other.matcher) && self.text == other.text
    }

    /// The filter in words.
    pub(crate) fn described(&self) -> String {
        let text = &self.text;
        match &self.matcher {
            Matcher::All => "every group".to_owned(),
            Matcher::StartsWith(_) => format!("groups whose names begin with `{text}`"),
            Matcher::Equals(_) => format!("the group `{text}`"),
            Matcher::Contains(_) => format!("groups whose names contain `{text}`"),
            Matcher::Regex(_) => format!("groups whose names match `{text}`"),
        }
    }

    /// The names of the user's groups that pass: `Everyone` first, then in the order of the facts.
    pub(crate) fn choose<'a>(&self, user: &'a UserFacts) -> Vec<&'a str> {
        let of_org = user.groups.iter().filter(|group| group.kind != GroupKind::App);
        let names = of_org.map(|group| group.name.as_str()).filter(|name| !name.is_empty());
        let others = names.filter(|name| *name != EVERYONE);
        std::iter::once(EVERYONE).chain(others).filter(|name| self.lets(name)).collect()
    }
}

/// Whether a token may carry only so many groups: always but in the authorization code flow (Okta), whose tokens do not
/// pass through a browser.
pub(crate) fn are_bounded(facts: &Facts) -> bool {
    let in_front = facts.response_types.iter().any(|kind| *kind != ResponseType::Code);
    in_front || facts.judged_grant_type() != GrantType::AuthorizationCode
}

/// What a filter looked at: the names, as many as a token may carry.
pub(crate) fn inputs(user: &UserFacts) -> Vec<Input> {
    let names = user.groups.iter().take(el::GROUPS_MAX).map(|group| el::Value::from(group.name.as_str()));
    vec![Input { path: "user.getGroups()".to_owned(), value: names.collect() }]
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}

/// The regular expression, bare or between slashes (Okta).
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::compile(el::between_slashes(text), Limits::default().pattern_bytes)
}

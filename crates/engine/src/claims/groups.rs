//! Groups claims: the names of the user's groups that a filter lets through (Okta). Only groups of the org itself take
//! part; imported ones need an expression.

use el::{Input, Limits, Pattern};
use model::GrantType;
use model::app::ResponseType;
use model::claim::GroupFilter;
use model::group::{EVERYONE, GroupKind};

use crate::facts::Facts;
use crate::user_facts::UserFacts;

/// How many groups a token may carry (Okta).
pub(crate) const GROUPS_MAX: usize = 100;

/// Which names are let through.
#[derive(Debug)]
pub(crate) enum Filter {
    /// A blank filter: every group.
    All,
    /// Names that begin so; in lower case.
    StartsWith(String),
    /// This name; in lower case.
    Equals(String),
    /// Names that hold this; in lower case.
    Contains(String),
    /// Names that the expression covers; the case counts.
    Regex { text: String, pattern: Box<Pattern> },
}

impl Filter {
    /// Compiles a filter.
    pub(crate) fn compile(filter: GroupFilter, value: &str) -> Result<Self, String> {
        if value.trim().is_empty() {
            return Ok(Self::All);
        }
        Ok(match filter {
            GroupFilter::StartsWith => Self::StartsWith(value.to_lowercase()),
            GroupFilter::Equals => Self::Equals(value.to_lowercase()),
            GroupFilter::Contains => Self::Contains(value.to_lowercase()),
            GroupFilter::Regex => Self::Regex { text: value.to_owned(), pattern: Box::new(pattern(value)?) },
        })
    }

    /// Whether a group of this name passes.
    fn lets(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::StartsWith(start) => lower(name).starts_with(start.as_str()),
            Self::Equals(whole) => lower(name) == *whole,
            Self::Contains(part) => lower(name).contains(part.as_str()),
            Self::Regex { pattern, .. } => pattern.matches(name),
        }
    }

    /// The filter in words.
    pub(crate) fn described(&self) -> String {
        match self {
            Self::All => "every group".to_owned(),
            Self::StartsWith(start) => format!("groups whose names begin with `{start}`"),
            Self::Equals(name) => format!("the group `{name}`"),
            Self::Contains(part) => format!("groups whose names contain `{part}`"),
            Self::Regex { text, .. } => format!("groups whose names match `{text}`"),
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
    let names = user.groups.iter().take(GROUPS_MAX).map(|group| el::Value::from(group.name.as_str()));
    vec![Input { path: "user.getGroups()".to_owned(), value: names.collect() }]
}

fn lower(name: &str) -> String {
    name.to_lowercase()
}

/// The regular expression, bare or between slashes (Okta).
pub(crate) fn pattern(text: &str) -> Result<Pattern, String> {
    let bare = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(text);
    Pattern::compile(bare, Limits::default().pattern_bytes)
}

//! What each condition of a policy or rule wants, what the request has, and whether that holds.

use serde::Serialize;

use super::names::{Known, LISTED_MAX, Named, listed, said};
use crate::matching::{Condition, grants, is_for_client};
use crate::server::{Clients, People, Policy, Rule, Scopes};

/// Which condition a verdict is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Asked {
    /// Whether the policy or rule is active.
    Status,
    /// `conditions.clients`
    Clients,
    /// `conditions.grantTypes`
    GrantTypes,
    /// `conditions.people`
    People,
    /// `conditions.scopes`
    Scopes,
}

impl From<Condition> for Asked {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::GrantType => Self::GrantTypes,
            Condition::People => Self::People,
            Condition::Scopes => Self::Scopes,
        }
    }
}

impl Asked {
    /// What the text for people calls it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Clients => "client",
            Self::GrantTypes => "grant type",
            Self::People => "people",
            Self::Scopes => "scopes",
        }
    }
}

/// What a condition wants. Lists are cut after a hundred entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum Wants {
    /// A word: `ACTIVE`, `ALL_CLIENTS`, `*`.
    Word(&'static str),
    /// One of these words.
    Words(Vec<String>),
    /// One of these clients.
    Clients(Vec<Named>),
    /// People.
    People {
        /// Any user, and requests without one.
        everyone: bool,
        /// Nobody is named: requests without a user, and only those.
        no_user: bool,
        /// Members of one of these.
        groups: Vec<Named>,
        /// One of these.
        users: Vec<Named>,
        /// No members of any of these.
        excluded_groups: Vec<Named>,
        /// None of these.
        excluded_users: Vec<Named>,
    },
}

/// What became of one condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Which.
    pub condition: Asked,
    /// Whether it holds.
    pub holds: bool,
    /// What it wants.
    pub wants: Wants,
    /// The same in words.
    pub text: String,
}

/// `active`
pub(crate) fn status(holds: bool) -> Verdict {
    let text = if holds { "active" } else { "inactive" };
    Verdict { condition: Asked::Status, holds, wants: Wants::Word("ACTIVE"), text: text.to_owned() }
}

/// Whether the policy is for the client.
pub(crate) fn clients(known: Known<'_>, policy: &Policy) -> Verdict {
    let holds = is_for_client(policy, known.facts);
    let client = known.client(&known.facts.client.client_id);
    let (wants, text) = match &policy.clients {
        Clients::All => (Wants::Word(model::policy::ALL_CLIENTS), "for every client".to_owned()),
        Clients::Only(clients) => {
            let named = listed(clients.iter().map(|id| known.client(id)));
            let text = if holds {
                format!("`{client}` is named")
            } else {
                format!("`{client}` is not {}", said(&named, "or"))
            };
            (Wants::Clients(named), text)
        }
    };
    Verdict { condition: Asked::Clients, holds, wants, text }
}

/// Whether a condition of the rule holds; `asked` are the scopes that the request names.
pub(crate) fn of_rule(
    condition: Condition,
    known: Known<'_>,
    rule: &Rule,
    asked: &[String],
    holds: bool,
) -> Verdict {
    let (wants, text) = match condition {
        Condition::GrantType => grant_types(known, rule, holds),
        Condition::People => people(known, &rule.people, holds),
        Condition::Scopes => scopes(rule, asked, holds),
    };
    Verdict { condition: condition.into(), holds, wants, text }
}

fn grant_types(known: Known<'_>, rule: &Rule, holds: bool) -> (Wants, String) {
    let listed = model::GrantType::ALL.iter().filter(|kind| rule.grant_types.contains(**kind));
    let listed: Vec<String> = listed.map(ToString::to_string).collect();
    let (asked, judged) = (known.facts.grant_type, known.facts.judged_grant_type());
    let asked =
        if asked == judged { format!("`{judged}`") } else { format!("`{judged}`, which began the refresh,") };
    let text =
        if holds { format!("{asked} is listed") } else { format!("{asked} is not {}", said(&listed, "or")) };
    (Wants::Words(listed), text)
}

fn people(known: Known<'_>, people: &People, holds: bool) -> (Wants, String) {
    let groups =
        |of: &std::collections::HashSet<model::GroupId>| listed(of.iter().map(|id| known.group(*id)));
    let users = |of: &std::collections::HashSet<model::UserId>| listed(of.iter().map(|id| known.user(*id)));
    let (wanted_groups, wanted_users) = (groups(&people.groups), users(&people.users));
    let text = people_text(known, people, holds, &wanted_groups, &wanted_users);
    let wants = Wants::People {
        everyone: people.everyone,
        no_user: people.nobody,
        groups: wanted_groups,
        users: wanted_users,
        excluded_groups: groups(&people.exclude_groups),
        excluded_users: users(&people.exclude_users),
    };
    (wants, text)
}

fn people_text(known: Known<'_>, people: &People, holds: bool, groups: &[Named], users: &[Named]) -> String {
    let Some(user) = &known.facts.user else {
        return match (holds, people.nobody) {
            (true, true) => "no user, as wanted".to_owned(),
            (true, false) => "for everybody, and for requests without a user".to_owned(),
            (false, _) => format!("no user, and it is for {}", whom(groups, users)),
        };
    };
    let named = known.user(user.id);
    if people.nobody {
        return format!("`{named}` is signed in, and it is for requests without a user");
    }
    if people.exclude_users.contains(&user.id) {
        return format!("`{named}` is excluded");
    }
    let of = |set: &std::collections::HashSet<model::GroupId>| {
        listed(user.groups.iter().filter(|group| set.contains(&group.id)).map(|group| known.group(group.id)))
    };
    let excluded = of(&people.exclude_groups);
    if !excluded.is_empty() {
        return format!("`{named}` is in {}, which is excluded", said(&excluded, "and"));
    }
    let included = of(&people.groups);
    if people.everyone {
        "for every user".to_owned()
    } else if people.users.contains(&user.id) {
        format!("`{named}` is named")
    } else if included.is_empty() {
        format!("`{named}` is not {}", whom(groups, users))
    } else {
        format!("`{named}` is in {}", said(&included, "and"))
    }
}

fn whom(groups: &[Named], users: &[Named]) -> String {
    match (groups.is_empty(), users.is_empty()) {
        (false, true) => format!("a member of {}", said(groups, "or")),
        (false, false) => format!("a member of {}, nor {}", said(groups, "or"), said(users, "or")),
        (true, _) => said(users, "or"),
    }
}

fn scopes(rule: &Rule, asked: &[String], holds: bool) -> (Wants, String) {
    let Scopes::Only(only) = &rule.scopes else { return (Wants::Word("*"), "any scope".to_owned()) };
    let mut listed: Vec<String> = only.iter().cloned().collect();
    listed.sort();
    listed.truncate(LISTED_MAX);
    let text = if asked.is_empty() {
        format!("default scopes are asked for; of those it grants {}", said(&listed, "and"))
    } else if holds {
        format!("{} granted", are(asked))
    } else {
        let denied: Vec<&String> = asked.iter().filter(|scope| !grants(rule, scope)).collect();
        format!("{} not among {}", are(&denied), said(&listed, "and"))
    };
    (Wants::Words(listed), text)
}

/// `a` is, `a` and `b` are
fn are<T: std::fmt::Display>(all: &[T]) -> String {
    format!("{} {}", said(all, "and"), if all.len() == 1 { "is" } else { "are" })
}

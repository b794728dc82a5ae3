//! What would have to change for a rule to match. A change is one that suffices together with the others of its rule; a test
//! makes each of them and decides again.

use std::fmt;

use model::GrantType;
use serde::{Serialize, Serializer};

use super::names::{Known, LISTED_MAX, Named, listed, said};
use crate::consent;
use crate::decide::Refusal;
use crate::facts::{Facts, Requested};
use crate::matching::{Condition, grants};
use crate::server::{AuthorizationServer, Clients, People, Policy, Rule};
use crate::user_facts::UserFacts;

/// One thing that would have to be different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Change {
    /// The policy would have to be active.
    ActivatePolicy,
    /// The rule would have to be active.
    ActivateRule,
    /// Another client would have to ask: one of these. Nobody, if the policy names none.
    Client {
        /// Which.
        any_of: Vec<Named>,
    },
    /// It would have to be asked in another way: one of these.
    GrantType {
        /// Which.
        any_of: Vec<GrantType>,
    },
    /// It would have to be asked without a user.
    NoUser,
    /// It would have to be asked for another user: this one is excluded.
    AnotherUser,
    /// The user would have to leave these groups, which are excluded.
    LeaveGroups {
        /// Which.
        groups: Vec<Named>,
    },
    /// There would have to be a user who is a member of one of the groups, or is one of the users.
    People {
        /// The groups.
        groups: Vec<Named>,
        /// The users.
        users: Vec<Named>,
    },
    /// No request can match: whoever the rule names is excluded, too. The rule would have to change.
    PeopleOfRule,
    /// Some scopes would have to be left out, or the rule would have to grant them.
    Scopes {
        /// Which.
        leave_out: Vec<String>,
        /// One of these would have to be asked for instead, if otherwise none were left.
        #[serde(skip_serializing_if = "Option::is_none")]
        any_of: Option<Vec<String>>,
    },
}

/// Each change for programs, and in words beside it.
pub(super) fn with_text<S: Serializer>(changes: &[Change], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct WithText<'a> {
        #[serde(flatten)]
        change: &'a Change,
        text: String,
    }
    serializer.collect_seq(changes.iter().map(|change| WithText { change, text: change.to_string() }))
}

impl Change {
    /// How much it is: whoever asks why a request was refused can change what is asked for sooner than the
    /// configuration, and that sooner than the app that asks.
    pub(super) const fn weight(&self) -> u32 {
        match self {
            Self::Client { .. } => 3,
            Self::ActivatePolicy | Self::ActivateRule | Self::PeopleOfRule => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ActivatePolicy => f.write_str("the policy would have to be active"),
            Self::ActivateRule => f.write_str("the rule would have to be active"),
            Self::Client { any_of } if any_of.is_empty() => {
                f.write_str("the policy would have to name a client")
            }
            Self::Client { any_of } => write!(f, "the client would have to be {}", said(any_of, "or")),
            Self::GrantType { any_of } if any_of.is_empty() => {
                f.write_str("the rule would have to list a grant type")
            }
            Self::GrantType { any_of } => write!(f, "the grant type would have to be {}", said(any_of, "or")),
            Self::NoUser => f.write_str("the request would have to be without a user"),
            Self::AnotherUser => {
                f.write_str("it would have to be another user, because this one is excluded")
            }
            Self::LeaveGroups { groups } => {
                write!(f, "the user would have to leave {}, excluded from the rule", said(groups, "and"))
            }
            Self::People { groups, users } => {
                f.write_str("the user would have to be ")?;
                if !groups.is_empty() {
                    write!(f, "a member of {}", said(groups, "or"))?;
                }
                if !groups.is_empty() && !users.is_empty() {
                    f.write_str(", or to be ")?;
                }
                if users.is_empty() { Ok(()) } else { f.write_str(&said(users, "or")) }
            }
            Self::PeopleOfRule => {
                f.write_str("the rule would have to name other people, because it excludes all whom it names")
            }
            Self::Scopes { leave_out, any_of } => scopes_sentence(f, leave_out, any_of.as_deref()),
        }
    }
}

fn scopes_sentence(
    f: &mut fmt::Formatter<'_>,
    leave_out: &[String],
    any_of: Option<&[String]>,
) -> fmt::Result {
    match (leave_out, any_of) {
        ([], Some(any_of)) => {
            write!(f, "the request would have to name a scope, such as {}", said(any_of, "or"))
        }
        (left_out, Some([])) => {
            write!(f, "the rule would have to grant {}", said(left_out, "and"))
        }
        (left_out, Some(any_of)) => {
            let (left_out, instead) = (said(left_out, "and"), said(any_of, "or"));
            write!(f, "the request would have to leave out {left_out} and name {instead} instead")
        }
        (left_out, None) => {
            let noun = if left_out.len() == 1 { "scope" } else { "scopes" };
            write!(f, "the {noun} {} would have to be left out", said(left_out, "and"))
        }
    }
}

/// What would have to change for `rule` to match; nothing if it does. `asked` are the scopes that the request names.
pub(crate) fn for_rule(
    server: &AuthorizationServer,
    known: Known<'_>,
    policy: &Policy,
    rule: &Rule,
    asked: &[String],
    failed: impl Fn(Condition) -> bool,
) -> Vec<Change> {
    let facts = known.facts;
    let mut changes = Vec::new();
    if !policy.active {
        changes.push(Change::ActivatePolicy);
    }
    if let Clients::Only(clients) = &policy.clients
        && !clients.contains(&facts.client.client_id)
    {
        changes.push(Change::Client { any_of: listed(clients.iter().map(|id| known.client(id))) });
    }
    if !rule.active {
        changes.push(Change::ActivateRule);
    }
    if failed(Condition::GrantType) {
        let any_of = GrantType::ALL.iter().copied().filter(|kind| rule.grant_types.contains(*kind)).collect();
        changes.push(Change::GrantType { any_of });
    }
    if failed(Condition::People) {
        changes.extend(people(known, &rule.people));
    }
    if failed(Condition::Scopes) {
        changes.push(scopes(server, facts, asked, |scope| grants(rule, scope)));
    }
    changes
}

fn people(known: Known<'_>, people: &People) -> Vec<Change> {
    let user = known.facts.user.as_ref();
    if people.nobody {
        return vec![Change::NoUser];
    }
    let mut changes = Vec::new();
    if let Some(user) = user {
        let excluded = user.groups.iter().filter(|group| people.exclude_groups.contains(&group.id));
        let groups = listed(excluded.map(|group| known.group(group.id)));
        if people.exclude_users.contains(&user.id) {
            changes.push(Change::AnotherUser);
        }
        if !groups.is_empty() {
            changes.push(Change::LeaveGroups { groups });
        }
    }
    if people.everyone || user.is_some_and(|user| stays_included(people, user)) {
        return changes;
    }
    let groups = people.groups.difference(&people.exclude_groups).map(|id| known.group(*id));
    let users = people.users.difference(&people.exclude_users).map(|id| known.user(*id));
    let (groups, users) = (listed(groups), listed(users));
    if groups.is_empty() && users.is_empty() {
        return vec![Change::PeopleOfRule];
    }
    changes.push(Change::People { groups, users });
    changes
}

/// Whether the rule names the user also after the user left what is excluded and, if excluded, is another.
fn stays_included(people: &People, user: &UserFacts) -> bool {
    let by_name = people.users.contains(&user.id) && !people.exclude_users.contains(&user.id);
    let mut groups = user.groups.iter().map(|group| &group.id);
    by_name || groups.any(|id| people.groups.contains(id) && !people.exclude_groups.contains(id))
}

/// The scopes that would have to be left out, and what could be asked for instead if none were left.
fn scopes(
    server: &AuthorizationServer,
    facts: &Facts,
    asked: &[String],
    permitted: impl Fn(&str) -> bool,
) -> Change {
    let leave_out: Vec<String> = asked.iter().filter(|scope| !permitted(scope)).cloned().collect();
    let is_none_left = leave_out.len() == asked.len();
    Change::Scopes { leave_out, any_of: is_none_left.then(|| obtainable(server, facts, permitted)) }
}

/// Scopes of the server that such a request could name.
fn obtainable(server: &AuthorizationServer, facts: &Facts, permitted: impl Fn(&str) -> bool) -> Vec<String> {
    let service = facts.grant_type.is_without_user();
    let names = server.scopes.keys().filter(|name| {
        permitted(name)
            && !(service && model::scope::is_openid(name))
            && !consent::is_out_of_reach(server, facts, name)
    });
    let mut names: Vec<String> = names.map(ToString::to_string).collect();
    names.sort();
    names.truncate(LISTED_MAX);
    names
}

/// What would have to change for a refusal to go that no rule is to blame for.
pub(crate) fn for_refusal(
    server: &AuthorizationServer,
    facts: &Facts,
    governing: Option<&Rule>,
    refusal: &Refusal,
) -> Vec<Change> {
    let asked: &[String] = match &facts.scopes {
        Requested::Omitted => &[],
        Requested::Explicit(names) | Requested::Original(names) => names,
    };
    let permitted = |scope: &str| governing.is_none_or(|rule| grants(rule, scope));
    match refusal {
        Refusal::NoMatchingPolicy => Vec::new(),
        Refusal::NoMatchingScope => {
            vec![scopes(server, facts, asked, |scope| server.scopes.contains_key(scope))]
        }
        Refusal::OpenIdScopeForService => {
            vec![scopes(server, facts, asked, |scope| !model::scope::is_openid(scope))]
        }
        Refusal::NoDefaultScopes | Refusal::NoScopeAllowed => {
            let any_of = Some(obtainable(server, facts, permitted));
            vec![Change::Scopes { leave_out: Vec::new(), any_of }]
        }
        Refusal::ScopeDenied(denied) | Refusal::ConsentRequired(denied, _) => {
            vec![scopes(server, facts, asked, |scope| {
                permitted(scope) && !denied.iter().any(|no| no == scope)
            })]
        }
    }
}

//! Whether one policy and one rule match: four conditions, each a function of its own.

use crate::facts::{Facts, UserFacts};
use crate::server::{Clients, People, Policy, Rule, ScopeName, Scopes};

/// What a rule asks of a request, in the order in which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `conditions.grantTypes`
    GrantType,
    /// `conditions.people`
    People,
    /// `conditions.scopes`
    Scopes,
}

impl Condition {
    /// Every condition.
    pub const ALL: [Self; 3] = [Self::GrantType, Self::People, Self::Scopes];
}

/// Whether `condition` of `rule` holds. `scopes` are those that were asked for; none if the server's default
/// scopes are meant, which are filtered by the rule instead of judged by it.
pub(crate) fn holds(condition: Condition, rule: &Rule, facts: &Facts, scopes: &[ScopeName]) -> bool {
    match condition {
        Condition::GrantType => rule.grant_types.contains(facts.grant_type),
        Condition::People => people_match(&rule.people, facts.user.as_ref()),
        Condition::Scopes => scopes.iter().all(|scope| grants(rule, scope)),
    }
}

/// Whether `policy` is for this client.
pub(crate) fn is_for_client(policy: &Policy, facts: &Facts) -> bool {
    match &policy.clients {
        Clients::All => true,
        Clients::Only(clients) => clients.contains(&facts.client.client_id),
    }
}

/// Whether `rule` grants `scope`. Every scope must be listed, OpenID Connect's too (Okta's newer behaviour).
pub(crate) fn grants(rule: &Rule, scope: &str) -> bool {
    match &rule.scopes {
        Scopes::Any => true,
        Scopes::Only(listed) => listed.contains(scope),
    }
}

/// `EVERYONE` matches any user, and requests without one. Nobody named at all ("No user") matches requests
/// without a user and only those. Groups and users match only their people. Excludes win.
fn people_match(people: &People, user: Option<&UserFacts>) -> bool {
    let Some(user) = user else { return people.everyone || people.nobody };
    if people.exclude_users.contains(&user.id) {
        return false;
    }
    if user.groups.iter().any(|group| people.exclude_groups.contains(group)) {
        return false;
    }
    people.everyone
        || people.users.contains(&user.id)
        || user.groups.iter().any(|group| people.groups.contains(group))
}

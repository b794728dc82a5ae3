//! Whether one policy and one rule match: four conditions, each a function of its own.

use crate::facts::Facts;
use crate::server::{Clients, People, Policy, Rule, ScopeName, Scopes};
use crate::user_facts::UserFacts;

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

/// A set of conditions, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conditions(u8);

impl Conditions {
    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `condition` is among them.
    pub const fn contains(self, condition: Condition) -> bool {
        self.0 & (1 << condition as u8) != 0
    }

    /// Each, in the order in which they are asked.
    pub fn iter(self) -> impl Iterator<Item = Condition> {
        Condition::ALL.into_iter().filter(move |condition| self.contains(*condition))
    }
}

impl FromIterator<Condition> for Conditions {
    fn from_iter<I: IntoIterator<Item = Condition>>(iterator: I) -> Self {
        Self(iterator.into_iter().fold(0, |bits, condition| bits | 1 << condition as u8))
    }
}

/// Whether `condition` of `rule` holds. `scopes` are those that were asked for; none if the server's default
/// scopes are meant, which are filtered by the rule instead of judged by it.
pub(crate) fn holds(condition: Condition, rule: &Rule, facts: &Facts, scopes: &[ScopeName]) -> bool {
    match condition {
        Condition::GrantType => rule.grant_types.contains(facts.judged_grant_type()),
        Condition::People => people_match(&rule.people, facts.user.as_ref()),
        Condition::Scopes => scopes.iter().all(|scope| grants(rule, scope)),
    }
}

/// The conditions of `rule` that do not hold.
pub(crate) fn failed_conditions(rule: &Rule, facts: &Facts, scopes: &[ScopeName]) -> Conditions {
    Condition::ALL.into_iter().filter(|condition| !holds(*condition, rule, facts, scopes)).collect()
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
    if user.groups.iter().any(|group| people.exclude_groups.contains(&group.id)) {
        return false;
    }
    people.everyone
        || people.users.contains(&user.id)
        || user.groups.iter().any(|group| people.groups.contains(&group.id))
}

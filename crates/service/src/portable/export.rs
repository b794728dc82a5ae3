//! A server's configuration as a document: in the order in which things stand or, where order means nothing, of their
//! names, and without what is as everywhere, so that a small change is a small difference.

use std::collections::{BTreeMap, BTreeSet};

use model::policy::ClientCondition;
use model::template;

use super::document::{Claim, Client, Policy, Portable, Scope, VERSION};
use super::naming::Naming;
use super::world::World;
use super::{claims, convert, scopes};
use crate::snapshot::{PolicyEntry, ServerEntry, Snapshot};

/// The document of `entry`.
pub fn export(snapshot: &Snapshot, entry: &ServerEntry, world: &World) -> Portable {
    let naming = Naming::new(world, snapshot, Some(entry), None);
    let policies = entry.policies.iter().map(|policy| policy_with_rules(&naming, policy));
    Portable {
        tokenmint: VERSION,
        server: Some(convert::server(&naming, &entry.server.value)),
        scopes: Some(scopes(entry)),
        claims: Some(claims(entry)),
        policies: Some(policies.collect()),
        clients: not_empty(clients(snapshot, entry)),
        groups: not_empty(groups(entry, world)),
    }
}

fn not_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// Custom scopes, and system ones that differ from the template.
fn scopes(entry: &ServerEntry) -> Vec<Scope> {
    let template: Vec<_> = template::scopes(&entry.server.value).collect();
    let mut found = Vec::new();
    for scope in entry.scopes() {
        let usual = template.iter().find(|usual| usual.id == scope.value.id);
        if usual != Some(&scope.value) {
            found.push(scopes::form(usual, &scope.value));
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Custom claims, and system ones that differ from the template.
fn claims(entry: &ServerEntry) -> Vec<Claim> {
    let template: Vec<_> = template::claims(&entry.server.value).collect();
    let mut found = Vec::new();
    for claim in entry.claims() {
        let usual = template.iter().find(|usual| usual.id == claim.value.id);
        if usual != Some(&claim.value) {
            found.push(claims::form(usual, &claim.value));
        }
    }
    found.sort_by(|one, other| (&one.name, one.claim_type).cmp(&(&other.name, other.claim_type)));
    found
}

/// A policy and its rules in the document.
pub(super) fn policy_with_rules(naming: &Naming<'_>, entry: &PolicyEntry) -> Policy {
    let mut policy = convert::policy(naming, &entry.policy.value);
    policy.rules = entry.rules.iter().map(|rule| convert::rule(naming, &rule.value)).collect();
    policy
}

/// The clients that policies name and that are there, by label.
fn clients(snapshot: &Snapshot, entry: &ServerEntry) -> Vec<Client> {
    let mut clients = BTreeMap::new();
    for policy in &entry.policies {
        let ClientCondition::Only(named) = &policy.policy.value.clients else { continue };
        for app in named.iter().filter_map(|client| snapshot.client(client.as_str())) {
            let app = &app.app.value;
            clients.insert((app.label.clone(), app.client_id.clone()), convert::client(app));
        }
    }
    clients.into_values().collect()
}

/// The names of the groups that rules name and that are there.
fn groups(entry: &ServerEntry, world: &World) -> Vec<String> {
    let rules = entry.policies.iter().flat_map(|policy| &policy.rules);
    let people = rules.map(|rule| &rule.value.people);
    let groups = people.flat_map(|people| people.groups.iter().chain(&people.exclude_groups));
    let known = groups.filter(|group| world.knows_group(**group));
    let names: BTreeSet<String> = known.map(|group| world.group_name(*group)).collect();
    names.into_iter().collect()
}

//! A server's configuration as a document: in the order in which things stand or, where order means nothing, of their
//! names, and without what is as everywhere, so that a small change is a small difference.

use std::collections::{BTreeMap, BTreeSet};

use model::policy::ClientCondition;
use model::template;

use super::convert;
use super::document::{Client, Policy, Portable, VERSION};
use super::naming::Naming;
use super::world::World;
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

fn scopes(entry: &ServerEntry) -> Vec<super::Scope> {
    let template: Vec<_> = template::scopes(&entry.server.value).collect();
    let mut scopes = Vec::new();
    for scope in entry.scopes() {
        let scope = &scope.value;
        match template.iter().find(|usual| usual.id == scope.id) {
            Some(usual) if usual == scope => {}
            Some(usual) => scopes.push(convert::scope(usual, scope)),
            None => scopes.push(convert::scope(&convert::plain_scope(scope.id, scope.server, &scope.name), scope)),
        }
    }
    scopes.sort_by(|one, other| one.name.cmp(&other.name));
    scopes
}

fn claims(entry: &ServerEntry) -> Vec<super::Claim> {
    let template: Vec<_> = template::claims(&entry.server.value).collect();
    let mut claims = Vec::new();
    for claim in entry.claims() {
        let claim = &claim.value;
        match template.iter().find(|usual| usual.id == claim.id) {
            Some(usual) if usual == claim => {}
            Some(usual) => claims.push(convert::claim(usual, claim)),
            None => {
                let plain = convert::plain_claim(claim.id, claim.server, &claim.name, claim.claim_type);
                claims.push(convert::claim(&plain, claim));
            }
        }
    }
    claims.sort_by(|one, other| (&one.name, one.claim_type).cmp(&(&other.name, other.claim_type)));
    claims
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

/// The names of the groups that rules name.
fn groups(entry: &ServerEntry, world: &World) -> Vec<String> {
    let rules = entry.policies.iter().flat_map(|policy| &policy.rules);
    let people = rules.map(|rule| &rule.value.people);
    let groups = people.flat_map(|people| people.groups.iter().chain(&people.exclude_groups));
    let names: BTreeSet<String> = groups.map(|group| world.group_name(*group)).collect();
    names.into_iter().collect()
}

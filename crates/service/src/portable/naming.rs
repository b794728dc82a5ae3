//! Names in place of ids, both ways, for one configuration: of clients by label, of servers by name, of groups and users as
//! [`World`] knows them. A name is used only where it leads back to the same thing; an id stands where none does.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use model::policy::{ALL_CLIENTS, ClientCondition};
use model::rule::EVERYONE;
use model::{AppId, AuthorizationServerId, ClientId, GroupId};

use super::document::Portable;
use super::problem::did_you_mean;
use super::world::World;
use crate::snapshot::{ServerEntry, Snapshot};

/// How many unknown names of one document get a hint at what was meant: finding it takes long, and one is often enough.
const HINTS_MAX: usize = 10;
/// How many things of one name are listed.
const LISTED_MAX: usize = 5;

/// Names in one configuration.
pub(super) struct Naming<'a> {
    pub world: &'a World,
    snapshot: Snapshot,
    /// The clients that have the labels that matter here.
    labels: HashMap<String, Vec<ClientId>>,
    /// The servers of each name, unless no server trusts another.
    servers: HashMap<String, Vec<AuthorizationServerId>>,
    /// How many hints are left.
    hints: Cell<usize>,
}

impl<'a> Naming<'a> {
    /// For what `entry` and `document` name.
    pub fn new(
        world: &'a World,
        snapshot: &Snapshot,
        entry: Option<&ServerEntry>,
        document: Option<&Portable>,
    ) -> Self {
        let mut labels = HashSet::new();
        for policy in entry.iter().flat_map(|entry| &entry.policies) {
            if let ClientCondition::Only(clients) = &policy.policy.value.clients {
                let apps = clients.iter().filter_map(|client| snapshot.client(client.as_str()));
                labels.extend(apps.map(|app| app.app.value.label.as_str()));
            }
        }
        let policies = document.iter().flat_map(|document| document.policies.iter().flatten());
        labels.extend(policies.flat_map(|policy| &policy.clients).map(String::as_str));
        labels.remove(ALL_CLIENTS);
        let trusts = entry.is_some_and(|entry| !entry.server.value.trusted.is_empty())
            || document
                .and_then(|document| document.server.as_ref())
                .is_some_and(|s| !s.trusted_servers.is_empty());
        let labels = with_labels(snapshot, &labels);
        let servers = if trusts { by_name(snapshot) } else { HashMap::new() };
        Self { world, snapshot: snapshot.clone(), labels, servers, hints: Cell::new(HINTS_MAX) }
    }

    /// What somebody probably meant, as the end of a sentence: of the first unknown names only.
    pub fn meant<'c, C: Iterator<Item = &'c str>>(
        &self,
        typed: &str,
        candidates: impl FnOnce() -> C,
    ) -> String {
        let Some(left) = self.hints.get().checked_sub(1) else { return String::new() };
        self.hints.set(left);
        did_you_mean(typed, candidates())
    }

    /// The group that a text means: by id if it is one, and else by name. `known` may be gone.
    pub fn group(&self, text: &str, known: &[GroupId]) -> Result<GroupId, String> {
        self.world.group(text, known).ok_or_else(|| {
            let meant = self.meant(text, || self.world.near_groups().chain([EVERYONE]));
            format!("there is no group `{text}`{meant}")
        })
    }

    /// The name of a client: its label if that says which, and else its `client_id`.
    pub fn client_name(&self, client: &ClientId) -> String {
        let label = self.snapshot.client(client.as_str()).map(|entry| entry.app.value.label.as_str());
        match label {
            Some(label) if label != ALL_CLIENTS && self.client(label, &[]).as_ref() == Ok(client) => {
                label.to_owned()
            }
            _ => client.to_string(),
        }
    }

    /// The client that a text means: by `client_id` if it is one, and else by label. `known` may be gone. What has the form
    /// of an id is never a label: whoever labels clients could take the place of one that is gone.
    pub fn client(&self, text: &str, known: &[ClientId]) -> Result<ClientId, String> {
        let id = ClientId::new(text);
        if self.snapshot.client(text).is_some() || known.contains(&id) {
            return Ok(id);
        }
        let is_id = AppId::parse(text).is_some();
        match self.labels.get(text).filter(|_| !is_id).map(Vec::as_slice) {
            Some([one]) => Ok(one.clone()),
            Some([]) | None => {
                let labels = || self.snapshot.apps_after(None).map(|entry| entry.app.value.label.as_str());
                let meant = self.meant(text, labels);
                Err(format!("there is no client `{text}`{meant}"))
            }
            Some(several) => Err(ambiguous("clients have the label", text, "client id", several)),
        }
    }

    /// The name of a server: its name if that says which, and else its id.
    pub fn server_name(&self, id: AuthorizationServerId) -> String {
        let name = self.snapshot.server(id).map(|entry| entry.server.value.name.as_str());
        match name {
            Some(name) if self.server(name).as_ref() == Ok(&id) => name.to_owned(),
            _ => id.to_string(),
        }
    }

    /// The server that a text means: by id if it is one, and else by name.
    pub fn server(&self, text: &str) -> Result<AuthorizationServerId, String> {
        let id = AuthorizationServerId::parse(text);
        if let Some(id) = id.filter(|id| self.snapshot.server(*id).is_some()) {
            return Ok(id);
        }
        match self.servers.get(text).filter(|_| id.is_none()).map(Vec::as_slice) {
            Some([one]) => Ok(*one),
            Some([]) | None => {
                let meant = self.meant(text, || self.servers.keys().map(String::as_str));
                Err(format!("there is no authorization server `{text}`{meant}"))
            }
            Some(several) => Err(ambiguous("authorization servers have the name", text, "id", several)),
        }
    }
}

/// The servers of each name.
pub(super) fn by_name(snapshot: &Snapshot) -> HashMap<String, Vec<AuthorizationServerId>> {
    let mut servers: HashMap<String, Vec<_>> = HashMap::new();
    for entry in snapshot.servers_after(None) {
        servers.entry(entry.server.value.name.clone()).or_default().push(entry.server.value.id);
    }
    servers
}

/// The clients of each of `labels`.
fn with_labels(snapshot: &Snapshot, labels: &HashSet<&str>) -> HashMap<String, Vec<ClientId>> {
    let mut clients: HashMap<String, Vec<_>> = HashMap::new();
    if labels.is_empty() {
        return clients;
    }
    for entry in snapshot.apps_after(None) {
        let app = &entry.app.value;
        if labels.contains(app.label.as_str()) {
            clients.entry(app.label.clone()).or_default().push(app.client_id.clone());
        }
    }
    clients
}

/// Why a name does not say which thing is meant.
pub(super) fn ambiguous(what: &str, name: &str, by: &str, ids: &[impl ToString]) -> String {
    let listed: Vec<String> = ids.iter().take(LISTED_MAX).map(ToString::to_string).collect();
    let more = if ids.len() > LISTED_MAX { ", …" } else { "" };
    format!("{} {what} `{name}`: name one by its {by} ({}{more})", ids.len(), listed.join(", "))
}

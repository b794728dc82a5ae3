//! What a document's names of groups and users stand for. They are rows, so those that a document and a server name are
//! looked up before. Owns the way from a name to an id and back; leaves out clients and servers (`naming`).

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::hash::Hash;

use model::rule::{EVERYONE, People};
use model::{GroupId, UserId};

use super::document::{Policy, Portable};
use crate::admin::{group, user};
use crate::failure::Fault;
use crate::snapshot::ServerEntry;
use crate::tenant::Tenant;

/// How many different names of groups, and of users, are looked up for one document.
pub const NAMES_MAX: usize = 10_000;
/// How many unknown names are compared with those that there are, and with how many of them.
const SUGGESTIONS_MAX: usize = 10;
const NEAR_MAX: i64 = 200;

/// Names and ids of one kind of thing. Names are compared without case, as everywhere.
#[derive(Debug, Clone)]
struct Named<I> {
    names: HashMap<I, String>,
    ids: HashMap<String, I>,
}

impl<I> Default for Named<I> {
    fn default() -> Self {
        Self { names: HashMap::new(), ids: HashMap::new() }
    }
}

impl<I: Copy + Eq + Hash + Display> Named<I> {
    fn insert(&mut self, id: I, name: &str, fold: fn(&str) -> String) {
        self.ids.insert(fold(name), id);
        self.names.insert(id, name.to_owned());
    }

    /// The name, unless it could be read as something else.
    fn name_of(&self, id: I, means_else: impl Fn(&str) -> bool) -> String {
        match self.names.get(&id) {
            Some(name) if !means_else(name) => name.clone(),
            _ => id.to_string(),
        }
    }
}

/// Groups and users by name.
#[derive(Debug, Clone, Default)]
pub struct World {
    groups: Named<GroupId>,
    users: Named<UserId>,
    /// Names of groups that could be meant by those that are unknown.
    near: Vec<String>,
}

impl World {
    /// The same with one more group.
    #[must_use]
    pub fn with_group(mut self, id: GroupId, name: &str) -> Self {
        self.groups.insert(id, name, group::fold);
        self.near.push(name.to_owned());
        self
    }

    /// The same with one more user.
    #[must_use]
    pub fn with_user(mut self, id: UserId, login: &str) -> Self {
        self.users.insert(id, login, user::fold);
        self
    }

    /// What `server` and `wanted` name.
    pub async fn gather(
        tenant: &Tenant,
        server: Option<&ServerEntry>,
        wanted: Option<&Portable>,
    ) -> Result<Self, Fault> {
        let mut texts = Texts::default();
        if let Some(server) = server {
            texts.add_server(server);
        }
        if let Some(wanted) = wanted {
            texts.add_document(wanted);
        }
        let mut world = Self::default();
        world.gather_groups(tenant, &texts.groups).await?;
        for text in texts.users.iter().take(NAMES_MAX) {
            if let Some(found) = tenant.find_user(text).await? {
                world.users.insert(found.id, found.login(), user::fold);
            }
        }
        Ok(world)
    }

    /// What the names stand for, in short: another one wherever any of them stands for something else.
    pub(super) fn digest(&self) -> String {
        let groups = self.groups.ids.iter().map(|(name, id)| (id.to_string(), name));
        let users = self.users.ids.iter().map(|(name, id)| (id.to_string(), name));
        let pairs: BTreeSet<(String, &String)> = groups.chain(users).collect();
        // Written out with their lengths, so that no two lists read alike.
        let lines: Vec<String> =
            pairs.iter().map(|(id, name)| format!("{id} {} {name}", name.len())).collect();
        let digest = jose::sha256(lines.join("\n").as_bytes());
        let short = digest.first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        format!("{short:032x}")
    }

    async fn gather_groups(&mut self, tenant: &Tenant, texts: &BTreeSet<String>) -> Result<(), Fault> {
        let (store, org) = (&tenant.store, tenant.org());
        let texts = || texts.iter().take(NAMES_MAX);
        let ids: Vec<&String> = texts().filter(|text| GroupId::parse(text).is_some()).collect();
        let names: Vec<String> = texts().map(|text| group::fold(text)).collect();
        let mut rows = store.groups_among(org.as_str(), &ids).await?;
        rows.extend(store.groups_by_names(org.as_str(), &names).await?);
        for row in rows {
            let found = group::of_row(row)?;
            self.groups.insert(found.id, &found.name, group::fold);
        }
        let unknown = names.iter().filter(|name| !self.groups.ids.contains_key(*name)).take(SUGGESTIONS_MAX);
        let initials: BTreeSet<String> = unknown.map(|name| name.chars().take(1).collect()).collect();
        for initial in initials {
            let near = store.groups(org.as_str(), &initial, "", NEAR_MAX).await?;
            self.near.extend(near.into_iter().map(|row| row.name));
        }
        Ok(())
    }

    /// Whether a group is there.
    pub(super) fn knows_group(&self, id: GroupId) -> bool {
        self.groups.names.contains_key(&id)
    }

    /// The name of a group: its id if it is gone.
    pub(super) fn group_name(&self, id: GroupId) -> String {
        self.groups.name_of(id, |name| name == EVERYONE || GroupId::parse(name).is_some())
    }

    /// The name of a user: the id if the user is gone.
    pub(super) fn user_name(&self, id: UserId) -> String {
        self.users.name_of(id, |name| UserId::parse(name).is_some())
    }

    /// Names of groups that could be meant by unknown ones.
    pub(super) fn near_groups(&self) -> impl Iterator<Item = &str> {
        self.near.iter().map(String::as_str)
    }

    /// The group that a text means: by id if it has the form of one, and else by name. `known` may be gone. An id is never
    /// taken for a name: whoever names groups could take the place of one that is gone.
    pub(super) fn group(&self, text: &str, known: &[GroupId]) -> Option<GroupId> {
        match GroupId::parse(text) {
            Some(id) => Some(id).filter(|id| known.contains(id) || self.groups.names.contains_key(id)),
            None => self.groups.ids.get(&group::fold(text)).copied(),
        }
    }

    /// The user that a text means: by id if it has the form of one, and else by login. `known` may be gone.
    pub(super) fn user(&self, text: &str, known: &[UserId]) -> Result<UserId, String> {
        let found = match UserId::parse(text) {
            Some(id) => Some(id).filter(|id| known.contains(id) || self.users.names.contains_key(id)),
            None => self.users.ids.get(&user::fold(text)).copied(),
        };
        found.ok_or_else(|| format!("there is no user `{text}`"))
    }
}

/// What is to be looked up: names, and ids.
#[derive(Debug, Default)]
struct Texts {
    groups: BTreeSet<String>,
    users: BTreeSet<String>,
}

impl Texts {
    fn add_server(&mut self, server: &ServerEntry) {
        for rule in server.policies.iter().flat_map(|policy| &policy.rules) {
            let People { groups, exclude_groups, users, exclude_users, .. } = &rule.value.people;
            self.groups.extend(groups.iter().chain(exclude_groups).map(ToString::to_string));
            self.users.extend(users.iter().chain(exclude_users).map(ToString::to_string));
        }
    }

    fn add_document(&mut self, document: &Portable) {
        for rule in document.policies.iter().flatten().flat_map(|policy: &Policy| &policy.rules) {
            let people = &rule.people;
            let groups = people.groups.iter().chain(&people.exclude_groups);
            self.groups.extend(groups.filter(|text| *text != EVERYONE).cloned());
            self.users.extend(people.users.iter().chain(&people.exclude_users).cloned());
        }
    }
}

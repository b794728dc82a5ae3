//! What people call the groups, users and clients that a server's conditions know by id: so that an explanation can be
//! read. Names are looked up as they are now, and who is gone has none.

use std::collections::{BTreeSet, HashMap};

use engine::explanation;
use model::{ClientId, GroupId, UserId};

use crate::admin::group;
use crate::failure::Fault;
use crate::snapshot::{ServerEntry, Snapshot};
use crate::tenant::Tenant;

/// How many groups, and how many users, are looked up for one explanation. The others are called by their ids.
const LOOKED_UP_MAX: usize = 256;

/// Names by id.
#[derive(Debug, Clone, Default)]
pub struct Names {
    groups: HashMap<GroupId, String>,
    users: HashMap<UserId, String>,
}

impl Names {
    /// The names of the groups and users that `server` names.
    pub async fn of_server(tenant: &Tenant, server: &ServerEntry) -> Result<Self, Fault> {
        let (mut groups, mut users) = (BTreeSet::new(), BTreeSet::new());
        for rule in server.policies.iter().flat_map(|policy| &policy.rules) {
            let people = &rule.value.people;
            groups.extend(people.groups.iter().chain(&people.exclude_groups).copied());
            users.extend(people.users.iter().chain(&people.exclude_users).copied());
        }
        let mut names = Self::default();
        let groups: Vec<String> = groups.iter().take(LOOKED_UP_MAX).map(ToString::to_string).collect();
        for row in tenant.store.groups_among(tenant.org().as_str(), &groups).await? {
            let group = group::of_row(row)?;
            names.groups.insert(group.id, group.name);
        }
        for id in users.into_iter().take(LOOKED_UP_MAX) {
            if let Some(user) = tenant.find_user(id.as_str()).await? {
                names.users.insert(id, user.login().to_owned());
            }
        }
        Ok(names)
    }

    /// Adds the login of one more user.
    pub fn add_user(&mut self, id: UserId, login: &str) {
        self.users.insert(id, login.to_owned());
    }

    /// Adds the name of one more group.
    pub fn add_group(&mut self, id: GroupId, name: &str) {
        self.groups.insert(id, name.to_owned());
    }
}

/// The names that are known at a configuration.
pub(crate) struct NamesAt<'a> {
    pub names: &'a Names,
    pub snapshot: &'a Snapshot,
}

impl explanation::Names for NamesAt<'_> {
    fn group(&self, id: GroupId) -> Option<String> {
        self.names.groups.get(&id).cloned()
    }

    fn user(&self, id: UserId) -> Option<String> {
        self.names.users.get(&id).cloned()
    }

    fn client(&self, id: &ClientId) -> Option<String> {
        self.snapshot.client(id.as_str()).map(|entry| entry.app.value.label.clone())
    }
}

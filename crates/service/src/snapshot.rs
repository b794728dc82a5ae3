//! The whole configuration of one organization as a value.
//!
//! A snapshot is immutable and cheap to clone: its maps share structure, so that a change costs what it touches
//! and not what there is. A request decides on exactly one snapshot; a [`crate::configuration::Draft`] is a
//! snapshot with changes that are not committed yet, and what-if is a draft that never will be.

use std::sync::{Arc, OnceLock};

use model::app::ClientId;
use model::grant_type::GrantTypes;
use model::{
    App, AppId, AuthorizationServer, AuthorizationServerId, Claim, ClaimId, Document, Kind, Org, OrgId,
    Policy, PolicyId, Rule, RuleId, Scope, ScopeId, template,
};
use rpds::{HashTrieMapSync, RedBlackTreeMapSync};

use crate::admin::jwk;
use crate::client_keys::ClientKeys;
use crate::client_secret::ClientSecret;
use crate::signing_key::SigningKeys;

/// An object and the revision at which it changed last, which is its `ETag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The object.
    pub value: T,
    /// The org's revision at which it changed last; 0 for what has never been stored (an unedited system scope).
    pub revision: u64,
}

/// A policy and its rules, in the order of their priorities.
#[derive(Debug, Clone)]
pub struct PolicyEntry {
    /// The policy.
    pub policy: Arc<Versioned<Policy>>,
    /// Its rules.
    pub rules: Vec<Arc<Versioned<Rule>>>,
}

/// An authorization server with everything that belongs to it.
#[derive(Debug)]
pub struct ServerEntry {
    /// The server.
    pub server: Arc<Versioned<AuthorizationServer>>,
    /// Its policies, in the order of their priorities.
    pub policies: Vec<PolicyEntry>,
    /// Its keys.
    pub keys: Arc<SigningKeys>,
    /// Custom scopes and edited system scopes, by id.
    stored_scopes: Vec<Arc<Versioned<Scope>>>,
    /// Custom claims and edited system claims, by id.
    stored_claims: Vec<Arc<Versioned<Claim>>>,
    /// Made on first use.
    compiled: OnceLock<Arc<engine::AuthorizationServer>>,
}

impl Clone for ServerEntry {
    /// A clone is about to be changed, so it starts uncompiled.
    fn clone(&self) -> Self {
        Self {
            server: Arc::clone(&self.server),
            policies: self.policies.clone(),
            keys: Arc::clone(&self.keys),
            stored_scopes: self.stored_scopes.clone(),
            stored_claims: self.stored_claims.clone(),
            compiled: OnceLock::new(),
        }
    }
}

impl ServerEntry {
    fn new(server: Arc<Versioned<AuthorizationServer>>) -> Self {
        Self {
            server,
            policies: Vec::new(),
            keys: Arc::default(),
            stored_scopes: Vec::new(),
            stored_claims: Vec::new(),
            compiled: OnceLock::new(),
        }
    }

    /// Every scope, by id: the system ones as edited, then the custom ones.
    pub fn scopes(&self) -> Vec<Arc<Versioned<Scope>>> {
        let system = template::scopes(&self.server.value).map(|scope| (scope.id, scope));
        merge(system, &self.stored_scopes, |scope| scope.id)
    }

    /// Every claim, by id: the system ones as edited, then the custom ones.
    pub fn claims(&self) -> Vec<Arc<Versioned<Claim>>> {
        let system = template::claims(&self.server.value).map(|claim| (claim.id, claim));
        merge(system, &self.stored_claims, |claim| claim.id)
    }

    /// One scope.
    pub fn find_scope(&self, id: ScopeId) -> Option<Arc<Versioned<Scope>>> {
        self.scopes().into_iter().find(|scope| scope.value.id == id)
    }

    /// One claim.
    pub fn find_claim(&self, id: ClaimId) -> Option<Arc<Versioned<Claim>>> {
        self.claims().into_iter().find(|claim| claim.value.id == id)
    }

    /// One policy.
    pub fn find_policy(&self, id: PolicyId) -> Option<&PolicyEntry> {
        self.policies.iter().find(|entry| entry.policy.value.id == id)
    }

    /// One rule of one policy.
    pub fn find_rule(&self, policy: PolicyId, id: RuleId) -> Option<&Arc<Versioned<Rule>>> {
        self.find_policy(policy)?.rules.iter().find(|rule| rule.value.id == id)
    }

    /// Every stored document that belongs to the server, rules before their policies.
    pub(crate) fn stored_children(&self) -> Vec<Document> {
        let rules =
            self.policies.iter().flat_map(|entry| &entry.rules).map(|r| Document::Rule(r.value.clone()));
        let policies = self.policies.iter().map(|entry| Document::Policy(entry.policy.value.clone()));
        let scopes = self.stored_scopes.iter().map(|scope| Document::Scope(scope.value.clone()));
        let claims = self.stored_claims.iter().map(|claim| Document::Claim(claim.value.clone()));
        rules.chain(policies).chain(scopes).chain(claims).collect()
    }

    /// The server compiled for deciding; compiled once, on first use.
    pub fn compiled(&self, org: &Org) -> Arc<engine::AuthorizationServer> {
        Arc::clone(self.compiled.get_or_init(|| {
            let policies = self.policies.iter().map(|entry| {
                let rules = entry.rules.iter().map(|rule| &rule.value).collect::<Vec<_>>();
                (&entry.policy.value, rules)
            });
            let (scopes, claims) = (self.scopes(), self.claims());
            Arc::new(engine::AuthorizationServer::compile(
                org,
                &self.server.value,
                policies,
                scopes.iter().map(|scope| &scope.value),
                claims.iter().map(|claim| &claim.value),
            ))
        }))
    }

    fn put_policy(&mut self, policy: Arc<Versioned<Policy>>) {
        match self.policies.iter_mut().find(|entry| entry.policy.value.id == policy.value.id) {
            Some(entry) => entry.policy = policy,
            None => self.policies.push(PolicyEntry { policy, rules: Vec::new() }),
        }
        self.policies.sort_by_key(|entry| (entry.policy.value.priority, entry.policy.value.id));
    }

    fn put_rule(&mut self, rule: Arc<Versioned<Rule>>) {
        let Some(entry) = self.policies.iter_mut().find(|entry| entry.policy.value.id == rule.value.policy)
        else {
            return;
        };
        // They lie by priority, not by id.
        match entry.rules.iter_mut().find(|other| other.value.id == rule.value.id) {
            Some(slot) => *slot = rule,
            None => entry.rules.push(rule),
        }
        entry.rules.sort_by_key(|rule| (rule.value.priority, rule.value.id));
    }

    fn delete_rule(&mut self, id: &str) {
        for entry in &mut self.policies {
            entry.rules.retain(|rule| rule.value.id.as_str() != id);
        }
    }
}

/// Whether the app's `client_id` is its id: so it is unless an admin chose another, and then it needs no index.
fn is_own_id(app: &App) -> bool {
    app.client_id.as_str() == app.id.as_str()
}

/// System things as edited, in the order of the template, then the custom ones by id.
fn merge<T: Clone, I: Ord + Copy>(
    system: impl Iterator<Item = (I, T)>,
    stored: &[Arc<Versioned<T>>],
    id: impl Fn(&T) -> I,
) -> Vec<Arc<Versioned<T>>> {
    let system: Vec<(I, T)> = system.collect();
    let is_system = |value: &T| system.iter().any(|(system_id, _)| *system_id == id(value));
    let edited = |wanted: I| stored.iter().find(|value| id(&value.value) == wanted).map(Arc::clone);
    let custom: Vec<_> = stored.iter().filter(|value| !is_system(&value.value)).map(Arc::clone).collect();
    let untouched = |value: T| Arc::new(Versioned { value, revision: 0 });
    let first = system.iter().map(|(id, value)| edited(*id).unwrap_or_else(|| untouched(value.clone())));
    first.chain(custom).collect()
}

fn find<'a, T: Clone + 'a>(
    list: impl IntoIterator<Item = &'a Arc<Versioned<T>>>,
    is_wanted: impl Fn(&T) -> bool,
) -> Option<T> {
    list.into_iter().map(|versioned| &versioned.value).find(|value| is_wanted(value)).cloned()
}

fn put_by_id<T, I: Ord>(list: &mut Vec<Arc<Versioned<T>>>, value: Arc<Versioned<T>>, id: impl Fn(&T) -> I) {
    match list.binary_search_by(|other| id(&other.value).cmp(&id(&value.value))) {
        Ok(at) => {
            if let Some(slot) = list.get_mut(at) {
                *slot = value;
            }
        }
        Err(at) => list.insert(at, value),
    }
}

/// An app with what authentication needs.
#[derive(Debug, Clone)]
pub struct AppEntry {
    /// The app.
    pub app: Arc<Versioned<App>>,
    /// Its secrets, oldest first.
    pub secrets: Vec<Arc<ClientSecret>>,
    /// The grants that it may use.
    pub grant_types: GrantTypes,
    /// The keys that it registered, read on first use.
    keys: Arc<OnceLock<ClientKeys>>,
}

impl AppEntry {
    /// The keys that the app registered, ready to verify; none if it publishes them elsewhere or has none.
    pub fn registered_keys(&self) -> &ClientKeys {
        self.keys.get_or_init(|| ClientKeys::registered(jwk::list(self)))
    }
}

/// The configuration of one organization at one revision.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Whose.
    pub org_id: OrgId,
    /// At which revision.
    pub revision: u64,
    org: Arc<Versioned<Org>>,
    servers: RedBlackTreeMapSync<AuthorizationServerId, Arc<ServerEntry>>,
    default_server: Option<AuthorizationServerId>,
    apps: RedBlackTreeMapSync<AppId, Arc<AppEntry>>,
    /// The apps whose `client_id` is not their own id.
    clients: HashTrieMapSync<ClientId, AppId>,
}

impl Snapshot {
    /// An org without anything.
    pub fn empty(org: Org) -> Self {
        Self {
            org_id: org.id,
            revision: 0,
            org: Arc::new(Versioned { value: org, revision: 0 }),
            servers: RedBlackTreeMapSync::new_sync(),
            default_server: None,
            apps: RedBlackTreeMapSync::new_sync(),
            clients: HashTrieMapSync::new_sync(),
        }
    }

    /// The org's settings.
    pub fn org(&self) -> &Org {
        &self.org.value
    }

    /// The server that a path names: by id, or `default`.
    pub fn find_server(&self, path_segment: &str) -> Option<&Arc<ServerEntry>> {
        let id = match path_segment {
            model::authorization_server::DEFAULT => self.default_server?,
            id => AuthorizationServerId::parse(id)?,
        };
        self.servers.get(&id)
    }

    /// The server with this id.
    pub fn server(&self, id: AuthorizationServerId) -> Option<&Arc<ServerEntry>> {
        self.servers.get(&id)
    }

    /// Every server whose id is greater than `after`, by id, which is the order of their creation.
    pub fn servers_after(
        &self,
        after: Option<AuthorizationServerId>,
    ) -> impl Iterator<Item = &Arc<ServerEntry>> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.servers.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(_, entry)| entry)
    }

    /// How many servers there are.
    pub fn server_count(&self) -> usize {
        self.servers.size()
    }

    /// How many apps there are.
    pub fn app_count(&self) -> usize {
        self.apps.size()
    }

    /// The app with this id.
    pub fn app(&self, id: AppId) -> Option<&Arc<AppEntry>> {
        self.apps.get(&id)
    }

    /// Every app whose id is greater than `after`, by id, which is the order of their creation.
    pub fn apps_after(&self, after: Option<AppId>) -> impl Iterator<Item = &Arc<AppEntry>> {
        use std::ops::Bound::{Excluded, Unbounded};
        self.apps.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(_, entry)| entry)
    }

    /// The app whose `client_id` this is.
    pub fn client(&self, client_id: &str) -> Option<&Arc<AppEntry>> {
        if let Some(id) = self.clients.get(client_id) {
            return self.apps.get(id);
        }
        self.app(AppId::parse(client_id)?).filter(|entry| is_own_id(&entry.app.value))
    }

    /// The document as it is now; `parent` is the server of what belongs to one.
    pub(crate) fn find_document(&self, kind: Kind, id: &str, parent: &str) -> Option<Document> {
        let server = || self.servers.get(&AuthorizationServerId::parse(parent)?);
        match kind {
            Kind::Org => Some(Document::Org(self.org.value.clone())),
            Kind::AuthorizationServer => {
                let entry = self.servers.get(&AuthorizationServerId::parse(id)?)?;
                Some(Document::AuthorizationServer(entry.server.value.clone()))
            }
            Kind::App => {
                let entry = self.apps.get(&AppId::parse(id)?)?;
                Some(Document::App(Box::new(entry.app.value.clone())))
            }
            Kind::Policy => {
                let entry = server()?.find_policy(PolicyId::parse(id)?)?;
                Some(Document::Policy(entry.policy.value.clone()))
            }
            Kind::Rule => {
                let rules = server()?.policies.iter().flat_map(|entry| &entry.rules);
                find(rules, |rule| rule.id.as_str() == id).map(Document::Rule)
            }
            Kind::Scope => {
                find(&server()?.stored_scopes, |scope| scope.id.as_str() == id).map(Document::Scope)
            }
            Kind::Claim => {
                find(&server()?.stored_claims, |claim| claim.id.as_str() == id).map(Document::Claim)
            }
        }
    }

    /// Puts `document`, as of `revision`.
    pub(crate) fn put(&mut self, document: Document, revision: u64) {
        match document {
            Document::Org(value) => self.org = Arc::new(Versioned { value, revision }),
            Document::AuthorizationServer(value) => self.put_server(Versioned { value, revision }),
            Document::Policy(value) => {
                let server = value.server;
                self.edit_server(server, |entry| entry.put_policy(Arc::new(Versioned { value, revision })));
            }
            Document::Rule(value) => {
                let server = value.server;
                self.edit_server(server, |entry| entry.put_rule(Arc::new(Versioned { value, revision })));
            }
            Document::Scope(value) => {
                let server = value.server;
                let value = Arc::new(Versioned { value, revision });
                self.edit_server(server, |entry| {
                    put_by_id(&mut entry.stored_scopes, value, |scope| scope.id);
                });
            }
            Document::Claim(value) => {
                let server = value.server;
                let value = Arc::new(Versioned { value, revision });
                self.edit_server(server, |entry| {
                    put_by_id(&mut entry.stored_claims, value, |claim| claim.id);
                });
            }
            Document::App(value) => self.put_app(Versioned { value: *value, revision }),
        }
    }

    /// Takes a document away; `parent` is the server of what belongs to one.
    pub(crate) fn delete(&mut self, kind: Kind, id: &str, parent: &str) {
        let server = AuthorizationServerId::parse(parent);
        let edit: fn(&mut ServerEntry, &str) = match kind {
            Kind::Org => return,
            Kind::AuthorizationServer => {
                if let Some(id) = AuthorizationServerId::parse(id) {
                    self.servers.remove_mut(&id);
                }
                return;
            }
            Kind::App => return self.delete_app(id),
            Kind::Policy => |entry, id| entry.policies.retain(|policy| policy.policy.value.id.as_str() != id),
            Kind::Rule => ServerEntry::delete_rule,
            Kind::Scope => |entry, id| entry.stored_scopes.retain(|scope| scope.value.id.as_str() != id),
            Kind::Claim => |entry, id| entry.stored_claims.retain(|claim| claim.value.id.as_str() != id),
        };
        if let Some(server) = server {
            self.edit_server(server, |entry| edit(entry, id));
        }
    }

    /// Replaces the keys of a server.
    pub(crate) fn put_keys(&mut self, server: AuthorizationServerId, keys: SigningKeys) {
        self.edit_server(server, |entry| entry.keys = Arc::new(keys));
    }

    /// Replaces the secrets of an app.
    pub(crate) fn put_secrets(&mut self, app: AppId, secrets: Vec<Arc<ClientSecret>>) {
        if let Some(entry) = self.apps.get_mut(&app) {
            Arc::make_mut(entry).secrets = secrets;
        }
    }

    fn put_server(&mut self, server: Versioned<AuthorizationServer>) {
        let id = server.value.id;
        if server.value.default {
            self.default_server = Some(id);
        }
        let server = Arc::new(server);
        if self.servers.contains_key(&id) {
            self.edit_server(id, |entry| entry.server = server);
        } else {
            self.servers.insert_mut(id, Arc::new(ServerEntry::new(server)));
        }
    }

    fn edit_server(&mut self, id: AuthorizationServerId, edit: impl FnOnce(&mut ServerEntry)) {
        if let Some(entry) = self.servers.get_mut(&id) {
            // Nobody else has it while a start puts one thing after the other; otherwise it is cloned.
            let entry = Arc::make_mut(entry);
            entry.compiled = OnceLock::new();
            edit(entry);
        }
    }

    fn put_app(&mut self, app: Versioned<App>) {
        let id = app.value.id;
        if !is_own_id(&app.value) {
            self.clients.insert_mut(app.value.client_id.clone(), id);
        }
        let grant_types = app.value.oauth.grant_types.iter().copied().collect();
        let secrets = self.apps.get(&id).map(|entry| entry.secrets.clone()).unwrap_or_default();
        self.apps.insert_mut(
            id,
            Arc::new(AppEntry { app: Arc::new(app), secrets, grant_types, keys: Arc::default() }),
        );
    }

    fn delete_app(&mut self, id: &str) {
        let Some(id) = AppId::parse(id) else { return };
        if let Some(entry) = self.apps.get(&id) {
            self.clients.remove_mut(entry.app.value.client_id.as_str());
            self.apps.remove_mut(&id);
        }
    }
}

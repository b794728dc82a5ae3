//! Access policies of a server, in their order.

use std::sync::Arc;

use model::event::EventType;
use model::policy::{ClientCondition, POLICIES_MAX};
use model::{AuthorizationServerId, ClientId, Document, Policy, PolicyId, Status};

use crate::admin::authorization_server;
use crate::admin::{Precondition, Refusal, order};
use crate::configuration::{Asked, Draft};
use crate::failure::Failure;
use crate::snapshot::{PolicyEntry, ServerEntry, Snapshot, Versioned};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// What an admin says of a policy.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// A description.
    pub description: Option<String>,
    /// Where it stands; absent keeps the place, or is last for a new one.
    pub priority: Option<u32>,
    /// Active or not; absent keeps what is.
    pub status: Option<Status>,
    /// Whom it is for; absent keeps what is, or is all clients for a new one.
    pub clients: Option<ClientCondition>,
}

/// A policy of a server; one of another server is not there.
pub fn get(server: &ServerEntry, id: &str) -> Result<PolicyEntry, Refusal> {
    let entry = PolicyId::parse(id).and_then(|id| server.find_policy(id));
    entry.cloned().ok_or_else(|| Refusal::not_found(id, kind::POLICY))
}

/// Creates a policy at the place that it asks for; those behind it move.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    settings: Settings,
) -> Result<Arc<Versioned<Policy>>, Failure<Refusal>> {
    let id = PolicyId::mint(tenant.ids.next(asked.now));
    tenant.configuration.change(asked, move |draft| add(draft, &server, id, &settings)).await
}

/// Makes a policy in a draft.
pub(crate) fn add(
    draft: &mut Draft,
    server: &str,
    id: PolicyId,
    settings: &Settings,
) -> Result<Arc<Versioned<Policy>>, Refusal> {
    let entry = authorization_server::get(draft.snapshot(), server)?;
    if entry.policies.len() >= POLICIES_MAX {
        return Err(Refusal::invalid(
            "policies",
            format_args!("A server has at most {POLICIES_MAX} policies"),
        ));
    }
    let policy = Policy {
        id,
        server: entry.server.value.id,
        status: Status::Active,
        name: String::new(),
        description: None,
        priority: order::priority(entry.policies.len()),
        system: false,
        clients: ClientCondition::All,
        created: draft.now,
        last_updated: draft.now,
        tokens_valid_from: None,
    };
    update(draft, policy, settings, EventType::PolicyCreated)
}

/// Replaces what an admin may say of a policy.
pub async fn replace(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    id: String,
    settings: Settings,
    precondition: Precondition,
) -> Result<Arc<Versioned<Policy>>, Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let policy = find(draft.snapshot(), &server, &id, &precondition)?;
            update(draft, policy, &settings, EventType::PolicyUpdated)
        })
        .await
}

fn find(snapshot: &Snapshot, server: &str, id: &str, precondition: &Precondition) -> Result<Policy, Refusal> {
    let entry = get(&*authorization_server::get(snapshot, server)?, id)?;
    precondition.check(entry.policy.revision)?;
    Ok(entry.policy.value.clone())
}

impl Settings {
    /// The policy as it will be at `revision`, but for its place.
    pub(crate) fn apply_to(&self, policy: &mut Policy, revision: u64) {
        policy.name.clone_from(&self.name);
        policy.description = self.description.clone().filter(|text| !text.is_empty());
        set_status_of(policy, self.status.unwrap_or(policy.status), revision);
        policy.clients = self.clients.clone().unwrap_or_else(|| policy.clients.clone());
    }
}

/// Replaces in a draft what an admin may say of `policy`, which may be new.
pub(crate) fn update(
    draft: &mut Draft,
    mut policy: Policy,
    settings: &Settings,
    event_type: EventType,
) -> Result<Arc<Versioned<Policy>>, Refusal> {
    let known = named_clients(&policy.clients);
    settings.apply_to(&mut policy, draft.snapshot().revision);
    policy.last_updated = draft.now;
    policy.validate()?;
    let added = named_clients(&policy.clients).into_iter().filter(|client| !known.contains(client));
    for client in added {
        if draft.snapshot().client(client.as_str()).is_none() {
            return Err(Refusal::invalid(
                "conditions.clients.include",
                format_args!("There is no client `{client}`"),
            ));
        }
    }
    draft.log(event_type, [target::policy(&policy), target::server_of(draft.snapshot(), policy.server)]);
    let (server, id) = (policy.server, policy.id);
    place(draft, policy, settings.priority)?;
    let entry = get(&*authorization_server::get(draft.snapshot(), server.as_str())?, id.as_str())?;
    Ok(entry.policy)
}

/// Gives a policy its status. The tokens of one that is deactivated are over, and stay so.
fn set_status_of(policy: &mut Policy, status: Status, revision: u64) {
    if status == Status::Inactive && policy.status.is_active() {
        policy.tokens_valid_from = Some(revision);
    }
    policy.status = status;
}

/// References that were there before may stay, even to what is gone; new ones must exist.
fn named_clients(condition: &ClientCondition) -> Vec<ClientId> {
    match condition {
        ClientCondition::All => Vec::new(),
        ClientCondition::Only(clients) => clients.clone(),
    }
}

/// Puts `policy` where it asks to stand and closes up the others.
fn place(draft: &mut Draft, policy: Policy, priority: Option<u32>) -> Result<(), Refusal> {
    let server = policy.server;
    let entry = authorization_server::get(draft.snapshot(), server.as_str())?;
    let mut policies: Vec<PolicyId> = entry.policies.iter().map(|other| other.policy.value.id).collect();
    drop(entry);
    let stood = policies.iter().position(|other| *other == policy.id);
    policies.retain(|other| *other != policy.id);
    let index = match (priority, stood) {
        (None, Some(stood)) => stood,
        (priority, _) => order::place(priority, policies.len()),
    };
    policies.insert(index, policy.id);
    draft.put(Document::Policy(Policy { priority: order::priority(index), ..policy }));
    arrange(draft, server, &policies);
    Ok(())
}

/// Puts the policies of a server in this order.
pub(crate) fn arrange(draft: &mut Draft, server: AuthorizationServerId, order: &[PolicyId]) {
    let Some(entry) = draft.snapshot().server(server) else { return };
    let policies: Vec<_> = entry.policies.iter().map(|entry| Arc::clone(&entry.policy)).collect();
    for (index, id) in order.iter().enumerate() {
        let is_it = |policy: &&Arc<Versioned<Policy>>| policy.value.id == *id;
        // Most stand where they stood.
        let policy = policies.get(index).filter(is_it).or_else(|| policies.iter().find(is_it));
        let priority = order::priority(index);
        if let Some(policy) = policy.filter(|policy| policy.value.priority != priority) {
            draft.put(Document::Policy(Policy { priority, ..policy.value.clone() }));
        }
    }
}

/// Activates or deactivates a policy.
pub async fn set_status(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    id: String,
    status: Status,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let mut policy = find(draft.snapshot(), &server, &id, &Precondition::Any)?;
            if policy.status == status {
                return Ok(());
            }
            set_status_of(&mut policy, status, draft.snapshot().revision);
            policy.last_updated = draft.now;
            let event_type = match status {
                Status::Active => EventType::PolicyActivated,
                Status::Inactive => EventType::PolicyDeactivated,
            };
            draft.log(
                event_type,
                [target::policy(&policy), target::server_of(draft.snapshot(), policy.server)],
            );
            draft.put(Document::Policy(policy));
            Ok(())
        })
        .await
}

/// Deletes a policy and its rules; those behind it close up.
pub async fn delete(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    id: String,
    precondition: Precondition,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let policy = find(draft.snapshot(), &server, &id, &precondition)?;
            remove(draft, policy)
        })
        .await
}

/// Takes a policy and its rules out of a draft; those behind it close up.
pub(crate) fn remove(draft: &mut Draft, policy: Policy) -> Result<(), Refusal> {
    if policy.system {
        return Err(Refusal::invalid("system", "A system policy cannot be deleted"));
    }
    let server = policy.server;
    let entry = get(&*authorization_server::get(draft.snapshot(), server.as_str())?, policy.id.as_str())?;
    for rule in &entry.rules {
        draft.delete(Document::Rule(rule.value.clone()));
    }
    draft.log(
        EventType::PolicyDeleted,
        [target::policy(&policy), target::server_of(draft.snapshot(), server)],
    );
    draft.delete(Document::Policy(policy));
    let left = authorization_server::get(draft.snapshot(), server.as_str())?;
    let order: Vec<PolicyId> = left.policies.iter().map(|other| other.policy.value.id).collect();
    arrange(draft, server, &order);
    Ok(())
}

//! Rules of a policy, in their order.

use std::sync::Arc;

use model::event::EventType;
use model::rule::{Lifetimes, People, RULES_MAX, ScopeCondition};
use model::{AuthorizationServerId, Document, GrantType, GroupId, PolicyId, Rule, RuleId, Status, UserId};

use crate::admin::{Precondition, Refusal, authorization_server, order, policy};
use crate::configuration::{Asked, Draft};
use crate::failure::Failure;
use crate::snapshot::{PolicyEntry, ServerEntry, Snapshot, Versioned};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// What an admin says of a rule.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// Where it stands; absent keeps the place, or is last for a new one.
    pub priority: Option<u32>,
    /// Active or not; absent keeps what is.
    pub status: Option<Status>,
    /// The grants that it is for.
    pub grant_types: Vec<GrantType>,
    /// The people that it is for.
    pub people: People,
    /// The scopes that it grants.
    pub scopes: ScopeCondition,
    /// How long the tokens last.
    pub lifetimes: Lifetimes,
    /// A rule may name a hook only where hooks exist, and they do not yet.
    pub inline_hook: Option<String>,
}

/// Which rule: the server's path segment, the policy and the rule.
#[derive(Debug, Clone)]
pub struct Path {
    /// The server: its id or `default`.
    pub server: String,
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
}

/// A rule of a policy; one of another policy is not there.
pub fn get(policy: &PolicyEntry, id: &str) -> Result<Arc<Versioned<Rule>>, Refusal> {
    let rule = policy.rules.iter().find(|rule| rule.value.id.as_str() == id);
    rule.cloned().ok_or_else(|| Refusal::not_found(id, kind::RULE))
}

fn find_policy(snapshot: &Snapshot, path: &Path) -> Result<PolicyEntry, Refusal> {
    policy::get(&*authorization_server::get(snapshot, &path.server)?, &path.policy)
}

fn find(snapshot: &Snapshot, path: &Path, precondition: &Precondition) -> Result<Rule, Refusal> {
    let rule = get(&find_policy(snapshot, path)?, &path.rule)?;
    precondition.check(rule.revision)?;
    Ok(rule.value.clone())
}

/// Creates a rule at the place that it asks for; those behind it move.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    mut path: Path,
    settings: Settings,
) -> Result<Arc<Versioned<Rule>>, Failure<Refusal>> {
    let id = RuleId::mint(tenant.ids.next(asked.now));
    path.rule = id.to_string();
    require_people(tenant, &settings.people, &People::default()).await?;
    tenant.configuration.change(asked, move |draft| add(draft, &path, id, &settings)).await
}

/// Makes a rule in a draft. Whether groups and users exist was asked before: they are rows.
pub(crate) fn add(
    draft: &mut Draft,
    path: &Path,
    id: RuleId,
    settings: &Settings,
) -> Result<Arc<Versioned<Rule>>, Refusal> {
    let entry = find_policy(draft.snapshot(), path)?;
    if entry.rules.len() >= RULES_MAX {
        return Err(Refusal::invalid("rules", format_args!("A policy has at most {RULES_MAX} rules")));
    }
    let rule = Rule {
        id,
        server: entry.policy.value.server,
        policy: entry.policy.value.id,
        status: Status::Active,
        name: String::new(),
        priority: order::priority(entry.rules.len()),
        system: false,
        grant_types: Vec::new(),
        people: People::default(),
        scopes: ScopeCondition::Only(Vec::new()),
        lifetimes: Lifetimes::default(),
        created: draft.now,
        last_updated: draft.now,
    };
    update(draft, rule, settings, EventType::RuleAdded)
}

/// Replaces what an admin may say of a rule.
pub async fn replace(
    tenant: &Tenant,
    asked: Asked,
    path: Path,
    settings: Settings,
    precondition: Precondition,
) -> Result<Arc<Versioned<Rule>>, Failure<Refusal>> {
    let known = find(&tenant.configuration.current(), &path, &precondition).map_err(Failure::Refused)?;
    require_people(tenant, &settings.people, &known.people).await?;
    tenant
        .configuration
        .change(asked, move |draft| {
            let rule = find(draft.snapshot(), &path, &precondition)?;
            update(draft, rule, &settings, EventType::RuleUpdated)
        })
        .await
}

/// New references to groups and users must exist; those that were there before may stay, even to what is gone.
/// They are rows of their own, so they are looked up before the change: what is deleted meanwhile matches nobody.
async fn require_people(tenant: &Tenant, people: &People, known: &People) -> Result<(), Failure<Refusal>> {
    let named =
        |people: &People| people.groups.iter().chain(&people.exclude_groups).copied().collect::<Vec<_>>();
    let known_groups = named(known);
    let added: Vec<GroupId> =
        named(people).into_iter().filter(|group| !known_groups.contains(group)).collect();
    if let Some(missing) = tenant.missing_group(&added).await? {
        let message = format!("There is no group `{missing}`");
        return Err(Failure::Refused(Refusal::invalid("conditions.people.groups", message)));
    }
    let known_users: Vec<UserId> = known.users.iter().chain(&known.exclude_users).copied().collect();
    for user in people.users.iter().chain(&people.exclude_users).filter(|user| !known_users.contains(user)) {
        if tenant.find_user(user.as_str()).await?.is_none() {
            let message = format!("There is no user `{user}`");
            return Err(Failure::Refused(Refusal::invalid("conditions.people.users", message)));
        }
    }
    Ok(())
}

impl Settings {
    /// The rule as it will be, but for its place.
    pub(crate) fn apply_to(&self, rule: &mut Rule) {
        rule.name.clone_from(&self.name);
        rule.status = self.status.unwrap_or(rule.status);
        rule.grant_types.clone_from(&self.grant_types);
        rule.people = self.people.clone();
        rule.scopes = self.scopes.clone();
        rule.lifetimes = self.lifetimes;
    }
}

/// Replaces in a draft what an admin may say of `rule`, which may be new. Whether groups and users exist was asked before.
pub(crate) fn update(
    draft: &mut Draft,
    mut rule: Rule,
    settings: &Settings,
    event_type: EventType,
) -> Result<Arc<Versioned<Rule>>, Refusal> {
    if let Some(hook) = &settings.inline_hook {
        return Err(Refusal::invalid("inlineHook", format_args!("There is no active inline hook `{hook}`")));
    }
    let policy = {
        let entry = authorization_server::get(draft.snapshot(), rule.server.as_str())?;
        require_scopes(&entry, &settings.scopes, &rule.scopes)?;
        policy::get(&entry, rule.policy.as_str())?
    };
    settings.apply_to(&mut rule);
    rule.last_updated = draft.now;
    rule.validate()?;
    log(draft, event_type, &policy, &rule);
    let (server, id) = (rule.server, rule.id);
    place(draft, &policy, rule, settings.priority);
    let entry = authorization_server::get(draft.snapshot(), server.as_str())?;
    get(&policy::get(&entry, policy.policy.value.id.as_str())?, id.as_str())
}

fn log(draft: &mut Draft, event_type: EventType, policy: &PolicyEntry, rule: &Rule) {
    let server = target::server_of(draft.snapshot(), rule.server);
    draft.log(event_type, [target::rule(rule), target::policy(&policy.policy.value), server]);
}

fn require_scopes(
    server: &ServerEntry,
    wanted: &ScopeCondition,
    known: &ScopeCondition,
) -> Result<(), Refusal> {
    let ScopeCondition::Only(wanted) = wanted else { return Ok(()) };
    let known: &[String] = if let ScopeCondition::Only(known) = known { known } else { &[] };
    let scopes = server.scopes();
    let exists = |name: &String| known.contains(name) || scopes.iter().any(|scope| scope.value.name == *name);
    match wanted.iter().find(|name| !exists(name)) {
        None => Ok(()),
        Some(missing) => Err(Refusal::invalid(
            "conditions.scopes.include",
            format_args!("The server has no scope `{missing}`"),
        )),
    }
}

/// Puts `rule` where it asks to stand among the rules of its policy and closes up the others.
fn place(draft: &mut Draft, policy: &PolicyEntry, rule: Rule, priority: Option<u32>) {
    let mut rules: Vec<RuleId> = policy.rules.iter().map(|other| other.value.id).collect();
    let stood = rules.iter().position(|other| *other == rule.id);
    rules.retain(|other| *other != rule.id);
    let default = default_rule_id(rule.server);
    let last = rules.iter().position(|other| *other == default).unwrap_or(rules.len());
    let index = match (priority, stood) {
        _ if rule.id == default => rules.len(),
        (None, Some(stood)) => stood,
        (priority, _) => order::place(priority, last),
    };
    rules.insert(index, rule.id);
    let (server, policy) = (rule.server, rule.policy);
    draft.put(Document::Rule(Rule { priority: order::priority(index), ..rule }));
    arrange(draft, server, policy, &rules);
}

/// Puts the rules of a policy in this order.
pub(crate) fn arrange(draft: &mut Draft, server: AuthorizationServerId, policy: PolicyId, order: &[RuleId]) {
    let entry = draft.snapshot().server(server).and_then(|entry| entry.find_policy(policy)).cloned();
    let Some(PolicyEntry { rules, .. }) = entry else { return };
    for (index, id) in order.iter().enumerate() {
        let is_it = |rule: &&Arc<Versioned<Rule>>| rule.value.id == *id;
        // Most stand where they stood.
        let rule = rules.get(index).filter(is_it).or_else(|| rules.iter().find(is_it));
        let priority = order::priority(index);
        if let Some(rule) = rule.filter(|rule| rule.value.priority != priority) {
            draft.put(Document::Rule(Rule { priority, ..rule.value.clone() }));
        }
    }
}

/// The id of the rule that the default server has from the start. It stays last whatever is asked; every other rule can be
/// reordered.
pub(crate) fn default_rule_id(server: AuthorizationServerId) -> RuleId {
    RuleId::derive(server.as_id(), 0)
}

/// Activates or deactivates a rule.
pub async fn set_status(
    tenant: &Tenant,
    asked: Asked,
    path: Path,
    status: Status,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let mut rule = find(draft.snapshot(), &path, &Precondition::Any)?;
            if rule.status == status {
                return Ok(());
            }
            rule.status = status;
            rule.last_updated = draft.now;
            let event_type = match status {
                Status::Active => EventType::RuleActivated,
                Status::Inactive => EventType::RuleDeactivated,
            };
            let policy = find_policy(draft.snapshot(), &path)?;
            log(draft, event_type, &policy, &rule);
            draft.put(Document::Rule(rule));
            Ok(())
        })
        .await
}

/// Deletes a rule; those behind it close up.
pub async fn delete(
    tenant: &Tenant,
    asked: Asked,
    path: Path,
    precondition: Precondition,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let rule = find(draft.snapshot(), &path, &precondition)?;
            remove(draft, rule)
        })
        .await
}

/// Takes a rule out of a draft; those behind it close up.
pub(crate) fn remove(draft: &mut Draft, rule: Rule) -> Result<(), Refusal> {
    if rule.system {
        return Err(Refusal::invalid("system", "A system rule cannot be deleted"));
    }
    let (server, id, rule_id) = (rule.server, rule.policy, rule.id);
    let entry = authorization_server::get(draft.snapshot(), server.as_str())?;
    let policy = policy::get(&entry, id.as_str())?;
    log(draft, EventType::RuleDeleted, &policy, &rule);
    draft.delete(Document::Rule(rule));
    let left = policy.rules.iter().map(|other| other.value.id).filter(|other| *other != rule_id);
    arrange(draft, server, id, &left.collect::<Vec<_>>());
    Ok(())
}

/// A rule of any server that `names` something.
pub(crate) fn find_naming(snapshot: &Snapshot, names: impl Fn(&Rule) -> bool) -> Option<Rule> {
    let policies = snapshot.servers_after(None).flat_map(|entry| &entry.policies);
    let mut rules = policies.flat_map(|policy| &policy.rules).map(|rule| &rule.value);
    rules.find(|rule| names(rule)).cloned()
}

/// Says in the log which rules and policies name something that is gone. The reference stays and matches nobody,
/// so that nothing ever widens.
pub(crate) fn log_invalidated(draft: &mut Draft, gone: &str, names: impl Fn(&Rule) -> bool) {
    let snapshot = draft.snapshot().clone();
    for entry in snapshot.servers_after(None) {
        for policy in &entry.policies {
            for rule in policy.rules.iter().filter(|rule| names(&rule.value)) {
                let server = target::server(&entry.server.value);
                let targets = [target::rule(&rule.value), target::policy(&policy.policy.value), server];
                draft.log_with_reason(EventType::RuleInvalidated, gone, targets);
            }
        }
    }
}

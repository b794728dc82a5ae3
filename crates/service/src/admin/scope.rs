//! Scopes of a server.

use std::sync::Arc;

use model::event::EventType;
use model::rule::ScopeCondition;
use model::scope::{Consent, MetadataPublish, SCOPES_MAX};
use model::{AuthorizationServerId, Document, Scope, ScopeId};

use crate::admin::{Page, Precondition, Refusal, authorization_server, page, rule};
use crate::configuration::{Asked, Draft};
use crate::failure::Failure;
use crate::snapshot::{ServerEntry, Snapshot, Versioned};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// What an admin says of a scope; absent keeps what is, or is Okta's default for a new one.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// The phrase in the consent dialog.
    pub display_name: Option<String>,
    /// A description.
    pub description: Option<String>,
    /// Whether it needs consent.
    pub consent: Option<Consent>,
    /// Whether the user may leave it out of a consent.
    pub optional: Option<bool>,
    /// Whether it is granted when a request names no scope.
    pub default: Option<bool>,
    /// Whether discovery names it.
    pub metadata_publish: Option<MetadataPublish>,
}

/// A scope of a server.
pub fn get(server: &ServerEntry, id: &str) -> Result<Arc<Versioned<Scope>>, Refusal> {
    let scope = ScopeId::parse(id).and_then(|id| server.find_scope(id));
    scope.ok_or_else(|| Refusal::not_found(id, kind::SCOPE))
}

/// A page of scopes: the system ones, then the others in the order of their creation. `q` is looked for in names.
pub fn list(
    server: &ServerEntry,
    q: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Page<Arc<Versioned<Scope>>> {
    let q = q.map(str::to_lowercase);
    let after = after.and_then(ScopeId::parse);
    let scopes = server.scopes().into_iter().filter(|scope| after.is_none_or(|after| scope.value.id > after));
    let scopes =
        scopes.filter(|scope| q.as_deref().is_none_or(|q| scope.value.name.to_lowercase().contains(q)));
    page(scopes, limit, |scope| scope.value.id.to_string())
}

/// Creates a scope.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    settings: Settings,
) -> Result<Arc<Versioned<Scope>>, Failure<Refusal>> {
    let id = ScopeId::mint(tenant.ids.next(asked.now));
    tenant.configuration.change(asked, move |draft| add(draft, &server, id, &settings)).await
}

/// Makes a scope in a draft.
pub(crate) fn add(
    draft: &mut Draft,
    server: &str,
    id: ScopeId,
    settings: &Settings,
) -> Result<Arc<Versioned<Scope>>, Refusal> {
    let entry = authorization_server::get(draft.snapshot(), server)?;
    let scopes = entry.scopes();
    if scopes.len() >= SCOPES_MAX {
        return Err(Refusal::invalid("scopes", format_args!("A server has at most {SCOPES_MAX} scopes")));
    }
    if scopes.iter().any(|scope| scope.value.name == settings.name) {
        return Err(Refusal::invalid("name", "A scope with this name already exists in the server"));
    }
    commit(draft, plain(id, entry.server.value.id), settings, EventType::ScopeCreated)
}

/// A scope of which nothing is said.
pub(crate) fn plain(id: ScopeId, server: AuthorizationServerId) -> Scope {
    Scope {
        id,
        server,
        name: String::new(),
        display_name: None,
        description: None,
        system: false,
        metadata_publish: MetadataPublish::NoClients,
        consent: Consent::Implicit,
        optional: false,
        default: false,
    }
}

/// Replaces what an admin may say of a scope; the name of a system scope stays.
pub async fn replace(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    id: String,
    settings: Settings,
    precondition: Precondition,
) -> Result<Arc<Versioned<Scope>>, Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let scope = find(draft.snapshot(), &server, &id, &precondition)?;
            update(draft, scope, &settings)
        })
        .await
}

/// Replaces in a draft what an admin may say of `scope`.
pub(crate) fn update(
    draft: &mut Draft,
    scope: Scope,
    settings: &Settings,
) -> Result<Arc<Versioned<Scope>>, Refusal> {
    let taken =
        |other: &Arc<Versioned<Scope>>| other.value.name == settings.name && other.value.id != scope.id;
    if scope.system && scope.name != settings.name {
        return Err(Refusal::invalid("name", "The name of a system scope cannot be changed"));
    }
    if authorization_server::get(draft.snapshot(), scope.server.as_str())?.scopes().iter().any(taken) {
        return Err(Refusal::invalid("name", "A scope with this name already exists in the server"));
    }
    let renamed = (scope.name != settings.name).then(|| scope.clone());
    let committed = commit(draft, scope, settings, EventType::ScopeUpdated)?;
    if let Some(gone) = renamed {
        log_gone(draft, &gone);
    }
    Ok(committed)
}

impl Settings {
    /// The scope as it will be.
    pub(crate) fn apply_to(&self, scope: &mut Scope) {
        let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        scope.name.clone_from(&self.name);
        scope.display_name = text(&self.display_name);
        scope.description = text(&self.description);
        scope.consent = self.consent.unwrap_or(scope.consent);
        scope.optional = self.optional.unwrap_or(scope.optional);
        scope.default = self.default.unwrap_or(scope.default);
        scope.metadata_publish = self.metadata_publish.unwrap_or(scope.metadata_publish);
    }
}

fn find(snapshot: &Snapshot, server: &str, id: &str, precondition: &Precondition) -> Result<Scope, Refusal> {
    let scope = get(&*authorization_server::get(snapshot, server)?, id)?;
    precondition.check(scope.revision)?;
    Ok(scope.value.clone())
}

fn commit(
    draft: &mut Draft,
    mut scope: Scope,
    settings: &Settings,
    event_type: EventType,
) -> Result<Arc<Versioned<Scope>>, Refusal> {
    settings.apply_to(&mut scope);
    scope.validate()?;
    draft.log(event_type, [target::scope(&scope), target::server_of(draft.snapshot(), scope.server)]);
    let (server, id) = (scope.server, scope.id);
    draft.put(Document::Scope(scope));
    get(&*authorization_server::get(draft.snapshot(), server.as_str())?, id.as_str())
}

/// Deletes a scope. Rules that name it keep the name, which matches nothing; the log says so.
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
            let scope = find(draft.snapshot(), &server, &id, &precondition)?;
            remove(draft, scope.clone())?;
            log_gone(draft, &scope);
            Ok(())
        })
        .await
}

/// Takes a scope out of a draft. What names it is not looked for: [`log_gone`] does.
pub(crate) fn remove(draft: &mut Draft, scope: Scope) -> Result<(), Refusal> {
    if scope.system {
        return Err(Refusal::invalid("system", "A system scope cannot be deleted"));
    }
    draft.log(
        EventType::ScopeDeleted,
        [target::scope(&scope), target::server_of(draft.snapshot(), scope.server)],
    );
    draft.delete(Document::Scope(scope));
    Ok(())
}

/// Says in the log which rules name a scope that is gone.
pub(crate) fn log_gone(draft: &mut Draft, scope: &Scope) {
    let reason = format!("scope `{}` is gone", scope.name);
    let server = scope.server;
    rule::log_invalidated(draft, &reason, |rule| {
        rule.server == server
            && matches!(&rule.scopes, ScopeCondition::Only(names) if names.contains(&scope.name))
    });
}

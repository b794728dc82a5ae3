//! OIDC apps: create, list, read, replace, delete, activate, deactivate.

use std::sync::Arc;

use model::app::{AuthMethod, OAuthSettings};
use model::event::EventType;
use model::policy::ClientCondition;
use model::{App, AppId, ClientId, ClientSecretId, Document, Status, Timestamp};
use serde_json::{Map, Value};

use crate::admin::{Page, Precondition, Refusal, page};
use crate::client_secret::ClientSecret;
use crate::configuration::{Asked, Draft};
use crate::failure::{Failure, Fault};
use crate::org_secrets::{OrgSecrets, new_client_secret};
use crate::snapshot::{AppEntry, Snapshot};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// What an admin says of an app.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name for people.
    pub label: String,
    /// The `client_id` that a new app shall have.
    pub client_id: Option<ClientId>,
    /// The secret that the app shall have.
    pub client_secret: Option<String>,
    /// What the OAuth endpoints need.
    pub oauth: OAuthSettings,
    /// `app.profile` in expressions.
    pub profile: Option<Map<String, Value>>,
    /// Kept and shown, without effect.
    pub kept: Map<String, Value>,
}

/// An app as it was just written, with its secret if there is a new one: the only time it is shown by this call.
#[derive(Debug, Clone)]
pub struct Written {
    /// The app.
    pub entry: Arc<AppEntry>,
    /// Its new secret, in clear.
    pub client_secret: Option<String>,
}

/// An app.
pub fn get(snapshot: &Snapshot, id: &str) -> Result<Arc<AppEntry>, Refusal> {
    let entry = AppId::parse(id).and_then(|id| snapshot.app(id));
    entry.cloned().ok_or_else(|| Refusal::not_found(id, kind::APP))
}

/// A page of apps, in the order of their creation. `q` is the beginning of a name or label, whatever the case.
pub fn list(
    snapshot: &Snapshot,
    q: Option<&str>,
    filter: impl Fn(&AppEntry) -> bool,
    after: Option<&str>,
    limit: usize,
) -> Page<Arc<AppEntry>> {
    let q = q.map(str::to_lowercase);
    let starts = |text: &str| q.as_deref().is_none_or(|q| text.to_lowercase().starts_with(q));
    let after = after.and_then(AppId::parse);
    let apps =
        snapshot.apps_after(after).filter(|entry| starts(&entry.app.value.label) || starts("oidc_client"));
    let apps = apps.filter(|entry| filter(entry)).cloned();
    page(apps, limit, |entry| entry.app.value.id.to_string())
}

/// A new secret of `app`.
pub(crate) fn make_secret(
    secrets: &OrgSecrets,
    app: AppId,
    id: ClientSecretId,
    secret: &str,
    now: Timestamp,
) -> Result<ClientSecret, Fault> {
    Ok(ClientSecret {
        id,
        status: Status::Active,
        mac: secrets.client_secret_mac(secret),
        sealed: secrets.seal_client_secret(app, id, secret)?,
        created: now.whole_second(),
        last_updated: now.whole_second(),
    })
}

fn check_secret(secret: &str) -> Result<(), Refusal> {
    model::invalid::text("client_secret", secret, 14, 100)?;
    Ok(())
}

/// Creates an app. A client that authenticates with a secret gets one, made here unless the admin chose it.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    settings: Settings,
    status: Status,
) -> Result<Written, Failure<Refusal>> {
    let id = AppId::mint(tenant.ids.next(asked.now));
    let clear = match (&settings.client_secret, settings.oauth.auth_method.has_secret()) {
        (Some(chosen), true) => Some(chosen.clone()),
        (None, true) => Some(new_client_secret()),
        (_, false) => None,
    };
    let mut secrets = Vec::new();
    if let Some(clear) = &clear {
        check_secret(clear).map_err(Failure::Refused)?;
        let secret_id = ClientSecretId::mint(tenant.ids.next(asked.now));
        secrets.push(Arc::new(make_secret(&tenant.secrets, id, secret_id, clear, asked.now)?));
    }
    let entry = tenant
        .configuration
        .change(asked, move |draft| {
            let app = App {
                id,
                client_id: settings.client_id.clone().unwrap_or_else(|| id.into()),
                label: settings.label.clone(),
                status,
                created: draft.now,
                last_updated: draft.now,
                tokens_valid_from: Some(draft.snapshot().revision),
                oauth: settings.oauth.clone(),
                profile: settings.profile.clone(),
                kept: settings.kept.clone(),
            };
            app.validate()?;
            require_free_client_id(draft.snapshot(), &app.client_id)?;
            draft.log(EventType::AppCreated, [target::app(&app)]);
            draft.put(Document::App(Box::new(app)));
            draft.put_secrets(id, secrets.clone());
            get(draft.snapshot(), id.as_str())
        })
        .await?;
    Ok(Written { entry, client_secret: clear })
}

fn require_free_client_id(snapshot: &Snapshot, client_id: &ClientId) -> Result<(), Refusal> {
    match snapshot.client(client_id.as_str()) {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid("client_id", format_args!("The client id `{client_id}` is taken"))),
    }
}

/// Replaces what an admin may say of an app; its `client_id` stays. A secret that is given replaces the newest
/// active one; a client that comes to authenticate with a secret and has none gets one.
pub async fn replace(
    tenant: &Tenant,
    asked: Asked,
    id: String,
    settings: Settings,
    precondition: Precondition,
) -> Result<Written, Failure<Refusal>> {
    let current = get(&tenant.configuration.current(), &id).map_err(Failure::Refused)?;
    let app_id = current.app.value.id;
    let clear = match &settings.client_secret {
        _ if !settings.oauth.auth_method.has_secret() => None,
        Some(chosen) => Some(chosen.clone()),
        None if current.secrets.is_empty() => Some(new_client_secret()),
        None => None,
    };
    let made = match &clear {
        Some(clear) => {
            check_secret(clear).map_err(Failure::Refused)?;
            let secret_id = ClientSecretId::mint(tenant.ids.next(asked.now));
            Some(Arc::new(make_secret(&tenant.secrets, app_id, secret_id, clear, asked.now)?))
        }
        None => None,
    };
    let entry = tenant
        .configuration
        .change(asked, move |draft| {
            let entry = find(draft.snapshot(), &id, &precondition)?;
            let app = App {
                label: settings.label.clone(),
                oauth: settings.oauth.clone(),
                profile: settings.profile.clone(),
                kept: settings.kept.clone(),
                last_updated: draft.now,
                ..entry.app.value.clone()
            };
            if settings.client_id.as_ref().is_some_and(|client_id| *client_id != app.client_id) {
                return Err(Refusal::invalid("client_id", "The client id of an app cannot be changed"));
            }
            app.validate()?;
            draft.log(EventType::AppUpdated, [target::app(&app)]);
            draft.put(Document::App(Box::new(app)));
            if let Some(made) = &made {
                draft.put_secrets(app_id, with_newest_replaced(&entry, made));
            }
            get(draft.snapshot(), app_id.as_str())
        })
        .await?;
    Ok(Written { entry, client_secret: clear })
}

/// The app's secrets with `made` in place of the newest active one. A secret that the app has already changes nothing:
/// clients send back what they know.
fn with_newest_replaced(entry: &AppEntry, made: &Arc<ClientSecret>) -> Vec<Arc<ClientSecret>> {
    if entry.secrets.iter().any(|secret| secret.mac == made.mac && secret.status.is_active()) {
        return entry.secrets.clone();
    }
    let newest = entry.secrets.iter().rev().find(|secret| secret.status.is_active()).map(|secret| secret.id);
    let kept = entry.secrets.iter().filter(|secret| Some(secret.id) != newest).cloned();
    kept.chain([Arc::clone(made)]).collect()
}

pub(crate) fn find(
    snapshot: &Snapshot,
    id: &str,
    precondition: &Precondition,
) -> Result<Arc<AppEntry>, Refusal> {
    let entry = get(snapshot, id)?;
    precondition.check(entry.app.revision)?;
    Ok(entry)
}

/// Activates or deactivates an app.
pub async fn set_status(
    tenant: &Tenant,
    asked: Asked,
    id: String,
    status: Status,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let entry = find(draft.snapshot(), &id, &Precondition::Any)?;
            if entry.app.value.status == status {
                return Ok(());
            }
            let tokens_valid_from = match status {
                Status::Active => entry.app.value.tokens_valid_from,
                Status::Inactive => Some(draft.snapshot().revision),
            };
            let app = App { status, last_updated: draft.now, tokens_valid_from, ..entry.app.value.clone() };
            let event_type = match status {
                Status::Active => EventType::AppActivated,
                Status::Inactive => EventType::AppDeactivated,
            };
            draft.log(event_type, [target::app(&app)]);
            draft.put(Document::App(Box::new(app)));
            Ok(())
        })
        .await
}

/// Deletes an inactive app. Policies that name it keep the name, which matches nothing; the log says so.
pub async fn delete(
    tenant: &Tenant,
    asked: Asked,
    id: String,
    precondition: Precondition,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let entry = find(draft.snapshot(), &id, &precondition)?;
            let app = entry.app.value.clone();
            if app.status.is_active() {
                return Err(Refusal::DeleteForbidden);
            }
            draft.put_secrets(app.id, Vec::new());
            draft.log(EventType::AppDeleted, [target::app(&app)]);
            log_gone(draft, &app);
            draft.delete(Document::App(Box::new(app)));
            Ok(())
        })
        .await
}

fn log_gone(draft: &mut Draft, app: &App) {
    let reason = format!("client `{}` is gone", app.client_id);
    let snapshot = draft.snapshot().clone();
    for entry in snapshot.servers_after(None) {
        for policy in &entry.policies {
            let policy = &policy.policy.value;
            if matches!(&policy.clients, ClientCondition::Only(clients) if clients.contains(&app.client_id)) {
                let targets = [target::policy(policy), target::server(&entry.server.value)];
                draft.log_with_reason(EventType::RuleInvalidated, &reason, targets);
            }
        }
    }
}

/// Whether an app's settings ask for keys or a secret; used by the secrets and keys beside it.
pub(crate) fn uses_secret(entry: &AppEntry) -> bool {
    let method: AuthMethod = entry.app.value.oauth.auth_method;
    method.has_secret()
}

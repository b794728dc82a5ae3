//! The secrets of an app: at most two, so that one can be replaced while both work.

use std::sync::Arc;

use model::app::SECRETS_MAX;
use model::event::EventType;
use model::{ClientSecretId, Status};

use crate::admin::{Precondition, Refusal, app};
use crate::client_secret::ClientSecret;
use crate::configuration::{Asked, Draft};
use crate::failure::{Failure, Fault};
use crate::org_secrets::new_client_secret;
use crate::snapshot::{AppEntry, Snapshot};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// A secret with its clear text, as Okta's API shows it.
#[derive(Clone)]
pub struct Shown {
    /// The secret.
    pub secret: Arc<ClientSecret>,
    /// Its clear text.
    pub clear: String,
}

/// Opens a secret to show it.
pub fn show(tenant: &Tenant, entry: &AppEntry, secret: &Arc<ClientSecret>) -> Result<Shown, Fault> {
    let opened = tenant.secrets.open_client_secret(entry.app.value.id, secret.id, &secret.sealed)?;
    let clear = opened.expose_text().ok_or_else(|| Fault::internal("a sealed client secret is not text"))?;
    Ok(Shown { secret: Arc::clone(secret), clear: clear.to_owned() })
}

/// One secret of an app.
pub fn get(entry: &AppEntry, id: &str) -> Result<Arc<ClientSecret>, Refusal> {
    let secret = entry.secrets.iter().find(|secret| secret.id.as_str() == id);
    secret.cloned().ok_or_else(|| Refusal::not_found(id, kind::SECRET))
}

/// Adds a secret, made here unless the admin chose it.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    app_id: String,
    chosen: Option<String>,
    status: Status,
) -> Result<Shown, Failure<Refusal>> {
    let entry = app::get(&tenant.configuration.current(), &app_id).map_err(Failure::Refused)?;
    let clear = chosen.unwrap_or_else(new_client_secret);
    model::invalid::text("client_secret", &clear, 14, 100)
        .map_err(|invalid| Failure::Refused(invalid.into()))?;
    let id = ClientSecretId::mint(tenant.ids.next(asked.now));
    let made = app::make_secret(&tenant.secrets, entry.app.value.id, id, &clear, asked.now)?;
    let made = Arc::new(ClientSecret { status, ..made });
    let secret = tenant
        .configuration
        .change(asked, move |draft| {
            let entry = app::get(draft.snapshot(), &app_id)?;
            if !app::uses_secret(&entry) {
                let method = entry.app.value.oauth.auth_method;
                return Err(Refusal::invalid(
                    "client_secret",
                    format_args!("A client that uses {method} has no secret"),
                ));
            }
            if entry.secrets.len() >= SECRETS_MAX {
                return Err(Refusal::invalid(
                    "client_secret",
                    format_args!("An app has at most {SECRETS_MAX} secrets"),
                ));
            }
            let secrets = entry.secrets.iter().cloned().chain([Arc::clone(&made)]).collect();
            commit(draft, &entry, &made, secrets, EventType::ClientSecretCreated);
            Ok(Arc::clone(&made))
        })
        .await?;
    Ok(Shown { secret, clear })
}

fn commit(
    draft: &mut Draft,
    entry: &AppEntry,
    about: &ClientSecret,
    secrets: Vec<Arc<ClientSecret>>,
    event_type: EventType,
) {
    draft.log(event_type, [target::app(&entry.app.value), target::client_secret(about)]);
    draft.put_secrets(entry.app.value.id, secrets);
}

fn find(snapshot: &Snapshot, app_id: &str, id: &str) -> Result<(Arc<AppEntry>, Arc<ClientSecret>), Refusal> {
    let entry = app::find(snapshot, app_id, &Precondition::Any)?;
    let secret = get(&entry, id)?;
    Ok((entry, secret))
}

/// Activates or deactivates a secret; the only active one stays active.
pub async fn set_status(
    tenant: &Tenant,
    asked: Asked,
    app_id: String,
    id: String,
    status: Status,
) -> Result<Arc<ClientSecret>, Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let (entry, secret) = find(draft.snapshot(), &app_id, &id)?;
            if secret.status == status {
                return Ok(secret);
            }
            let active = entry.secrets.iter().filter(|secret| secret.status.is_active()).count();
            if !status.is_active() && active <= 1 {
                return Err(Refusal::invalid(
                    "status",
                    "The only active secret of an app cannot be deactivated",
                ));
            }
            let changed =
                Arc::new(ClientSecret { status, last_updated: draft.now, ..ClientSecret::clone(&secret) });
            let secrets = entry
                .secrets
                .iter()
                .map(|other| Arc::clone(if other.id == changed.id { &changed } else { other }));
            let event_type = match status {
                Status::Active => EventType::ClientSecretActivated,
                Status::Inactive => EventType::ClientSecretDeactivated,
            };
            commit(draft, &entry, &changed, secrets.collect(), event_type);
            Ok(Arc::clone(&changed))
        })
        .await
}

/// Deletes an inactive secret.
pub async fn delete(
    tenant: &Tenant,
    asked: Asked,
    app_id: String,
    id: String,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let (entry, secret) = find(draft.snapshot(), &app_id, &id)?;
            if secret.status.is_active() {
                return Err(Refusal::invalid("status", "Deactivate the secret before it is deleted"));
            }
            let secrets = entry.secrets.iter().filter(|other| other.id != secret.id).cloned().collect();
            commit(draft, &entry, &secret, secrets, EventType::ClientSecretDeleted);
            Ok(())
        })
        .await
}

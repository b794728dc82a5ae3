//! API tokens (SSWS): who a token is, and what its owner may change of it.

use model::event::{Event, EventType};
use model::user::{RoleType, UserStatus};
use model::{ApiTokenId, Timestamp, UserId};
use model::{Invalid, User};
use serde_json::{Value, json};
use store::ApiToken;
use store::{Batch, CommitError};
use thiserror::Error;

use crate::admin::{Caller, Page, Refusal};
use crate::configuration::Asked;
use crate::failure::{Failure, Fault};
use crate::org_secrets::new_api_token;
use crate::rows;
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// A token ends when it was not used for this long (Okta's `P30D`).
pub const WINDOW_DAYS: i64 = 30;
/// Use moves the end only this often, so that a busy token does not write at every call.
const TOUCH_MILLISECONDS: i64 = 3_600_000;

/// A token's metadata.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// Its id.
    pub id: ApiTokenId,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub user: UserId,
    /// Okta's name of what made it.
    pub client_name: String,
    /// From where it may be used (kept; zones come later).
    pub network: Value,
    /// When it ends if it is not used.
    pub expires: Timestamp,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to the hour; nothing within the first.
    pub used: Option<Timestamp>,
    /// When it changed last.
    pub last_updated: Timestamp,
}

fn of_row(row: ApiToken) -> Result<Metadata, Fault> {
    let parsed = (|| {
        Some(Metadata {
            id: ApiTokenId::parse(&row.id)?,
            name: row.name,
            user: UserId::parse(&row.account)?,
            client_name: row.client_name,
            network: serde_json::from_str(&row.network).ok()?,
            expires: Timestamp::from_milliseconds(row.expires),
            created: Timestamp::from_milliseconds(row.created),
            used: row.used.map(Timestamp::from_milliseconds),
            last_updated: Timestamp::from_milliseconds(row.updated),
        })
    })();
    parsed.ok_or_else(|| Fault::internal(format!("the stored API token `{}` cannot be read", row.id)))
}

/// Whose token it is: an active user's, not expired, not revoked. `None` tells a stranger nothing more.
pub async fn authenticate(tenant: &Tenant, token: &str, now: Timestamp) -> Result<Option<Caller>, Fault> {
    let org = tenant.org();
    let mac = tenant.secrets.api_token_mac(token);
    let Some(row) = tenant.store.find_api_token_by_mac(org.as_str(), &mac).await? else { return Ok(None) };
    let last_use = row.used.unwrap_or(row.created);
    let metadata = of_row(row)?;
    if metadata.expires <= now {
        return Ok(None);
    }
    let Some(user) = tenant.find_user(metadata.user.as_str()).await? else { return Ok(None) };
    if user.status != UserStatus::Active {
        return Ok(None);
    }
    if now.milliseconds() - last_use > TOUCH_MILLISECONDS {
        let mut batch = Batch::new(org.as_str(), rows::actor(&model::Actor::system()));
        batch.touch_api_token(&mac, now.milliseconds(), now.plus_days(WINDOW_DAYS).milliseconds());
        // Not waited for: losing it costs nothing but an earlier end of the window.
        drop(tenant.store.submit(batch));
    }
    let roles = tenant.store.roles(org.as_str(), user.id.as_str()).await?;
    Ok(Some(Caller {
        user: user.id,
        login: user.login().to_owned(),
        display_name: user.display_name(),
        roles: roles.iter().filter_map(|role| RoleType::from_word(&role.role)).collect(),
        token: metadata.id,
    }))
}

/// A token that was just made.
#[derive(Clone)]
pub struct Created {
    /// Its metadata.
    pub token: Metadata,
    /// Whose it is.
    pub user: User,
    /// The token itself: known here and now, and never again.
    pub value: String,
}

/// Why no token is made. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreateRefusal {
    /// The name breaks a rule.
    #[error(transparent)]
    Name(#[from] Invalid),
    /// Nobody has this login or id.
    #[error("there is no user `{0}`")]
    UnknownUser(String),
    /// The user may not sign in, and a token of theirs would open nothing.
    #[error("the user `{login}` is {status}; only an ACTIVE user's token works")]
    Inactive {
        /// Whose token it would have been.
        login: String,
        /// What the user is instead.
        status: UserStatus,
    },
    /// None of the super admins is active.
    #[error("no super admin is ACTIVE; choose a user")]
    NoSuperAdmin,
}

/// How many super admins are looked at for one who is active.
const HOLDERS_MAX: i64 = 100;

/// Makes a token for a user; where none is named, for the active user who has been super admin for longest.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    name: String,
    user: Option<&str>,
) -> Result<Created, Failure<CreateRefusal>> {
    model::invalid::text("name", &name, 1, 255)
        .map_err(|invalid| Failure::Refused(CreateRefusal::Name(invalid)))?;
    let user = match user {
        Some(named) => active_user(tenant, named).await?,
        None => first_super_admin(tenant).await?,
    };
    let (value, now) = (new_api_token(), asked.now.whole_second());
    let token = Metadata {
        id: ApiTokenId::mint(tenant.ids.next(now)),
        name,
        user: user.id,
        client_name: "Okta API".to_owned(),
        network: json!({"connection": "ANYWHERE"}),
        expires: now.plus_days(WINDOW_DAYS),
        created: now,
        used: None,
        last_updated: now,
    };
    let mut batch = batch(tenant, &asked, EventType::ApiTokenCreated, &token);
    batch.insert_api_token(&ApiToken {
        mac: tenant.secrets.api_token_mac(&value).to_vec(),
        id: token.id.to_string(),
        name: token.name.clone(),
        account: token.user.to_string(),
        client_name: token.client_name.clone(),
        network: token.network.to_string(),
        created: now.milliseconds(),
        updated: now.milliseconds(),
        used: None,
        expires: token.expires.milliseconds(),
    });
    tenant.store.commit(batch).await.map_err(Fault::from)?;
    Ok(Created { token, user, value })
}

async fn active_user(tenant: &Tenant, id_or_login: &str) -> Result<User, Failure<CreateRefusal>> {
    let user = tenant.find_user(id_or_login).await?;
    let user = user.ok_or_else(|| Failure::Refused(CreateRefusal::UnknownUser(id_or_login.to_owned())))?;
    if user.status == UserStatus::Active {
        return Ok(user);
    }
    let (login, status) = (user.login().to_owned(), user.status);
    Err(Failure::Refused(CreateRefusal::Inactive { login, status }))
}

async fn first_super_admin(tenant: &Tenant) -> Result<User, Failure<CreateRefusal>> {
    let role = RoleType::SuperAdmin.as_str();
    for holder in tenant.store.role_holders(tenant.org().as_str(), role, HOLDERS_MAX).await? {
        // Groups and apps hold roles, too.
        let found = match UserId::parse(&holder) {
            Some(_) => tenant.find_user(&holder).await?,
            None => None,
        };
        if let Some(user) = found.filter(|user| user.status == UserStatus::Active) {
            return Ok(user);
        }
    }
    Err(Failure::Refused(CreateRefusal::NoSuperAdmin))
}

/// A page of tokens by id.
pub async fn list(
    tenant: &Tenant,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Metadata>, Failure<Refusal>> {
    let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let rows = tenant.store.api_tokens(tenant.org().as_str(), after.unwrap_or_default(), wanted).await?;
    let more = rows.len() > limit;
    let items: Vec<Metadata> = rows.into_iter().take(limit).map(of_row).collect::<Result<_, _>>()?;
    let next = more.then(|| items.last().map(|token| token.id.to_string())).flatten();
    Ok(Page { items, next })
}

/// One token's metadata.
pub async fn get(tenant: &Tenant, id: &str) -> Result<Metadata, Failure<Refusal>> {
    let row = tenant.store.find_api_token(tenant.org().as_str(), id).await?;
    let row = row.ok_or_else(|| Failure::Refused(Refusal::not_found(id, kind::API_TOKEN)))?;
    Ok(of_row(row)?)
}

/// Changes a token's name and network.
pub async fn replace(
    tenant: &Tenant,
    asked: Asked,
    id: &str,
    name: String,
    network: Value,
) -> Result<Metadata, Failure<Refusal>> {
    model::invalid::text("name", &name, 1, 255).map_err(|invalid| Failure::Refused(invalid.into()))?;
    let token = Metadata { name, network, last_updated: asked.now.whole_second(), ..get(tenant, id).await? };
    let mut batch = batch(tenant, &asked, EventType::ApiTokenUpdated, &token);
    batch.update_api_token(id, &token.name, &token.network.to_string(), token.last_updated.milliseconds());
    commit(tenant, batch, id).await?;
    Ok(token)
}

/// Revokes a token: it ends at once, on every node.
pub async fn revoke(tenant: &Tenant, asked: Asked, id: &str) -> Result<(), Failure<Refusal>> {
    let token = get(tenant, id).await?;
    let mut batch = batch(tenant, &asked, EventType::ApiTokenRevoked, &token);
    batch.delete_api_token(id);
    commit(tenant, batch, id).await
}

fn batch(tenant: &Tenant, asked: &Asked, event_type: EventType, token: &Metadata) -> Batch {
    let mut batch = Batch::new(tenant.org().as_str(), rows::actor(&asked.actor));
    let target = target::api_token(token.id, &token.name);
    let event = Event::new(event_type, asked.actor.clone(), asked.origin.clone()).about(target);
    rows::append_event(&mut batch, asked.now, &event);
    batch
}

async fn commit(tenant: &Tenant, batch: Batch, id: &str) -> Result<(), Failure<Refusal>> {
    match tenant.store.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Missed { .. }) => Err(Failure::Refused(Refusal::not_found(id, kind::API_TOKEN))),
        Err(other) => Err(Failure::Fault(other.into())),
    }
}

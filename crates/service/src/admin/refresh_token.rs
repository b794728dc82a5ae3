//! The refresh tokens that clients hold of an authorization server: who holds any, what each is for, and ending them.
//! Nothing gives refresh tokens out before users can sign in; what does will write the rows that are read here.

use std::sync::Arc;

use model::event::{Event, EventType};
use model::{RefreshTokenId, Timestamp, UserId};
use serde_json::Value;
use store::{Batch, CommitError, RefreshGrant};

use crate::admin::{Page, Refusal, authorization_server, page};
use crate::configuration::Asked;
use crate::failure::{Failure, Fault};
use crate::rows;
use crate::snapshot::{AppEntry, ServerEntry};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// How many grants are ended in one commit.
const ENDED_AT_ONCE: i64 = 500;

/// A refresh token, as an admin sees it. Its value is its client's alone.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    /// Its id.
    pub id: RefreshTokenId,
    /// Whom it stands for.
    pub user: Option<UserId>,
    /// That user's name, if the user is still there.
    pub user_name: Option<String>,
    /// The names of its scopes.
    pub scopes: Vec<String>,
    /// When it was granted.
    pub created: Timestamp,
    /// When it was last used.
    pub last_updated: Timestamp,
    /// When it ends if it is not used.
    pub expires: Timestamp,
}

/// Whose tokens they are.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The server that gave them out.
    pub server: Arc<ServerEntry>,
    /// The client.
    pub client: Arc<AppEntry>,
}

impl Holder {
    /// The client `client_id` of a server, which a path names.
    pub fn get(tenant: &Tenant, server: &str, client_id: &str) -> Result<Self, Refusal> {
        let snapshot = tenant.configuration.current();
        let server = authorization_server::get(&snapshot, server)?;
        let client = snapshot.client(client_id).cloned();
        let client = client.ok_or_else(|| Refusal::not_found(client_id, kind::CLIENT))?;
        Ok(Self { server, client })
    }

    fn key(&self) -> (&str, &str) {
        (self.server.server.value.id.as_str(), self.client.app.value.client_id.as_str())
    }

    fn event(&self, asked: &Asked) -> Event {
        let (server, app) = (&self.server.server.value, &self.client.app.value);
        Event::new(EventType::TokenRevoke, asked.actor.clone(), asked.origin.clone())
            .about(target::client(app))
            .about(target::server(server))
    }
}

/// The clients that hold refresh tokens of a server, by `client_id`. One whose app is gone holds nothing.
pub async fn clients(
    tenant: &Tenant,
    server: &ServerEntry,
    after: Option<&str>,
    limit: usize,
    now: Timestamp,
) -> Result<Page<Arc<AppEntry>>, Fault> {
    let (org, id) = (tenant.org(), server.server.value.id);
    let more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let after = after.unwrap_or_default();
    let found =
        tenant.store.refresh_clients(org.as_str(), id.as_str(), after, now.milliseconds(), more).await?;
    let found = page(found.into_iter(), limit, Clone::clone);
    let snapshot = tenant.configuration.current();
    let items = found.items.iter().filter_map(|client| snapshot.client(client).cloned()).collect();
    Ok(Page { items, next: found.next })
}

/// The refresh tokens of a client, by id.
pub async fn list(
    tenant: &Tenant,
    holder: &Holder,
    after: Option<&str>,
    limit: usize,
    now: Timestamp,
) -> Result<Page<RefreshToken>, Failure<Refusal>> {
    if after.is_some_and(|after| RefreshTokenId::parse(after).is_none()) {
        return Err(Failure::Refused(Refusal::InvalidCursor));
    }
    let (org, after) = (tenant.org(), after.unwrap_or_default());
    let more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let rows =
        tenant.store.refresh_grants(org.as_str(), holder.key(), after, now.milliseconds(), more).await?;
    let tokens = rows.iter().map(of_row).collect::<Result<Vec<_>, _>>()?;
    Ok(page(tokens.into_iter(), limit, |token| token.id.to_string()))
}

/// One refresh token of a client.
pub async fn get(
    tenant: &Tenant,
    holder: &Holder,
    id: &str,
    now: Timestamp,
) -> Result<RefreshToken, Failure<Refusal>> {
    let absent = || Failure::Refused(Refusal::not_found(id, kind::REFRESH_TOKEN));
    let (org, id) = (tenant.org(), RefreshTokenId::parse(id).ok_or_else(absent)?);
    let (key, now) = (holder.key(), now.milliseconds());
    let row = tenant.store.find_refresh_grant(org.as_str(), key, id.as_str(), now).await?;
    Ok(of_row(&row.ok_or_else(absent)?)?)
}

/// Ends one refresh token of a client, and with it its grant. Access tokens do not carry their grant yet; once they do,
/// those of an ended grant are refused at introspection.
pub async fn revoke(
    tenant: &Tenant,
    asked: &Asked,
    holder: &Holder,
    id: &str,
) -> Result<(), Failure<Refusal>> {
    let absent = || Failure::Refused(Refusal::not_found(id, kind::REFRESH_TOKEN));
    let id = RefreshTokenId::parse(id).ok_or_else(absent)?;
    let mut batch = batch(tenant, asked);
    let (server, client) = holder.key();
    let ended = batch.end_refresh_grant(server, client, id.as_str(), asked.now.milliseconds());
    let event = holder.event(asked).about(target::refresh_token(id));
    rows::append_event(&mut batch, asked.now, &event);
    match tenant.store.commit(batch).await {
        Ok(_) => Ok(()),
        Err(CommitError::Missed { step }) if step == ended => Err(absent()),
        Err(error) => Err(Fault::from(error).into()),
    }
}

/// Ends every refresh token that a client holds of a server, some at a time: cut off, it can be asked for again.
pub async fn revoke_all(tenant: &Tenant, asked: &Asked, holder: &Holder) -> Result<(), Fault> {
    let (org, (server, client)) = (tenant.org(), holder.key());
    loop {
        let ids = tenant.store.refresh_grant_ids(org.as_str(), holder.key(), ENDED_AT_ONCE).await?;
        if ids.is_empty() {
            return Ok(());
        }
        let mut batch = batch(tenant, asked);
        for id in &ids {
            batch.end_refresh_grant(server, client, id, asked.now.milliseconds());
        }
        let mut event = holder.event(asked);
        event.count = u64::try_from(ids.len()).ok();
        rows::append_event(&mut batch, asked.now, &event);
        match tenant.store.commit(batch).await {
            // Somebody else ended one meanwhile: look again.
            Ok(_) | Err(CommitError::Missed { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn batch(tenant: &Tenant, asked: &Asked) -> Batch {
    Batch::new(tenant.org().as_str(), rows::actor(&asked.actor))
}

fn of_row(row: &RefreshGrant) -> Result<RefreshToken, Fault> {
    let parsed = (|| {
        let ends = row.expires.map_or(row.idle_expires, |expires| expires.min(row.idle_expires));
        Some(RefreshToken {
            id: RefreshTokenId::parse(&row.id)?,
            user: match &row.account {
                Some(account) => Some(UserId::parse(account)?),
                None => None,
            },
            user_name: row.profile.as_deref().and_then(name),
            scopes: serde_json::from_str(&row.scopes).ok()?,
            created: Timestamp::from_milliseconds(row.created).whole_second(),
            last_updated: Timestamp::from_milliseconds(row.updated).whole_second(),
            expires: Timestamp::from_milliseconds(ends).whole_second(),
        })
    })();
    parsed.ok_or_else(|| Fault::internal(format!("the stored grant `{}` cannot be read", row.id)))
}

/// First and last name of a profile.
fn name(profile: &str) -> Option<String> {
    let profile: Value = serde_json::from_str(profile).ok()?;
    let part = |name: &str| profile.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(format!("{} {}", part("firstName"), part("lastName")).trim().to_owned())
}

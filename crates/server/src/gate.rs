//! Who calls the management API: API tokens (`Authorization: SSWS …`). Access tokens and sessions come later.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use model::Timestamp;
use model::actor::ActorKind;
use service::Tenant;
use service::admin::api_token;
use tokio::sync::Mutex;

use crate::access::{BoxFuture, Caller, Gate, Role};
use crate::clock;
use crate::error::{ApiError, code};
use crate::health::Readiness;

/// How long an answer about readiness holds: anybody may ask, and each check costs the store's writer a turn.
const CHECKED_MILLISECONDS: i64 = 500;

/// The gate over an org, which also says whether the org is ready.
pub struct TenantGate {
    tenant: Arc<Tenant>,
    last_check: Mutex<Option<(Timestamp, Result<(), String>)>>,
}

impl TenantGate {
    /// The gate over `tenant`.
    pub fn new(tenant: Arc<Tenant>) -> Self {
        Self { tenant, last_check: Mutex::default() }
    }
}

impl Gate for TenantGate {
    fn authenticate<'a>(
        &'a self,
        parts: &'a Parts,
        address: IpAddr,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Caller, ApiError>> {
        Box::pin(async move {
            let token = token(parts).ok_or_else(|| ApiError::of(code::INVALID_TOKEN))?;
            let found = api_token::authenticate(&self.tenant, token, now).await?;
            let found = found.ok_or_else(|| ApiError::of(code::INVALID_TOKEN))?;
            Ok(Caller {
                kind: ActorKind::User,
                id: found.user.to_string(),
                alternate_id: Some(found.login),
                display_name: Some(found.display_name),
                roles: found.roles.iter().filter_map(|role| Role::parse(role.as_str())).collect(),
                scopes: None,
                token: Some(found.token.to_string()),
                address,
            })
        })
    }
}

/// The one SSWS token of a request.
pub fn token(parts: &Parts) -> Option<&str> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let header = headers.next()?.to_str().ok()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("SSWS") && !token.is_empty()).then_some(token)
}

impl TenantGate {
    /// A shared database is read four times a second, so nobody waits here for one that says nothing.
    async fn look(&self, now: Timestamp) -> Result<(), String> {
        let Tenant { store, freshness, .. } = &*self.tenant;
        if !store.is_shared() {
            return store.health().await.map_err(|fault| fault.to_string());
        }
        freshness.check(now).map_err(|fault| fault.to_string())?;
        if store.takes_commits() { Ok(()) } else { Err("the store has ended".to_owned()) }
    }
}

impl Readiness for TenantGate {
    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            let now = clock::now();
            // Such a node mints nothing, so it needs no requests, even if the store would answer; and a store that has
            // fallen silent is not waited for.
            self.tenant.freshness.check(now).map_err(|fault| fault.to_string())?;
            let mut last = self.last_check.lock().await;
            match &*last {
                Some((at, known)) if now < at.plus_milliseconds(CHECKED_MILLISECONDS) && *at <= now => {
                    known.clone()
                }
                _ => {
                    let checked = self.look(now).await;
                    *last = Some((now, checked.clone()));
                    checked
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use jose::KeyRing;
    use service::first_start::{self, FirstAdmin};
    use service::freshness::Freshness;
    use store::Store;

    use super::*;

    #[tokio::test]
    async fn a_node_that_lost_sight_of_the_others_is_not_ready_though_the_store_answers() {
        let store = Store::open_memory().unwrap();
        let admin = FirstAdmin { login: None, password: None, api_token: None };
        let (ring, now) = (KeyRing::generate().unwrap(), clock::now());
        let (org, secrets, _) = first_start::create(&store, ring, "id", admin, now).await.unwrap();
        let mut tenant = Tenant::start(store, org, secrets).await.unwrap();
        tenant.freshness = Freshness::shared();
        let gate = TenantGate::new(Arc::new(tenant));
        assert!(gate.check().await.is_err(), "nothing was followed yet");
        gate.tenant.follow(clock::now()).await.unwrap();
        assert_eq!(gate.check().await, Ok(()));
        gate.tenant.follow(clock::now().plus_milliseconds(-2_000)).await.unwrap();
        assert!(gate.check().await.is_err(), "the last following is too long ago");
    }
}

//! Revocation (RFC 7009): a client gives back one of its tokens. It is durable, with its event, before the reply, and
//! every node knows it within a second ([`crate::revocations`]).

use std::sync::Arc;

use model::Timestamp;
use model::event::{EventType, Target};
use store::{Revocation, kill_point};

use crate::access_token::{AccessToken, Asked, Refusal, Request, identify};
use crate::failure::{Failure, Fault};
use crate::log;
use crate::revocations::REVOCATIONS_MAX;
use crate::tenant::Tenant;

/// Revokes a token. One that is unknown, expired, another client's or revoked already is a success, too: there is
/// nothing left to do, and nothing to learn.
pub async fn revoke(tenant: &Arc<Tenant>, request: &Request, now: Timestamp) -> Result<(), Failure<Refusal>> {
    let snapshot = tenant.configuration.current();
    let asked = identify(tenant, &snapshot, request, "revoke", now).await?;
    let token = AccessToken::read(&asked.server, asked.token, now);
    let own = |token: &AccessToken| token.client_id == asked.client.app.value.client_id.as_str();
    let Some(token) = token.filter(own) else { return Ok(()) };
    if tenant.revocations.contains(&token.jti_hash) {
        return Ok(());
    }
    if tenant.revocations.len() >= REVOCATIONS_MAX {
        return Err(Fault::unavailable("too many revoked tokens are remembered").into());
    }
    let mut event = log::client_event(EventType::TokenRevoke, &asked.client.app.value, &request.origin);
    event.revision = Some(snapshot.revision);
    event.targets.extend(targets(&asked, &token));
    let mut batch = log::one(tenant, &event, now);
    let (jti_hash, expires) = (token.jti_hash.to_vec(), token.expires);
    batch.insert_revocation(&Revocation { jti_hash, expires, at: now.milliseconds() });
    // A caller who leaves does not stop the commit, and must not keep memory from learning of it.
    let tenant = Arc::clone(tenant);
    let done = tokio::spawn(async move {
        kill_point("revocation: to commit");
        tenant.store.commit(batch).await.map_err(Fault::from)?;
        kill_point("revocation: durable");
        tenant.revocations.insert(token.jti_hash, token.expires);
        kill_point("revocation: known");
        Ok(())
    });
    done.await.map_err(Fault::internal)?.map_err(Failure::Fault)
}

/// What the log says was revoked, in the order of a grant's event.
fn targets(asked: &Asked<'_>, token: &AccessToken) -> [Target; 3] {
    let (app, server) = (&asked.client.app.value, &asked.server.server.value);
    [
        Target::new("access_token", token.jti.as_str(), "Access Token"),
        Target::new("PublicClientApp", app.client_id.as_str(), app.label.as_str()),
        Target::new("AuthorizationServer", server.id.as_str(), server.name.as_str()),
    ]
}

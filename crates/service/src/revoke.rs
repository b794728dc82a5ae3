//! Revocation (RFC 7009): a client gives back one of its tokens. It is durable, with its event, before the reply, and
//! every node knows it within a second ([`crate::revocations`]).

use std::sync::Arc;

use model::Timestamp;
use model::event::{EventType, Target};
use store::{Batch, Revocation, kill_point};

use crate::access_token::{AccessToken, Asked, Refusal, Request, identify};
use crate::failure::{Failure, Fault};
use crate::freshness::Passing;
use crate::log;
use crate::revocations::{LATE_MILLISECONDS, Room};
use crate::rows;
use crate::target;
use crate::tenant::Tenant;

/// Revokes a token. One that is unknown, expired, another client's or revoked already is a success, too: there is
/// nothing left to do, and nothing to learn.
pub async fn revoke(tenant: &Arc<Tenant>, request: &Request, now: Timestamp) -> Result<(), Failure<Refusal>> {
    // Others look for it by its time: a node that does not know what time it is to them cannot tell them.
    tenant.freshness.check(now)?;
    let passing = Passing::since(now);
    let snapshot = tenant.configuration.current();
    let asked = identify(tenant, &snapshot, request, "revoke", now).await?;
    let token = read(tenant, &asked, request, now).await?;
    let own = |token: &AccessToken| token.client_id == asked.client.app.value.client_id.as_str();
    let Some(token) = token.filter(own) else { return Ok(()) };
    if tenant.revocations.contains(&token.jti_hash) {
        return Ok(());
    }
    match tenant.revocations.room_for(&token.client_id) {
        Room::Free => {}
        Room::ClientFull => return Err(Failure::Refused(Refusal::TooManyRevocations)),
        Room::Full => return Err(Fault::unavailable("too many revoked tokens are remembered").into()),
    }
    let mut event = log::client_event(EventType::TokenRevoke, &asked.client.app.value, &request.origin);
    event.revision = Some(snapshot.revision);
    event.targets.extend(targets(&asked, &token));
    let batch = log::one(tenant, &event, now);
    // A caller who leaves does not stop the commit, and must not keep memory from learning of it.
    let tenant = Arc::clone(tenant);
    let done = tokio::spawn(async move { remember(&tenant, batch, &token, passing).await });
    done.await.map_err(Fault::internal)?.map_err(Failure::Fault)
}

/// The token, by the keys of this moment: one whose key is not known may be signed by a key that another node made since,
/// and then there is something to do. Anybody can name such a key, so few may look at once.
async fn read(
    tenant: &Tenant,
    asked: &Asked<'_>,
    request: &Request,
    now: Timestamp,
) -> Result<Option<AccessToken>, Fault> {
    if let Some(token) = AccessToken::read(&asked.server, asked.token, now) {
        return Ok(Some(token));
    }
    let kid = jose::read_header(asked.token).ok().and_then(|header| header.kid().map(str::to_owned));
    let is_strange = kid.is_some_and(|kid| asked.server.keys.find(&kid).is_none());
    if !is_strange || !tenant.freshness.is_shared() {
        return Ok(None);
    }
    let too_many = |_| Fault::unavailable("too many tokens of unknown keys are looked at");
    let _looking = tenant.looks.try_acquire().map_err(too_many)?;
    tenant.follow_configuration(now).await?;
    let newest = tenant.configuration.current();
    let server = newest.find_server(&request.server).filter(|entry| entry.server.value.status.is_active());
    Ok(server.and_then(|server| AccessToken::read(server, asked.token, now)))
}

/// How often a revocation is made durable: once, and once more with a newer date.
const ATTEMPTS: u32 = 2;

/// Makes the revocation durable. One that took long is dated anew: other nodes may have read past its time meanwhile. If
/// that takes long, too, nobody is told that all of them know it.
async fn remember(
    tenant: &Tenant,
    mut batch: Batch,
    token: &AccessToken,
    passing: Passing,
) -> Result<(), Fault> {
    for _ in 0..ATTEMPTS {
        let dated = passing.now();
        tenant.freshness.check(dated)?;
        let (client, at) = (token.client_id.clone(), tenant.freshness.clock.shared(dated).milliseconds());
        let jti_hash = token.jti_hash.to_vec();
        let next = Batch::new(batch.org(), rows::actor(&model::Actor::system()));
        batch.insert_revocation(&Revocation { jti_hash, client, expires: token.expires, at });
        kill_point("revocation: to commit");
        tenant.store.commit(batch).await?;
        kill_point("revocation: durable");
        if !tenant.freshness.is_shared() || passing.now() <= dated.plus_milliseconds(LATE_MILLISECONDS) {
            // Not before: what is known here counts as done when it is asked for again.
            tenant.revocations.insert(token.jti_hash, &token.client_id, token.expires);
            kill_point("revocation: known");
            return Ok(());
        }
        batch = next;
    }
    Err(Fault::unavailable("the database takes too long for every node to learn of a revocation"))
}

/// What the log says was revoked, in the order of a grant's event.
fn targets(asked: &Asked<'_>, token: &AccessToken) -> [Target; 3] {
    [
        target::access_token(&token.jti),
        target::client(&asked.client.app.value),
        target::server(&asked.server.server.value),
    ]
}

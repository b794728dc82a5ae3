//! Associated servers: whose access tokens a server accepts as the subject of a token exchange (Okta). Owns the
//! trust; leaves out the exchange.
//!
//! Trust has a direction: that A is in B's list lets B accept A's tokens, and says nothing about A.

use std::sync::Arc;

use model::authorization_server::TRUSTED_MAX;
use model::event::EventType;
use model::{AuthorizationServer, AuthorizationServerId, Document};

use crate::admin::authorization_server::{self, matches};
use crate::admin::{Page, Refusal, page};
use crate::configuration::{Asked, Draft};
use crate::failure::Failure;
use crate::snapshot::{ServerEntry, Snapshot};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// Which servers a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that the server trusts.
    Trusted,
    /// Those that it does not trust, and could; never itself.
    Untrusted,
}

/// A page of servers, in the order of their creation; `q` as in the list of all servers.
pub fn list(
    snapshot: &Snapshot,
    server: &AuthorizationServer,
    which: Which,
    q: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Page<Arc<ServerEntry>> {
    let q = q.map(str::to_lowercase);
    let wanted = |other: &AuthorizationServer| match which {
        Which::Trusted => server.trusted.contains(&other.id),
        Which::Untrusted => other.id != server.id && !server.trusted.contains(&other.id),
    };
    let after = after.and_then(AuthorizationServerId::parse);
    let servers = snapshot.servers_after(after);
    let found = servers.filter(|entry| wanted(&entry.server.value) && matches(entry, q.as_deref())).cloned();
    page(found, limit, |entry| entry.server.value.id.to_string())
}

/// Adds trust in servers, all of them or none, and gives them back. One that is trusted already stays so.
pub async fn add(
    tenant: &Tenant,
    asked: Asked,
    path_segment: String,
    trusted: Vec<String>,
) -> Result<Vec<Arc<ServerEntry>>, Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let server = authorization_server::get(draft.snapshot(), &path_segment)?.server.value.clone();
            trust(draft, server, &trusted)
        })
        .await
}

/// Adds trust in servers in a draft, and gives them back.
pub(crate) fn trust(
    draft: &mut Draft,
    mut server: AuthorizationServer,
    trusted: &[String],
) -> Result<Vec<Arc<ServerEntry>>, Refusal> {
    let mut named = Vec::with_capacity(trusted.len());
    let mut added = Vec::new();
    for id in trusted {
        let other = candidate(draft.snapshot(), &server, id)?;
        if !server.trusted.contains(&other.server.value.id) {
            server.trusted.push(other.server.value.id);
            added.push(target::server(&other.server.value));
        }
        named.push(other);
    }
    if server.trusted.len() > TRUSTED_MAX {
        return Err(Refusal::invalid(
            "trusted",
            format_args!("A server trusts at most {TRUSTED_MAX} others"),
        ));
    }
    if !added.is_empty() {
        let mut targets = vec![target::server(&server)];
        targets.append(&mut added);
        draft.log(EventType::TrustedServerAdded, targets);
        put(draft, server);
    }
    Ok(named)
}

fn candidate(
    snapshot: &Snapshot,
    server: &AuthorizationServer,
    id: &str,
) -> Result<Arc<ServerEntry>, Refusal> {
    let other = snapshot.find_server(id).cloned().ok_or_else(|| {
        Refusal::invalid("trusted", format_args!("There is no authorization server `{id}`"))
    })?;
    if other.server.value.id == server.id {
        return Err(Refusal::invalid("trusted", "A server needs no trust in itself"));
    }
    Ok(other)
}

/// Ends trust in a server.
pub async fn remove(
    tenant: &Tenant,
    asked: Asked,
    path_segment: String,
    trusted: String,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let server = authorization_server::get(draft.snapshot(), &path_segment)?.server.value.clone();
            let other = authorization_server::get(draft.snapshot(), &trusted)?.server.value.clone();
            if !server.trusted.contains(&other.id) {
                return Err(Refusal::not_found(trusted.as_str(), kind::AUTHORIZATION_SERVER));
            }
            end(draft, server, &other);
            Ok(())
        })
        .await
}

/// Ends every trust in a server that is being deleted. Nothing widens by it, and ids never come again.
pub(super) fn forget(draft: &mut Draft, gone: &AuthorizationServer) {
    let trusting = |entry: &&Arc<ServerEntry>| entry.server.value.trusted.contains(&gone.id);
    let servers = draft.snapshot().servers_after(None).filter(trusting);
    let servers: Vec<AuthorizationServer> = servers.map(|entry| entry.server.value.clone()).collect();
    for server in servers {
        end(draft, server, gone);
    }
}

/// Ends the trust of a server in another, in a draft.
pub(crate) fn end(draft: &mut Draft, mut server: AuthorizationServer, other: &AuthorizationServer) {
    server.trusted.retain(|id| *id != other.id);
    draft.log(EventType::TrustedServerDeleted, [target::server(&server), target::server(other)]);
    put(draft, server);
}

fn put(draft: &mut Draft, mut server: AuthorizationServer) {
    server.last_updated = draft.now;
    draft.put(Document::AuthorizationServer(server));
}

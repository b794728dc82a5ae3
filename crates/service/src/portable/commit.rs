//! A document applied to a server that works: rehearsed, or carried out as one change. Owns the lookups before it, the keys
//! that a new server or another algorithm needs, and the revision that was planned on; leaves out the applying (`apply`).

use std::sync::Arc;

use model::AuthorizationServerId;
use model::authorization_server::IssuerMode;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use super::apply::{Target, apply, apply_with};
use super::document::Portable;
use super::export::export;
use super::plan::Plan;
use super::problem::Problem;
use super::size;
use super::world::World;
use crate::admin::new_key::{self, NewKeys, Stop};
use crate::admin::{Precondition, Refusal, authorization_server};
use crate::configuration::{Asked, Draft};
use crate::failure::{Failure, Fault};
use crate::snapshot::{ServerEntry, Snapshot};
use crate::tenant::Tenant;

/// What somebody wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The server's path segment; none means the one that has the document's name.
    pub server: Option<String>,
    /// What it shall be.
    pub document: Portable,
    /// The org's revision that it was planned on.
    pub precondition: Precondition,
    /// Rehearsals that it was shown in: with one of them, `precondition` is met.
    pub rehearsals: Vec<Rehearsal>,
    /// The issuer mode of a new server whose document says none.
    pub issuer_mode: IssuerMode,
}

/// What a rehearsal was of: what is carried out with it is what was shown. Groups and users are rows, which come, go and
/// are renamed without a revision of the org.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The org's revision.
    pub revision: u64,
    /// A digest of the groups and users that the names stood for.
    pub names: String,
}

impl Wanted {
    /// Compares what was shown with what is.
    fn check(&self, revision: u64, world: &World) -> Result<(), Refusal> {
        let names = world.digest();
        let is_shown = |shown: &Rehearsal| shown.revision == revision && shown.names == names;
        if self.rehearsals.iter().any(is_shown) {
            return Ok(());
        }
        self.precondition.check(revision)
    }
}

/// What was done, or would be.
#[derive(Debug, Clone)]
pub struct Applied {
    /// Step by step.
    pub plan: Plan,
    /// The server as it is now, or would be.
    pub server: Arc<ServerEntry>,
    /// Whether it was made.
    pub created: bool,
    /// The org's revision: that of the change or, where nothing changed or it was a rehearsal, that of before.
    pub revision: u64,
    /// A digest of the groups and users that the names stood for.
    pub names: String,
}

/// A server's document, and the org's revision that it shows.
pub async fn current(tenant: &Tenant, path_segment: &str) -> Result<(Portable, u64), Failure<Refusal>> {
    let snapshot = tenant.configuration.current();
    let entry = authorization_server::get(&snapshot, path_segment).map_err(Failure::Refused)?;
    let world = World::gather(tenant, Some(&entry), None).await?;
    Ok((at_length(|| export(&snapshot, &entry, &world)), snapshot.revision))
}

/// Does what a long document makes long, without holding up what else the thread would do.
pub fn at_length<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        // There is nobody to hand the rest to.
        _ => work(),
    }
}

/// Says what applying would do, and does nothing.
pub async fn rehearse(tenant: &Tenant, asked: Asked, wanted: Wanted) -> Result<Applied, Failure<Refusal>> {
    let (target, world) = prepare(tenant, &asked, &wanted).await?;
    rehearse_with(tenant, asked, &wanted, target, &world)
}

fn rehearse_with(
    tenant: &Tenant,
    asked: Asked,
    wanted: &Wanted,
    target: Target,
    world: &World,
) -> Result<Applied, Failure<Refusal>> {
    let snapshot = Snapshot::clone(&tenant.configuration.current());
    let revision = snapshot.revision;
    wanted.check(revision, world).map_err(Failure::Refused)?;
    let created = find(&snapshot, target, &wanted.document).map_err(Failure::Refused)?.is_none();
    let mut draft = Draft::new(snapshot, asked.actor, asked.origin, asked.now);
    let plan = at_length(|| apply(&mut draft, &tenant.ids, world, target, &wanted.document));
    let plan = plan.map_err(|problems| Failure::Refused(problems.into()))?;
    let server = find(draft.snapshot(), target, &wanted.document).map_err(Failure::Refused)?;
    let names = world.digest();
    Ok(Applied { plan, server: server.ok_or_else(vanished)?, created, revision, names })
}

/// Applies a document as one change: all of it or nothing.
pub async fn carry_out(tenant: &Tenant, asked: Asked, wanted: Wanted) -> Result<Applied, Failure<Refusal>> {
    let (target, world) = prepare(tenant, &asked, &wanted).await?;
    // What will be refused takes as long as what will not, and must not keep other changes waiting.
    try_first(tenant, &asked, &wanted, target, &world).await?;
    let (world, wanted, ids) = (Arc::new(world), Arc::new(wanted), Arc::clone(&tenant.ids));
    new_key::change(tenant, asked, move |draft, new| {
        let before = draft.snapshot().revision - 1;
        wanted.check(before, &world)?;
        let found = find(draft.snapshot(), target, &wanted.document)?;
        let published = match &found {
            Some(entry) => publish(draft, entry, &wanted.document, new)?,
            None => None,
        };
        let plan =
            at_length(|| apply_with(draft, &ids, &world, target, &wanted.document, published.as_deref()));
        let plan = plan.map_err(Refusal::from)?;
        let id = match (&found, target) {
            (Some(entry), _) => entry.server.value.id,
            (None, Target::Server(id) | Target::Named { new: id, .. }) => id,
        };
        let server = authorization_server::get(draft.snapshot(), id.as_str())?;
        if found.is_none() {
            authorization_server::add_first_keys(draft, &server.server.value, new)?;
        }
        let revision = if plan.is_empty() { before } else { before + 1 };
        let server = authorization_server::get(draft.snapshot(), id.as_str())?;
        Ok(Applied { plan, server, created: found.is_none(), revision, names: world.digest() })
    })
    .await
}

/// Refuses what the change would refuse, outside the queue of changes.
async fn try_first(
    tenant: &Tenant,
    asked: &Asked,
    wanted: &Wanted,
    target: Target,
    world: &World,
) -> Result<(), Failure<Refusal>> {
    if rehearse_with(tenant, asked.clone(), wanted, target, world).is_ok() {
        return Ok(());
    }
    // A refusal may rest on what another node has changed meanwhile. A change of nothing looks for that.
    tenant.configuration.change(asked.clone(), |_| Ok::<_, Refusal>(())).await?;
    rehearse_with(tenant, asked.clone(), wanted, target, world).map(drop)
}

/// Which server is meant, and what names stand for.
async fn prepare(
    tenant: &Tenant,
    asked: &Asked,
    wanted: &Wanted,
) -> Result<(Target, World), Failure<Refusal>> {
    size::check(&wanted.document).map_err(|problems| Failure::Refused(problems.into()))?;
    let snapshot = tenant.configuration.current();
    let target = match &wanted.server {
        Some(path_segment) => {
            let entry = authorization_server::get(&snapshot, path_segment).map_err(Failure::Refused)?;
            Target::Server(entry.server.value.id)
        }
        None => Target::Named {
            new: AuthorizationServerId::mint(tenant.ids.next(asked.now)),
            issuer_mode: wanted.issuer_mode,
        },
    };
    let entry = find(&snapshot, target, &wanted.document).map_err(Failure::Refused)?;
    let world = World::gather(tenant, entry.as_deref(), Some(&wanted.document)).await?;
    Ok((target, world))
}

fn find(
    snapshot: &Snapshot,
    target: Target,
    document: &Portable,
) -> Result<Option<Arc<ServerEntry>>, Refusal> {
    let found = target.find(snapshot, document).map_err(|problem| vec![problem])?;
    match (found, target) {
        (None, Target::Server(id)) => authorization_server::get(snapshot, id.as_str()).map(Some),
        (found, _) => Ok(found),
    }
}

/// Sees to it that the next key is of the algorithm that the document wants.
fn publish(
    draft: &mut Draft,
    entry: &ServerEntry,
    document: &Portable,
    new: &NewKeys,
) -> Result<Option<Arc<crate::signing_key::KeyRecord>>, Stop> {
    let Some(wanted) = &document.server else { return Ok(None) };
    let mut server = entry.server.value.clone();
    let algorithm = wanted.signing_algorithm.unwrap_or_default();
    if server.token_format.signing_algorithm == algorithm {
        return Ok(None);
    }
    server.token_format.signing_algorithm = algorithm;
    authorization_server::prepare_keys(draft, &server, new)
}

impl From<Vec<Problem>> for Refusal {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Invalid { subject: "configuration", causes: problems.iter().map(ToString::to_string).collect() }
    }
}

fn vanished() -> Failure<Refusal> {
    Failure::Fault(Fault::internal("a server that was applied to is not in its draft"))
}

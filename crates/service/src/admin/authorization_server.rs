//! Authorization servers: create, list, read, replace, delete, activate, deactivate.

use std::sync::Arc;

use model::authorization_server::{IssuerMode, RotationMode};
use model::event::{EventType, Target};
use model::key::KeyStatus;
use model::token_format::{AccessTokenProfile, GroupsOverflow, SigningAlgorithm};
use model::{
    AuthorizationServer, AuthorizationServerId, Document, Invalid, Status, Timestamp, TokenFormat, template,
};

use crate::admin::new_key::{self, NewKeys, Stop};
use crate::admin::{Page, Precondition, Refusal, associated_server, page};
use crate::configuration::{Asked, Draft};
use crate::failure::Failure;
use crate::signing_key::{KeyRecord, algorithm};
use crate::snapshot::{ServerEntry, Snapshot, Versioned};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// What an admin says of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name.
    pub name: String,
    /// A description.
    pub description: Option<String>,
    /// Its audience, as a list of one.
    pub audiences: Vec<String>,
    /// Which origin its issuer carries; absent keeps what is.
    pub issuer_mode: Option<IssuerMode>,
    /// Who rotates its keys; absent keeps what is.
    pub rotation_mode: Option<RotationMode>,
    /// What its tokens are signed with; absent keeps what is.
    pub signing_algorithm: Option<SigningAlgorithm>,
    /// The shape of its access tokens; absent keeps what is.
    pub access_token_profile: Option<AccessTokenProfile>,
    /// What becomes of too many groups; absent is kept.
    pub groups_overflow: Option<GroupsOverflow>,
}

/// The server that `path_segment` names, or that it is not there.
pub fn get(snapshot: &Snapshot, path_segment: &str) -> Result<Arc<ServerEntry>, Refusal> {
    let entry = snapshot.find_server(path_segment);
    entry.cloned().ok_or_else(|| Refusal::not_found(path_segment, kind::AUTHORIZATION_SERVER))
}

/// A page of servers, in the order of their creation. `q` is looked for in names and audiences, whatever the case.
/// Okta does not say how `q` compares; a part of the text is the widest reading.
pub fn list(
    snapshot: &Snapshot,
    q: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Page<Arc<ServerEntry>> {
    let q = q.map(str::to_lowercase);
    let after = after.and_then(AuthorizationServerId::parse);
    let servers = snapshot.servers_after(after).filter(|entry| matches(entry, q.as_deref())).cloned();
    page(servers, limit, |entry| entry.server.value.id.to_string())
}

/// Whether a search finds a server; `q` is in lower case.
pub(super) fn matches(entry: &ServerEntry, q: Option<&str>) -> bool {
    let server = &entry.server.value;
    q.is_none_or(|q| {
        server.name.to_lowercase().contains(q)
            || server.audiences.iter().any(|audience| audience.to_lowercase().contains(q))
    })
}

/// Creates a server with its system scopes and claims, two keys, and no policy.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    settings: Settings,
) -> Result<Arc<ServerEntry>, Failure<Refusal>> {
    let id = AuthorizationServerId::mint(tenant.ids.next(asked.now));
    new_key::change(tenant, asked, move |draft, new| {
        let server = add(draft, id, &settings)?;
        add_first_keys(draft, &server, new)?;
        Ok(get(draft.snapshot(), id.as_str())?)
    })
    .await
}

/// A server of which nothing is said.
pub(crate) fn plain(id: AuthorizationServerId, now: Timestamp) -> AuthorizationServer {
    AuthorizationServer {
        id,
        name: String::new(),
        description: None,
        audiences: Vec::new(),
        issuer_mode: IssuerMode::OrgUrl,
        status: Status::Active,
        rotation_mode: RotationMode::Auto,
        default: false,
        template: template::CURRENT,
        trusted: Vec::new(),
        token_format: TokenFormat::default(),
        created: now,
        last_updated: now,
        tokens_valid_from: None,
    }
}

/// Makes a server in a draft, without keys.
pub(crate) fn add(
    draft: &mut Draft,
    id: AuthorizationServerId,
    settings: &Settings,
) -> Result<AuthorizationServer, Refusal> {
    require_description(settings.description.as_deref())?;
    let mut server = plain(id, draft.now);
    settings.apply_to(&mut server);
    server.validate()?;
    draft.put(Document::AuthorizationServer(server.clone()));
    draft.log(EventType::AuthorizationServerCreated, [target::server(&server)]);
    Ok(server)
}

/// Description is required where a server is made (Okta), and may be left out later.
fn require_description(description: Option<&str>) -> Result<(), Refusal> {
    match description {
        Some(description) if !description.trim().is_empty() => Ok(()),
        _ => Err(Invalid::new("description", "The field cannot be left blank").into()),
    }
}

/// Gives a new server an active key and the next one.
pub(crate) fn add_first_keys(
    draft: &mut Draft,
    server: &AuthorizationServer,
    new: &NewKeys,
) -> Result<(), Stop> {
    let [active, next] = new.get(server.id, algorithm(server.token_format.signing_algorithm))?;
    let active = Arc::new(active.with_status(KeyStatus::Active, draft.now));
    draft.put_keys(server.id, vec![active, next]);
    Ok(())
}

impl Settings {
    /// The server as it will be.
    pub(crate) fn apply_to(&self, server: &mut AuthorizationServer) {
        server.name.clone_from(&self.name);
        server.description = self.description.clone().filter(|text| !text.is_empty());
        server.audiences.clone_from(&self.audiences);
        server.issuer_mode = self.issuer_mode.unwrap_or(server.issuer_mode);
        server.rotation_mode = self.rotation_mode.unwrap_or(server.rotation_mode);
        let format = &mut server.token_format;
        format.signing_algorithm = self.signing_algorithm.unwrap_or(format.signing_algorithm);
        format.access_token_profile = self.access_token_profile.unwrap_or(format.access_token_profile);
        format.groups_overflow = self.groups_overflow.unwrap_or(format.groups_overflow);
    }
}

/// Replaces what an admin may say of a server.
pub async fn replace(
    tenant: &Tenant,
    asked: Asked,
    path_segment: String,
    settings: Settings,
    precondition: Precondition,
) -> Result<Arc<ServerEntry>, Failure<Refusal>> {
    new_key::change(tenant, asked, move |draft, new| {
        let mut server = find(draft.snapshot(), &path_segment, &precondition)?;
        settings.apply_to(&mut server);
        server.validate()?;
        let published = prepare_keys(draft, &server, new)?;
        Ok(update(draft, server, published.as_deref())?)
    })
    .await
}

/// Puts a server in a draft that an admin changed; with the key that was published for that.
pub(crate) fn update(
    draft: &mut Draft,
    server: AuthorizationServer,
    published: Option<&KeyRecord>,
) -> Result<Arc<ServerEntry>, Refusal> {
    server.validate()?;
    let targets = published.map(target::key);
    commit(draft, server, EventType::AuthorizationServerUpdated, targets)
}

/// Sees to it that the next key is of the server's algorithm, and says which one is published for that. The active one
/// goes on signing: no verifier knows the new one yet.
pub(crate) fn prepare_keys(
    draft: &mut Draft,
    server: &AuthorizationServer,
    new: &NewKeys,
) -> Result<Option<Arc<KeyRecord>>, Stop> {
    let (entry, algorithm) =
        (get(draft.snapshot(), server.id.as_str())?, algorithm(server.token_format.signing_algorithm));
    if entry.keys.next().is_some_and(|next| next.algorithm == algorithm) {
        return Ok(None);
    }
    let [new] = new.get(server.id, algorithm)?;
    let kept = entry.keys.iter().filter(|key| key.status != KeyStatus::Next).cloned();
    draft.put_keys(server.id, kept.chain([Arc::clone(&new)]).collect());
    Ok(Some(new))
}

/// Activates or deactivates a server.
pub async fn set_status(
    tenant: &Tenant,
    asked: Asked,
    path_segment: String,
    status: Status,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let server = find(draft.snapshot(), &path_segment, &Precondition::Any)?;
            change_status(draft, server, status)
        })
        .await
}

/// Activates or deactivates a server in a draft.
pub(crate) fn change_status(
    draft: &mut Draft,
    mut server: AuthorizationServer,
    status: Status,
) -> Result<(), Refusal> {
    if server.status == status {
        return Ok(());
    }
    server.status = status;
    if status == Status::Inactive {
        server.tokens_valid_from = Some(draft.snapshot().revision);
    }
    let event_type = match status {
        Status::Active => EventType::AuthorizationServerActivated,
        Status::Inactive => EventType::AuthorizationServerDeactivated,
    };
    commit(draft, server, event_type, []).map(drop)
}

fn find(
    snapshot: &Snapshot,
    path_segment: &str,
    precondition: &Precondition,
) -> Result<AuthorizationServer, Refusal> {
    let entry = get(snapshot, path_segment)?;
    let Versioned { value, revision } = &*entry.server;
    precondition.check(*revision)?;
    Ok(value.clone())
}

fn commit(
    draft: &mut Draft,
    mut server: AuthorizationServer,
    event_type: EventType,
    more: impl IntoIterator<Item = Target>,
) -> Result<Arc<ServerEntry>, Refusal> {
    server.last_updated = draft.now;
    draft.log(event_type, [target::server(&server)].into_iter().chain(more));
    let id = server.id;
    draft.put(Document::AuthorizationServer(server));
    get(draft.snapshot(), id.as_str())
}

/// Deletes a server and everything that belongs to it. The default server stays. Okta does not say whether an
/// active server may be deleted; it may here.
pub async fn delete(
    tenant: &Tenant,
    asked: Asked,
    path_segment: String,
    precondition: Precondition,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let server = find(draft.snapshot(), &path_segment, &precondition)?;
            if server.default {
                return Err(Refusal::invalid(
                    "default",
                    "The default authorization server cannot be deleted",
                ));
            }
            let entry = get(draft.snapshot(), &path_segment)?;
            for document in entry.stored_children() {
                draft.delete(document);
            }
            draft.put_keys(server.id, Vec::new());
            associated_server::forget(draft, &server);
            draft.log(EventType::AuthorizationServerDeleted, [target::server(&server)]);
            draft.delete(Document::AuthorizationServer(server));
            Ok(())
        })
        .await
}

//! Claims of a server.

use std::sync::Arc;

use model::claim::{CLAIMS_MAX, ClaimType, ClaimValue, GroupFilter};
use model::event::EventType;
use model::{AuthorizationServerId, Claim, ClaimId, Document, Status};

use crate::admin::{Precondition, Refusal, authorization_server};
use crate::configuration::{Asked, Draft};
use crate::failure::Failure;
use crate::snapshot::{ServerEntry, Snapshot, Versioned};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// What an admin says of a claim.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name in the token.
    pub name: String,
    /// Active or not; absent keeps what is.
    pub status: Option<Status>,
    /// Which token it is for.
    pub claim_type: ClaimType,
    /// Where its value comes from.
    pub value: ClaimValue,
    /// Released if any of these scopes is granted; empty is always.
    pub scopes: Vec<String>,
    /// In every ID token; absent keeps what is.
    pub always_include_in_token: Option<bool>,
}

/// A claim of a server.
pub fn get(server: &ServerEntry, id: &str) -> Result<Arc<Versioned<Claim>>, Refusal> {
    let claim = ClaimId::parse(id).and_then(|id| server.find_claim(id));
    claim.ok_or_else(|| Refusal::not_found(id, kind::CLAIM))
}

/// Creates a claim.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    settings: Settings,
) -> Result<Arc<Versioned<Claim>>, Failure<Refusal>> {
    let id = ClaimId::mint(tenant.ids.next(asked.now));
    tenant.configuration.change(asked, move |draft| add(draft, &server, id, &settings)).await
}

/// Makes a claim in a draft.
pub(crate) fn add(
    draft: &mut Draft,
    server: &str,
    id: ClaimId,
    settings: &Settings,
) -> Result<Arc<Versioned<Claim>>, Refusal> {
    let entry = authorization_server::get(draft.snapshot(), server)?;
    if entry.claims().len() >= CLAIMS_MAX {
        return Err(Refusal::invalid("claims", format_args!("A server has at most {CLAIMS_MAX} claims")));
    }
    let plain = plain(id, entry.server.value.id, settings.claim_type);
    commit(draft, plain, settings, EventType::ClaimCreated)
}

/// A claim of which nothing but its token is said.
pub(crate) fn plain(id: ClaimId, server: AuthorizationServerId, claim_type: ClaimType) -> Claim {
    Claim {
        id,
        server,
        name: String::new(),
        status: Status::Active,
        claim_type,
        value: ClaimValue::Expression(String::new()),
        scopes: Vec::new(),
        system: false,
        always_include_in_token: claim_type == ClaimType::Resource,
    }
}

/// Replaces what an admin may say of a claim. Of a system claim only status, scopes and whether it is always
/// included can change, and of `sub` its expression.
pub async fn replace(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    id: String,
    settings: Settings,
    precondition: Precondition,
) -> Result<Arc<Versioned<Claim>>, Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let claim = find(draft.snapshot(), &server, &id, &precondition)?;
            update(draft, claim, &settings)
        })
        .await
}

/// Replaces in a draft what an admin may say of `claim`.
pub(crate) fn update(
    draft: &mut Draft,
    claim: Claim,
    settings: &Settings,
) -> Result<Arc<Versioned<Claim>>, Refusal> {
    if claim.system {
        require_same_nature(&claim, settings)?;
    }
    commit(draft, claim, settings, EventType::ClaimUpdated)
}

fn require_same_nature(claim: &Claim, settings: &Settings) -> Result<(), Refusal> {
    if claim.name != settings.name {
        return Err(Refusal::invalid("name", "The name of a system claim cannot be changed"));
    }
    if claim.claim_type != settings.claim_type {
        return Err(Refusal::invalid("claimType", "The type of a system claim cannot be changed"));
    }
    if std::mem::discriminant(&claim.value) != std::mem::discriminant(&settings.value) {
        return Err(Refusal::invalid("valueType", "The value type of a system claim cannot be changed"));
    }
    // Every access token has a subject.
    if claim.name == "sub" && settings.status == Some(Status::Inactive) {
        return Err(Refusal::invalid("status", "The `sub` claim cannot be disabled"));
    }
    if claim.name == "sub" && !settings.scopes.is_empty() {
        return Err(Refusal::invalid("conditions.scopes", "The `sub` claim is in every access token"));
    }
    Ok(())
}

impl Settings {
    /// The claim as it will be.
    pub(crate) fn apply_to(&self, claim: &mut Claim) {
        claim.name.clone_from(&self.name);
        claim.status = self.status.unwrap_or(claim.status);
        claim.claim_type = self.claim_type;
        claim.value = self.value.clone();
        claim.scopes.clone_from(&self.scopes);
        let always = self.always_include_in_token.unwrap_or(claim.always_include_in_token);
        claim.always_include_in_token = always || claim.claim_type == ClaimType::Resource;
    }
}

fn find(snapshot: &Snapshot, server: &str, id: &str, precondition: &Precondition) -> Result<Claim, Refusal> {
    let claim = get(&*authorization_server::get(snapshot, server)?, id)?;
    precondition.check(claim.revision)?;
    Ok(claim.value.clone())
}

fn commit(
    draft: &mut Draft,
    mut claim: Claim,
    settings: &Settings,
    event_type: EventType,
) -> Result<Arc<Versioned<Claim>>, Refusal> {
    let known = claim.scopes.clone();
    settings.apply_to(&mut claim);
    claim.validate()?;
    check_value(&claim.value)?;
    let server = authorization_server::get(draft.snapshot(), claim.server.as_str())?;
    require_free_name(&server, &claim)?;
    require_scopes(&server, &claim, &known)?;
    draft.log(event_type, [target::claim(&claim), target::server_of(draft.snapshot(), claim.server)]);
    let (server, id): (AuthorizationServerId, ClaimId) = (claim.server, claim.id);
    draft.put(Document::Claim(claim));
    get(&*authorization_server::get(draft.snapshot(), server.as_str())?, id.as_str())
}

fn check_value(value: &ClaimValue) -> Result<(), Refusal> {
    match value {
        ClaimValue::Expression(text) => {
            engine::claims::check_expression(text).map_err(|message| Refusal::invalid("value", message))
        }
        ClaimValue::Groups { filter: GroupFilter::Regex, value } => {
            engine::claims::check_pattern(value).map_err(|message| Refusal::invalid("value", message))
        }
        ClaimValue::Groups { .. } | ClaimValue::System => Ok(()),
    }
}

/// Two claims of one name in one token would be a coin toss. Okta does not document its answer; ours is a refusal.
fn require_free_name(server: &ServerEntry, claim: &Claim) -> Result<(), Refusal> {
    let taken = server.claims().iter().any(|other| {
        other.value.id != claim.id
            && other.value.name == claim.name
            && other.value.claim_type == claim.claim_type
    });
    if taken {
        return Err(Refusal::invalid("name", "A claim with this name already exists for this token type"));
    }
    Ok(())
}

fn require_scopes(server: &ServerEntry, claim: &Claim, known: &[String]) -> Result<(), Refusal> {
    let scopes = server.scopes();
    let exists = |name: &String| known.contains(name) || scopes.iter().any(|scope| scope.value.name == *name);
    match claim.scopes.iter().find(|name| !exists(name)) {
        None => Ok(()),
        Some(missing) => {
            Err(Refusal::invalid("conditions.scopes", format_args!("The server has no scope `{missing}`")))
        }
    }
}

/// Deletes a claim; those that came with the server stay.
pub async fn delete(
    tenant: &Tenant,
    asked: Asked,
    server: String,
    id: String,
    precondition: Precondition,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let claim = find(draft.snapshot(), &server, &id, &precondition)?;
            remove(draft, claim)
        })
        .await
}

/// Takes a claim out of a draft.
pub(crate) fn remove(draft: &mut Draft, claim: Claim) -> Result<(), Refusal> {
    if claim.system {
        return Err(Refusal::invalid("system", "A system claim cannot be deleted"));
    }
    draft.log(
        EventType::ClaimDeleted,
        [target::claim(&claim), target::server_of(draft.snapshot(), claim.server)],
    );
    draft.delete(Document::Claim(claim));
    Ok(())
}

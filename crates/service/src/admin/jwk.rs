//! The public keys of an app.

use jose::{JwkError, KeyUse, PublicJwk};
use model::app::{AuthMethod, ClientKeys, KEYS_MAX, RegisteredJwk};
use model::event::EventType;
use model::{App, Document, JwkId, Status, Timestamp};
use serde_json::{Map, Value};

use crate::admin::{Precondition, Refusal, app};
use crate::configuration::{Asked, Draft};
use crate::failure::Failure;
use crate::ids::IdSource;
use crate::snapshot::{AppEntry, Snapshot};
use crate::target::{self, kind};
use crate::tenant::Tenant;

/// Okta's words.
const ONLY_KEY: &str = "Can't deactivate the only active JSON Web Key when the value for `token_endpoint_auth_method` is \
                        `private_key_jwt`.";

/// The keys that an app registered here.
pub fn list(entry: &AppEntry) -> &[RegisteredJwk] {
    match &entry.app.value.oauth.keys {
        Some(ClientKeys::Jwks(keys)) => keys,
        Some(ClientKeys::JwksUri(_)) | None => &[],
    }
}

/// One key of an app.
pub fn get<'a>(entry: &'a AppEntry, id: &str) -> Result<&'a RegisteredJwk, Refusal> {
    list(entry).iter().find(|key| key.id.as_str() == id).ok_or_else(|| Refusal::not_found(id, kind::JWK))
}

/// Checks keys that come with an app's settings and gives an id to those that are new. A key that the app has
/// already, by `kid` or, where there is none, by its thumbprint, keeps its id and status.
pub fn register(
    ids: &IdSource,
    known: &[RegisteredJwk],
    keys: Vec<Map<String, Value>>,
    now: Timestamp,
) -> Result<Vec<RegisteredJwk>, Refusal> {
    if keys.len() > KEYS_MAX {
        return Err(Refusal::invalid("jwks", format_args!("An app has at most {KEYS_MAX} keys")));
    }
    let mut registered: Vec<RegisteredJwk> = Vec::with_capacity(keys.len());
    for mut members in keys {
        let status = match members.get("status").and_then(Value::as_str).map(Status::from_word) {
            Some(Some(status)) => Some(status),
            Some(None) => return Err(Refusal::invalid("jwks", "The status must be ACTIVE or INACTIVE")),
            None => None,
        };
        let key = check(&members)?;
        // What the API adds when it shows a key is not the key's.
        for shown in ["id", "status", "created", "lastUpdated", "_links"] {
            members.shift_remove(shown);
        }
        let own = kid(&members);
        if own.is_some() && registered.iter().any(|other| kid(&other.jwk) == own) {
            return Err(Refusal::invalid("jwks", "Each key must have a kid of its own"));
        }
        let is_same = |other: &Map<String, Value>| {
            kid(other) == own
                && (own.is_some() || read(other).is_ok_and(|other| other.thumbprint() == key.thumbprint()))
        };
        let old = known.iter().find(|known| is_same(&known.jwk));
        let status = status.or(old.map(|key| key.status)).unwrap_or(Status::Active);
        let id = old.map_or_else(|| JwkId::mint(ids.next(now)), |key| key.id);
        registered.push(RegisteredJwk { id, status, jwk: members });
    }
    if registered.len() > 1 && registered.iter().any(|key| kid(&key.jwk).is_none()) {
        return Err(Refusal::invalid("jwks", "Each of several keys must have a kid"));
    }
    Ok(registered)
}

/// The name of a key. `null` is none, and [`check`] takes no other value that is no text.
fn kid(members: &Map<String, Value>) -> Option<&str> {
    members.get("kid").and_then(Value::as_str)
}

/// A public key that can do what it says: nothing private, nothing symmetric, not too small, not too big.
fn check(members: &Map<String, Value>) -> Result<PublicJwk, Refusal> {
    read(members).map_err(|error| Refusal::invalid("jwks", error))
}

/// A key as it stands in an app's settings.
pub(crate) fn read(members: &Map<String, Value>) -> Result<PublicJwk, JwkError> {
    let purpose = match members.get("use").and_then(Value::as_str) {
        Some("enc") => KeyUse::Encryption,
        _ => KeyUse::Signature,
    };
    // A status is ours, and `null` stands for what was not given.
    let given = |(name, value): (&String, &Value)| {
        (name != "status" && !value.is_null()).then(|| (name.clone(), value.clone()))
    };
    let members: Map<String, Value> = members.iter().filter_map(given).collect();
    PublicJwk::parse(&members, purpose)
}

/// Adds a key.
pub async fn create(
    tenant: &Tenant,
    asked: Asked,
    app_id: String,
    members: Map<String, Value>,
) -> Result<RegisteredJwk, Failure<Refusal>> {
    if kid(&members).is_none() {
        return Err(Failure::Refused(Refusal::invalid("kid", "The field cannot be left blank")));
    }
    let made = register(&tenant.ids, &[], vec![members], asked.now).map_err(Failure::Refused)?;
    tenant
        .configuration
        .change(asked, move |draft| {
            let entry = app::find(draft.snapshot(), &app_id, &Precondition::Any)?;
            let made = made.first().cloned().ok_or_else(|| Refusal::invalid("jwks", "There is no key"))?;
            if matches!(entry.app.value.oauth.keys, Some(ClientKeys::JwksUri(_))) {
                let message = "The app publishes its keys at a jwks_uri; take that out before a key is added";
                return Err(Refusal::invalid("jwks", message));
            }
            let mut keys = list(&entry).to_vec();
            if keys.iter().any(|key| kid(&key.jwk).is_none()) {
                return Err(Refusal::invalid("jwks", "Each of several keys must have a kid"));
            }
            if keys.len() >= KEYS_MAX {
                return Err(Refusal::invalid("jwks", format_args!("An app has at most {KEYS_MAX} keys")));
            }
            if keys.iter().any(|key| kid(&key.jwk) == kid(&made.jwk)) {
                return Err(Refusal::invalid("kid", "The app has a key with this kid already"));
            }
            keys.push(made.clone());
            commit(draft, &entry, keys);
            Ok(made)
        })
        .await
}

/// An app without keys is one that never had any.
fn commit(draft: &mut Draft, entry: &AppEntry, keys: Vec<RegisteredJwk>) {
    let mut app: App = entry.app.value.clone();
    app.oauth.keys = (!keys.is_empty()).then_some(ClientKeys::Jwks(keys));
    app.last_updated = draft.now;
    draft.log(EventType::AppUpdated, [target::app(&app)]);
    draft.put(Document::App(Box::new(app)));
}

fn find(
    snapshot: &Snapshot,
    app_id: &str,
    id: &str,
) -> Result<(std::sync::Arc<AppEntry>, RegisteredJwk), Refusal> {
    let entry = app::find(snapshot, app_id, &Precondition::Any)?;
    let key = get(&entry, id)?.clone();
    Ok((entry, key))
}

/// Activates or deactivates a key; the only active one of a client that signs with it stays active.
pub async fn set_status(
    tenant: &Tenant,
    asked: Asked,
    app_id: String,
    id: String,
    status: Status,
) -> Result<RegisteredJwk, Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let (entry, key) = find(draft.snapshot(), &app_id, &id)?;
            if key.status == status {
                return Ok(key);
            }
            let active = list(&entry).iter().filter(|key| key.status.is_active()).count();
            let method = entry.app.value.oauth.auth_method;
            if !status.is_active() && active <= 1 && method == AuthMethod::PrivateKeyJwt {
                return Err(Refusal::Invalid { subject: "JsonWebKey", causes: vec![ONLY_KEY.to_owned()] });
            }
            let changed = RegisteredJwk { status, ..key };
            let keys = list(&entry).iter().map(|other| if other.id == changed.id { &changed } else { other });
            let keys = keys.cloned().collect();
            commit(draft, &entry, keys);
            Ok(changed)
        })
        .await
}

/// Deletes an inactive key.
pub async fn delete(
    tenant: &Tenant,
    asked: Asked,
    app_id: String,
    id: String,
) -> Result<(), Failure<Refusal>> {
    tenant
        .configuration
        .change(asked, move |draft| {
            let (entry, key) = find(draft.snapshot(), &app_id, &id)?;
            if key.status.is_active() {
                return Err(Refusal::invalid("status", "Deactivate the key before it is deleted"));
            }
            let keys = list(&entry).iter().filter(|other| other.id != key.id).cloned().collect();
            commit(draft, &entry, keys);
            Ok(())
        })
        .await
}

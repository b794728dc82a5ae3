//! Fills a data directory for `bench scale`: copies the newest server with everything that belongs to it, and the newest
//! app, until there are as many as were asked for. `multiply DATA SERVERS APPS`, while no server runs on DATA.
//!
//! It writes by the same drafts as the management API, many objects to a revision. The one thing it spares is making
//! keys: the copies share a few pairs, each sealed for its server, so that they cost memory and loading as others do.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use jose::{Algorithm, KeyRing, SigningKey};
use model::event::Origin;
use model::key::KeyStatus;
use model::{
    Actor, App, AppId, AuthorizationServer, AuthorizationServerId, Claim, ClaimId, ClientSecretId, Document,
    Policy, PolicyId, Rule, RuleId, Scope, ScopeId, Timestamp,
};
use service::client_secret::ClientSecret;
use service::configuration::{Asked, Draft};
use service::signing_key::KeyRecord;
use service::{AppEntry, Failure, Fault, ServerEntry, Tenant, master_key};
use store::Store;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const KEY_PAIRS: usize = 64;
/// How many copies make one revision.
const COPIES_AT_ONCE: usize = 500;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, servers, apps] = arguments.as_slice() else {
        return Err("multiply DATA SERVERS APPS".into());
    };
    let (data, servers, apps) = (Path::new(data), servers.parse()?, apps.parse()?);
    let ring = KeyRing::parse(&std::fs::read_to_string(data.join("master.key"))?)?;
    let store = Store::open_directory(data)?;
    let org = master_key::orgs(&store).await?.into_iter().next().ok_or("the store has no org yet")?;
    let secrets = master_key::open(&store, org, ring).await?;
    let copier = Arc::new(Copier { tenant: Tenant::start(store, org, secrets).await?, now: now() });
    copier.servers(servers).await?;
    copier.apps(apps).await?;
    copier.tenant.store.close().await?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program of its own: it stamps what it writes")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    Timestamp::from_seconds(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0)))
}

struct Copier {
    tenant: Tenant,
    now: Timestamp,
}

impl Copier {
    /// Until there are `wanted` servers.
    async fn servers(self: &Arc<Self>, wanted: usize) -> Outcome<()> {
        let snapshot = self.tenant.configuration.current();
        let pattern = snapshot.servers_after(None).last().cloned().ok_or("there is no server to copy")?;
        let missing = wanted.saturating_sub(snapshot.server_count());
        let keys = if missing > 0 { Arc::new(make_keys()?) } else { Arc::default() };
        self.repeat(missing, move |copier, draft, number| {
            let pair = [number, number + 1].map(|at| &keys[at % KEY_PAIRS]);
            copier.server(draft, &pattern, pair, number)
        })
        .await
    }

    /// Until there are `wanted` apps.
    async fn apps(self: &Arc<Self>, wanted: usize) -> Outcome<()> {
        let snapshot = self.tenant.configuration.current();
        let pattern = snapshot.apps_after(None).last().cloned().ok_or("there is no app to copy")?;
        let missing = wanted.saturating_sub(snapshot.app_count());
        self.repeat(missing, move |copier, draft, number| copier.app(draft, &pattern, number)).await
    }

    /// Calls `copy` with 0, 1 and so on, many to a revision.
    async fn repeat<F>(self: &Arc<Self>, times: usize, copy: F) -> Outcome<()>
    where
        F: Fn(&Self, &mut Draft, usize) -> Result<(), Fault> + Send + Sync + 'static,
    {
        let copy = Arc::new(copy);
        for first in (0..times).step_by(COPIES_AT_ONCE) {
            let numbers = first..times.min(first + COPIES_AT_ONCE);
            let asked = Asked { actor: Actor::system(), origin: Origin::default(), now: self.now };
            let (copier, copy) = (Arc::clone(self), Arc::clone(&copy));
            let done = self.tenant.configuration.change(asked, move |draft| {
                numbers.clone().try_for_each(|number| copy(&copier, draft, number))
            });
            done.await.map_err(|failure| match failure {
                Failure::Refused(fault) | Failure::Fault(fault) => fault,
            })?;
        }
        Ok(())
    }

    fn server(
        &self,
        draft: &mut Draft,
        pattern: &ServerEntry,
        [active, next]: [&Arc<SigningKey>; 2],
        number: usize,
    ) -> Result<(), Fault> {
        let id = AuthorizationServerId::mint(self.tenant.ids.next(self.now));
        draft.put(Document::AuthorizationServer(AuthorizationServer {
            id,
            name: format!("copy {number}"),
            audiences: vec![format!("api://copy-{number}")],
            default: false,
            tokens_valid_from: Some(draft.snapshot().revision),
            ..pattern.server.value.clone()
        }));
        let active = self.key(active, id)?.with_status(KeyStatus::Active, self.now);
        draft.put_keys(id, vec![Arc::new(active), Arc::new(self.key(next, id)?)]);
        self.children(draft, pattern, id);
        Ok(())
    }

    /// A key of the pool as `server` holds it.
    fn key(&self, key: &SigningKey, server: AuthorizationServerId) -> Result<KeyRecord, Fault> {
        let pkcs8 = key.to_pkcs8().map_err(Fault::internal)?;
        let sealed = self.tenant.secrets.seal_signing_key(server, key.kid(), pkcs8.expose())?;
        let (kid, public) = (key.kid().to_owned(), key.public().clone());
        Ok(KeyRecord::of_row(kid, KeyStatus::Next, key.algorithm(), public, sealed, self.now))
    }

    /// What is stored beneath a server; what the template gives, every server has anyway.
    fn children(&self, draft: &mut Draft, pattern: &ServerEntry, server: AuthorizationServerId) {
        let ids = &self.tenant.ids;
        for scope in pattern.scopes().iter().filter(|scope| scope.revision > 0) {
            let id = ScopeId::mint(ids.next(self.now));
            draft.put(Document::Scope(Scope { id, server, ..scope.value.clone() }));
        }
        for claim in pattern.claims().iter().filter(|claim| claim.revision > 0) {
            let id = ClaimId::mint(ids.next(self.now));
            draft.put(Document::Claim(Claim { id, server, ..claim.value.clone() }));
        }
        for entry in &pattern.policies {
            let policy = PolicyId::mint(ids.next(self.now));
            draft.put(Document::Policy(Policy { id: policy, server, ..entry.policy.value.clone() }));
            for rule in &entry.rules {
                let id = RuleId::mint(ids.next(self.now));
                draft.put(Document::Rule(Rule { id, server, policy, ..rule.value.clone() }));
            }
        }
    }

    fn app(&self, draft: &mut Draft, pattern: &AppEntry, number: usize) -> Result<(), Fault> {
        let (tenant, model) = (&self.tenant, &pattern.app.value);
        let id = AppId::mint(tenant.ids.next(self.now));
        draft.put(Document::App(Box::new(App {
            id,
            client_id: id.into(),
            label: format!("copy {number}"),
            tokens_valid_from: Some(draft.snapshot().revision),
            ..model.clone()
        })));
        let mut copies = Vec::new();
        for secret in &pattern.secrets {
            let clear = tenant.secrets.open_client_secret(model.id, secret.id, &secret.sealed)?;
            let copy = ClientSecretId::mint(tenant.ids.next(self.now));
            let sealed = tenant.secrets.seal_client_secret(
                id,
                copy,
                clear.expose_text().ok_or_else(|| Fault::internal("a client secret that is no text"))?,
            )?;
            copies.push(Arc::new(ClientSecret { id: copy, sealed, ..ClientSecret::clone(secret) }));
        }
        draft.put_secrets(id, copies);
        Ok(())
    }
}

/// On two threads: each key takes some sixty milliseconds.
fn make_keys() -> Outcome<Vec<Arc<SigningKey>>> {
    let make = || -> Outcome<Vec<_>> {
        (0..KEY_PAIRS / 2).map(|_| Ok(Arc::new(SigningKey::generate(Algorithm::Rs256)?))).collect()
    };
    let other = thread::spawn(make);
    let mut keys = make()?;
    keys.extend(other.join().map_err(|_| "making keys panicked")??);
    Ok(keys)
}

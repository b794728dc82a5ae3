//! What the process is made of. Owns plugging `service` into the shell, and the order of a start: store, master key,
//! org, routes. Leaves out the parts themselves.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use jose::KeyRing;
use model::OrgId;
use serde_json::{Value, json};
use service::first_start::{self, FirstAdmin, Made};
use service::org_secrets::OrgSecrets;
use service::upkeep::Upkeep;
use service::{Tenant, log as events, master_key};
use store::{Store, kill_point};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::access::BoxFuture;
use crate::clock;
use crate::config::{Config, Database};
use crate::control::{Command, Commands};
use crate::error::with_causes;
use crate::front::{Front, Shell};
use crate::gate::TenantGate;
use crate::key_file::{self, KeySource, Keys};
use crate::origin::Origins;
use crate::outbound::Caller;
use crate::routes::Routes;
use crate::secret::Secret;
use crate::{api, health, oauth, operator};

/// The parts that `start` runs.
pub struct Application {
    /// Answers requests.
    pub front: Arc<Front>,
    /// Carries out commands of the control socket.
    pub commands: Commands,
    /// What the first start made and is shown once; nothing on later starts.
    pub made: Option<Made>,
    /// The org at work; [`close`] it at the end.
    pub tenant: Arc<Tenant>,
    /// Ends when this node must, because the database was restored under it.
    pub following: JoinHandle<()>,
}

/// Builds every part, once the address is bound and the origins are known. The error is a sentence for the person who
/// started the server.
pub async fn assemble(config: &Config, origins: Origins) -> Result<Application, String> {
    warn_of_weak_settings(config);
    let store = open_store(config).await?;
    let is_empty = first_org(&store).await?.is_none();
    let Keys { ring, source } = key_file::read(config, is_empty)?;
    let (org, secrets, made) =
        if is_empty { found(config, &store, &origins, ring).await? } else { open_org(&store, ring).await? };
    let outbound = Arc::new(Caller::new(config.outbound_allow.clone()));
    let tenant = Tenant::start_with(store, org, secrets, outbound).await;
    let tenant = Arc::new(tenant.map_err(|fault| format!("cannot load the configuration: {fault}"))?);
    let gate = || Box::new(TenantGate::new(Arc::clone(&tenant)));
    let shell = Arc::new(Shell::new(origins, config.limits.clone(), gate(), gate()));
    let routes = routes(&shell);
    let commands = Commands::default()
        .with("key.rewrap", Rewrap { tenant: Arc::clone(&tenant), source, alone: Mutex::default() });
    let commands = operator::api_token::commands(commands, &tenant)
        .with(operator::doctor::COMMAND, operator::doctor::View(Arc::clone(&tenant)));
    tokio::spawn(housekeeping(Arc::clone(&tenant)));
    let following = if tenant.store.is_shared() {
        let followed = tenant.follow(clock::now()).await;
        followed.map_err(|fault| format!("cannot read what other nodes did: {fault}"))?;
        tokio::spawn(following(Arc::clone(&tenant)))
    } else {
        tokio::spawn(std::future::pending())
    };
    let front = Arc::new(routes.mount(shell, Arc::clone(&tenant)));
    Ok(Application { front, commands, made, tenant, following })
}

async fn first_org(store: &Store) -> Result<Option<OrgId>, String> {
    let orgs = master_key::orgs(store).await.map_err(|fault| format!("cannot read the database: {fault}"))?;
    Ok(orgs.into_iter().next())
}

/// The org with its secrets, and what its first start made.
type Opened = (OrgId, OrgSecrets, Option<Made>);

/// The first start. Another node may make the org meanwhile: then it is that one's.
async fn found(config: &Config, store: &Store, origins: &Origins, ring: KeyRing) -> Result<Opened, String> {
    let (subdomain, admin) = (subdomain(origins), first_admin(config));
    let founded = first_start::found(store, ring, &subdomain, admin, clock::now()).await;
    match founded.map_err(|fault| format!("the first start failed: {fault}"))? {
        Some((org, secrets, made)) => Ok((org, secrets, Some(made))),
        None => open_org(store, key_file::read(config, false)?.ring).await,
    }
}

async fn open_org(store: &Store, ring: KeyRing) -> Result<Opened, String> {
    let org = first_org(store).await?.ok_or("the database is marked as founded and has no organization")?;
    let secrets = master_key::open(store, org, ring).await.map_err(|error| with_causes(&error))?;
    Ok((org, secrets, None))
}

/// The whole table of routes.
pub fn routes(shell: &Arc<Shell>) -> Routes<api::App> {
    health::routes(shell).and(api::routes()).and(oauth::routes(shell))
}

/// Writes what was counted and closes the store. Called once nothing is in flight any more.
pub async fn close(tenant: &Tenant) {
    if let Err(fault) = events::write_early_refusals(tenant, clock::now()).await {
        tracing::error!(%fault, "the refusals of the last seconds could not be logged");
    }
    kill_point("close: refusals written");
    if let Err(fault) = tenant.store.close().await {
        tracing::error!(%fault, "the store could not be closed");
    }
}

async fn open_store(config: &Config) -> Result<Store, String> {
    match &config.database {
        Database::Embedded => Store::open_directory(&config.data),
        Database::Postgres(url) => Store::open_postgres(url.expose()).await,
    }
    .map_err(|error| with_causes(&error))
}

/// Says what is allowed and unwise: short secrets for the first admin, a data directory that others may enter.
fn warn_of_weak_settings(config: &Config) {
    let shorter = |secret: &Option<Secret>, than: usize| {
        secret.as_ref().is_some_and(|secret| secret.expose().chars().count() < than)
    };
    if shorter(&config.first_admin.api_token, 32) {
        tracing::warn!(
            "TOKENMINT_API_TOKEN is shorter than 32 characters: it is a super admin's, make it long and random"
        );
    }
    if shorter(&config.first_admin.password, 12) {
        tracing::warn!("TOKENMINT_ADMIN_PASSWORD is shorter than 12 characters: it is a super admin's");
    }
    let mode = std::fs::metadata(&config.data).map(|data| data.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        tracing::warn!(
            "others may enter the data directory `{}`: chmod 700 closes it",
            config.data.display()
        );
    }
}

fn first_admin(config: &Config) -> FirstAdmin {
    let first = &config.first_admin;
    FirstAdmin {
        login: first.login.clone(),
        password: first.password.as_ref().map(|secret| secret.expose().to_owned()),
        api_token: first.api_token.as_ref().map(|secret| secret.expose().to_owned()),
    }
}

/// The first label of the default origin's host: `org.subDomain` in expressions.
fn subdomain(origins: &Origins) -> String {
    let text = origins.default_origin().as_str();
    let host = text.split_once("://").map_or(text, |(_, host)| host);
    host.split(['.', ':']).next().unwrap_or_default().to_owned()
}

/// Other nodes may share a PostgreSQL: what they commit is known here within a second, or this node says that it does
/// not know (`service::freshness`). A quarter of a second leaves the database three to answer. It ends when the database
/// was restored meanwhile: nothing that this node knows is of that one.
async fn following(tenant: Arc<Tenant>) {
    let mut tick = tokio::time::interval(Duration::from_millis(250));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(fault) = tenant.follow(clock::now()).await {
            tracing::warn!(%fault, "the changes of other nodes cannot be followed");
        }
        if tenant.freshness.is_overtaken() {
            return;
        }
    }
}

/// What is done again and again (`service::upkeep`), as often as counted refusals become events.
async fn housekeeping(tenant: Arc<Tenant>) {
    let (mut upkeep, began) = (Upkeep::default(), tokio::time::Instant::now());
    let mut tick = tokio::time::interval(Duration::from_secs(events::WINDOW_SECONDS));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        upkeep.round(&tenant, clock::now(), began.elapsed()).await;
    }
}

/// `key.rewrap`: seals every secret under a new master key, or under the first of several that were given. One at a
/// time: the file and the database must end up with the same key.
struct Rewrap {
    tenant: Arc<Tenant>,
    source: KeySource,
    alone: Mutex<()>,
}

impl Command for Rewrap {
    fn run(&self, _: Value) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async {
            let _alone = self
                .alone
                .try_lock()
                .map_err(|_| "another rewrap is under way; wait for its end".to_owned())?;
            let ring = key_file::ring_to_rewrap(&self.source)?;
            let current = key_file::first_key(&ring);
            let done = master_key::rewrap(&self.tenant, ring, clock::now()).await.map_err(|fault| {
                format!(
                    "the secrets could not all be moved ({fault}); both keys still open them, so run it again"
                )
            })?;
            kill_point("rewrap: to forget");
            let next = if done.unreadable == 0 {
                key_file::forget_old_keys(&self.source, &current)?
            } else {
                format!(
                    "{} secrets are sealed under a key that is not here and were left; the log names them, and no key \
                     was dropped",
                    done.unreadable
                )
            };
            Ok(json!({"moved": done.moved, "kept": done.kept, "unreadable": done.unreadable, "next": next}))
        })
    }
}

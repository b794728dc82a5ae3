//! What the process is made of. Owns plugging `service` into the shell, and the order of a start: store, master key,
//! org, routes. Leaves out the parts themselves.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use service::first_start::{self, FirstAdmin, Made};
use service::master_key;
use service::{Tenant, log as events};
use store::Store;

use crate::access::BoxFuture;
use crate::clock;
use crate::config::{Config, Database};
use crate::control::{Command, Commands};
use crate::front::{Front, Shell};
use crate::gate::TenantGate;
use crate::key_file::{self, KeySource};
use crate::origin::Origins;
use crate::{api, health, oauth};

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
}

/// Builds every part, once the address is bound and the origins are known. The error is a sentence for the person who
/// started the server.
pub async fn assemble(config: &Config, origins: Origins) -> Result<Application, String> {
    let store = open_store(config).await?;
    let orgs =
        master_key::orgs(&store).await.map_err(|fault| format!("cannot read the database: {fault}"))?;
    let keys = key_file::read(config, orgs.is_empty())?;
    let (org, secrets, made) = if let Some(org) = orgs.first() {
        let opened = master_key::open(&store, *org, keys.ring).await;
        (*org, opened.map_err(|error| describe(&error))?, None)
    } else {
        let (subdomain, admin) = (subdomain(&origins), first_admin(config));
        let created = first_start::create(&store, keys.ring, &subdomain, admin, clock::now()).await;
        let (org, secrets, made) = created.map_err(|fault| format!("the first start failed: {fault}"))?;
        (org, secrets, Some(made))
    };
    let tenant = Tenant::start(store, org, secrets).await;
    let tenant = Arc::new(tenant.map_err(|fault| format!("cannot load the configuration: {fault}"))?);
    let gate = || Box::new(TenantGate(Arc::clone(&tenant)));
    let shell = Arc::new(Shell::new(origins, config.limits.clone(), gate(), gate()));
    let routes = health::routes(&shell).and(api::routes()).and(oauth::routes());
    let commands =
        Commands::default().with("key.rewrap", Rewrap { tenant: Arc::clone(&tenant), source: keys.source });
    tokio::spawn(housekeeping(Arc::clone(&tenant)));
    Ok(Application { front: Arc::new(routes.mount(shell, Arc::clone(&tenant))), commands, made, tenant })
}

/// Writes what was counted and closes the store. Called once nothing is in flight any more.
pub async fn close(tenant: &Tenant) {
    if let Err(fault) = events::write_early_refusals(tenant, clock::now()).await {
        tracing::error!(%fault, "the refusals of the last seconds could not be logged");
    }
    if let Err(fault) = tenant.store.close().await {
        tracing::error!(%fault, "the store could not be closed");
    }
}

async fn open_store(config: &Config) -> Result<Store, String> {
    match &config.database {
        Database::Embedded => Store::open_directory(&config.data),
        Database::Postgres(url) => Store::open_postgres(url.expose()).await,
    }
    .map_err(|error| describe(&error))
}

/// An error with its causes, as one sentence.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
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

/// What is done again and again: counted refusals become events, and events get their place in the log.
async fn housekeeping(tenant: Arc<Tenant>) {
    let mut tick = tokio::time::interval(Duration::from_secs(events::WINDOW_SECONDS));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = clock::now();
        if let Err(fault) = events::write_early_refusals(&tenant, now).await {
            tracing::error!(%fault, "refusals could not be logged");
        }
        if let Err(fault) = tenant.store.sequence(tenant.org().as_str(), now.milliseconds()).await {
            tracing::error!(%fault, "events could not be given their place in the log");
        }
    }
}

/// `key.rewrap`: seals every secret under a new master key, or under the first of several that were given.
struct Rewrap {
    tenant: Arc<Tenant>,
    source: KeySource,
}

impl Command for Rewrap {
    fn run(&self, _: Value) -> BoxFuture<'_, Result<Value, String>> {
        Box::pin(async {
            let ring = key_file::ring_to_rewrap(&self.source)?;
            let done = master_key::rewrap(&self.tenant, ring, clock::now()).await;
            let done = done.map_err(|fault| {
                format!(
                    "the secrets could not all be moved ({fault}); both keys still open them, so run it again"
                )
            })?;
            let advice = key_file::forget_old_keys(&self.source)?;
            Ok(json!({"moved": done.moved, "kept": done.kept, "next": advice}))
        })
    }
}

//! One organization at work: its store, configuration, secrets and keys.

use std::sync::Arc;
use std::time::Duration;

use model::{GroupId, OrgId, Timestamp, User};
use store::Store;
use tokio::sync::Semaphore;

use crate::admin::user;
use crate::configuration::{self, Configuration};
use crate::failure::{Fault, Remedy};
use crate::freshness::{Followed, Freshness, Passing};
use crate::ids::IdSource;
use crate::key_pool::KeyPool;
use crate::log::EarlyRefusals;
use crate::org_secrets::OrgSecrets;
use crate::outbound::{Nobody, Outbound};
use crate::published_keys::PublishedKeys;
use crate::revocations::Revocations;
use crate::rows;
use crate::snapshot::Snapshot;

/// How many token requests may be under way at once; the excess is answered 503, so that a flood costs little and
/// those inside are answered soon.
pub const TOKEN_REQUESTS_MAX: usize = 1_024;

/// How many requests may look at the store at once to learn whether another node knows more: a quarter of its
/// connections, so that strangers never keep this node from following the others.
const LOOKS_MAX: usize = 4;

/// One organization at work.
#[derive(Debug)]
pub struct Tenant {
    org: OrgId,
    /// What is remembered.
    pub store: Store,
    /// The configuration and the queue of changes to it.
    pub configuration: Configuration,
    /// The keys for sealing and comparing.
    pub secrets: Arc<OrgSecrets>,
    /// Where new ids come from.
    pub ids: Arc<IdSource>,
    /// Signing keys made ahead.
    pub keys: KeyPool,
    /// Refusals that anybody can cause, counted.
    pub early_refusals: EarlyRefusals,
    /// Access tokens that were revoked one by one.
    pub revocations: Revocations,
    /// How recently this node knew what the others did.
    pub freshness: Freshness,
    /// The keys that clients publish.
    pub(crate) published_keys: PublishedKeys,
    /// Admission to the token endpoint.
    pub(crate) admission: Semaphore,
    /// Admission to looking at the store because of what anybody may send.
    pub(crate) looks: Semaphore,
}

impl Tenant {
    /// Loads the configuration of `org` and starts its writer. Other servers are not called.
    pub async fn start(store: Store, org: OrgId, secrets: OrgSecrets) -> Result<Self, Fault> {
        Self::start_with(store, org, secrets, Arc::new(Nobody)).await
    }

    /// As [`Tenant::start`], with a door to other servers.
    pub async fn start_with(
        store: Store,
        org: OrgId,
        secrets: OrgSecrets,
        outbound: Arc<dyn Outbound>,
    ) -> Result<Self, Fault> {
        let secrets = Arc::new(secrets);
        let snapshot = configuration::load(&store, org).await?;
        report_lost_keys(&snapshot, &secrets);
        let revocations = Revocations::load(&store, org).await?;
        let freshness = if store.is_shared() { Freshness::shared() } else { Freshness::exclusive() };
        Ok(Self {
            org,
            configuration: Configuration::start(store.clone(), snapshot, Arc::clone(&secrets)),
            store,
            secrets,
            ids: Arc::default(),
            keys: KeyPool::start(Duration::from_secs(2)),
            early_refusals: EarlyRefusals::default(),
            revocations,
            freshness,
            published_keys: PublishedKeys::new(outbound),
            admission: Semaphore::new(TOKEN_REQUESTS_MAX),
            looks: Semaphore::new(LOOKS_MAX),
        })
    }

    /// Whose.
    pub fn org(&self) -> OrgId {
        self.org
    }

    /// Takes over what other nodes committed until `now`. Where the store is shared, this is called several times a
    /// second; a node that did not manage it for a second stops giving out tokens and judging them. One that finds that
    /// the database was restored stops for good: configuration, revocations and all else that it knows are of another time.
    pub async fn follow(&self, now: Timestamp) -> Result<(), Fault> {
        self.compare_clocks(now).await?;
        self.freshness.confirm(Followed::Clock, now);
        let shared = self.freshness.clock.shared(now);
        let (configuration, revocations) = tokio::join!(
            self.follow_configuration(now),
            self.revocations.follow(&self.store, self.org, shared)
        );
        match &configuration {
            Ok(()) => self.freshness.confirm(Followed::Configuration, now),
            Err(fault) if fault.remedy == Remedy::TryAnother => self.freshness.end(),
            Err(_) => {}
        }
        if revocations.is_ok() {
            self.freshness.confirm(Followed::Revocations, now);
        }
        configuration.and(revocations)
    }

    /// Asks the database for its time: nodes agree on nothing else.
    async fn compare_clocks(&self, now: Timestamp) -> Result<(), Fault> {
        let passing = Passing::since(now);
        if let Some(theirs) = self.store.shared_clock().await? {
            self.freshness.clock.compare(now, Timestamp::from_milliseconds(theirs), passing.now());
        }
        Ok(())
    }

    /// The queue of changes is asked only if there is something to take over: it may be long, or stand still, and a node
    /// that knows the newest revision is up to date all the same.
    pub(crate) async fn follow_configuration(&self, now: Timestamp) -> Result<(), Fault> {
        let known = self.configuration.current().revision;
        let head = rows::revision(&self.store, self.org).await?;
        let reached = async {
            // A head that went back is nothing to wait for; following says what it means.
            while head < known || self.configuration.current().revision < head {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            biased;
            () = reached => Ok(()),
            followed = self.configuration.follow(now) => followed,
        }
    }

    /// A user by id or login.
    pub async fn find_user(&self, id_or_login: &str) -> Result<Option<User>, Fault> {
        let org = self.org.as_str();
        let row = match self.store.find_account(org, id_or_login).await? {
            Some(row) => Some(row),
            None => self.store.find_account_by_login(org, &user::fold(id_or_login)).await?,
        };
        row.as_ref().map(user::of_row).transpose()
    }

    /// The first of `groups` that does not exist.
    pub(crate) async fn missing_group(&self, groups: &[GroupId]) -> Result<Option<GroupId>, Fault> {
        if groups.is_empty() {
            return Ok(None);
        }
        let ids: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
        let found = self.store.groups_among(self.org.as_str(), &ids).await?;
        Ok(groups.iter().find(|group| !found.iter().any(|row| row.id == group.as_str())).copied())
    }
}

/// Says at the start which signing keys cannot be opened, rather than at the first token.
fn report_lost_keys(snapshot: &Snapshot, secrets: &OrgSecrets) {
    let ring = secrets.ring();
    for entry in snapshot.servers_after(None) {
        for key in entry.keys.iter() {
            let under = jose::sealed_under(&key.sealed);
            if !ring.key_ids().any(|id| Some(id) == under) {
                let (server, kid) = (entry.server.value.id, &key.kid);
                let under = under.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
                tracing::error!(%server, kid, under, "this signing key is sealed under a master key that is not here");
            }
        }
    }
}

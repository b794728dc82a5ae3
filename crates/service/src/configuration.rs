//! Changing the configuration: a queue with one writer per org and node.
//!
//! A change is a pure function over a [`Draft`]. The writer applies it to the newest snapshot and commits what it
//! did with a compare-and-swap of the org's revision; if another node was faster, it follows and applies the change
//! again. Readers see the new snapshot only after the commit.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arc_swap::ArcSwap;
use model::event::{Event, EventType, Origin, Target};
use model::key::KeyStatus;
use model::{Actor, AppId, AuthorizationServerId, Document, GroupId, Kind, OrgId, Status, Timestamp};
use store::{Batch, CommitError, Store, kill_point};
use tokio::sync::{mpsc, oneshot};

use crate::client_secret::ClientSecret;
use crate::failure::{Failure, Fault};
use crate::org_secrets::OrgSecrets;
use crate::rows;
use crate::signing_key::{KeyRecord, SigningKeys};
use crate::snapshot::Snapshot;

/// How many changes may wait; more are answered as overload.
const QUEUE_MAX: usize = 1_024;
/// How often a change is applied again because another node was faster.
const ATTEMPTS_MAX: u32 = 50;

/// What a change does besides the documents it puts and deletes: rows that hold secrets.
#[derive(Debug, Clone)]
enum Effect {
    Put { document: Box<Document>, before: Option<Box<Document>> },
    Delete { before: Box<Document> },
    PutKey { server: AuthorizationServerId, key: Arc<KeyRecord>, before: Option<KeyStatus> },
    DeleteKey { server: AuthorizationServerId, kid: String },
    PutSecret { app: AppId, secret: Arc<ClientSecret>, before: Option<Status> },
    DeleteSecret { app: AppId, secret: Arc<ClientSecret> },
    DeleteGroup { group: GroupId },
}

/// A snapshot with changes that are not committed yet.
#[derive(Debug)]
pub struct Draft {
    snapshot: Snapshot,
    effects: Vec<Effect>,
    events: Vec<Event>,
    actor: Actor,
    origin: Origin,
    asked_at: Timestamp,
    /// When the change was asked for, in whole seconds: the time that objects carry.
    pub now: Timestamp,
}

impl Draft {
    /// A draft on top of `snapshot`, without any change yet.
    pub fn new(snapshot: Snapshot, actor: Actor, origin: Origin, now: Timestamp) -> Self {
        let mut snapshot = snapshot;
        snapshot.revision += 1;
        Self {
            snapshot,
            effects: Vec::new(),
            events: Vec::new(),
            actor,
            origin,
            asked_at: now,
            now: now.whole_second(),
        }
    }

    /// The configuration as it will be.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Puts a document.
    pub fn put(&mut self, document: Document) {
        let before = self.snapshot.find_document(document.kind(), document.id(), document.parent());
        if before.as_ref() == Some(&document) {
            return;
        }
        self.snapshot.put(document.clone(), self.snapshot.revision);
        self.effects.push(Effect::Put { document: Box::new(document), before: before.map(Box::new) });
    }

    /// Takes a document away.
    pub fn delete(&mut self, document: Document) {
        self.snapshot.delete(document.kind(), document.id(), document.parent());
        self.effects.push(Effect::Delete { before: Box::new(document) });
    }

    /// Replaces the keys of a server by `keys`.
    pub fn put_keys(&mut self, server: AuthorizationServerId, keys: Vec<Arc<KeyRecord>>) {
        let kept: BTreeSet<_> = keys.iter().map(|key| key.kid.clone()).collect();
        let before = self.snapshot.server(server).map(|entry| Arc::clone(&entry.keys)).unwrap_or_default();
        for gone in before.iter().filter(|key| !kept.contains(&key.kid)) {
            self.effects.push(Effect::DeleteKey { server, kid: gone.kid.clone() });
        }
        for key in &keys {
            let old = before.find(&key.kid);
            if old.is_none_or(|old| !Arc::ptr_eq(old, key)) {
                let before = old.map(|old| old.status);
                self.effects.push(Effect::PutKey { server, key: Arc::clone(key), before });
            }
        }
        self.snapshot.put_keys(server, SigningKeys::new(keys));
    }

    /// Replaces the secrets of an app by `secrets`.
    pub fn put_secrets(&mut self, app: AppId, secrets: Vec<Arc<ClientSecret>>) {
        let before = self.snapshot.app(app).map(|entry| entry.secrets.clone()).unwrap_or_default();
        for gone in before.iter().filter(|old| !secrets.iter().any(|secret| secret.id == old.id)) {
            self.effects.push(Effect::DeleteSecret { app, secret: Arc::clone(gone) });
        }
        for secret in secrets.iter().filter(|secret| !before.contains(secret)) {
            let before = before.iter().find(|old| old.id == secret.id).map(|old| old.status);
            self.effects.push(Effect::PutSecret { app, secret: Arc::clone(secret), before });
        }
        self.snapshot.put_secrets(app, secrets);
    }

    /// Takes a group away: a row of its own, but what names it is configuration, so both go together.
    pub fn delete_group(&mut self, group: GroupId) {
        self.effects.push(Effect::DeleteGroup { group });
    }

    /// Says in the log what this change was about.
    pub fn log(&mut self, event_type: EventType, targets: impl IntoIterator<Item = Target>) {
        let mut event = Event::new(event_type, self.actor.clone(), self.origin.clone());
        event.targets.extend(targets);
        event.revision = Some(self.snapshot.revision);
        self.events.push(event);
    }

    /// Says in the log what this change left pointing at nothing.
    pub fn log_with_reason(
        &mut self,
        event_type: EventType,
        reason: &str,
        targets: impl IntoIterator<Item = Target>,
    ) {
        self.log(event_type, targets);
        if let Some(event) = self.events.last_mut() {
            reason.clone_into(event.reason.get_or_insert_default());
        }
    }

    /// Seals new secrets anew that were sealed before the master key changed: they were made outside the queue.
    fn seal_under_current_key(&mut self, secrets: &OrgSecrets) -> Result<(), Fault> {
        for effect in &mut self.effects {
            match effect {
                Effect::PutKey { server, key, before: None } => {
                    if let Some(sealed) = secrets.reseal_signing_key(*server, &key.kid, &key.sealed)? {
                        Arc::make_mut(key).sealed = sealed.into();
                    }
                }
                Effect::PutSecret { app, secret, before: None } => {
                    if let Some(sealed) = secrets.reseal_client_secret(*app, secret.id, &secret.sealed)? {
                        Arc::make_mut(secret).sealed = sealed;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Everything of this draft as one batch. Step 0 is the compare-and-swap of the revision.
    pub(crate) fn to_batch(&self) -> Batch {
        let org = self.snapshot.org_id;
        let revision = self.snapshot.revision;
        let mut batch = Batch::new(org.as_str(), rows::actor(&self.actor));
        rows::advance_revision(&mut batch, revision - 1, revision);
        for (ordinal, effect) in (0_i64..).zip(&self.effects) {
            let mut change = rows::Changing { batch: &mut batch, revision, ordinal, at: self.asked_at };
            match effect {
                Effect::Put { document, before } => change.put(document, before.as_deref()),
                Effect::Delete { before } => change.delete(before),
                Effect::PutKey { server, key, before } => change.put_key(*server, key, *before),
                Effect::DeleteKey { server, kid } => change.delete_key(*server, kid),
                Effect::PutSecret { app, secret, before } => change.put_secret(*app, secret, *before),
                Effect::DeleteSecret { app, secret } => change.delete_secret(*app, secret.id),
                Effect::DeleteGroup { group } => drop(change.batch.delete_group(group.as_str())),
            }
        }
        // A revision without any row would look like a gap to whoever follows.
        if self.effects.iter().all(|effect| matches!(effect, Effect::DeleteGroup { .. })) {
            let at = self.asked_at;
            rows::Changing { batch: &mut batch, revision, ordinal: 0, at }.put_nothing(org);
        }
        for event in &self.events {
            rows::append_event(&mut batch, self.asked_at, event);
        }
        batch
    }

    fn is_unchanged(&self) -> bool {
        self.effects.is_empty() && self.events.is_empty()
    }
}

/// One change in the queue.
trait Job: Send {
    /// Applies the change; `false` if it was refused.
    fn apply(&mut self, draft: &mut Draft) -> bool;
    /// Who asked, from where, when.
    fn request(&self) -> (Actor, Origin, Timestamp);
    /// Answers whoever waits. After a refusal, `committed` is not looked at.
    fn answer(self: Box<Self>, committed: Result<(), Fault>);
}

struct Change<F, T, R> {
    actor: Actor,
    origin: Origin,
    now: Timestamp,
    apply: F,
    outcome: Option<Result<T, R>>,
    reply: oneshot::Sender<Result<T, Failure<R>>>,
}

impl<F, T, R> Job for Change<F, T, R>
where
    F: Fn(&mut Draft) -> Result<T, R> + Send,
    T: Send,
    R: Send,
{
    fn apply(&mut self, draft: &mut Draft) -> bool {
        let outcome = (self.apply)(draft);
        let done = outcome.is_ok();
        self.outcome = Some(outcome);
        done
    }

    fn request(&self) -> (Actor, Origin, Timestamp) {
        (self.actor.clone(), self.origin.clone(), self.now)
    }

    fn answer(self: Box<Self>, committed: Result<(), Fault>) {
        let answer = match (self.outcome, committed) {
            (Some(Err(refusal)), _) => Err(Failure::Refused(refusal)),
            (Some(Ok(done)), Ok(())) => Ok(done),
            (_, Err(fault)) => Err(Failure::Fault(fault)),
            (None, Ok(())) => {
                Err(Failure::Fault(Fault::internal("a change was answered before it was applied")))
            }
        };
        // Whoever asked may have gone; the change is committed all the same.
        drop(self.reply.send(answer));
    }
}

/// Who changes the configuration, from where and when: a required part of every change.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
    /// When.
    pub now: Timestamp,
}

/// What stands in the queue.
enum Queued {
    /// A change.
    Change(Box<dyn Job>),
    /// Somebody needs the configuration to stand still: they are sent the pause, and its end is waited for.
    Pause(oneshot::Sender<Pause>),
}

/// While this lives, this node changes nothing of the configuration.
#[derive(Debug)]
pub struct Pause {
    store: Store,
    current: Arc<ArcSwap<Snapshot>>,
    /// The writer waits for the other end to be dropped.
    _over: oneshot::Sender<()>,
}

impl Pause {
    /// Reads everything afresh: rows with secrets may have been sealed anew without any change of configuration.
    pub async fn reload(&self) -> Result<(), Fault> {
        let (org, known) = (self.current.load().org_id, self.current.load().revision);
        let loaded = load(&self.store, org).await?;
        check_one_time_line(&self.store, org, known, loaded.revision).await?;
        self.current.store(Arc::new(loaded));
        Ok(())
    }
}

/// The configuration of one org: the newest snapshot, and the queue of changes.
#[derive(Debug)]
pub struct Configuration {
    current: Arc<ArcSwap<Snapshot>>,
    queue: mpsc::Sender<Queued>,
}

impl std::fmt::Debug for Queued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queued")
    }
}

impl std::fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Configuration {
    /// Starts the writer on top of `snapshot`. It ends when this handle is dropped and the queue is empty.
    pub fn start(store: Store, snapshot: Snapshot, secrets: Arc<OrgSecrets>) -> Self {
        let current = Arc::new(ArcSwap::from_pointee(snapshot));
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(Writer { store, current: Arc::clone(&current), secrets }.run(jobs));
        Self { current, queue }
    }

    /// The newest snapshot.
    pub fn current(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Takes over what other nodes committed. Called again and again, so that no node knows less than a second ago.
    pub async fn follow(&self, now: Timestamp) -> Result<(), Fault> {
        let asked = Asked { actor: Actor::system(), origin: Origin::default(), now };
        // A change that changes nothing ends by following.
        match self.change(asked, |_| Ok::<(), Infallible>(())).await {
            Ok(()) => Ok(()),
            Err(Failure::Fault(fault)) => Err(fault),
            Err(Failure::Refused(never)) => match never {},
        }
    }

    /// Waits until no change is under way, and lets none begin before the pause is dropped.
    pub async fn pause(&self) -> Result<Pause, Fault> {
        let (asked, pause) = oneshot::channel();
        let stopped = |_| Fault::unavailable("the configuration writer has stopped");
        self.queue
            .send(Queued::Pause(asked))
            .await
            .map_err(|_| Fault::unavailable("the writer has stopped"))?;
        pause.await.map_err(stopped)
    }

    /// Applies `apply` to the newest configuration and commits what it did. It may be called more than once, each
    /// time with a fresh draft, so it must depend on nothing but its draft.
    pub async fn change<F, T, R>(&self, asked: Asked, apply: F) -> Result<T, Failure<R>>
    where
        F: Fn(&mut Draft) -> Result<T, R> + Send + 'static,
        T: Send + 'static,
        R: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let Asked { actor, origin, now } = asked;
        let job = Box::new(Change { actor, origin, now, apply, outcome: None, reply });
        self.queue
            .try_send(Queued::Change(job))
            .map_err(|_| Fault::unavailable("too many configuration changes are waiting"))?;
        answer.await.map_err(|_| Fault::unavailable("the configuration writer has stopped"))?
    }
}

struct Writer {
    store: Store,
    current: Arc<ArcSwap<Snapshot>>,
    secrets: Arc<OrgSecrets>,
}

impl Writer {
    async fn run(self, mut jobs: mpsc::Receiver<Queued>) {
        while let Some(queued) = jobs.recv().await {
            match queued {
                Queued::Change(mut job) => {
                    let committed = self.commit(job.as_mut()).await;
                    job.answer(committed);
                }
                Queued::Pause(asked) => self.pause(asked).await,
            }
        }
    }

    async fn pause(&self, asked: oneshot::Sender<Pause>) {
        let (over, end) = oneshot::channel();
        let pause = Pause { store: self.store.clone(), current: Arc::clone(&self.current), _over: over };
        if asked.send(pause).is_ok() {
            // It ends by being dropped: nothing is ever sent.
            drop(end.await);
        }
    }

    async fn commit(&self, job: &mut dyn Job) -> Result<(), Fault> {
        for _ in 0..ATTEMPTS_MAX {
            let (actor, origin, now) = job.request();
            let mut draft = Draft::new(Snapshot::clone(&self.current.load()), actor, origin, now);
            if !apply(job, &mut draft)? || draft.is_unchanged() {
                // A refusal, and that nothing is left to do, rest on what this node knows: they stand unless another
                // node has changed something meanwhile.
                if self.follow().await? {
                    continue;
                }
                return Ok(());
            }
            draft.seal_under_current_key(&self.secrets)?;
            kill_point("change: applied");
            match self.store.commit(draft.to_batch()).await {
                Ok(_) => {
                    kill_point("change: durable");
                    self.current.store(Arc::new(draft.snapshot));
                    kill_point("change: published");
                    return Ok(());
                }
                Err(CommitError::Missed { step: 0 }) => {
                    self.follow().await?;
                }
                Err(error @ (CommitError::Missed { .. } | CommitError::Conflict { .. })) => {
                    // A row that the change rests on (a group, say) went meanwhile. Asked again, it is refused.
                    return Err(Fault::unavailable(error));
                }
                Err(error) => {
                    // It may have been committed all the same: what this node knows must not be older than that.
                    let followed = self.follow().await;
                    tracing::warn!(%error, ?followed, "a change may or may not have been committed");
                    return Err(error.into());
                }
            }
        }
        Err(Fault::unavailable("other nodes changed the configuration again and again"))
    }

    /// Takes over what other nodes committed; `false` if there is nothing.
    async fn follow(&self) -> Result<bool, Fault> {
        let known = self.current.load_full();
        let followed = follow(&self.store, Snapshot::clone(&known)).await?;
        let moved = followed.revision != known.revision;
        if moved {
            self.current.store(Arc::new(followed));
        }
        Ok(moved)
    }
}

/// Applies a job; a bug in it costs that job and not the writer.
fn apply(job: &mut dyn Job, draft: &mut Draft) -> Result<bool, Fault> {
    std::panic::catch_unwind(AssertUnwindSafe(|| job.apply(draft)))
        .map_err(|_| Fault::internal("a change of the configuration panicked"))
}

/// `snapshot` with everything that was committed since. A fault that does not pass if the database was restored since: then
/// nothing that a node knows is certain any more, and it has to start anew.
pub async fn follow(store: &Store, mut snapshot: Snapshot) -> Result<Snapshot, Fault> {
    let (org, known) = (snapshot.org_id, snapshot.revision);
    loop {
        let head = rows::revision(store, org).await?;
        if head < snapshot.revision {
            return Err(overtaken());
        }
        if head == snapshot.revision {
            check_one_time_line(store, org, known, head).await?;
            return Ok(snapshot);
        }
        let changes = rows::changes_after(store, org, snapshot.revision).await?;
        if is_without_gaps(&changes, snapshot.revision) {
            apply_changes(store, &mut snapshot, changes).await?;
        } else {
            // What happened in the revisions that are missing nobody can say.
            snapshot = read(store, org).await?;
        }
    }
}

/// Whether every revision from the one after `known` to the last one has a row, and there is any.
fn is_without_gaps(changes: &[rows::ChangeRow], known: u64) -> bool {
    let mut reached = known;
    for change in changes {
        if change.revision > reached + 1 {
            return false;
        }
        reached = change.revision;
    }
    reached > known
}

async fn apply_changes(
    store: &Store,
    snapshot: &mut Snapshot,
    changes: Vec<rows::ChangeRow>,
) -> Result<(), Fault> {
    let (mut servers, mut apps) = (BTreeSet::new(), BTreeSet::new());
    let mut newest = snapshot.revision;
    for change in changes {
        newest = change.revision;
        match change.what {
            rows::Changed::Put(document) => snapshot.put(*document, change.revision),
            rows::Changed::Deleted { kind, id, parent } => snapshot.delete(kind, &id, &parent),
            rows::Changed::Keys(server) => drop(servers.insert(server)),
            rows::Changed::Secrets(app) => drop(apps.insert(app)),
            rows::Changed::Nothing => {}
        }
    }
    for server in servers {
        snapshot.put_keys(server, rows::keys_of(store, snapshot.org_id, server).await?);
    }
    for app in apps {
        snapshot.put_secrets(app, rows::secrets_of(store, snapshot.org_id, app).await?);
    }
    snapshot.revision = newest;
    Ok(())
}

/// A fault if the database is not the one that was at `known` any more: a restore lies between, or its revision, which only
/// ever goes up, is lower. Asked after everything was read, so that nothing of another time is taken over unnoticed.
async fn check_one_time_line(store: &Store, org: OrgId, known: u64, head: u64) -> Result<(), Fault> {
    if head == known {
        return Ok(());
    }
    if head < known || rows::newest_restore(store, org).await?.is_some_and(|restored| restored > known) {
        return Err(overtaken());
    }
    Ok(())
}

fn overtaken() -> Fault {
    Fault::overtaken("the database was restored since this node read it: it has to start anew")
}

/// The configuration as it is stored.
pub async fn load(store: &Store, org: OrgId) -> Result<Snapshot, Fault> {
    // Documents may be newer than the revision that was read before them: what came between is applied again.
    follow(store, read(store, org).await?).await
}

async fn read(store: &Store, org: OrgId) -> Result<Snapshot, Fault> {
    let (settings, revision) = rows::org(store, org).await?;
    let mut snapshot = Snapshot::empty(settings);
    for kind in Kind::ALL {
        rows::each_document(store, org, *kind, |document, revision| snapshot.put(document, revision)).await?;
    }
    for (server, keys) in rows::all_keys(store, org).await? {
        snapshot.put_keys(server, keys);
    }
    for (app, secrets) in rows::all_secrets(store, org).await? {
        snapshot.put_secrets(app, secrets);
    }
    snapshot.revision = revision;
    Ok(snapshot)
}

//! Between the model and the rows of the store: what is written where, and read back.

use std::collections::BTreeMap;
use std::sync::Arc;

use jose::{Algorithm, PublicJwk};
use model::event::Event;
use model::key::KeyStatus;
use model::{
    Actor, AppId, AuthorizationServerId, ClientSecretId, Document, Kind, Org, OrgId, Status, Timestamp,
    document, event,
};
use store::{Batch, Store};

use crate::client_secret::ClientSecret;
use crate::failure::Fault;
use crate::signing_key::KeyRecord;

/// The kinds of change rows that name rows with secrets: the row says "read it again" and holds nothing.
const SIGNING_KEY: &str = "signing_key";
const CLIENT_SECRET: &str = "client_secret";
/// The kinds of change rows that are about no row at all: a revision in which no document changed, and a restore.
const NOTHING: &str = "nothing";
const RESTORED: &str = "restored";
/// How many changes are read at once when following.
const CHANGES_MAX: usize = 1_000;

/// A row that does not say what we wrote into it.
fn damaged(what: &str, id: &str) -> Fault {
    Fault::internal(format!("the stored {what} `{id}` cannot be read"))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

/// An actor as it is stored with every change.
pub fn actor(actor: &Actor) -> String {
    // String keys and plain values only: this cannot fail.
    serde_json::to_string(actor).unwrap_or_default()
}

/// Adds an event.
pub fn append_event(batch: &mut Batch, now: Timestamp, event: &Event) {
    batch.event(now.milliseconds(), i64::from(event::SCHEMA), event.to_body());
}

/// Notes that a client's assertion was used, by the request with this mark.
pub fn use_assertion(
    batch: &mut Batch,
    client_id: &str,
    jti_hash: &[u8],
    expires: Timestamp,
    mark: &str,
) -> usize {
    batch.use_assertion(client_id, jti_hash, expires.milliseconds(), mark)
}

/// The compare-and-swap of an org's revision.
pub fn advance_revision(batch: &mut Batch, from: u64, to: u64) {
    batch.advance_revision(signed(from), signed(to));
}

/// One place in a revision: what is written there, with its change row.
pub struct Changing<'a> {
    /// What it goes into.
    pub batch: &'a mut Batch,
    /// The revision that the change makes.
    pub revision: u64,
    /// Its place in the revision.
    pub ordinal: i64,
    /// When.
    pub at: Timestamp,
}

impl Changing<'_> {
    fn record(&mut self, kind: &str, id: &str, parent: &str, before: Option<&str>, after: Option<&str>) {
        self.batch.append_change(store::NewChange {
            revision: signed(self.revision),
            ordinal: self.ordinal,
            kind,
            id,
            parent: (!parent.is_empty()).then_some(parent),
            at: self.at.milliseconds(),
            schema: i64::from(document::SCHEMA),
            before,
            after,
        });
    }

    /// Puts a document.
    pub fn put(&mut self, document: &Document, before: Option<&Document>) {
        let (kind, id, parent) = (document.kind().as_str(), document.id(), document.parent());
        let body = document.to_body();
        self.record(kind, id, parent, before.map(Document::to_body).as_deref(), Some(&body));
        self.batch.put_document(&store::Document {
            kind: kind.to_owned(),
            id: id.to_owned(),
            parent: (!parent.is_empty()).then(|| parent.to_owned()),
            revision: signed(self.revision),
            schema: i64::from(document::SCHEMA),
            body,
        });
    }

    /// Takes a document away.
    pub fn delete(&mut self, before: &Document) {
        let kind = before.kind().as_str();
        self.record(kind, before.id(), before.parent(), Some(&before.to_body()), None);
        self.batch.delete_document(kind, before.id());
    }

    /// Writes a new signing key, or moves one from the status that it had `before`. Moving leaves the sealed bytes as
    /// they are: they may have been sealed anew since this node read them.
    pub fn put_key(&mut self, server: AuthorizationServerId, key: &KeyRecord, before: Option<KeyStatus>) {
        self.record(SIGNING_KEY, &key.kid, server.as_str(), None, None);
        let row = store::SigningKey {
            server: server.to_string(),
            kid: key.kid.clone(),
            status: key.status.to_string(),
            algorithm: key.algorithm.name().to_owned(),
            public: serde_json::to_string(&key.public).unwrap_or_default(),
            sealed: key.sealed.to_vec(),
            created: key.created.milliseconds(),
            activated: key.activated.map(Timestamp::milliseconds),
            retired: key.retired.map(Timestamp::milliseconds),
            body: "{}".to_owned(),
        };
        match before {
            None => self.batch.put_signing_key(&row),
            Some(before) => self.batch.update_signing_key(&row, before.as_str()),
        };
    }

    /// Takes a signing key away.
    pub fn delete_key(&mut self, server: AuthorizationServerId, kid: &str) {
        self.record(SIGNING_KEY, kid, server.as_str(), None, None);
        self.batch.delete_signing_key(server.as_str(), kid);
    }

    /// Writes a new client secret, or moves one from the status that it had `before`, leaving the sealed bytes.
    pub fn put_secret(&mut self, app: AppId, secret: &ClientSecret, before: Option<Status>) {
        self.record(CLIENT_SECRET, secret.id.as_str(), app.as_str(), None, None);
        let row = store::ClientSecret {
            app: app.to_string(),
            id: secret.id.to_string(),
            status: secret.status.to_string(),
            sealed: secret.sealed.clone(),
            mac: secret.mac.to_vec(),
            created: secret.created.milliseconds(),
            updated: secret.last_updated.milliseconds(),
        };
        match before {
            None => self.batch.put_client_secret(&row),
            Some(before) => self.batch.update_client_secret(&row, before.as_str()),
        };
    }

    /// Takes a client secret away.
    pub fn delete_secret(&mut self, app: AppId, id: ClientSecretId) {
        self.record(CLIENT_SECRET, id.as_str(), app.as_str(), None, None);
        self.batch.delete_client_secret(app.as_str(), id.as_str());
    }

    /// Says that this revision changes no document.
    pub fn put_nothing(&mut self, org: OrgId) {
        self.record(NOTHING, org.as_str(), "", None, None);
    }

    /// Says that this revision is the first after a restore: whoever knows an earlier one knows nothing.
    pub fn put_restore(&mut self, org: OrgId) {
        self.record(RESTORED, org.as_str(), "", None, None);
    }
}

/// What one change row says.
pub enum Changed {
    /// A document was put.
    Put(Box<Document>),
    /// A document was taken away.
    Deleted {
        /// Its kind.
        kind: Kind,
        /// Its id.
        id: String,
        /// The server that it belonged to.
        parent: String,
    },
    /// The keys of a server have to be read again.
    Keys(AuthorizationServerId),
    /// The secrets of an app have to be read again.
    Secrets(AppId),
    /// Nothing that a snapshot holds. (A restore is looked for by itself: [`newest_restore`].)
    Nothing,
}

/// A change row.
pub struct ChangeRow {
    /// Its revision.
    pub revision: u64,
    /// What it says.
    pub what: Changed,
}

/// The changes after `revision`, in order: whole revisions, and not all of them if there are many.
pub async fn changes_after(store: &Store, org: OrgId, revision: u64) -> Result<Vec<ChangeRow>, Fault> {
    let rows = store.changes_after(org.as_str(), signed(revision), CHANGES_MAX).await?;
    rows.into_iter().map(change).collect()
}

fn change(row: store::Change) -> Result<ChangeRow, Fault> {
    let parent = row.parent.unwrap_or_default();
    let what = match (row.kind.as_str(), &row.after) {
        (SIGNING_KEY, _) => {
            let server =
                AuthorizationServerId::parse(&parent).ok_or_else(|| damaged(SIGNING_KEY, &row.id))?;
            Changed::Keys(server)
        }
        (CLIENT_SECRET, _) => {
            Changed::Secrets(AppId::parse(&parent).ok_or_else(|| damaged(CLIENT_SECRET, &row.id))?)
        }
        (NOTHING | RESTORED, _) => Changed::Nothing,
        (kind, after) => {
            let kind = Kind::from_word(kind).ok_or_else(|| damaged(kind, &row.id))?;
            match after {
                Some(body) => Changed::Put(Box::new(read(kind, &row.id, schema(row.schema), body)?)),
                None => Changed::Deleted { kind, id: row.id, parent },
            }
        }
    };
    Ok(ChangeRow { revision: unsigned(row.revision), what })
}

/// A change row, as whoever takes it back reads it.
pub struct Undo {
    /// Its revision.
    pub revision: u64,
    /// The kind, id and parent of the document that changed, and how it was before, if it was there. Nothing if the row
    /// is about no document.
    pub document: Option<((Kind, String, String), Option<Document>)>,
}

/// As [`changes_after`], for taking them back.
pub async fn undone_after(store: &Store, org: OrgId, revision: u64) -> Result<Vec<Undo>, Fault> {
    let rows = store.changes_after(org.as_str(), signed(revision), CHANGES_MAX).await?;
    rows.into_iter().map(undo).collect()
}

fn undo(row: store::Change) -> Result<Undo, Fault> {
    let revision = unsigned(row.revision);
    if [SIGNING_KEY, CLIENT_SECRET, NOTHING, RESTORED].contains(&row.kind.as_str()) {
        return Ok(Undo { revision, document: None });
    }
    let kind = Kind::from_word(&row.kind).ok_or_else(|| damaged(&row.kind, &row.id))?;
    let before =
        row.before.as_deref().map(|body| read(kind, &row.id, schema(row.schema), body)).transpose()?;
    Ok(Undo { revision, document: Some(((kind, row.id, row.parent.unwrap_or_default()), before)) })
}

/// The newest revision that a restore made.
pub async fn newest_restore(store: &Store, org: OrgId) -> Result<Option<u64>, Fault> {
    let restores = store.history(org.as_str(), RESTORED, org.as_str(), i64::MAX, 1).await?;
    Ok(restores.first().map(|row| unsigned(row.revision)))
}

fn read(kind: Kind, id: &str, schema: u32, body: &str) -> Result<Document, Fault> {
    Document::read(kind, id, schema, body).map_err(Fault::internal)
}

/// The revision at the head of the org's configuration.
pub async fn revision(store: &Store, org: OrgId) -> Result<u64, Fault> {
    let revision = store.revision(org.as_str()).await?;
    revision.map(unsigned).ok_or_else(|| damaged("org", org.as_str()))
}

/// The org's settings and the revision of its configuration.
pub async fn org(store: &Store, org: OrgId) -> Result<(Org, u64), Fault> {
    let revision = revision(store, org).await?;
    let document = store.find_document(org.as_str(), Kind::Org.as_str(), org.as_str()).await?;
    let row = document.ok_or_else(|| damaged("org", org.as_str()))?;
    match read(Kind::Org, org.as_str(), schema(row.schema), &row.body)? {
        Document::Org(settings) => Ok((settings, revision)),
        _ => Err(damaged("org", org.as_str())),
    }
}

fn schema(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

/// Every document of one kind, with the revision at which it changed last.
pub async fn each_document(
    store: &Store,
    org: OrgId,
    kind: Kind,
    mut each: impl FnMut(Document, u64),
) -> Result<(), Fault> {
    let each = |row: store::Document| {
        each(read(kind, &row.id, schema(row.schema), &row.body)?, unsigned(row.revision));
        Ok(())
    };
    store.each_document_of_kind(org.as_str(), kind.as_str(), each).await
}

fn key(row: store::SigningKey) -> Result<(AuthorizationServerId, Arc<KeyRecord>), Fault> {
    let parsed = (|| {
        let server = AuthorizationServerId::parse(&row.server)?;
        let status = KeyStatus::from_word(&row.status)?;
        let algorithm = Algorithm::find(&row.algorithm)?;
        let public: PublicJwk = serde_json::from_str(&row.public).ok()?;
        let created = Timestamp::from_milliseconds(row.created);
        let mut record = KeyRecord::of_row(row.kid.clone(), status, algorithm, public, row.sealed, created);
        record.activated = row.activated.map(Timestamp::from_milliseconds);
        record.retired = row.retired.map(Timestamp::from_milliseconds);
        Some((server, Arc::new(record)))
    })();
    parsed.ok_or_else(|| damaged(SIGNING_KEY, &row.kid))
}

/// The keys of one server.
pub async fn keys_of(
    store: &Store,
    org: OrgId,
    server: AuthorizationServerId,
) -> Result<crate::signing_key::SigningKeys, Fault> {
    let rows = store.signing_keys_of_server(org.as_str(), server.as_str()).await?;
    let keys = rows.into_iter().map(|row| key(row).map(|(_, key)| key)).collect::<Result<_, _>>()?;
    Ok(crate::signing_key::SigningKeys::new(keys))
}

/// The keys of every server.
pub async fn all_keys(
    store: &Store,
    org: OrgId,
) -> Result<Vec<(AuthorizationServerId, crate::signing_key::SigningKeys)>, Fault> {
    let mut by_server: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let each = |row| {
        let (server, key) = key(row)?;
        by_server.entry(server).or_default().push(key);
        Ok::<_, Fault>(())
    };
    store.each_signing_key(org.as_str(), each).await?;
    let keys = |(server, keys)| (server, crate::signing_key::SigningKeys::new(keys));
    Ok(by_server.into_iter().map(keys).collect())
}

fn secret(row: store::ClientSecret) -> Result<(AppId, Arc<ClientSecret>), Fault> {
    let parsed = (|| {
        let secret = ClientSecret {
            id: ClientSecretId::parse(&row.id)?,
            status: Status::from_word(&row.status)?,
            mac: row.mac.try_into().ok()?,
            sealed: row.sealed,
            created: Timestamp::from_milliseconds(row.created),
            last_updated: Timestamp::from_milliseconds(row.updated),
        };
        Some((AppId::parse(&row.app)?, Arc::new(secret)))
    })();
    parsed.ok_or_else(|| damaged(CLIENT_SECRET, &row.id))
}

/// The secrets of one app, oldest first.
pub async fn secrets_of(store: &Store, org: OrgId, app: AppId) -> Result<Vec<Arc<ClientSecret>>, Fault> {
    let rows = store.client_secrets_of_app(org.as_str(), app.as_str()).await?;
    rows.into_iter().map(|row| secret(row).map(|(_, secret)| secret)).collect()
}

/// The secrets of every app, oldest first.
pub async fn all_secrets(store: &Store, org: OrgId) -> Result<Vec<(AppId, Vec<Arc<ClientSecret>>)>, Fault> {
    let mut by_app: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let each = |row| {
        let (app, secret) = secret(row)?;
        by_app.entry(app).or_default().push(secret);
        Ok::<_, Fault>(())
    };
    store.each_client_secret(org.as_str(), each).await?;
    Ok(by_app.into_iter().collect())
}

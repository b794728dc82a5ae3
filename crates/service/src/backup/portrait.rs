//! What can end, as a database or a backup has it: tokens, keys, secrets, servers, apps, people. Read row by row from
//! either. Leaves out what follows from two of them (`endings`).

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use model::app::ClientKeys;
use model::{Document, Kind, Timestamp};
use store::{CopyError, Piece, Place, Table, Value, copy_out};

use super::reader::{Damage, Reader};
use super::{Counter, Summary, Told};
use crate::client_assertion;
use crate::org_secrets::ROOT_MAC_KEY;

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// An authorization server.
    Server,
    /// An access policy.
    Policy,
    /// A rule.
    Rule,
    /// A scope.
    Scope,
    /// A claim.
    Claim,
    /// An app.
    App,
    /// A public key that an app's assertions are signed with.
    AppKey,
    /// An app's secret.
    ClientSecret,
    /// A key that a server signs with.
    SigningKey,
    /// The place of a key in its server's rotation.
    Rotation,
    /// An API token.
    ApiToken,
    /// A user.
    User,
    /// A user's password.
    Password,
    /// An admin role of a user.
    Role,
    /// A grant.
    Grant,
}

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thing {
    /// A name that a person recognises.
    pub name: String,
    /// Whether it has effect.
    pub stands: bool,
    /// Raised each time that something which it stood for has ended.
    pub since: i64,
}

/// One org.
#[derive(Debug, Default)]
pub(super) struct OrgPortrait {
    pub revision: i64,
    /// By sort and id.
    pub things: BTreeMap<(Sort, String), Thing>,
    /// Until when, in seconds, each revoked access token would have lived.
    pub revocations: HashMap<Vec<u8>, i64>,
    /// Until when, in milliseconds, each used client assertion would have lived, by client and digest.
    used_assertions: HashMap<(String, Vec<u8>), i64>,
    /// From when on client assertions are taken, because it was forgotten before which were used.
    assertions_valid_from: Option<Timestamp>,
    /// The sealed key under which its other keys lie.
    pub root: Vec<u8>,
}

/// Everything that can end, by org.
#[derive(Debug, Default)]
pub struct Portrait {
    pub(super) orgs: BTreeMap<String, OrgPortrait>,
    logins: HashMap<(String, String), String>,
}

impl Portrait {
    /// Of a backup, which is read to its end and checked.
    pub fn of_backup(input: impl Read, told: Told<'_>) -> Result<(Self, Summary), Damage> {
        let (mut portrait, mut table) = (Self::default(), None);
        let (mut reader, mut counter) = (Reader::open(input)?, Counter::default());
        let schema = reader.header().schema;
        while let Some(piece) = reader.next_piece()? {
            counter.count(&piece, told);
            portrait.take(schema, &mut table, &piece);
        }
        counter.end(told);
        Ok((portrait.named(), reader.summary()))
    }

    /// Of a database. Servers go on meanwhile.
    pub async fn of_place(place: &Place) -> Result<Self, CopyError<std::convert::Infallible>> {
        let (mut portrait, mut table, mut schema) = (Self::default(), None, 0);
        copy_out(place, &mut |piece| {
            if let Piece::Contents(contents) = &piece {
                schema = contents.schema;
            }
            portrait.take(schema, &mut table, &piece);
            Ok(())
        })
        .await?;
        Ok(portrait.named())
    }

    /// Whether there is no org.
    pub fn is_empty(&self) -> bool {
        self.orgs.is_empty()
    }

    /// The sealed root key of each org.
    pub fn roots(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.orgs.iter().map(|(id, org)| (id.as_str(), org.root.as_slice()))
    }

    pub(super) fn take(&mut self, schema: i64, table: &mut Option<&'static Table>, piece: &Piece) {
        match piece {
            Piece::Contents(_) => {}
            Piece::Table(next) => *table = Some(next),
            Piece::Row(row) => {
                if let Some(table) = table {
                    self.row(&Cells { table, schema, row });
                }
            }
        }
    }

    fn row(&mut self, row: &Cells<'_>) {
        let org = self.orgs.entry(row.text("org").to_owned());
        match row.table.name {
            "org" => org.or_default().revision = row.int("revision"),
            "org_secret" if row.text("name") == ROOT_MAC_KEY => {
                row.bytes("sealed").clone_into(&mut org.or_default().root);
            }
            "document" => org.or_default().document(row),
            "signing_key" => org.or_default().signing_key(row),
            "client_secret" => {
                let (app, id) = (row.text("app"), row.text("id"));
                let thing = Thing::new(format!("{id} of {app}"), row.text("status") == "ACTIVE");
                org.or_default().add(Sort::ClientSecret, format!("{app} {id}"), thing);
            }
            "api_token" => {
                org.or_default().add(Sort::ApiToken, row.text("id"), Thing::new(row.text("name"), true));
            }
            "account" => {
                let thing = Thing::new(row.text("id"), row.text("status") == "ACTIVE");
                org.or_default().add(Sort::User, row.text("id"), thing);
            }
            "account_login" => {
                let key = (row.text("org").to_owned(), row.text("account").to_owned());
                self.logins.insert(key, row.text("login").to_owned());
            }
            "account_password" => {
                let thing = Thing { since: row.int("changed"), ..Thing::new(row.text("account"), true) };
                org.or_default().add(Sort::Password, row.text("account"), thing);
            }
            "role_assignment" => {
                let (principal, role) = (row.text("principal"), row.text("role"));
                let thing = Thing::new(format!("{role} of {principal}"), true);
                org.or_default().add(Sort::Role, format!("{principal} {role}"), thing);
            }
            "oauth_grant" => {
                let name = format!("{} of {}", row.text("id"), row.text("client"));
                org.or_default().add(Sort::Grant, row.text("id"), Thing::new(name, row.is_null("ended")));
            }
            "revocation" => {
                let hash = row.bytes("jti_hash").to_owned();
                org.or_default().revocations.insert(hash, row.int("expires"));
            }
            "used_assertion" => {
                let key = (row.text("client").to_owned(), row.bytes("jti_hash").to_owned());
                org.or_default().used_assertions.insert(key, row.int("expires"));
            }
            _ => {}
        }
    }

    /// Gives users their logins.
    fn named(mut self) -> Self {
        for (org, portrait) in &mut self.orgs {
            for ((sort, id), thing) in &mut portrait.things {
                let account = id.split(' ').next().unwrap_or_default();
                let login = self.logins.get(&(org.clone(), account.to_owned()));
                if let Some(login) =
                    login.filter(|_| matches!(sort, Sort::User | Sort::Password | Sort::Role))
                {
                    thing.name = thing.name.replace(account, login);
                }
            }
        }
        self
    }
}

impl Thing {
    fn new(name: impl Into<String>, stands: bool) -> Self {
        Self { name: name.into(), stands, since: 0 }
    }
}

impl OrgPortrait {
    fn add(&mut self, sort: Sort, id: impl Into<String>, thing: Thing) {
        self.things.insert((sort, id.into()), thing);
    }

    /// How many client assertions were used that `backup` does not know and that somebody could present again.
    pub fn used_since(&self, backup: &Self, now: Timestamp) -> usize {
        let is_new = |(key, expires): &(&(String, Vec<u8>), &i64)| {
            !backup.used_assertions.contains_key(*key) && client_assertion::is_remembered(**expires, now)
        };
        self.used_assertions.iter().filter(is_new).count()
    }

    /// Whether `backup` would take a client assertion that is not taken any more.
    pub fn refuses_assertions_of(&self, backup: &Self, now: Timestamp) -> bool {
        let is_felt = |from: Timestamp| client_assertion::is_felt(from, now);
        let later = self.assertions_valid_from > backup.assertions_valid_from;
        self.used_since(backup, now) > 0 || later && self.assertions_valid_from.is_some_and(is_felt)
    }

    fn document(&mut self, row: &Cells<'_>) {
        let (id, schema) = (row.text("id"), u32::try_from(row.int("schema")).unwrap_or(u32::MAX));
        let Some(kind) = Kind::from_word(row.text("kind")) else { return };
        let Ok(document) = Document::read(kind, id, schema, row.text("body")) else { return };
        let since = |revision: Option<u64>| revision.and_then(|at| i64::try_from(at).ok()).unwrap_or(0);
        let (sort, thing, since) = match &document {
            Document::Org(settings) => {
                self.assertions_valid_from = settings.assertions_valid_from;
                return;
            }
            Document::AuthorizationServer(server) => {
                let thing = Thing::new(&server.name, server.status.is_active());
                (Sort::Server, thing, since(server.tokens_valid_from))
            }
            Document::Policy(policy) => {
                let thing = Thing::new(&policy.name, policy.status.is_active());
                (Sort::Policy, thing, since(policy.tokens_valid_from))
            }
            Document::Rule(rule) => (Sort::Rule, Thing::new(&rule.name, rule.status.is_active()), 0),
            Document::Scope(scope) => (Sort::Scope, Thing::new(&scope.name, true), 0),
            Document::Claim(claim) => (Sort::Claim, Thing::new(&claim.name, claim.status.is_active()), 0),
            Document::App(app) => {
                if let Some(ClientKeys::Jwks(keys)) = &app.oauth.keys {
                    for key in keys {
                        let thing =
                            Thing::new(format!("{} of {}", key.id, app.label), key.status.is_active());
                        self.add(Sort::AppKey, format!("{id} {}", key.id), thing);
                    }
                }
                let thing = Thing::new(&app.label, app.status.is_active());
                (Sort::App, thing, since(app.tokens_valid_from))
            }
        };
        self.add(sort, id, Thing { since, ..thing });
    }

    /// A key that has left its place before is one that must not sign again; one that is gone must not be published.
    fn signing_key(&mut self, row: &Cells<'_>) {
        let (server, kid, status) = (row.text("server"), row.text("kid"), row.text("status"));
        let id = format!("{server} {kid}");
        self.add(Sort::SigningKey, &id, Thing::new(format!("{kid} of {server}"), true));
        self.add(Sort::Rotation, id, Thing::new(format!("{kid} of {server}"), status != "EXPIRED"));
    }
}

/// A row whose columns are found by name.
struct Cells<'a> {
    table: &'static Table,
    schema: i64,
    row: &'a [Value],
}

impl Cells<'_> {
    fn find(&self, name: &str) -> Option<&Value> {
        self.row.get(self.table.columns_at(self.schema).position(|column| column.name == name)?)
    }

    fn text(&self, name: &str) -> &str {
        if let Some(Value::Text(text)) = self.find(name) { text } else { "" }
    }

    fn int(&self, name: &str) -> i64 {
        if let Some(Value::Int(int)) = self.find(name) { *int } else { 0 }
    }

    fn bytes(&self, name: &str) -> &[u8] {
        if let Some(Value::Bytes(bytes)) = self.find(name) { bytes } else { &[] }
    }

    fn is_null(&self, name: &str) -> bool {
        self.find(name).is_none_or(|value| *value == Value::Null)
    }
}

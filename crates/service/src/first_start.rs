//! The first start on an empty store: org, `Everyone`, the first admin and API token, and the default server.
//!
//! All of it is one batch, so that a start that is cut off leaves either nothing or everything.

use argon2::PasswordHasher;
use jose::{Algorithm, KeyRing, SigningKey};
use model::actor::Actor;
use model::authorization_server::{DEFAULT, IssuerMode, RotationMode};
use model::event::{Event, EventType, Origin, Target};
use model::group::{EVERYONE, GroupKind};
use model::key::KeyStatus;
use model::policy::ClientCondition;
use model::rule::{Lifetimes, People, ScopeCondition};
use model::user::{RoleType, UserStatus};
use model::{
    ApiTokenId, AuthorizationServer, AuthorizationServerId, Document, GrantType, Group, GroupId, Org, OrgId,
    Policy, PolicyId, Rule, Status, Timestamp, TokenFormat, UserId, template,
};
use serde_json::json;
use store::{Account, ApiToken, Batch, CommitError, Password, Store, kill_point};

use crate::admin::api_token::WINDOW_DAYS;
use crate::admin::rule::default_rule_id;
use crate::admin::{group, user};
use crate::failure::Fault;
use crate::ids::IdSource;
use crate::org_secrets::{OrgSecrets, ROOT_MAC_KEY, new_api_token};
use crate::rows::{self, Changing};
use crate::signing_key::KeyRecord;
use crate::target;

/// What the operator chose for the first admin; what is absent is made.
#[derive(Clone, Default)]
pub struct FirstAdmin {
    /// The login.
    pub login: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The API token.
    pub api_token: Option<String>,
}

/// What was made here and is shown once; what the operator chose is not repeated.
#[derive(Clone)]
pub struct Made {
    /// The first admin's login.
    pub login: String,
    /// The password, if it was made here.
    pub password: Option<String>,
    /// The API token, if it was made here.
    pub api_token: Option<String>,
}

const DEFAULT_LOGIN: &str = "admin@example.com";
/// The revision that the first configuration has.
const FIRST_REVISION: u64 = 1;

/// Makes the first org of a store. Nothing if the store has been founded: another node was faster.
pub async fn found(
    store: &Store,
    ring: KeyRing,
    subdomain: &str,
    admin: FirstAdmin,
    now: Timestamp,
) -> Result<Option<(OrgId, OrgSecrets, Made)>, Fault> {
    let (created, mut batch) = compose(ring, subdomain, admin, now).await?;
    let founding = batch.insert_founding();
    kill_point("first start: composed");
    let founded = store.commit(batch).await;
    kill_point("first start: founded");
    match founded {
        Ok(_) => Ok(Some(created)),
        Err(CommitError::Conflict { step }) if step == founding => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes an org beside those that are there.
pub async fn create(
    store: &Store,
    ring: KeyRing,
    subdomain: &str,
    admin: FirstAdmin,
    now: Timestamp,
) -> Result<(OrgId, OrgSecrets, Made), Fault> {
    let (created, batch) = compose(ring, subdomain, admin, now).await?;
    store.commit(batch).await?;
    Ok(created)
}

async fn compose(
    ring: KeyRing,
    subdomain: &str,
    admin: FirstAdmin,
    now: Timestamp,
) -> Result<((OrgId, OrgSecrets, Made), Batch), Fault> {
    let made = Made {
        login: admin.login.clone().unwrap_or_else(|| DEFAULT_LOGIN.to_owned()),
        password: admin.password.is_none().then(|| jose::random_token(20)),
        api_token: admin.api_token.is_none().then(new_api_token),
    };
    let password = admin.password.or_else(|| made.password.clone()).unwrap_or_default();
    let api_token = admin.api_token.or_else(|| made.api_token.clone()).unwrap_or_default();
    let prepared =
        tokio::task::spawn_blocking(move || prepare(&password)).await.map_err(Fault::internal)??;
    let ids = IdSource::default();
    let now = now.whole_second();
    let org = Org {
        id: OrgId::mint(ids.next(now)),
        company_name: "Tokenmint".to_owned(),
        subdomain: subdomain.to_owned(),
        created: now,
        last_updated: now,
        assertions_valid_from: None,
    };
    let (secrets, sealed_root) = OrgSecrets::generate(org.id, ring)?;
    let mut first = First { ids: &ids, org: &org, now, ordinal: 0, batch: batch(&org) };
    first.batch.insert_org("{}", i64::try_from(FIRST_REVISION).unwrap_or(1), now.milliseconds());
    first.batch.put_org_secret(ROOT_MAC_KEY, &sealed_root);
    first.document(&Document::Org(org.clone()));
    first.log(EventType::OrgCreated, [target::org(&org)]);
    first.everyone();
    let owner = first.admin(&made.login, &prepared.password_hash);
    first.api_token(owner, &secrets.api_token_mac(&api_token));
    first.default_server(&secrets, prepared.keys)?;
    let batch = first.batch;
    Ok(((org.id, secrets, made), batch))
}

/// What takes long: two RSA keys and a password hash. The keys are made side by side.
struct Prepared {
    keys: [SigningKey; 2],
    password_hash: String,
}

fn prepare(password: &str) -> Result<Prepared, Fault> {
    let other = std::thread::spawn(|| SigningKey::generate(Algorithm::Rs256));
    let password_hash = hash_password(password)?;
    let one = SigningKey::generate(Algorithm::Rs256).map_err(Fault::internal)?;
    let other =
        other.join().map_err(|_| Fault::internal("making a key panicked"))?.map_err(Fault::internal)?;
    Ok(Prepared { keys: [one, other], password_hash })
}

/// Argon2id with the library's recommended cost: 19 MiB, two passes.
fn hash_password(password: &str) -> Result<String, Fault> {
    let salt: [u8; 16] = jose::random_bytes();
    let hash = argon2::Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Fault::internal(error.to_string()))
}

fn batch(org: &Org) -> Batch {
    Batch::new(org.id.as_str(), rows::actor(&Actor::system()))
}

struct First<'a> {
    ids: &'a IdSource,
    org: &'a Org,
    now: Timestamp,
    ordinal: i64,
    batch: Batch,
}

impl First<'_> {
    fn changing(&mut self) -> Changing<'_> {
        self.ordinal += 1;
        Changing { batch: &mut self.batch, revision: FIRST_REVISION, ordinal: self.ordinal, at: self.now }
    }

    fn document(&mut self, document: &Document) {
        self.changing().put(document, None);
    }

    fn log(&mut self, event_type: EventType, targets: impl IntoIterator<Item = Target>) {
        let mut event = Event::new(event_type, Actor::system(), Origin::default());
        event.targets.extend(targets);
        event.revision = Some(FIRST_REVISION);
        rows::append_event(&mut self.batch, self.now, &event);
    }

    fn everyone(&mut self) {
        let group = Group {
            id: GroupId::mint(self.ids.next(self.now)),
            kind: GroupKind::BuiltIn,
            name: EVERYONE.to_owned(),
            description: Some("All users in your organization".to_owned()),
            created: self.now,
            last_updated: self.now,
            last_membership_updated: self.now,
        };
        self.batch.insert_group(&group::to_row(&group));
        self.log(EventType::GroupCreated, [target::group(&group)]);
    }

    fn admin(&mut self, login: &str, password_hash: &str) -> UserId {
        let id = UserId::mint(self.ids.next(self.now));
        let at = self.now.milliseconds();
        let email = if login.contains('@') { login.to_owned() } else { format!("{login}@example.com") };
        let profile = json!({"firstName": "Super", "lastName": "Admin", "login": login, "email": email});
        self.batch.insert_account(&Account {
            id: id.to_string(),
            status: UserStatus::Active.to_string(),
            profile: profile.to_string(),
            created: at,
            activated: Some(at),
            status_changed: Some(at),
            last_login: None,
            updated: at,
            password_changed: Some(at),
            epoch: 0,
            revision: 0,
        });
        self.batch.insert_login(&user::fold(login), id.as_str());
        self.batch.put_password(id.as_str(), &Password { hash: password_hash.to_owned(), changed: at });
        self.batch.insert_role(id.as_str(), RoleType::SuperAdmin.as_str(), at);
        self.log(EventType::UserCreated, [target::user(id, login)]);
        self.log(EventType::UserPrivilegeGranted, [target::user(id, login)]);
        id
    }

    fn api_token(&mut self, owner: UserId, mac: &[u8; 32]) {
        let id = ApiTokenId::mint(self.ids.next(self.now));
        let at = self.now.milliseconds();
        let name = "First API token";
        self.batch.insert_api_token(&ApiToken {
            mac: mac.to_vec(),
            id: id.to_string(),
            name: name.to_owned(),
            account: owner.to_string(),
            client_name: "Okta API".to_owned(),
            network: r#"{"connection":"ANYWHERE"}"#.to_owned(),
            created: at,
            updated: at,
            used: None,
            expires: self.now.plus_days(WINDOW_DAYS).milliseconds(),
        });
        self.log(EventType::ApiTokenCreated, [target::api_token(id, name)]);
    }

    /// The server that comes with the org, with its policy and rule (Okta).
    fn default_server(&mut self, secrets: &OrgSecrets, keys: [SigningKey; 2]) -> Result<(), Fault> {
        let server = self.server();
        let policy = default_policy(&server);
        let rule = default_rule(&policy);
        let about = target::server(&server);
        let [active, next] = keys;
        let active = KeyRecord::of_generated(active, server.id, secrets, self.now)?;
        let active = active.with_status(KeyStatus::Active, self.now);
        let next = KeyRecord::of_generated(next, server.id, secrets, self.now)?;
        self.log(EventType::AuthorizationServerCreated, [about.clone()]);
        self.log(EventType::PolicyCreated, [target::policy(&policy), about.clone()]);
        self.log(EventType::RuleAdded, [target::rule(&rule), about]);
        for key in [active, next] {
            self.changing().put_key(server.id, &key, None);
        }
        self.document(&Document::AuthorizationServer(server));
        self.document(&Document::Policy(policy));
        self.document(&Document::Rule(rule));
        debug_assert!(self.org.created == self.now);
        Ok(())
    }

    fn server(&self) -> AuthorizationServer {
        AuthorizationServer {
            id: AuthorizationServerId::mint(self.ids.next(self.now)),
            name: DEFAULT.to_owned(),
            description: Some("Default Authorization Server for your Applications".to_owned()),
            audiences: vec!["api://default".to_owned()],
            issuer_mode: IssuerMode::OrgUrl,
            status: Status::Active,
            rotation_mode: RotationMode::Auto,
            default: true,
            template: template::CURRENT,
            trusted: Vec::new(),
            token_format: TokenFormat::default(),
            created: self.now,
            last_updated: self.now,
            tokens_valid_from: None,
        }
    }
}

fn default_policy(server: &AuthorizationServer) -> Policy {
    Policy {
        id: PolicyId::derive(server.id.as_id(), 0),
        server: server.id,
        status: Status::Active,
        name: "Default Policy".to_owned(),
        description: Some("Default policy description".to_owned()),
        priority: 1,
        system: false,
        clients: ClientCondition::All,
        created: server.created,
        last_updated: server.created,
        tokens_valid_from: None,
    }
}

fn default_rule(policy: &Policy) -> Rule {
    Rule {
        id: default_rule_id(policy.server),
        server: policy.server,
        policy: policy.id,
        status: Status::Active,
        name: "Default Policy Rule".to_owned(),
        priority: 1,
        system: false,
        grant_types: vec![
            GrantType::Implicit,
            GrantType::ClientCredentials,
            GrantType::AuthorizationCode,
            GrantType::Password,
        ],
        people: People { everyone: true, ..People::default() },
        scopes: ScopeCondition::Any,
        lifetimes: Lifetimes::default(),
        created: policy.created,
        last_updated: policy.created,
    }
}

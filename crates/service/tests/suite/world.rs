//! An org to act on: a store, a node or several, and a clock that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, Waker};

use jose::KeyRing;
use model::actor::ActorKind;
use model::app::{ApplicationType, AuthMethod, ConsentMethod, OAuthSettings, ResponseType, WildcardRedirect};
use model::authorization_server::IssuerMode;
use model::event::{EventType, Origin};
use model::policy::ClientCondition;
use model::rule::{Lifetimes, People, ScopeCondition};
use model::{Actor, ClientId, Event, GrantType, Group, OrgId, Policy, Rule, Scope, Status, Timestamp};
use serde_json::{Map, Value};
use service::admin::app::{self, Written};
use service::admin::{
    Precondition, Refusal, authorization_server, claim, client_secret, group, key, policy, rule, scope,
};
use service::client::{self, Credentials};
use service::client_assertion::Endpoint;
use service::configuration::Asked;
use service::first_start::{self, FirstAdmin};
use service::freshness::Freshness;
use service::issuer::IssuerOrigins;
use service::outbound::Outbound;
use service::token::{self, Request, Tokens};
use service::{
    AppEntry, Failure, Fault, ServerEntry, Snapshot, Tenant, Versioned, access_token, introspect, master_key,
    revoke,
};
use store::{LogQuery, Order, Store};

pub const API_TOKEN: &str = "00an-api-token-that-a-test-has-chosen-1234";
pub const ADDRESS: &str = "192.0.2.7";
const START: i64 = 1_794_000_000;

pub struct World {
    pub store: Store,
    pub org: OrgId,
    pub tenant: Arc<Tenant>,
    ring: String,
    clock: AtomicI64,
}

impl World {
    /// An org as the first start leaves it: `Everyone`, an admin, an API token, the default server.
    pub async fn new() -> Self {
        Self::in_store(Store::open_memory().unwrap()).await
    }

    pub async fn in_store(store: Store) -> Self {
        let ring = KeyRing::generate().unwrap();
        let text = ring.to_text().expose_text().unwrap().to_owned();
        let admin = FirstAdmin {
            login: None,
            password: Some("a passphrase of a test".to_owned()),
            api_token: Some(API_TOKEN.to_owned()),
        };
        let now = Timestamp::from_seconds(START);
        let (org, secrets, _) = first_start::create(&store, ring, "acme", admin, now).await.unwrap();
        let tenant = Arc::new(Tenant::start(store.clone(), org, secrets).await.unwrap());
        Self { store, org, tenant, ring: text, clock: AtomicI64::new(now.milliseconds()) }
    }

    /// Another node over the same store.
    pub async fn node(&self) -> Arc<Tenant> {
        let secrets = master_key::open(&self.store, self.org, self.ring()).await.unwrap();
        Arc::new(Tenant::start(self.store.clone(), self.org, secrets).await.unwrap())
    }

    /// The same org, keys and time over another store.
    pub async fn over(&self, store: Store) -> Self {
        let secrets = master_key::open(&store, self.org, self.ring()).await.unwrap();
        let tenant = Arc::new(Tenant::start(store.clone(), self.org, secrets).await.unwrap());
        let clock = AtomicI64::new(self.clock.load(Ordering::Relaxed));
        Self { store, org: self.org, tenant, ring: self.ring.clone(), clock }
    }

    /// The same node with a door to other servers.
    pub async fn with_outbound(self, outbound: Arc<dyn Outbound>) -> Self {
        let secrets = master_key::open(&self.store, self.org, self.ring()).await.unwrap();
        let tenant = Tenant::start_with(self.store.clone(), self.org, secrets, outbound).await.unwrap();
        Self { tenant: Arc::new(tenant), ..self }
    }

    /// The same org seen from another node.
    pub async fn on_another_node(&self) -> Self {
        Self {
            store: self.store.clone(),
            org: self.org,
            tenant: self.node().await,
            ring: self.ring.clone(),
            clock: AtomicI64::new(self.clock.load(Ordering::Relaxed)),
        }
    }

    pub fn ring(&self) -> KeyRing {
        KeyRing::parse(&self.ring).unwrap()
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.clock.load(Ordering::Relaxed))
    }

    pub fn wait(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::Relaxed);
    }

    pub fn asked(&self) -> Asked {
        let actor = Actor {
            kind: ActorKind::User,
            id: "00uTest".to_owned(),
            alternate_id: Some("ana@example.com".to_owned()),
            display_name: None,
            token: Some("00TTest".to_owned()),
            address: Some(ADDRESS.to_owned()),
        };
        Asked { actor, origin: origin(), now: self.now() }
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.tenant.configuration.current()
    }

    /// The configuration as somebody who starts now reads it.
    pub async fn loaded(&self) -> Snapshot {
        service::configuration::load(&self.store, self.org).await.unwrap()
    }

    /// Another node, as one that shares its store with others: it has to follow before it may rely on anything.
    pub async fn shared_node(&self) -> Arc<Tenant> {
        let secrets = master_key::open(&self.store, self.org, self.ring()).await.unwrap();
        let mut tenant = Tenant::start(self.store.clone(), self.org, secrets).await.unwrap();
        tenant.freshness = Freshness::shared();
        Arc::new(tenant)
    }

    /// What keys need without anybody asking.
    pub async fn look_after_keys(&self) -> Result<(), Fault> {
        key::rotate_due(&self.tenant, self.now()).await?;
        key::clear_expired(&self.tenant, self.now()).await
    }

    /// The signing keys as they are stored.
    pub async fn stored_keys(&self) -> Vec<store::SigningKey> {
        let mut keys = Vec::new();
        let each = |key| {
            keys.push(key);
            Ok::<_, store::Fault>(())
        };
        self.store.each_signing_key(self.org.as_str(), each).await.unwrap();
        keys
    }

    pub fn server(&self, path: &str) -> Arc<ServerEntry> {
        authorization_server::get(&self.snapshot(), path).unwrap()
    }

    pub async fn make_server(&self, name: &str) -> Arc<ServerEntry> {
        authorization_server::create(&self.tenant, self.asked(), server_settings(name)).await.unwrap()
    }

    pub async fn make_scope(&self, name: &str) -> Arc<Versioned<Scope>> {
        self.try_scope(scope_settings(name)).await.unwrap()
    }

    pub async fn try_scope(
        &self,
        settings: scope::Settings,
    ) -> Result<Arc<Versioned<Scope>>, Failure<Refusal>> {
        scope::create(&self.tenant, self.asked(), DEFAULT.to_owned(), settings).await
    }

    pub async fn delete_scope(&self, id: &str) -> Result<(), Failure<Refusal>> {
        let (server, id) = (DEFAULT.to_owned(), id.to_owned());
        scope::delete(&self.tenant, self.asked(), server, id, Precondition::Any).await
    }

    pub async fn make_policy(&self, name: &str, priority: Option<u32>) -> Arc<Versioned<Policy>> {
        let settings = policy::Settings { priority, ..policy_settings(name) };
        self.try_policy(settings).await.unwrap()
    }

    pub async fn try_policy(
        &self,
        settings: policy::Settings,
    ) -> Result<Arc<Versioned<Policy>>, Failure<Refusal>> {
        policy::create(&self.tenant, self.asked(), DEFAULT.to_owned(), settings).await
    }

    pub async fn make_rule(&self, policy: &str, settings: rule::Settings) -> Arc<Versioned<Rule>> {
        self.try_rule(policy, settings).await.unwrap()
    }

    pub async fn try_rule(
        &self,
        policy: &str,
        settings: rule::Settings,
    ) -> Result<Arc<Versioned<Rule>>, Failure<Refusal>> {
        rule::create(&self.tenant, self.asked(), rule_path(policy, ""), settings).await
    }

    pub async fn try_claim(
        &self,
        name: &str,
        expression: &str,
    ) -> Result<Arc<Versioned<model::Claim>>, Failure<Refusal>> {
        let settings = claim_settings(name, expression);
        claim::create(&self.tenant, self.asked(), DEFAULT.to_owned(), settings).await
    }

    pub async fn make_group(&self, name: &str) -> Group {
        let profile = group::Profile { name: name.to_owned(), description: None };
        group::create(&self.tenant, self.asked(), profile).await.unwrap()
    }

    /// A service that authenticates by `Basic`.
    pub async fn make_app(&self, label: &str) -> Written {
        self.try_app(app_settings(label)).await.unwrap()
    }

    pub async fn try_app(&self, settings: app::Settings) -> Result<Written, Failure<Refusal>> {
        app::create(&self.tenant, self.asked(), settings, Status::Active).await
    }

    pub async fn set_app_status(&self, app: &AppEntry, status: Status) {
        let id = app.app.value.id.to_string();
        app::set_status(&self.tenant, self.asked(), id, status).await.unwrap();
    }

    pub async fn add_secret(
        &self,
        app: &AppEntry,
        status: Status,
    ) -> Result<client_secret::Shown, Failure<Refusal>> {
        let id = app.app.value.id.to_string();
        client_secret::create(&self.tenant, self.asked(), id, None, status).await
    }

    /// The org's events so far, as they were persisted.
    pub async fn events(&self) -> Vec<Event> {
        let query =
            LogQuery { since: None, until: None, order: Order::Persisted, after: None, limit: 10_000 };
        let page = self.store.read_log(self.org.as_str(), &query, self.now().milliseconds()).await.unwrap();
        page.events.iter().map(|event| serde_json::from_str(&event.body).unwrap()).collect()
    }

    /// The events since the first `before` of them.
    pub async fn events_since(&self, before: usize) -> Vec<Event> {
        self.events().await.split_off(before)
    }

    pub async fn count_events(&self) -> usize {
        self.events().await.len()
    }

    pub async fn ask(&self, request: &Request) -> Result<Tokens, Failure<token::Refusal>> {
        token::issue(&self.tenant, request, self.now()).await
    }

    /// A token of `app` for the scope `read`.
    pub async fn token_of(&self, app: &Written) -> String {
        self.ask(&request(basic(app), Some("read"))).await.unwrap().access_token
    }

    /// What `app` learns of a token; nothing, unless it stands.
    pub fn introspect(&self, app: &Written, token: &str) -> Option<Map<String, Value>> {
        introspect_at_once(&self.tenant, &about(basic(app), token), self.now()).unwrap()
    }

    pub fn is_active(&self, app: &Written, token: &str) -> bool {
        self.introspect(app, token).is_some()
    }

    pub async fn revoke(&self, app: &Written, token: &str) {
        revoke::revoke(&self.tenant, &about(basic(app), token), self.now()).await.unwrap();
    }
}

pub const DEFAULT: &str = model::authorization_server::DEFAULT;

pub fn origin() -> Origin {
    Origin {
        request_id: Some("a-request".to_owned()),
        address: Some(ADDRESS.to_owned()),
        user_agent: None,
        path: Some("/api/v1/test".to_owned()),
    }
}

pub fn server_settings(name: &str) -> authorization_server::Settings {
    authorization_server::Settings {
        name: name.to_owned(),
        description: Some("for tests".to_owned()),
        audiences: vec![format!("api://{name}")],
        issuer_mode: None,
        rotation_mode: None,
        signing_algorithm: None,
        access_token_profile: None,
        groups_overflow: None,
    }
}

pub fn scope_settings(name: &str) -> scope::Settings {
    scope::Settings {
        name: name.to_owned(),
        display_name: None,
        description: None,
        consent: None,
        optional: None,
        default: None,
        metadata_publish: None,
    }
}

pub fn claim_settings(name: &str, expression: &str) -> claim::Settings {
    claim::Settings {
        name: name.to_owned(),
        status: None,
        claim_type: model::claim::ClaimType::Resource,
        value: model::claim::ClaimValue::Expression(expression.to_owned()),
        scopes: Vec::new(),
        always_include_in_token: None,
    }
}

pub fn policy_settings(name: &str) -> policy::Settings {
    policy::Settings {
        name: name.to_owned(),
        description: Some("for tests".to_owned()),
        priority: None,
        status: None,
        clients: None,
    }
}

pub fn only(clients: &[&ClientId]) -> ClientCondition {
    ClientCondition::Only(clients.iter().map(|&client| client.clone()).collect())
}

/// A rule for everyone, any scope and `client_credentials`.
pub fn rule_settings(name: &str) -> rule::Settings {
    rule::Settings {
        name: name.to_owned(),
        priority: None,
        status: None,
        grant_types: vec![GrantType::ClientCredentials, GrantType::AuthorizationCode],
        people: People { everyone: true, ..People::default() },
        scopes: ScopeCondition::Any,
        lifetimes: Lifetimes::default(),
        inline_hook: None,
    }
}

pub fn rule_path(policy: &str, rule: &str) -> rule::Path {
    rule::Path { server: DEFAULT.to_owned(), policy: policy.to_owned(), rule: rule.to_owned() }
}

pub fn app_settings(label: &str) -> app::Settings {
    app::Settings {
        label: label.to_owned(),
        client_id: None,
        client_secret: None,
        oauth: OAuthSettings {
            auth_method: AuthMethod::ClientSecretBasic,
            pkce_required: false,
            auto_key_rotation: true,
            application_type: ApplicationType::Service,
            grant_types: vec![GrantType::ClientCredentials],
            response_types: vec![ResponseType::Token],
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: None,
            consent_method: ConsentMethod::Trusted,
            issuer_mode: IssuerMode::OrgUrl,
            wildcard_redirect: WildcardRedirect::Disabled,
            dpop_bound_access_tokens: false,
            keys: None,
            refresh_token: None,
            kept: Map::new(),
        },
        profile: None,
        kept: Map::new(),
    }
}

/// Introspects, and sees to it that nothing is waited for: it reads nothing from the store.
pub fn introspect_at_once(
    tenant: &Tenant,
    request: &access_token::Request,
    now: Timestamp,
) -> Result<Option<Map<String, Value>>, Failure<access_token::Refusal>> {
    at_once(introspect::introspect(tenant, request, now))
}

/// The answer of what waits for nothing.
pub fn at_once<T>(answer: impl Future<Output = T>) -> T {
    match std::pin::pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits for something"),
    }
}

/// What a client asks the default server about a token.
pub fn about(credentials: Credentials, token: &str) -> access_token::Request {
    access_token::Request {
        server: DEFAULT.to_owned(),
        issuers: IssuerOrigins::only("https://id.example"),
        credentials,
        token: Some(token.to_owned()),
        origin: origin(),
    }
}

/// A single-page app: public, with PKCE.
pub fn public_app_settings(label: &str) -> app::Settings {
    let settings = app_settings(label);
    app::Settings {
        oauth: OAuthSettings {
            auth_method: AuthMethod::None,
            pkce_required: true,
            application_type: ApplicationType::Browser,
            grant_types: vec![GrantType::AuthorizationCode],
            response_types: vec![ResponseType::Code],
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            ..settings.oauth
        },
        ..settings
    }
}

pub fn basic(app: &Written) -> Credentials {
    let client_id = app.entry.app.value.client_id.to_string();
    Credentials::Basic { client_id, secret: app.client_secret.clone().unwrap() }
}

/// The issuer of the default server.
pub const ISSUER: &str = "https://id.example/oauth2/default";
/// The token endpoint of the default server.
pub const TOKEN_URL: &str = "https://id.example/oauth2/default/v1/token";

/// Whose credentials these are.
pub async fn authenticate(
    tenant: &Tenant,
    snapshot: &Snapshot,
    credentials: &Credentials,
) -> Result<Arc<AppEntry>, client::Refused> {
    authenticate_at(tenant, snapshot, credentials, Timestamp::from_seconds(START)).await
}

/// Whose credentials these are at a time.
pub async fn authenticate_at(
    tenant: &Tenant,
    snapshot: &Snapshot,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<Arc<AppEntry>, client::Refused> {
    let (issuers, server) =
        (IssuerOrigins::only("https://id.example"), snapshot.find_server(DEFAULT).unwrap());
    let endpoint = Endpoint { issuers: &issuers, server, path_segment: DEFAULT, name: "token" };
    match client::authenticate(tenant, snapshot, credentials, &endpoint, now).await {
        Ok(authenticated) => Ok(authenticated.client),
        Err(Failure::Refused(refused)) => Err(refused),
        Err(Failure::Fault(fault)) => panic!("{fault}"),
    }
}

/// A request for `scope` at the default server.
pub fn request(credentials: Credentials, scope: Option<&str>) -> Request {
    Request {
        server: DEFAULT.to_owned(),
        issuers: IssuerOrigins::only("https://id.example"),
        credentials,
        grant_type: Some("client_credentials".to_owned()),
        scope: scope.map(str::to_owned),
        page: None,
        origin: origin(),
    }
}

pub fn refused<T: std::fmt::Debug, R: std::fmt::Debug>(answer: Result<T, Failure<R>>) -> R {
    match answer {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("it should be refused: {other:?}"),
    }
}

pub fn types(events: &[Event]) -> Vec<EventType> {
    events.iter().map(|event| event.event_type).collect()
}

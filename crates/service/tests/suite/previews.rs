//! A preview is what the token endpoint would give out, whatever the configuration.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::app::OAuthSettings;
use model::claim::{ClaimType, ClaimValue, GroupFilter};
use model::policy::ClientCondition;
use model::rule::{Lifetimes, People, ScopeCondition};
use model::scope::Consent;
use model::token_format::AccessTokenProfile;
use model::{ClientId, GrantType, GroupId, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use service::admin::app::{self, Written};
use service::admin::{Precondition, authorization_server, claim, policy, rule, scope};
use service::issuer::IssuerOrigins;
use service::names::Names;
use service::preview::{Preview, Question, Stage, preview};
use service::{Failure, token};

use crate::world::{
    DEFAULT, World, app_settings, basic, only, policy_settings, request, rule_path, rule_settings,
    scope_settings, server_settings,
};

/// Scopes that configurations and requests pick from; the last one is never made.
const SCOPES: [&str; 5] = ["read", "write", "admin", "openid", "unknown"];

/// Expressions that have a value, have none, or fail.
const EXPRESSIONS: [&str; 9] = [
    "app.clientId",
    "'tier-' + app.profile.tier",
    "access.scope",
    "Arrays.size(access.scope) > 1",
    "user == null ? null : user.login",
    "user.email",
    "app.profile.nothing",
    "{1, 2.5, 'x'}",
    "String.substring(app.clientId, 0, 3)",
];

#[derive(Debug, Clone)]
struct RuleWish {
    grants: usize,
    people: usize,
    scopes: Option<Vec<usize>>,
    minutes: u32,
    active: bool,
}

#[derive(Debug, Clone)]
struct Wish {
    consents: Vec<(usize, bool)>,
    policies: Vec<(Option<bool>, bool, Vec<RuleWish>)>,
    claims: Vec<(usize, Option<usize>, bool)>,
    rfc_9068: bool,
    grants: usize,
    dpop: bool,
    asks: Vec<Option<Vec<usize>>>,
}

fn rule_wish() -> impl Strategy<Value = RuleWish> {
    let scopes = option::of(vec(0..4_usize, 0..3));
    (0..3_usize, 0..4_usize, scopes, 5..100_u32, any::<bool>()).prop_map(
        |(grants, people, scopes, minutes, active)| RuleWish {
            grants,
            people,
            scopes,
            minutes,
            active: active || minutes > 20,
        },
    )
}

fn wish() -> impl Strategy<Value = Wish> {
    let policies = vec((option::of(any::<bool>()), any::<bool>(), vec(rule_wish(), 0..4)), 0..3);
    let claims = vec((0..=EXPRESSIONS.len(), option::of(0..3_usize), any::<bool>()), 0..4);
    let asks = vec(option::of(vec(0..SCOPES.len(), 0..4)), 1..6);
    let dpop = prop_oneof![9 => Just(false), 1 => Just(true)];
    (vec((0..3_usize, any::<bool>()), 3), policies, claims, any::<bool>(), 0..6_usize, dpop, asks).prop_map(
        |(consents, policies, claims, rfc_9068, grants, dpop, asks)| Wish {
            consents,
            policies,
            claims,
            rfc_9068,
            grants,
            dpop,
            asks,
        },
    )
}

fn status(active: bool) -> Status {
    if active { Status::Active } else { Status::Inactive }
}

impl Wish {
    /// Makes the configuration. What the rules of configuration refuse is not made.
    async fn fulfil(&self, world: &World) -> Written {
        let grants = if self.grants == 0 {
            vec![GrantType::AuthorizationCode]
        } else {
            vec![GrantType::ClientCredentials]
        };
        let settings = app_settings("Courier");
        let redirect_uris = vec!["https://app.example/cb".to_owned()];
        let response_types = if self.grants == 0 {
            vec![model::app::ResponseType::Code]
        } else {
            settings.oauth.response_types.clone()
        };
        let application_type =
            if self.grants == 0 { model::app::ApplicationType::Web } else { settings.oauth.application_type };
        let oauth = OAuthSettings {
            grant_types: grants,
            response_types,
            application_type,
            redirect_uris,
            dpop_bound_access_tokens: self.dpop,
            ..settings.oauth.clone()
        };
        let Value::Object(profile) = json!({"tier": 2}) else { unreachable!() };
        let app = world.try_app(app::Settings { oauth, profile: Some(profile), ..settings }).await.unwrap();
        self.server(world).await;
        for (name, (consent, default)) in SCOPES.iter().zip(&self.consents) {
            let consent = [Consent::Implicit, Consent::Required, Consent::Flexible][*consent];
            let settings =
                scope::Settings { consent: Some(consent), default: Some(*default), ..scope_settings(name) };
            world.try_scope(settings).await.unwrap();
        }
        for (number, (expression, scope, active)) in self.claims.iter().enumerate() {
            let value = match EXPRESSIONS.get(*expression) {
                Some(expression) => ClaimValue::Expression((*expression).to_owned()),
                None => ClaimValue::Groups { filter: GroupFilter::Regex, value: ".*".to_owned() },
            };
            let settings = claim::Settings {
                name: format!("c{number}"),
                status: Some(status(*active)),
                claim_type: ClaimType::Resource,
                value,
                scopes: scope.iter().map(|scope| SCOPES[*scope].to_owned()).collect(),
                always_include_in_token: None,
            };
            claim::create(&world.tenant, world.asked(), DEFAULT.to_owned(), settings).await.unwrap();
        }
        self.policies(world, &app.entry.app.value.client_id).await;
        app
    }

    async fn server(&self, world: &World) {
        let settings = authorization_server::Settings {
            access_token_profile: self.rfc_9068.then_some(AccessTokenProfile::Rfc9068),
            ..server_settings("default")
        };
        let path = DEFAULT.to_owned();
        authorization_server::replace(&world.tenant, world.asked(), path, settings, Precondition::Any)
            .await
            .unwrap();
    }

    async fn policies(&self, world: &World, client: &ClientId) {
        let other = world.make_app("Other").await;
        let other = &other.entry.app.value.client_id;
        let group = world.make_group("Staff").await;
        for (number, (clients, active, rules)) in self.policies.iter().enumerate() {
            let clients = match clients {
                None => ClientCondition::All,
                Some(true) => only(&[client, other]),
                Some(false) => only(&[other]),
            };
            let settings = policy::Settings {
                priority: Some(1),
                status: Some(status(*active)),
                clients: Some(clients),
                ..policy_settings(&format!("p{number}"))
            };
            let made = world.try_policy(settings).await.unwrap();
            for (number, wish) in rules.iter().enumerate() {
                let made = rule::create(
                    &world.tenant,
                    world.asked(),
                    rule_path(made.value.id.as_str(), ""),
                    wish.settings(number, group.id),
                );
                made.await.unwrap();
            }
        }
        // The rule that comes with the org takes whatever is left: half of the time it must not.
        if self.policies.len() % 2 == 1 {
            let default = world.server(DEFAULT).policies.last().unwrap().policy.value.id.to_string();
            let server = DEFAULT.to_owned();
            policy::set_status(&world.tenant, world.asked(), server, default, Status::Inactive)
                .await
                .unwrap();
        }
    }
}

impl RuleWish {
    fn settings(&self, number: usize, group: GroupId) -> rule::Settings {
        let people = match self.people {
            0 => People::default(),
            1 => People { groups: vec![group], ..People::default() },
            2 => People { everyone: true, exclude_groups: vec![group], ..People::default() },
            _ => People { everyone: true, ..People::default() },
        };
        let grants = [GrantType::ClientCredentials, GrantType::AuthorizationCode];
        rule::Settings {
            grant_types: if self.grants == 0 { grants[1..].to_vec() } else { grants[..self.grants].to_vec() },
            people,
            scopes: self
                .scopes
                .as_ref()
                .filter(|scopes| !scopes.is_empty())
                .map_or(ScopeCondition::Any, |scopes| {
                    ScopeCondition::Only(scopes.iter().map(|scope| SCOPES[*scope].to_owned()).collect())
                }),
            lifetimes: Lifetimes { access_token_minutes: self.minutes, ..Lifetimes::default() },
            status: Some(status(self.active)),
            ..rule_settings(&format!("r{number}"))
        }
    }
}

fn decoded(part: &str) -> Map<String, Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn previewed(world: &World, app: &Written, scope: Option<&str>) -> Preview {
    let (snapshot, server) = (world.snapshot(), world.server(DEFAULT));
    let issuers = IssuerOrigins::only("https://id.example");
    let stage = Stage { snapshot: &snapshot, server: &server, issuers: &issuers, names: &Names::default() };
    let question = Question {
        client_id: app.entry.app.value.client_id.to_string(),
        grant_type: "client_credentials".to_owned(),
        scope: scope.map(str::to_owned),
        ..Question::default()
    };
    preview(&stage, &question, world.now())
}

async fn compare(world: &World, app: &Written, scope: Option<&str>) -> Option<bool> {
    world.wait(1_234);
    let (events, revision) = (world.count_events().await, world.snapshot().revision);
    let previewed = previewed(world, app, scope);
    assert_eq!(
        (world.count_events().await, world.snapshot().revision),
        (events, revision),
        "nothing is written"
    );
    let issued = world.ask(&request(basic(app), scope)).await;
    match (previewed.outcome, issued) {
        (Ok(tokens), Ok(issued)) => {
            let mut parts = issued.access_token.split('.');
            let shown = tokens.access_token.unwrap();
            assert_eq!(
                Value::from(shown.header).to_string(),
                Value::from(decoded(parts.next().unwrap())).to_string()
            );
            let (mut shown, mut real) = (shown.claims, decoded(parts.next().unwrap()));
            let jti =
                [shown.insert("jti".to_owned(), Value::Null), real.insert("jti".to_owned(), Value::Null)];
            assert!(jti[0] != jti[1] && jti.iter().flatten().all(Value::is_string), "{jti:?}");
            assert_eq!(Value::from(shown).to_string(), Value::from(real).to_string());
            assert_eq!(tokens.grant.scopes, issued.scopes);
            assert_eq!(tokens.grant.lifetimes.access_token_minutes * 60, issued.expires_in_seconds);
            assert_eq!((tokens.id_token, tokens.refresh_token, tokens.userinfo), (None, false, Ok(None)));
            Some(true)
        }
        (Err(shown), Err(Failure::Refused(real))) => {
            assert_eq!(shown, real);
            let decided = matches!(real, token::Refusal::Decision(_) | token::Refusal::Claim(_));
            assert_eq!(previewed.explanation.is_some(), decided, "{real:?}");
            Some(false)
        }
        (shown, real) => panic!("{scope:?}: the preview says {shown:?}, the endpoint {real:?}"),
    }
}

#[test]
fn a_preview_equals_what_is_issued() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 64, max_shrink_iters: 60, failure_persistence: None, ..Config::default() };
    let outcomes = std::cell::RefCell::new([0_u32; 2]);
    let played = TestRunner::new(config).run(&wish(), |wish| {
        runtime.block_on(async {
            let world = World::new().await;
            let app = wish.fulfil(&world).await;
            for ask in &wish.asks {
                let names = ask
                    .as_ref()
                    .map(|ask| ask.iter().map(|scope| SCOPES[*scope]).collect::<Vec<_>>().join(" "));
                let granted = compare(&world, &app, names.as_deref()).await;
                outcomes.borrow_mut()[usize::from(granted == Some(true))] += 1;
            }
        });
        Ok(())
    });
    played.unwrap();
    let [refused, granted] = outcomes.into_inner();
    assert!(
        refused > 20 && granted > 20,
        "{refused} refused, {granted} granted: the configurations are one-sided"
    );
}

#[tokio::test]
async fn a_preview_is_refused_as_the_endpoint_refuses_before_any_policy_is_looked_at() {
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let long = "x".repeat(4_097);
    for scope in [Some(long.as_str()), Some("openid"), Some("a  b"), Some(""), None] {
        assert_eq!(compare(&world, &app, scope).await, Some(false), "{scope:?}");
    }
    world.set_app_status(&app.entry, Status::Inactive).await;
    assert_eq!(compare(&world, &app, Some("read")).await, Some(false));
    let refused = |grant_type: &str| {
        let (snapshot, server) = (world.snapshot(), world.server(DEFAULT));
        let issuers = IssuerOrigins::only("https://id.example");
        let stage =
            Stage { snapshot: &snapshot, server: &server, issuers: &issuers, names: &Names::default() };
        let question = Question { grant_type: grant_type.to_owned(), ..Question::default() };
        preview(&stage, &question, world.now()).outcome.unwrap_err()
    };
    let words = ["", "password ", "magic"];
    assert_eq!(
        words.map(refused),
        [
            token::Refusal::MissingGrantType,
            token::Refusal::UnsupportedGrantType,
            token::Refusal::UnsupportedGrantType
        ]
    );
    let server = DEFAULT.to_owned();
    authorization_server::set_status(&world.tenant, world.asked(), server, Status::Inactive).await.unwrap();
    assert_eq!(compare(&world, &app, Some("read")).await, Some(false));
    assert_eq!(words.map(refused), [(); 3].map(|()| token::Refusal::UnknownServer), "whatever is asked");
}

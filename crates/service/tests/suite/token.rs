//! The token endpoint's use case: what is given out, every refusal that a service can cause, and what the log says.

use std::future::Future as _;
use std::task::{Context, Waker};

use jose::{Algorithm, PublicKey};
use model::app::OAuthSettings;
use model::event::{EventType, OutcomeResult};
use model::rule::{Lifetimes, ScopeCondition};
use model::scope::Consent;
use model::{Event, GrantType, Status};
use serde_json::{Value, json};
use service::admin::app::{self, Written};
use service::admin::{Precondition, authorization_server, claim, policy, rule, scope};
use service::client::Credentials;
use service::freshness::Passing;
use service::log::write_early_refusals;
use service::tenant::TOKEN_REQUESTS_MAX;
use service::token::{self, Refusal, Request};
use service::{Failure, Remedy};

use crate::world::{
    ADDRESS, DEFAULT, World, app_settings, basic, claim_settings, public_app_settings, refused, request,
    rule_path, rule_settings, scope_settings,
};

/// The claims of a token, whose signature is good by the server's published key.
fn verified(world: &World, token: &str) -> Value {
    let server = world.server(DEFAULT);
    let kid = jose::read_header(token).unwrap().kid().unwrap().to_owned();
    let key = PublicKey::new(&server.keys.find(&kid).expect("the key is published").public).unwrap();
    let verified = jose::verify_compact(token, &[Algorithm::Rs256], |_| Some(&key)).unwrap();
    Value::Object(verified.claims().unwrap())
}

/// The default rule, with other conditions.
async fn change_default_rule(world: &World, settings: rule::Settings) {
    let entry = world.server(DEFAULT);
    let policy = &entry.policies[0];
    let path = rule_path(policy.policy.value.id.as_str(), policy.rules[0].value.id.as_str());
    rule::replace(&world.tenant, world.asked(), path, settings, Precondition::Any).await.unwrap();
}

#[tokio::test]
async fn a_service_gets_a_signed_token_and_the_log_names_it() {
    let world = World::new().await;
    world.make_scope("orders.read").await;
    world.try_claim("tenant", "app.profile.tenant").await.unwrap();
    let profile = json!({"tenant": "blue"}).as_object().cloned();
    let app = world.try_app(app::Settings { profile, ..app_settings("Courier") }).await.unwrap();
    let id = app.entry.app.value.id;
    let before = world.count_events().await;
    let tokens = world.ask(&request(basic(&app), Some(" orders.read  orders.read "))).await.unwrap();
    let claims = verified(&world, &tokens.access_token);
    let jti = claims["jti"].as_str().unwrap().to_owned();
    assert!(jti.starts_with("AT.") && jti.len() == 46, "{jti}");
    let now = world.now().seconds();
    let issuer = format!("https://id.example/oauth2/{}", world.server(DEFAULT).server.value.path_segment());
    assert_eq!(
        claims,
        json!({
            "ver": 1, "jti": jti, "iss": issuer, "aud": "api://default", "sub": id, "iat": now,
            "exp": now + 3_600, "cid": id, "scp": ["orders.read"], "tenant": "blue",
        })
    );
    assert_eq!((tokens.expires_in_seconds, tokens.scopes.join(" ")), (3_600, "orders.read".to_owned()));
    let events = world.events_since(before).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.event_type, event.result), (EventType::AccessTokenGrant, OutcomeResult::Success));
    assert_eq!(event.revision, Some(world.snapshot().revision));
    assert_eq!((event.actor.id.as_str(), event.actor.address.as_deref()), (id.as_str(), Some(ADDRESS)));
    let kinds: Vec<&str> = event.targets.iter().map(|target| target.kind.as_str()).collect();
    assert_eq!(kinds, ["access_token", "PublicClientApp", "AuthorizationServer", "Policy", "PolicyRule"]);
    assert_eq!(event.targets[0].id, jti);
    let facts: engine::Facts = serde_json::from_str(event.facts.as_ref().unwrap().get()).unwrap();
    let server = world.server(DEFAULT);
    let compiled = server.compiled(world.snapshot().org());
    let again = engine::decide(&compiled, &facts, &mut engine::Silent).unwrap();
    assert_eq!((again.scopes, again.rule.as_str()), (tokens.scopes, event.targets[4].id.as_str()));
    let shown = serde_json::to_string(event).unwrap();
    assert!(!shown.contains(&tokens.access_token) && !shown.contains(app.client_secret.as_ref().unwrap()));
}

#[tokio::test]
async fn the_rule_says_how_long_and_each_token_has_a_name_of_its_own() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let lifetimes = Lifetimes { access_token_minutes: 5, ..Lifetimes::default() };
    change_default_rule(&world, rule::Settings { lifetimes, ..rule_settings("Short") }).await;
    let mut names = std::collections::HashSet::new();
    for _ in 0..5 {
        let tokens = world.ask(&request(basic(&app), Some("read"))).await.unwrap();
        let claims = verified(&world, &tokens.access_token);
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
        assert_eq!(tokens.expires_in_seconds, 300);
        names.insert(claims["jti"].to_string());
    }
    assert_eq!(names.len(), 5);
}

/// Asks, and expects a refusal that is in the log, whole, before the answer is.
async fn expect_durable(world: &World, request: &Request, expected: Refusal) {
    let before = world.count_events().await;
    let refusal = refused(world.ask(request).await);
    assert_eq!(refusal, expected);
    let events = world.events_since(before).await;
    let [event] = events.as_slice() else { panic!("one event for {expected:?}: {events:?}") };
    check(event, world, &expected);
}

fn check(event: &Event, world: &World, refusal: &Refusal) {
    assert_eq!((event.event_type, event.result), (EventType::TokenGrant, OutcomeResult::Failure));
    assert_eq!(event.reason.as_deref(), Some(refusal.name()));
    assert_eq!(event.revision, Some(world.snapshot().revision));
    let targets: Vec<&str> = event.targets.iter().map(|target| target.kind.as_str()).collect();
    assert_eq!(targets, ["PublicClientApp", "AuthorizationServer"]);
    assert_eq!(event.count, None, "it is this one refusal");
}

async fn app_with(world: &World, change: impl FnOnce(&mut OAuthSettings)) -> Written {
    let mut settings = app_settings("Special");
    change(&mut settings.oauth);
    world.try_app(settings).await.unwrap()
}

#[tokio::test]
async fn every_refusal_of_a_client_that_is_known_is_logged_with_its_reason() {
    use engine::Refusal as D;
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let ask = |scope: Option<&str>| request(basic(&app), scope);
    world.make_scope("read").await;
    expect_durable(&world, &ask(Some("read unknown")), Refusal::Decision(D::NoMatchingScope)).await;
    expect_durable(&world, &ask(Some("openid read")), Refusal::Decision(D::OpenIdScopeForService)).await;
    expect_durable(&world, &ask(None), Refusal::Decision(D::NoDefaultScopes)).await;
    expect_durable(&world, &ask(Some(" ")), Refusal::Decision(D::NoDefaultScopes)).await;
    expect_durable(&world, &ask(Some(&"x".repeat(4_097))), Refusal::ScopeTooLong).await;
    let asking = scope::Settings { consent: Some(Consent::Required), ..scope_settings("pay") };
    world.try_scope(asking).await.unwrap();
    let consent = D::ConsentRequired(vec!["pay".to_owned()], engine::Unasked::Service);
    expect_durable(&world, &ask(Some("read pay")), Refusal::Decision(consent)).await;

    world.try_scope(scope::Settings { default: Some(true), ..scope_settings("usual") }).await.unwrap();
    let narrow =
        rule::Settings { scopes: ScopeCondition::Only(vec!["read".to_owned()]), ..rule_settings("Narrow") };
    change_default_rule(&world, narrow).await;
    expect_durable(&world, &ask(None), Refusal::Decision(D::NoScopeAllowed)).await;
    expect_durable(&world, &ask(Some("read usual")), Refusal::Decision(D::NoMatchingPolicy)).await;

    let web = app_with(&world, |oauth| {
        oauth.application_type = model::app::ApplicationType::Web;
        oauth.grant_types = vec![GrantType::AuthorizationCode];
        oauth.redirect_uris = vec!["https://app.example/cb".to_owned()];
    })
    .await;
    let allowed = Refusal::UnauthorizedGrant(vec![GrantType::AuthorizationCode]);
    expect_durable(&world, &request(basic(&web), Some("read")), allowed).await;
    let bound = app_with(&world, |oauth| oauth.dpop_bound_access_tokens = true).await;
    expect_durable(&world, &request(basic(&bound), Some("read")), Refusal::ProofRequired).await;
    let zoned = app_with(&world, |oauth| {
        oauth.kept.insert("network".to_owned(), json!({"connection": "ZONE", "include": []}));
    })
    .await;
    expect_durable(&world, &request(basic(&zoned), Some("read")), Refusal::OutsideNetwork).await;
    let of_page = |app: &Written, page: &str| Request {
        page: Some(page.to_owned()),
        ..request(basic(app), Some("read"))
    };
    expect_durable(&world, &of_page(&app, "https://app.example"), Refusal::ForeignPage).await;
    let both = app_with(&world, |oauth| {
        oauth.application_type = model::app::ApplicationType::Web;
        oauth.redirect_uris = vec!["https://app.example/cb".to_owned()];
    })
    .await;
    for foreign in ["https://app.example.evil", "https://app.exampl", "null", ""] {
        expect_durable(&world, &of_page(&both, foreign), Refusal::ForeignPage).await;
    }
    expect_durable(&world, &of_page(&both, "HTTPS://app.example"), Refusal::NotForBrowsers).await;
    assert!(world.ask(&ask(Some("read"))).await.is_ok(), "what is permitted still is");
}

#[tokio::test]
async fn a_claim_that_cannot_be_evaluated_refuses_the_token() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let ask = request(basic(&app), Some("read"));
    let made = world.try_claim("bad", "String.substring(app.clientId, 5, 2)").await.unwrap();
    let before = world.count_events().await;
    let Refusal::Claim(failure) = refused(world.ask(&ask).await) else { panic!("a claim fails") };
    assert_eq!((failure.name.as_str(), failure.system), ("bad", false));
    let events = world.events_since(before).await;
    check(&events[0], &world, &Refusal::Claim(failure));
    let id = made.value.id.to_string();
    claim::delete(&world.tenant, world.asked(), DEFAULT.to_owned(), id, Precondition::Any).await.unwrap();
    let sub = world.server(DEFAULT).claims()[0].value.id.to_string();
    let null = claim_settings("sub", "user.login");
    claim::replace(&world.tenant, world.asked(), DEFAULT.to_owned(), sub, null, Precondition::Any)
        .await
        .unwrap();
    let Refusal::Claim(failure) = refused(world.ask(&ask).await) else { panic!("a claim fails") };
    assert_eq!((failure.name.as_str(), failure.system), ("sub", true));
}

#[tokio::test]
async fn what_a_stranger_can_cause_is_counted_and_not_logged_one_by_one() {
    let world = World::new().await;
    let app = world.make_app("Courier").await;
    let good = request(basic(&app), Some("read"));
    let other_grant = |text: &str| Request { grant_type: Some(text.to_owned()), ..good.clone() };
    let cases = [
        (Request { server: "aus00000000000000000".to_owned(), ..good.clone() }, Refusal::UnknownServer),
        (Request { server: String::new(), ..good.clone() }, Refusal::UnknownServer),
        (Request { grant_type: None, ..good.clone() }, Refusal::MissingGrantType),
        (other_grant(""), Refusal::MissingGrantType),
        (other_grant("magic"), Refusal::UnsupportedGrantType),
        (other_grant("password"), Refusal::UnsupportedGrantType),
        (
            Request { credentials: Credentials::None, ..good.clone() },
            Refusal::Client(service::client::Refusal::NoCredentials),
        ),
    ];
    let before = world.count_events().await;
    for (request, expected) in &cases {
        assert_eq!(refused(world.ask(request).await), *expected);
    }
    assert_eq!(world.count_events().await, before, "nothing is written for a stranger");
    write_early_refusals(&world.tenant, world.now()).await.unwrap();
    let mut told: Vec<(String, u64)> = world
        .events_since(before)
        .await
        .iter()
        .map(|event| (event.reason.clone().unwrap(), event.count.unwrap()))
        .collect();
    told.sort();
    let expected = [
        ("invalid_authorization_server", 2),
        ("missing_grant_type", 2),
        ("no_client_credentials", 1),
        ("unsupported_grant_type", 2),
    ];
    assert_eq!(told, expected.map(|(reason, count)| (reason.to_owned(), count)));
}

#[tokio::test]
async fn an_inactive_server_mints_nothing() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let ask = request(basic(&app), Some("read"));
    let set = async |status| {
        let (tenant, asked) = (&world.tenant, world.asked());
        authorization_server::set_status(tenant, asked, DEFAULT.to_owned(), status).await.unwrap();
    };
    set(Status::Inactive).await;
    assert_eq!(refused(world.ask(&ask).await), Refusal::UnknownServer);
    set(Status::Active).await;
    assert!(world.ask(&ask).await.is_ok());
}

#[tokio::test]
async fn what_is_not_the_newest_configuration_decides_nothing() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let ask = request(basic(&app), Some("read"));
    let old = world.snapshot();
    let by_old = async |ask: &Request| {
        token::issue_on(&world.tenant, &old, ask, Passing::since(world.now()), world.now()).await
    };
    assert!(matches!(by_old(&ask).await, Some(Ok(_))), "it is the newest still");
    world.set_app_status(&app.entry, Status::Inactive).await;
    let before = world.count_events().await;
    assert!(by_old(&ask).await.is_none(), "a client that ended since");
    let refusal = Request { scope: Some("unknown".to_owned()), ..ask.clone() };
    assert!(by_old(&refusal).await.is_none(), "nor is anything refused by it");
    assert_eq!(world.count_events().await, before, "and nothing is told of either");
    let unknown = Refusal::Client(service::client::Refusal::UnknownClient);
    assert_eq!(refused(world.ask(&ask).await), unknown, "the whole use case decides anew");
}

#[tokio::test]
async fn a_client_that_proves_nothing_is_counted_like_a_stranger() {
    let world = World::new().await;
    let page = world.try_app(public_app_settings("Page")).await.unwrap();
    let client_id = page.entry.app.value.client_id.to_string();
    let ask = request(Credentials::Public { client_id: client_id.clone() }, Some("read"));
    let before = world.count_events().await;
    let refusal = refused(world.ask(&ask).await);
    assert_eq!(refusal, Refusal::UnauthorizedGrant(vec![GrantType::AuthorizationCode]));
    assert_eq!(world.count_events().await, before);
    write_early_refusals(&world.tenant, world.now()).await.unwrap();
    let events = world.events_since(before).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.actor.id.as_str(), event.count), (client_id.as_str(), Some(1)));
    assert_eq!(event.reason.as_deref(), Some("unauthorized_client"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_client_is_deactivated_no_token_is_given_out() {
    let world = std::sync::Arc::new(World::new().await);
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let ask = request(basic(&app), Some("read"));
    for round in 0..10 {
        let busy: Vec<_> = (0..4)
            .map(|_| {
                let (world, ask) = (std::sync::Arc::clone(&world), ask.clone());
                tokio::spawn(async move {
                    for _ in 0..5 {
                        match world.ask(&ask).await {
                            Ok(_) | Err(Failure::Refused(Refusal::Client(_))) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                })
            })
            .collect();
        world.set_app_status(&app.entry, Status::Inactive).await;
        assert!(world.ask(&ask).await.is_err(), "round {round}");
        for task in busy {
            task.await.unwrap();
        }
        world.set_app_status(&app.entry, Status::Active).await;
        assert!(world.ask(&ask).await.is_ok(), "round {round}");
    }
}

#[tokio::test]
async fn without_a_log_there_is_no_token_and_no_refusal_that_was_not_logged() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    world.store.close().await.unwrap();
    for scope in ["read", "unknown"] {
        match world.ask(&request(basic(&app), Some(scope))).await {
            Err(Failure::Fault(fault)) => assert_eq!(fault.remedy, Remedy::TryLater, "{fault}"),
            other => panic!("{scope}: {other:?}"),
        }
    }
    let revision = world.snapshot().revision;
    let made = policy::create(
        &world.tenant,
        world.asked(),
        DEFAULT.to_owned(),
        crate::world::policy_settings("Never"),
    );
    assert!(matches!(made.await, Err(Failure::Fault(fault)) if fault.remedy == Remedy::TryLater));
    assert_eq!(world.snapshot().revision, revision, "what was not committed is not shown");
}

/// What has no bound takes the node down first: the excess is sent away before anything is looked at.
#[tokio::test]
async fn only_so_many_requests_are_under_way_at_once() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.try_app(app_settings("Courier")).await.unwrap();
    let asked = request(basic(&app), Some("read"));
    let nobody = &mut Context::from_waker(Waker::noop());
    let mut under_way = Vec::new();
    while under_way.len() < TOKEN_REQUESTS_MAX {
        let mut request = Box::pin(world.ask(&asked));
        // Where the log was faster than the signature, it is over already.
        if request.as_mut().poll(nobody).is_pending() {
            under_way.push(request);
        }
    }
    let Err(Failure::Fault(fault)) = world.ask(&asked).await else { panic!("there is no room for it") };
    assert_eq!(
        (fault.remedy, fault.to_string()),
        (Remedy::TryLater, "too many token requests are under way".into())
    );
    let first = under_way.swap_remove(0);
    first.await.unwrap();
    world.ask(&asked).await.unwrap();
}

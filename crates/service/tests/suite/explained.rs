//! A decision of the past is made again as it was, or it is said what is gone.

use model::app::OAuthSettings;
use model::claim::{ClaimType, ClaimValue};
use model::event::{Event, EventType, OutcomeResult, Target};
use model::{GrantType, Status};
use serde_json::{Value, json};
use service::Failure;
use service::admin::app::{self, Written};
use service::admin::log::{EXAMINED_MAX, Within};
use service::admin::{Precondition, Refusal, claim, rule};
use service::explain::{Difference, Explained, Gone, explain_event};
use service::issuer::IssuerOrigins;
use service::token::Request;
use store::{Batch, LogQuery, Order};

use crate::world::{World, app_settings, basic, origin, refused, request, rule_path, rule_settings};

async fn explained(world: &World, name: &str) -> Result<Explained, Failure<Refusal>> {
    let issuers = IssuerOrigins::only("https://id.example");
    explain_event(&world.tenant, name, &Within::default(), &issuers, world.now()).await
}

/// The UUID of the newest event.
async fn newest(world: &World) -> String {
    let order = Order::PublishedDescending;
    let query = LogQuery { since: None, until: None, order, after: None, limit: 1 };
    let page = world.store.read_log(world.org.as_str(), &query, world.now().milliseconds()).await.unwrap();
    page.events[0].id.to_string()
}

/// A request that is known by its id.
fn named(app: &Written, scope: Option<&str>, id: &str) -> Request {
    let mut request = request(basic(app), scope);
    request.origin.request_id = Some(id.to_owned());
    request
}

/// Another event, as it stands in the log.
async fn log(world: &World, event: &Event) {
    world.wait(5);
    let mut batch = Batch::new(world.org.as_str(), "{}");
    batch.event(world.now().milliseconds(), 1, event.to_body());
    world.store.commit(batch).await.unwrap();
}

async fn change_rule(world: &World, settings: rule::Settings) {
    let entry = world.server("default");
    let policy = &entry.policies[0];
    let path = rule_path(policy.policy.value.id.as_str(), policy.rules[0].value.id.as_str());
    rule::replace(&world.tenant, world.asked(), path, settings, Precondition::Any).await.unwrap();
}

#[tokio::test]
async fn a_grant_is_explained_on_the_configuration_of_its_time() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    let then = world.snapshot().revision;
    world.ask(&named(&app, Some("read"), "first")).await.unwrap();
    world.wait(10);
    change_rule(
        &world,
        rule::Settings {
            name: "Nobody any more".to_owned(),
            grant_types: vec![GrantType::Password],
            ..rule_settings("x")
        },
    )
    .await;
    world.ask(&named(&app, Some("read"), "second")).await.unwrap_err();
    world.set_app_status(&app.entry, Status::Inactive).await;
    let first = explained(&world, "first").await.unwrap();
    let decided = first.decision.unwrap();
    assert_eq!((decided.revision, decided.differences.as_slice()), (then, &[][..]));
    let grant = decided.outcome.unwrap();
    assert_eq!(
        (grant.rule_name.as_str(), grant.policy_name.as_str()),
        ("Default Policy Rule", "Default Policy")
    );
    let second = explained(&world, "second").await.unwrap();
    let decided = second.decision.unwrap();
    assert_eq!((decided.revision, decided.differences.as_slice()), (then + 1, &[][..]));
    assert_eq!(decided.outcome.unwrap_err().name(), "no_matching_policy");
    let again = explained(&world, &second.logged.uuid).await.unwrap();
    assert_eq!(again.logged.event.reason.as_deref(), Some("no_matching_policy"), "by its uuid, too");
    let elsewhere = world.on_another_node().await;
    assert!(explained(&elsewhere, "first").await.unwrap().decision.is_ok(), "whatever the node");
}

#[tokio::test]
async fn the_newest_decision_of_a_request_is_meant_and_only_within_the_time() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    world.ask(&named(&app, Some("unknown"), "twice")).await.unwrap_err();
    world.wait(10);
    let between = world.now();
    world.wait(10);
    world.ask(&named(&app, Some("read"), "twice")).await.unwrap();
    world.wait(10);
    // Another event of that request is not what was decided.
    log(
        &world,
        &Event::new(
            EventType::AppUpdated,
            world.asked().actor,
            model::event::Origin { request_id: Some("twice".to_owned()), ..origin() },
        ),
    )
    .await;
    let newest = explained(&world, "twice").await.unwrap();
    assert_eq!(newest.logged.event.event_type, EventType::AccessTokenGrant);
    let issuers = IssuerOrigins::only("https://id.example");
    let before = Within { since: None, until: Some(between) };
    let older = explain_event(&world.tenant, "twice", &before, &issuers, world.now()).await.unwrap();
    assert_eq!(older.decision.unwrap().outcome.unwrap_err().name(), "no_matching_scope");
    world.wait(8 * 86_400_000);
    for gone in ["twice", "never", "", "00000000-0000-8000-8000-000000000001"] {
        let refusal = refused(explained(&world, gone).await);
        assert!(matches!(refusal, Refusal::NotFound { .. }), "{gone}: {refusal:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_decided_again_says_what_is_gone() {
    let world = World::new().await;
    world.make_scope("read").await;
    let gone = async |name: &str| explained(&world, name).await.unwrap().decision.unwrap_err();
    let long = world.make_app("Long").await;
    world.ask(&named(&long, Some(&"x".repeat(4_096)), "long")).await.unwrap_err();
    assert_eq!(gone("long").await, Gone::FactsTooLong);
    let settings = app_settings("Bound");
    let oauth = OAuthSettings { dpop_bound_access_tokens: true, ..settings.oauth.clone() };
    let bound = world.try_app(app::Settings { oauth, ..settings }).await.unwrap();
    world.ask(&named(&bound, Some("read"), "bound")).await.unwrap_err();
    assert_eq!(gone("bound").await, Gone::NeverDecided("dpop_proof_required".to_owned()));
    world.make_policy("Some", None).await;
    assert_eq!(gone(&newest(&world).await).await, Gone::NotADecision);
    let app = world.make_app("Courier").await;
    world.ask(&named(&app, Some("read"), "good")).await.unwrap();
    let good = explained(&world, "good").await.unwrap().logged.event;
    let named =
        |name: &str| model::event::Origin { request_id: Some(name.to_owned()), ..good.origin.clone() };
    let facts = serde_json::value::RawValue::from_string("{\"shape\":9}".to_owned()).unwrap();
    for (name, event, expected) in [
        ("counted", Event { count: Some(3), ..good.clone() }, Gone::Counted),
        ("unread", Event { facts: Some(facts), ..good.clone() }, Gone::FactsUnreadable),
        ("nowhere", Event { revision: None, ..good.clone() }, Gone::Revision(None)),
        ("future", Event { revision: Some(9_999), ..good.clone() }, Gone::Revision(Some(9_999))),
        ("homeless", Event { targets: Vec::new(), ..good.clone() }, Gone::Server),
    ] {
        log(&world, &Event { origin: named(name), ..event }).await;
        let said = gone(name).await;
        assert_eq!(said, expected, "{name}");
        assert!(!said.message().is_empty() && !said.name().is_empty());
    }
}

#[tokio::test]
async fn an_event_that_says_otherwise_is_told_apart() {
    let world = World::new().await;
    world.make_scope("read").await;
    let app = world.make_app("Courier").await;
    world.ask(&named(&app, Some("read"), "good")).await.unwrap();
    let good = explained(&world, "good").await.unwrap().logged.event;
    let named =
        |name: &str| model::event::Origin { request_id: Some(name.to_owned()), ..good.origin.clone() };
    let mut forged = Event { origin: named("forged"), ..good.clone() };
    for target in forged.targets.iter_mut().filter(|target| target.kind == "PolicyRule") {
        *target = Target::new("PolicyRule", "0pr00000000000000000", "Another");
    }
    log(&world, &forged).await;
    let differences = explained(&world, "forged").await.unwrap().decision.unwrap().differences;
    let [Difference { what: "rule", then, now }] = &differences[..] else { panic!("{differences:?}") };
    assert!(then == "0pr00000000000000000" && now != then);
    let denied = Event {
        origin: named("denied"),
        result: OutcomeResult::Failure,
        reason: Some("no_matching_policy".to_owned()),
        event_type: EventType::TokenGrant,
        ..good.clone()
    };
    log(&world, &denied).await;
    let differences = explained(&world, "denied").await.unwrap().decision.unwrap().differences;
    let expected =
        Difference { what: "outcome", then: "no_matching_policy".to_owned(), now: "granted".to_owned() };
    assert_eq!(differences, [expected]);
}

#[tokio::test]
async fn the_profile_of_an_app_is_read_from_the_configuration_of_its_time() {
    let world = World::new().await;
    world.make_scope("read").await;
    let profile = |tier: &str| {
        let Value::Object(profile) = json!({"tier": tier, "long": "x".repeat(5_000)}) else { unreachable!() };
        Some(profile)
    };
    let settings = claim::Settings {
        name: "tier".to_owned(),
        status: None,
        claim_type: ClaimType::Resource,
        value: ClaimValue::Expression("app.profile.tier".to_owned()),
        scopes: Vec::new(),
        always_include_in_token: None,
    };
    claim::create(&world.tenant, world.asked(), "default".to_owned(), settings).await.unwrap();
    let settings = app::Settings { profile: profile("gold"), ..app_settings("Long") };
    let long = world.try_app(settings.clone()).await.unwrap();
    world.ask(&named(&long, Some("read"), "then")).await.unwrap();
    world.wait(10);
    let path = long.entry.app.value.id.to_string();
    let changed = app::Settings { profile: profile("tin"), ..settings };
    app::replace(&world.tenant, world.asked(), path, changed, Precondition::Any).await.unwrap();
    let then = explained(&world, "then").await.unwrap();
    let event = &then.logged.event;
    assert!(!event.facts.as_ref().unwrap().get().contains("gold"), "it is not kept twice");
    let shown = serde_json::to_string(&then.decision.unwrap().explanation).unwrap();
    assert!(shown.contains("gold") && !shown.contains("tin\""), "{shown}");
    // An event of before has it in its facts.
    let mut facts: Value = serde_json::from_str(event.facts.as_ref().unwrap().get()).unwrap();
    facts["client"]["profile"] = json!({"tier": "brass"});
    let facts = serde_json::value::RawValue::from_string(facts.to_string()).unwrap();
    let origin = model::event::Origin { request_id: Some("old".to_owned()), ..event.origin.clone() };
    log(&world, &Event { facts: Some(facts), origin, ..event.clone() }).await;
    let old = explained(&world, "old").await.unwrap().decision.unwrap();
    assert!(serde_json::to_string(&old.explanation).unwrap().contains("brass"));
}

#[tokio::test]
async fn a_search_that_was_cut_short_says_so() {
    let world = World::new().await;
    let event = Event::new(EventType::AppUpdated, world.asked().actor, origin());
    for _ in 0..=EXAMINED_MAX / 1_000 {
        world.wait(5);
        let mut batch = Batch::new(world.org.as_str(), "{}");
        for _ in 0..1_000 {
            batch.event(world.now().milliseconds(), 1, event.to_body());
        }
        world.store.commit(batch).await.unwrap();
    }
    let refusal = refused(explained(&world, "long ago").await);
    assert!(matches!(refusal, Refusal::NotReached { examined: EXAMINED_MAX, .. }), "{refusal:?}");
}

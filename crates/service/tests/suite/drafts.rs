//! A change is done as a whole or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use model::rule::{Lifetimes, ScopeCondition};
use model::{Document, GroupId, Policy, Status};
use service::Failure;
use service::admin::{Precondition, Refusal, app, authorization_server, claim, policy, rule, scope};

use crate::portrait::{difference, portrait};
use crate::world::{
    DEFAULT, World, app_settings, claim_settings, only, policy_settings, refused, rule_path, rule_settings,
    scope_settings, server_settings,
};

/// Every answer is a refusal of this code's kind, and nothing is left of any of them.
#[tokio::test]
async fn a_change_that_is_refused_leaves_nothing() {
    let world = World::new().await;
    let scope = world.make_scope("orders").await;
    let policy = world.make_policy("Second", None).await;
    let id = policy.value.id.to_string();
    let (before, events) = (portrait(&world.snapshot()), world.count_events().await);
    let stale = Precondition::OneOf(vec![policy.revision - 1]);
    let (tenant, asked, server) = (&world.tenant, || world.asked(), || DEFAULT.to_owned());
    let nobody = model::ClientId::new("nobody-knows");
    let strangers = policy::Settings { clients: Some(only(&[&nobody])), ..policy_settings("x") };
    let mut unknown_scope = rule_settings("x");
    unknown_scope.scopes = ScopeCondition::Only(vec!["orders".to_owned(), "unknown".to_owned()]);
    let mut unknown_group = rule_settings("x");
    unknown_group.people.groups = vec![GroupId::parse("00g00000000000000000").unwrap()];
    let mut too_short = rule_settings("x");
    too_short.lifetimes = Lifetimes { access_token_minutes: 4, ..Lifetimes::default() };
    let mut hooked = rule_settings("x");
    hooked.inline_hook = Some("cal00000000000000000".to_owned());
    let default = world.server(DEFAULT);
    let system_scope = default.scopes()[0].value.id.to_string();
    let sub = default.claims()[0].value.id.to_string();
    let blank = authorization_server::Settings { description: None, ..server_settings("x") };
    let refusals: Vec<(&str, Refusal)> = vec![
        ("scope twice", refused(world.try_scope(scope_settings("orders")).await)),
        ("scope reserved", refused(world.try_scope(scope_settings("openid")).await)),
        ("scope of the system", refused(world.delete_scope(&system_scope).await)),
        ("unknown client", refused(world.try_policy(strangers).await)),
        (
            "stale tag",
            refused(
                policy::replace(tenant, asked(), server(), id.clone(), policy_settings("y"), stale).await,
            ),
        ),
        ("unknown scope", refused(world.try_rule(&id, unknown_scope).await)),
        ("unknown group", refused(world.try_rule(&id, unknown_group).await)),
        ("lifetime", refused(world.try_rule(&id, too_short).await)),
        ("hook", refused(world.try_rule(&id, hooked).await)),
        ("no such policy", refused(world.try_rule("00p00000000000000000", rule_settings("x")).await)),
        ("claim", refused(world.try_claim("x", "user.").await)),
        ("reserved claim", refused(world.try_claim("iss", "'x'").await)),
        ("sub", refused(claim::delete(tenant, asked(), server(), sub, Precondition::Any).await)),
        (
            "default server",
            refused(authorization_server::delete(tenant, asked(), server(), Precondition::Any).await),
        ),
        ("no description", refused(authorization_server::create(tenant, asked(), blank).await)),
        ("app without a name", refused(world.try_app(app_settings("")).await)),
        ("no such app", refused(app::delete(tenant, asked(), "0oa1".to_owned(), Precondition::Any).await)),
    ];
    for (what, refusal) in &refusals {
        assert!(!matches!(refusal, Refusal::NotPermitted), "{what}: {refusal:?}");
    }
    assert_eq!(difference(&before, &portrait(&world.snapshot())), None);
    assert_eq!(difference(&before, &portrait(&world.loaded().await)), None);
    assert_eq!(world.count_events().await, events, "refusals of the management API are not events");
    let settings = scope_settings("orders.read");
    let answer =
        scope::replace(tenant, asked(), server(), scope.value.id.to_string(), settings, Precondition::Any)
            .await;
    assert_eq!(answer.unwrap().value.name, "orders.read", "the writer goes on after refusals");
}

#[tokio::test]
async fn half_of_a_change_is_never_kept() {
    let world = World::new().await;
    let before = portrait(&world.snapshot());
    let entry = world.server(DEFAULT);
    let answer: Result<(), Failure<&str>> = world
        .tenant
        .configuration
        .change(world.asked(), move |draft| {
            for policy in &entry.policies {
                draft
                    .put(Document::Policy(Policy { name: "half".to_owned(), ..policy.policy.value.clone() }));
            }
            assert_eq!(draft.snapshot().find_server(DEFAULT).unwrap().policies[0].policy.value.name, "half");
            Err("no")
        })
        .await;
    assert_eq!(refused(answer), "no");
    assert_eq!(difference(&before, &portrait(&world.snapshot())), None);
    assert_eq!(difference(&before, &portrait(&world.loaded().await)), None);
}

#[tokio::test]
async fn a_change_is_applied_again_on_what_another_node_made_of_it() {
    let world = World::new().await;
    let late = world.on_another_node().await;
    world.make_policy("First", Some(1)).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let seen = late
        .tenant
        .configuration
        .change(late.asked(), move |draft| -> Result<Vec<String>, ()> {
            counted.fetch_add(1, Ordering::Relaxed);
            let entry = Arc::clone(draft.snapshot().find_server(DEFAULT).unwrap());
            let last = entry.policies.last().unwrap().policy.value.clone();
            draft.put(Document::Policy(Policy { status: Status::Inactive, ..last }));
            Ok(entry.policies.iter().map(|policy| policy.policy.value.name.clone()).collect())
        })
        .await;
    assert_eq!(seen.unwrap(), ["First", "Default Policy"]);
    assert_eq!(calls.load(Ordering::Relaxed), 2, "once on the old configuration, once on the newest");
    assert_eq!(difference(&portrait(&late.snapshot()), &portrait(&world.loaded().await)), None);
}

#[tokio::test]
async fn an_item_comes_to_stand_where_it_asks_to_and_the_others_close_up() {
    let world = World::new().await;
    let policy = world.make_policy("Rules", None).await.value.id.to_string();
    for (name, priority) in [("a", None), ("b", Some(1)), ("c", Some(2)), ("d", Some(99))] {
        world.make_rule(&policy, rule::Settings { priority, ..rule_settings(name) }).await;
    }
    let order = || {
        let entry = world.server(DEFAULT);
        let rules =
            &entry.policies.iter().find(|entry| entry.policy.value.id.as_str() == policy).unwrap().rules;
        let names = rules.iter().map(|rule| format!("{}{}", rule.value.name, rule.value.priority));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(order(), "b1 c2 a3 d4");
    let id = |name: &str| {
        let entry = world.server(DEFAULT);
        let rules = entry.policies.iter().flat_map(|entry| &entry.rules);
        rules.into_iter().find(|rule| rule.value.name == name).unwrap().value.id.to_string()
    };
    for (name, priority, expected) in [
        ("d", Some(1), "d1 b2 c3 a4"),
        ("b", Some(4), "d1 c2 a3 b4"),
        ("c", None, "d1 c2 a3 b4"),
        ("a", Some(3), "d1 c2 a3 b4"),
        ("d", Some(2), "c1 d2 a3 b4"),
    ] {
        let settings = rule::Settings { priority, ..rule_settings(name) };
        let path = rule_path(&policy, &id(name));
        rule::replace(&world.tenant, world.asked(), path, settings, Precondition::Any).await.unwrap();
        assert_eq!(order(), expected, "{name} asked for {priority:?}");
    }
    let path = rule_path(&policy, &id("d"));
    rule::delete(&world.tenant, world.asked(), path, Precondition::Any).await.unwrap();
    assert_eq!(order(), "c1 a2 b3");
}

#[tokio::test]
async fn the_default_rule_stays_last_whatever_is_asked() {
    let world = World::new().await;
    let entry = world.server(DEFAULT);
    let (policy, rule) = (&entry.policies[0].policy.value, &entry.policies[0].rules[0].value);
    world.make_rule(policy.id.as_str(), rule::Settings { priority: Some(7), ..rule_settings("mine") }).await;
    let path = rule_path(policy.id.as_str(), rule.id.as_str());
    let settings = rule::Settings { priority: Some(1), ..rule_settings(&rule.name) };
    rule::replace(&world.tenant, world.asked(), path, settings, Precondition::Any).await.unwrap();
    let names: Vec<String> =
        world.server(DEFAULT).policies[0].rules.iter().map(|rule| rule.value.name.clone()).collect();
    assert_eq!(names, ["mine", "Default Policy Rule"]);
}

#[tokio::test]
async fn a_precondition_names_the_revision_at_which_the_thing_itself_changed() {
    let world = World::new().await;
    let policy = world.make_policy("One", None).await;
    world.make_scope("elsewhere").await;
    let id = policy.value.id.to_string();
    let replace = async |precondition| {
        let (server, settings) = (DEFAULT.to_owned(), policy_settings("Two"));
        world.wait(1_000);
        policy::replace(&world.tenant, world.asked(), server, id.clone(), settings, precondition).await
    };
    let replaced = replace(Precondition::OneOf(vec![policy.revision])).await.unwrap();
    assert!(replaced.revision > policy.revision);
    for stale in [Precondition::OneOf(vec![policy.revision]), Precondition::OneOf(Vec::new())] {
        assert_eq!(refused(replace(stale).await), Refusal::PreconditionFailed);
    }
    assert!(replace(Precondition::Exists).await.is_ok());
    let settings = claim_settings("mine", "'x'");
    let claim = claim::create(&world.tenant, world.asked(), DEFAULT.to_owned(), settings).await.unwrap();
    let untouched = world.server(DEFAULT).claims()[0].clone();
    assert_eq!((untouched.revision, claim.revision > 0), (0, true), "what was never stored is of revision 0");
}

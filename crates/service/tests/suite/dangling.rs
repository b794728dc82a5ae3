//! What a rule or policy names may go. The name stays, matches nobody, and nothing ever widens.

use engine::{ClientFacts, Facts, GroupFacts, Requested, Silent, UserFacts};
use model::app::ConsentMethod;
use model::event::EventType;
use model::rule::{People, ScopeCondition};
use model::{AppId, ClientId, Event, GrantType, GroupId, Status, UserId};
use service::admin::{Precondition, Refusal, app, group, policy, rule, scope};

use crate::world::{
    DEFAULT, World, app_settings, only, policy_settings, refused, rule_path, rule_settings, scope_settings,
};

/// What is decided for everybody who could ask: each scope or none, services and users in the groups that exist.
async fn decisions(world: &World, clients: &[ClientId], scopes: &[&str]) -> Vec<(String, bool)> {
    let snapshot = world.snapshot();
    let compiled = world.server(DEFAULT).compiled(snapshot.org());
    let groups = group::list(&world.tenant, None, None, 100).await.unwrap().items;
    let mut users: Vec<Option<Vec<GroupId>>> = vec![None, Some(Vec::new())];
    users.extend(groups.iter().map(|group| Some(vec![group.id])));
    let mut decided = Vec::new();
    for client in clients {
        for user in &users {
            for scope in scopes {
                let asker = ClientFacts {
                    client_id: client.clone(),
                    app: AppId::parse("0oa00000000000000000").unwrap(),
                    profile: None,
                    consent_method: ConsentMethod::Trusted,
                };
                let grant_type = match user {
                    None => GrantType::ClientCredentials,
                    Some(_) => GrantType::AuthorizationCode,
                };
                let mut facts = Facts::new(asker, grant_type, Requested::Explicit(vec![(*scope).to_owned()]));
                facts.user = user.as_ref().map(|groups| UserFacts {
                    groups: groups.iter().map(|id| GroupFacts::new(*id, "")).collect(),
                    ..UserFacts::new(UserId::parse("00u00000000000000000").unwrap(), serde_json::Map::new())
                });
                let granted = engine::decide(&compiled, &facts, &mut Silent).is_ok();
                decided.push((format!("{client} {user:?} {scope}"), granted));
            }
        }
    }
    decided
}

/// Nothing is granted now that was not granted before.
fn assert_not_wider(before: &[(String, bool)], after: &[(String, bool)]) {
    for (who, granted) in after {
        let was = before.iter().find(|(other, _)| other == who).is_some_and(|(_, granted)| *granted);
        assert!(!granted || was, "{who} is granted now, and was not before");
    }
}

fn invalidated(events: &[Event]) -> Vec<(String, Vec<String>)> {
    let about = events.iter().filter(|event| event.event_type == EventType::RuleInvalidated);
    about
        .map(|event| {
            let names = event.targets.iter().filter_map(|target| target.display_name.clone());
            (event.reason.clone().unwrap_or_default(), names.collect())
        })
        .collect()
}

/// The default rule is off, so that only what a test makes decides.
async fn world_of_its_own() -> (World, String) {
    let world = World::new().await;
    let entry = world.server(DEFAULT);
    let policy = &entry.policies[0];
    let path = rule_path(policy.policy.value.id.as_str(), policy.rules[0].value.id.as_str());
    rule::set_status(&world.tenant, world.asked(), path, Status::Inactive).await.unwrap();
    let made = world.make_policy("Mine", Some(1)).await.value.id.to_string();
    (world, made)
}

#[tokio::test]
async fn a_scope_that_goes_leaves_its_name_which_matches_nothing() {
    let (world, policy) = world_of_its_own().await;
    let scope = world.make_scope("orders").await;
    world.make_scope("offers").await;
    let named = |names: &[&str]| ScopeCondition::Only(names.iter().map(ToString::to_string).collect());
    let both = rule::Settings { scopes: named(&["orders", "offers"]), ..rule_settings("Both") };
    let alone = rule::Settings { scopes: named(&["orders"]), ..rule_settings("Alone") };
    let kept = world.make_rule(&policy, both).await;
    world.make_rule(&policy, alone).await;
    let client = [ClientId::new("somebody")];
    let before = decisions(&world, &client, &["orders", "offers"]).await;
    let events = world.count_events().await;
    world.delete_scope(scope.value.id.as_str()).await.unwrap();
    let after = decisions(&world, &client, &["orders", "offers"]).await;
    assert_not_wider(&before, &after);
    assert!(after.iter().all(|(who, granted)| *granted == who.ends_with("offers")), "{after:?}");
    let told = invalidated(&world.events_since(events).await);
    let reason = "scope `orders` is gone";
    let expect = |rule: &str| (reason.to_owned(), vec![rule.to_owned(), "Mine".into(), "default".into()]);
    assert_eq!(told, [expect("Both"), expect("Alone")]);
    let entry = world.server(DEFAULT);
    let stored = entry.find_rule(kept.value.policy, kept.value.id).unwrap();
    assert_eq!(stored.value.scopes, named(&["orders", "offers"]), "the name stays");
    // The rule can still be changed; a new reference to what is gone cannot be made.
    let path = rule_path(&policy, kept.value.id.as_str());
    let again = rule::Settings { scopes: named(&["orders", "offers"]), ..rule_settings("Both, renamed") };
    rule::replace(&world.tenant, world.asked(), path, again, Precondition::Any).await.unwrap();
    let anew = rule::Settings { scopes: named(&["orders"]), ..rule_settings("New") };
    assert!(matches!(refused(world.try_rule(&policy, anew).await), Refusal::Invalid { .. }));
}

#[tokio::test]
async fn a_scope_that_is_renamed_is_gone_under_its_old_name() {
    let (world, policy) = world_of_its_own().await;
    let scope = world.make_scope("orders").await;
    let scopes = ScopeCondition::Only(vec!["orders".to_owned()]);
    world.make_rule(&policy, rule::Settings { scopes, ..rule_settings("Orders") }).await;
    let client = [ClientId::new("somebody")];
    let before = decisions(&world, &client, &["orders", "purchases"]).await;
    let events = world.count_events().await;
    let (id, settings) = (scope.value.id.to_string(), scope_settings("purchases"));
    let server = DEFAULT.to_owned();
    scope::replace(&world.tenant, world.asked(), server, id, settings, Precondition::Any).await.unwrap();
    assert_not_wider(&before, &decisions(&world, &client, &["orders", "purchases"]).await);
    assert_eq!(invalidated(&world.events_since(events).await).len(), 1);
}

#[tokio::test]
async fn an_app_that_goes_leaves_its_name_in_policies() {
    let (world, policy) = world_of_its_own().await;
    world.make_scope("orders").await;
    let app = world.make_app("Courier").await;
    let client = app.entry.app.value.client_id.clone();
    let other = ClientId::new("somebody");
    world.make_rule(&policy, rule_settings("Any")).await;
    let settings = policy::Settings { clients: Some(only(&[&client])), ..policy_settings("Mine") };
    let server = DEFAULT.to_owned();
    policy::replace(&world.tenant, world.asked(), server, policy.clone(), settings, Precondition::Any)
        .await
        .unwrap();
    let clients = [client.clone(), other];
    let before = decisions(&world, &clients, &["orders"]).await;
    let id = app.entry.app.value.id.to_string();
    let gone = app::delete(&world.tenant, world.asked(), id.clone(), Precondition::Any).await;
    assert_eq!(refused(gone), Refusal::DeleteForbidden, "an active app stays");
    world.set_app_status(&app.entry, Status::Inactive).await;
    let events = world.count_events().await;
    app::delete(&world.tenant, world.asked(), id, Precondition::Any).await.unwrap();
    assert_not_wider(&before, &decisions(&world, &clients, &["orders"]).await);
    let told = invalidated(&world.events_since(events).await);
    assert_eq!(told, [(format!("client `{client}` is gone"), vec!["Mine".into(), "default".into()])]);
    let entry = world.server(DEFAULT);
    assert_eq!(entry.policies[0].policy.value.clients, only(&[&client]), "the name stays");
}

#[tokio::test]
async fn a_group_that_goes_matches_nobody_and_is_no_no_user_rule() {
    let (world, policy) = world_of_its_own().await;
    world.make_scope("orders").await;
    let group = world.make_group("Staff").await;
    let people = People { groups: vec![group.id], ..People::default() };
    let made = world.make_rule(&policy, rule::Settings { people, ..rule_settings("Staff") }).await;
    let client = [ClientId::new("somebody")];
    let before = decisions(&world, &client, &["orders"]).await;
    assert!(before.iter().any(|(_, granted)| *granted), "its members are granted: {before:?}");
    let events = world.count_events().await;
    group::delete(&world.tenant, world.asked(), group.id.as_str()).await.unwrap();
    let after = decisions(&world, &client, &["orders"]).await;
    assert_not_wider(&before, &after);
    assert!(after.iter().all(|(_, granted)| !granted), "{after:?}");
    let told = world.events_since(events).await;
    assert_eq!(invalidated(&told).len(), 1);
    assert_eq!(invalidated(&told)[0].0, format!("group `{}` is gone", group.id));
    assert!(told.iter().all(|event| event.revision == told[0].revision), "in one transaction");
    let entry = world.server(DEFAULT);
    let stored = entry.find_rule(made.value.policy, made.value.id).unwrap();
    assert_eq!(stored.value.people.groups, [group.id], "an empty list would be `No user`");
    assert!(group::get(&world.tenant, group.id.as_str()).await.is_err());
}

#[tokio::test]
async fn a_group_that_a_rule_excludes_cannot_go() {
    let (world, policy) = world_of_its_own().await;
    let group = world.make_group("Contractors").await;
    let people = People { everyone: true, exclude_groups: vec![group.id], ..People::default() };
    let rule = world.make_rule(&policy, rule::Settings { people, ..rule_settings("Others") }).await;
    let (revision, events) = (world.snapshot().revision, world.count_events().await);
    let Refusal::Invalid { causes, .. } =
        refused(group::delete(&world.tenant, world.asked(), group.id.as_str()).await)
    else {
        panic!("its members would come to match");
    };
    assert!(causes[0].contains("Others") && causes[0].contains(rule.value.id.as_str()), "{causes:?}");
    assert_eq!((world.snapshot().revision, world.count_events().await), (revision, events));
    let path = rule_path(&policy, rule.value.id.as_str());
    rule::delete(&world.tenant, world.asked(), path, Precondition::Any).await.unwrap();
    assert!(group::delete(&world.tenant, world.asked(), group.id.as_str()).await.is_ok());
}

#[tokio::test]
async fn everyone_stays_as_it_is() {
    let world = World::new().await;
    let everyone = group::list(&world.tenant, Some("everyone"), None, 10).await.unwrap().items.remove(0);
    let profile = group::Profile { name: "Nobody".to_owned(), description: None };
    let id = everyone.id.as_str();
    let replaced = group::replace(&world.tenant, world.asked(), id, profile).await;
    assert_eq!(refused(replaced), Refusal::NotPermitted);
    assert_eq!(refused(group::delete(&world.tenant, world.asked(), id).await), Refusal::NotPermitted);
}

#[tokio::test]
async fn a_chosen_client_id_does_not_come_back_by_chance() {
    let (world, _) = world_of_its_own().await;
    let app = world.make_app("Courier").await;
    world.set_app_status(&app.entry, Status::Inactive).await;
    let id = app.entry.app.value.id.to_string();
    app::delete(&world.tenant, world.asked(), id, Precondition::Any).await.unwrap();
    let next = world.try_app(app_settings("Courier")).await.unwrap();
    assert_ne!(next.entry.app.value.client_id, app.entry.app.value.client_id);
}

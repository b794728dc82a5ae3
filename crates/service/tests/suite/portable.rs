//! A server's configuration as one document: out of a server, and into one as one change.

use std::sync::Arc;

use model::authorization_server::IssuerMode;
use model::event::EventType;
use serde_json::{Value, json};
use service::admin::{Precondition, Refusal, group};
use service::portable::{self, Applied, Plan, Portable, Rehearsal, Verb, Wanted};
use service::{Failure, ServerEntry, Tenant};

use crate::portrait::portrait;
use crate::world::{DEFAULT, World, refused, types};

/// A document with something of everything.
fn orders() -> Value {
    json!({
        "tokenmint": 1,
        "server": {
            "name": "Orders", "description": "For orders", "audience": "api://orders", "issuerMode": "ORG_URL",
            "signingAlgorithm": "ES256",
        },
        "scopes": [
            {"name": "orders:read"},
            {"name": "orders:write", "displayName": "Write", "consent": "FLEXIBLE", "metadataPublish": "ALL_CLIENTS"},
            {"name": "profile", "consent": "REQUIRED"},
        ],
        "claims": [
            {"name": "email", "claimType": "IDENTITY", "alwaysIncludeInToken": false},
            {"name": "team", "claimType": "RESOURCE", "value": "user.team", "scopes": ["orders:read"]},
            {"name": "teams", "claimType": "IDENTITY", "valueType": "GROUPS", "group_filter_type": "STARTS_WITH",
                "value": "Team "},
        ],
        "policies": [
            {"name": "Partners", "description": "Who is not us", "clients": ["Portal"], "rules": [
                {"name": "Staff", "grantTypes": ["authorization_code"], "people": {"groups": ["Staff"]},
                    "scopes": ["orders:read", "orders:write"], "accessTokenLifetimeMinutes": 30},
                {"name": "Machines", "grantTypes": ["client_credentials"], "scopes": ["orders:read"]},
            ]},
            {"name": "Rest", "description": "Everybody", "clients": ["ALL_CLIENTS"], "status": "INACTIVE", "rules": [
                {"name": "All", "grantTypes": ["client_credentials"], "people": {"groups": ["EVERYONE"]},
                    "scopes": ["*"]},
            ]},
        ],
    })
}

fn read(document: &Value) -> Portable {
    Portable::read(document.clone()).unwrap_or_else(|problem| panic!("{problem}"))
}

fn wanted(server: Option<&str>, document: &Value) -> Wanted {
    Wanted {
        server: server.map(str::to_owned),
        document: read(document),
        precondition: Precondition::Any,
        rehearsals: Vec::new(),
        issuer_mode: IssuerMode::OrgUrl,
    }
}

/// An org in which all that [`orders`] names is there.
async fn world() -> World {
    let world = World::new().await;
    world.make_group("Staff").await;
    world.make_app("Portal").await;
    world
}

async fn apply(world: &World, server: Option<&str>, document: &Value) -> Result<Applied, Failure<Refusal>> {
    portable::carry_out(&world.tenant, world.asked(), wanted(server, document)).await
}

async fn made(world: &World) -> Applied {
    apply(world, None, &orders()).await.unwrap()
}

async fn exported(world: &World, server: &str) -> Value {
    portable::current(&world.tenant, server).await.unwrap().0.to_value()
}

fn id(applied: &Applied) -> String {
    applied.server.server.value.id.to_string()
}

fn causes(refusal: Refusal) -> Vec<String> {
    match refusal {
        Refusal::Invalid { subject: "configuration", causes } => causes,
        other => panic!("{other:?}"),
    }
}

fn steps(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_document_goes_in_and_comes_out_as_it_was_with_what_it_names() {
    let world = world().await;
    let applied = made(&world).await;
    assert!(applied.created);
    let mut expected = orders();
    let client = world.snapshot().apps_after(None).next().unwrap().app.value.client_id.to_string();
    expected["clients"] =
        json!([{"label": "Portal", "clientId": client, "grantTypes": ["client_credentials"]}]);
    expected["groups"] = json!(["Staff"]);
    assert_eq!(exported(&world, &id(&applied)).await, expected);
    let loaded = world.loaded().await;
    assert_eq!(portrait(&loaded), portrait(&world.snapshot()), "as whoever starts now reads it");
}

#[tokio::test]
async fn the_server_that_comes_with_an_org_has_a_short_document() {
    let world = World::new().await;
    let document = exported(&world, DEFAULT).await;
    assert_eq!(document["scopes"], json!([]));
    assert_eq!(document["claims"], json!([]), "what is as everywhere is left out");
    assert_eq!(document["policies"][0]["rules"][0]["people"], json!({"groups": ["EVERYONE"]}));
    let applied = apply(&world, Some(DEFAULT), &document).await.unwrap();
    assert!(applied.plan.is_empty(), "{}", applied.plan);
}

#[tokio::test]
async fn what_is_applied_twice_does_nothing_the_second_time() {
    let world = world().await;
    made(&world).await;
    let (before, events) = (portrait(&world.snapshot()), world.count_events().await);
    world.wait(60_000);
    let again = apply(&world, None, &orders()).await.unwrap();
    assert_eq!((steps(&again.plan), again.created), (Vec::new(), false));
    assert_eq!(again.revision, world.snapshot().revision);
    assert_eq!(portrait(&world.snapshot()), before, "not even a time");
    assert_eq!(world.count_events().await, events);
}

#[tokio::test]
async fn a_new_server_has_two_keys_of_the_algorithm_that_the_document_names() {
    let world = world().await;
    let applied = made(&world).await;
    let keys: Vec<_> = applied.server.keys.iter().map(|key| (key.status, key.algorithm)).collect();
    let es256 = jose::Algorithm::Es256;
    assert_eq!(keys.len(), 2);
    assert!(applied.server.keys.active().is_some() && applied.server.keys.next().is_some());
    assert!(keys.iter().all(|(_, algorithm)| *algorithm == es256), "{keys:?}");

    let active = applied.server.keys.active().unwrap().kid.clone();
    let mut other = orders();
    other["server"]["signingAlgorithm"] = json!("EdDSA");
    let changed = apply(&world, None, &other).await.unwrap();
    assert_eq!(steps(&changed.plan), ["~ server Orders\n    signingAlgorithm: ES256 -> EdDSA"]);
    assert_eq!(changed.server.keys.active().unwrap().kid, active, "no verifier knows the new one yet");
    assert_eq!(changed.server.keys.next().unwrap().algorithm, jose::Algorithm::EdDsa);
}

#[tokio::test]
async fn every_problem_is_told_at_once_with_its_place_and_nothing_changes() {
    let world = world().await;
    made(&world).await;
    let mut bad = orders();
    bad["server"]["audience"] = json!("two words");
    bad["scopes"][0]["name"] = json!("orders read");
    bad["claims"][1]["scopes"] = json!(["orders:read", "order:write"]);
    bad["claims"][2]["group_filter_type"] = Value::Null;
    bad["claims"][2].as_object_mut().unwrap().remove("group_filter_type");
    bad["policies"][0]["clients"] = json!(["Portal", "Portla"]);
    bad["policies"][0]["rules"][0]["people"] =
        json!({"groups": ["Staf", "EVERYONE"], "excludeUsers": ["nobody@example.com"]});
    bad["policies"][0]["rules"][1]["accessTokenLifetimeMinutes"] = json!(2);
    bad["policies"][1]["rules"][0]["grantTypes"] = json!([]);
    let (before, events) = (portrait(&world.snapshot()), world.count_events().await);
    let told = causes(refused(apply(&world, None, &bad).await));
    let expected = [
        "server.audience: The audience must not contain white space",
        "scopes[0].name: The name must be of printable ASCII characters without spaces, double quotes and backslashes",
        "claims[1].scopes[0]: the document takes the scope `orders:read` away",
        "claims[1].scopes[1]: the server has no scope `order:write`; did you mean `orders:write`?",
        "claims[2].group_filter_type: the member is missing: one of STARTS_WITH, EQUALS, CONTAINS, REGEX",
        "policies[0].clients[1]: there is no client `Portla`; did you mean `Portal`?",
        "policies[0].rules[0].people.groups[0]: there is no group `Staf`; did you mean `Staff`?",
        "policies[0].rules[0].people.excludeUsers[0]: there is no user `nobody@example.com`",
        "policies[0].rules[1].accessTokenLifetimeMinutes: The lifetime must be between 5 and 1440 minutes, and is 2",
        "policies[1].rules[0].grantTypes: The list must name at least one grant type",
    ];
    let gone = ["policies[0].rules[0].scopes[0]", "policies[0].rules[1].scopes[0]"];
    let gone = gone.map(|place| format!("{place}: the document takes the scope `orders:read` away"));
    let expected: Vec<String> = expected.map(str::to_owned).into_iter().chain(gone).collect();
    for line in &expected {
        assert!(told.iter().any(|told| told == line), "{line}\n{told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    let rehearsed = portable::rehearse(&world.tenant, world.asked(), wanted(None, &bad)).await;
    assert_eq!(causes(refused(rehearsed)), told);
    assert_eq!(portrait(&world.snapshot()), before);
    assert_eq!(world.count_events().await, events);
}

#[tokio::test]
async fn an_expression_that_cannot_be_read_is_told_with_its_place() {
    let world = world().await;
    let mut bad = orders();
    bad["claims"][1]["value"] = json!("user.");
    let told = causes(refused(apply(&world, None, &bad).await));
    assert!(told.len() == 1 && told[0].starts_with("claims[1].value: "), "{told:?}");
    assert_eq!(world.snapshot().server_count(), 1, "the server is not made either");
}

#[tokio::test]
async fn a_rehearsal_says_what_will_be_done_and_does_nothing() {
    let world = world().await;
    made(&world).await;
    let mut changed = orders();
    changed["policies"][0]["rules"][0]["accessTokenLifetimeMinutes"] = json!(45);
    changed["scopes"].as_array_mut().unwrap().remove(1);
    changed["policies"][0]["rules"][0]["scopes"] = json!(["orders:read"]);
    let (before, revision) = (portrait(&world.snapshot()), world.snapshot().revision);
    let rehearsed = portable::rehearse(&world.tenant, world.asked(), wanted(None, &changed)).await.unwrap();
    assert_eq!((portrait(&world.snapshot()), rehearsed.revision), (before, revision));
    let expected = [
        "- scope orders:write",
        "~ rule Partners / Staff\n    scopes: [orders:read, orders:write] -> [orders:read]\n    \
         accessTokenLifetimeMinutes: 30 -> 45",
    ];
    assert_eq!(steps(&rehearsed.plan), expected);
    let done = apply(&world, None, &changed).await.unwrap();
    assert_eq!(done.plan, rehearsed.plan);
}

/// Ids of everything that has one of its own.
fn ids(entry: &ServerEntry) -> Vec<String> {
    let rules = entry.policies.iter().flat_map(|policy| &policy.rules).map(|rule| rule.value.id.to_string());
    let policies = entry.policies.iter().map(|policy| policy.policy.value.id.to_string());
    let scopes = entry.scopes().into_iter().map(|scope| scope.value.id.to_string());
    let claims = entry.claims().into_iter().map(|claim| claim.value.id.to_string());
    rules.chain(policies).chain(scopes).chain(claims).collect()
}

#[tokio::test]
async fn what_stays_keeps_its_id_its_keys_and_when_it_was_made() {
    let world = world().await;
    let before = made(&world).await.server;
    world.wait(60_000);
    let mut changed = orders();
    changed["server"]["description"] = json!("changed");
    changed["policies"][0]["rules"][1]["scopes"] = json!(["*"]);
    changed["policies"].as_array_mut().unwrap().reverse();
    let after = apply(&world, None, &changed).await.unwrap().server;
    let mut sorted = (ids(&before), ids(&after));
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
    assert_eq!(after.server.value.created, before.server.value.created);
    let kids = |entry: &ServerEntry| entry.keys.iter().map(|key| key.kid.clone()).collect::<Vec<_>>();
    assert_eq!(kids(&after), kids(&before));
    let names: Vec<_> =
        after.policies.iter().map(|p| (p.policy.value.name.as_str(), p.policy.value.priority)).collect();
    assert_eq!(names, [("Rest", 1), ("Partners", 2)]);
}

#[tokio::test]
async fn the_order_of_the_document_is_the_order_of_the_server_and_the_fewest_move() {
    let world = world().await;
    made(&world).await;
    let mut changed = orders();
    let rule =
        |name: &str| json!({"name": name, "grantTypes": ["client_credentials"], "scopes": ["orders:read"]});
    changed["policies"][0]["rules"] = json!(["A", "B", "C", "D"].map(rule));
    apply(&world, None, &changed).await.unwrap();
    changed["policies"][0]["rules"] = json!(["X", "B", "C", "A", "Y", "D"].map(rule));
    let applied = apply(&world, None, &changed).await.unwrap();
    let moved: Vec<_> = applied.plan.steps.iter().filter(|step| step.verb == Verb::Move).collect();
    assert_eq!(moved.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(), ["Partners / A"]);
    let entry = world.server(&id(&applied));
    let rules: Vec<_> =
        entry.policies[0].rules.iter().map(|r| (r.value.name.as_str(), r.value.priority)).collect();
    assert_eq!(rules, [("X", 1), ("B", 2), ("C", 3), ("A", 4), ("Y", 5), ("D", 6)]);
    assert_eq!(
        exported(&world, &id(&applied)).await["policies"][0]["rules"],
        changed["policies"][0]["rules"]
    );
}

#[tokio::test]
async fn the_log_says_of_each_change_what_the_single_endpoints_say() {
    use EventType as E;
    let world = world().await;
    let before = world.count_events().await;
    made(&world).await;
    let expected = [
        vec![E::AuthorizationServerCreated],
        vec![E::ScopeUpdated, E::ScopeCreated, E::ScopeCreated],
        vec![E::ClaimUpdated, E::ClaimCreated, E::ClaimCreated],
        vec![E::PolicyCreated, E::RuleAdded, E::RuleAdded, E::PolicyCreated, E::RuleAdded],
    ];
    let sorted = |mut types: Vec<EventType>| {
        types.sort();
        types
    };
    assert_eq!(sorted(types(&world.events_since(before).await)), sorted(expected.concat()));

    let before = world.count_events().await;
    let mut changed = orders();
    changed["server"]["status"] = json!("INACTIVE");
    changed["scopes"].as_array_mut().unwrap().remove(0);
    changed["claims"] = json!([]);
    changed.as_object_mut().unwrap().remove("policies");
    let applied = apply(&world, None, &changed).await.unwrap();
    let events = world.events_since(before).await;
    let expected = vec![
        E::AuthorizationServerDeactivated,
        E::ScopeDeleted,
        E::ClaimUpdated,
        E::ClaimDeleted,
        E::ClaimDeleted,
        E::RuleInvalidated,
        E::RuleInvalidated,
    ];
    assert_eq!(sorted(types(&events)), sorted(expected), "{events:#?}");
    assert!(events.iter().all(|event| event.revision == Some(applied.revision)), "one change");
    assert!(events.iter().all(|event| event.actor.id == "00uTest"));
    assert_eq!(applied.revision, world.snapshot().revision);
    let deleted = applied.plan.steps.iter().find(|step| step.verb == Verb::Delete).unwrap();
    assert_eq!(
        deleted.to_string(),
        "- scope orders:read\n    (the rule Partners / Staff goes on naming it, where it matches nothing)\n    \
         (the rule Partners / Machines goes on naming it, where it matches nothing)"
    );

    let before = world.count_events().await;
    let mut rest = orders()["policies"].clone();
    rest.as_array_mut().unwrap().remove(0);
    apply(&world, None, &json!({"tokenmint": 1, "server": changed["server"], "policies": rest}))
        .await
        .unwrap();
    assert_eq!(types(&world.events_since(before).await), [E::PolicyDeleted]);
}

#[tokio::test]
async fn a_rename_is_a_deletion_and_a_creation_and_the_plan_says_so() {
    let world = world().await;
    made(&world).await;
    let mut changed = orders();
    changed["policies"][0]["rules"][0]["name"] = json!("Employees");
    let applied = apply(&world, None, &changed).await.unwrap();
    let steps = steps(&applied.plan);
    assert_eq!(steps.len(), 2, "{steps:#?}");
    assert_eq!(steps[0], "- rule Partners / Staff");
    assert!(steps[1].starts_with("+ rule Partners / Employees\n"), "{}", steps[1]);
    assert!(steps[1].contains("as `Staff`, which is deleted"), "{}", steps[1]);
}

#[tokio::test]
async fn an_absent_section_stays_and_one_that_is_there_is_the_whole_truth() {
    let world = world().await;
    let applied = made(&world).await;
    let server = id(&applied);
    let before = exported(&world, &server).await;
    let nothing = apply(&world, Some(&server), &json!({"tokenmint": 1})).await.unwrap();
    assert!(nothing.plan.is_empty());
    let applied = apply(&world, Some(&server), &json!({"tokenmint": 1, "claims": []})).await.unwrap();
    let expected = [
        "~ claim email (IDENTITY)\n    alwaysIncludeInToken: false -> (default)",
        "- claim team (RESOURCE)",
        "- claim teams (IDENTITY)",
    ];
    assert_eq!(steps(&applied.plan), expected, "a system claim goes back to the template");
    let after = exported(&world, &server).await;
    assert_eq!(after["claims"], json!([]));
    for section in ["server", "scopes", "policies"] {
        assert_eq!(after[section], before[section], "{section}");
    }
}

#[tokio::test]
async fn who_planned_on_another_revision_is_refused_on_whatever_node() {
    let world = world().await;
    let applied = made(&world).await;
    let planned = |lifetime: u32, revision: u64| {
        let mut document = orders();
        document["policies"][0]["rules"][0]["accessTokenLifetimeMinutes"] = json!(lifetime);
        Wanted { precondition: Precondition::OneOf(vec![revision]), ..wanted(None, &document) }
    };
    let revision = applied.revision;
    let node = world.node().await;
    let (one, other) = tokio::join!(
        portable::carry_out(&world.tenant, world.asked(), planned(10, revision)),
        portable::carry_out(&node, world.asked(), planned(20, revision)),
    );
    let done = usize::from(one.is_ok()) + usize::from(other.is_ok());
    assert_eq!(done, 1, "{one:?} {other:?}");
    let refusal = refused(if one.is_ok() { other } else { one });
    assert_eq!(refusal, Refusal::PreconditionFailed);
    let rehearsed = portable::rehearse(&world.tenant, world.asked(), planned(30, 1)).await;
    assert_eq!(refused(rehearsed), Refusal::PreconditionFailed);
}

#[tokio::test]
async fn a_name_that_several_have_is_not_guessed() {
    let world = world().await;
    let applied = made(&world).await;
    let second = world.make_app("Portal").await;
    let server = id(&applied);
    let document = exported(&world, &server).await;
    let first = document["policies"][0]["clients"][0].as_str().unwrap().to_owned();
    assert_ne!(first, "Portal", "the label does not say which any more");
    assert!(apply(&world, Some(&server), &document).await.unwrap().plan.is_empty());
    let told = causes(refused(apply(&world, None, &orders()).await));
    let both = format!("({first}, {})", second.entry.app.value.client_id);
    assert_eq!(
        told,
        [format!(
            "policies[0].clients[0]: 2 clients have the label `Portal`: name one by its client id {both}"
        )]
    );
    world.make_server("Orders").await;
    let told =
        causes(refused(apply(&world, None, &json!({"tokenmint": 1, "server": orders()["server"]})).await));
    assert!(told[0].starts_with("server.name: 2 authorization servers have the name `Orders`"), "{told:?}");
}

#[tokio::test]
async fn what_is_gone_stays_named_by_its_id_and_is_nobody_elsewhere() {
    let world = world().await;
    let applied = made(&world).await;
    let groups = group::list(&world.tenant, Some("Staff"), None, 10).await.unwrap().items;
    group::delete(&world.tenant, world.asked(), groups[0].id.as_str()).await.unwrap();
    let server = id(&applied);
    let document = exported(&world, &server).await;
    let named = &document["policies"][0]["rules"][0]["people"]["groups"];
    assert_eq!(named, &json!([groups[0].id]));
    assert_eq!(document.get("groups"), None);
    assert!(apply(&world, Some(&server), &document).await.unwrap().plan.is_empty());

    // Somebody who may name groups cannot take its place.
    world.make_group(groups[0].id.as_str()).await;
    assert!(apply(&world, Some(&server), &document).await.unwrap().plan.is_empty());
    assert_eq!(world.server(&server).policies[0].rules[0].value.people.groups, [groups[0].id]);
}

#[tokio::test]
async fn a_text_with_the_form_of_an_id_is_never_a_name() {
    let world = world().await;
    let server = id(&made(&world).await);
    let (group, client, other) = ("00g000000000000000zz", "0oa000000000000000zz", "aus000000000000000zz");
    world.make_group(group).await;
    world.make_app(client).await;
    world.make_server(other).await;
    let mut document = orders();
    document["server"]["trustedServers"] = json!([other]);
    document["policies"][0]["clients"] = json!([client]);
    document["policies"][0]["rules"][0]["people"] = json!({"groups": [group]});
    let mut told = causes(refused(apply(&world, Some(&server), &document).await));
    for told in &mut told {
        told.truncate(told.find("; did you mean").unwrap_or(told.len()));
    }
    told.sort();
    let expected = [
        format!("policies[0].clients[0]: there is no client `{client}`"),
        format!("policies[0].rules[0].people.groups[0]: there is no group `{group}`"),
        format!("server.trustedServers[0]: there is no authorization server `{other}`"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_was_rehearsed_is_not_carried_out_with_other_groups_of_the_same_names() {
    let world = world().await;
    let rehearsed = portable::rehearse(&world.tenant, world.asked(), wanted(None, &orders())).await.unwrap();
    let shown = Wanted {
        precondition: Precondition::OneOf(Vec::new()),
        rehearsals: vec![Rehearsal { revision: rehearsed.revision, names: rehearsed.names }],
        ..wanted(None, &orders())
    };
    let groups = group::list(&world.tenant, Some("Staff"), None, 10).await.unwrap().items;
    let renamed = group::Profile { name: "Former staff".to_owned(), description: None };
    group::replace(&world.tenant, world.asked(), groups[0].id.as_str(), renamed).await.unwrap();
    world.make_group("Staff").await;
    assert_eq!(world.snapshot().revision, rehearsed.revision, "groups move no revision");
    let refusal = refused(portable::carry_out(&world.tenant, world.asked(), shown.clone()).await);
    assert_eq!(refusal, Refusal::PreconditionFailed);
    let again = portable::rehearse(&world.tenant, world.asked(), wanted(None, &orders())).await.unwrap();
    let rehearsals = vec![Rehearsal { revision: again.revision, names: again.names }];
    let done =
        portable::carry_out(&world.tenant, world.asked(), Wanted { rehearsals, ..shown }).await.unwrap();
    assert_eq!(done.plan, again.plan);
}

#[tokio::test]
async fn a_word_for_all_stands_alone() {
    let world = world().await;
    let mut document = orders();
    document["policies"][0]["clients"] = json!(["Portal", "ALL_CLIENTS"]);
    document["policies"][0]["rules"][0]["scopes"] = json!(["orders:read", "*"]);
    let told = causes(refused(apply(&world, None, &document).await));
    let expected = [
        "policies[0].clients: `ALL_CLIENTS` means every client and stands alone",
        "policies[0].rules[0].scopes: `*` means every scope and stands alone",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn only_the_first_unknown_names_get_a_hint() {
    let world = world().await;
    made(&world).await;
    let mut document = orders();
    let unknown: Vec<String> = (0..100).map(|n| format!("orders:reed{n}")).collect();
    document["policies"][0]["rules"][0]["scopes"] = json!(unknown);
    let told = causes(refused(apply(&world, None, &document).await));
    assert_eq!(told.len(), 100);
    assert_eq!(told.iter().filter(|told| told.ends_with("did you mean `orders:read`?")).count(), 10);
}

#[tokio::test]
async fn a_list_that_is_too_long_is_refused_before_anything_in_it_is_looked_up() {
    let world = world().await;
    let mut document = orders();
    let many: Vec<String> = (0..1_001).map(|n| format!("unknown{n}")).collect();
    document["claims"][1]["scopes"] = json!(many);
    document["policies"][0]["clients"] = json!(many);
    document["policies"][0]["rules"][0]["people"] = json!({"excludeGroups": many, "users": many});
    let told = causes(refused(apply(&world, None, &document).await));
    let places = [
        "claims[1].scopes",
        "policies[0].clients",
        "policies[0].rules[0].people.excludeGroups",
        "policies[0].rules[0].people.users",
    ];
    let of = |place| format!("{place}: the list holds at most 1000 entries, and this one has 1001");
    assert_eq!(told, places.map(of));
}

#[tokio::test]
async fn the_default_rule_stays_last() {
    let world = World::new().await;
    let mut document = exported(&world, DEFAULT).await;
    let rule = json!({"name": "Mine", "grantTypes": ["client_credentials"], "scopes": ["*"]});
    document["policies"][0]["rules"].as_array_mut().unwrap().push(rule);
    let told = causes(refused(apply(&world, Some(DEFAULT), &document).await));
    assert_eq!(told, ["policies[0].rules[0]: the default rule stays last among the rules of its policy"]);
    document["policies"][0]["rules"].as_array_mut().unwrap().reverse();
    apply(&world, Some(DEFAULT), &document).await.unwrap();
    assert_eq!(exported(&world, DEFAULT).await, document);
}

#[tokio::test]
async fn trust_in_other_servers_goes_by_name() {
    let world = world().await;
    world.make_server("Billing").await;
    world.make_server("Stock").await;
    let mut document = orders();
    document["server"]["trustedServers"] = json!(["Stock", "Billing"]);
    let applied = apply(&world, None, &document).await.unwrap();
    let server = id(&applied);
    assert_eq!(exported(&world, &server).await["server"]["trustedServers"], json!(["Billing", "Stock"]));
    document["server"]["trustedServers"] = json!(["Stock", "Biling", "Orders"]);
    let told = causes(refused(apply(&world, None, &document).await));
    assert_eq!(
        told,
        [
            "server.trustedServers[1]: there is no authorization server `Biling`; did you mean `Billing`?",
            "server.trustedServers: A server needs no trust in itself",
        ]
    );
    document["server"]["trustedServers"] = json!(["Stock"]);
    let before = world.count_events().await;
    apply(&world, None, &document).await.unwrap();
    let types = types(&world.events_since(before).await);
    assert_eq!(types, [EventType::TrustedServerDeleted]);
}

#[tokio::test]
async fn a_shape_that_is_wrong_is_told_with_its_place() {
    for (document, said) in [
        (json!({"tokenmint": 2}), "tokenmint: the version of the document must be 1, and is 2"),
        (json!({}), "the member `tokenmint` is missing"),
        (json!([1]), "must be an object"),
        (
            json!({"tokenmint": 1, "polices": []}),
            "polices: there is no member `polices`; did you mean `policies`?",
        ),
        (json!({"tokenmint": 1, "scopes": null}), "scopes: must be a list"),
        (json!({"tokenmint": 1, "scopes": [["a"]]}), "scopes[0]: must be an object"),
        (
            json!({"tokenmint": 1, "scopes": [{"name": "a", "consent": "SOME"}]}),
            "scopes[0].consent: `SOME` is not one of",
        ),
        (
            json!({"tokenmint": 1, "policies": [{"name": "a", "description": "b", "clients": [], "rules": [{"nam": 1}]}]}),
            "policies[0].rules[0].nam: there is no member `nam`; did you mean `name`?",
        ),
        (json!({"tokenmint": 1, "claims": [{"name": "a"}]}), "claims[0]: the member `claimType` is missing"),
        (json!({"tokenmint": 1, "server": {"name": 7}}), "server.name: must be a text"),
    ] {
        let problem = Portable::read(document).unwrap_err().to_string();
        assert!(problem.starts_with(said), "{said}\n{problem}");
    }
}

#[tokio::test]
async fn a_document_has_a_limit() {
    let world = World::new().await;
    let scopes: Vec<Value> = (0..=portable::THINGS_MAX).map(|n| json!({"name": format!("s{n}")})).collect();
    let document = json!({"tokenmint": 1, "scopes": scopes});
    let told = causes(refused(apply(&world, Some(DEFAULT), &document).await));
    assert_eq!(told, ["a document holds at most 10000 things, and this one has 10001"]);
    let bad: Vec<Value> = (0..150).map(|n| json!({"name": format!("s {n}")})).collect();
    let told = causes(refused(apply(&world, Some(DEFAULT), &json!({"tokenmint": 1, "scopes": bad})).await));
    assert_eq!((told.len(), told[100].as_str()), (101, "and 50 more"));
}

#[tokio::test]
async fn two_of_one_name_are_told_apart_by_their_order() {
    let world = world().await;
    let rule = |minutes: u32| json!({"name": "Same", "grantTypes": ["client_credentials"], "scopes": ["*"], "accessTokenLifetimeMinutes": minutes});
    let mut document = orders();
    document["policies"][0]["rules"] = json!([rule(10), rule(20)]);
    apply(&world, None, &document).await.unwrap();
    assert!(apply(&world, None, &document).await.unwrap().plan.is_empty());
    document["policies"][0]["rules"] = json!([rule(10), rule(20), rule(30)]);
    let plan = apply(&world, None, &document).await.unwrap().plan;
    assert_eq!((plan.steps.len(), plan.count(Verb::Create)), (1, 1), "{plan}");
    document["scopes"].as_array_mut().unwrap().push(json!({"name": "orders:read"}));
    let told = causes(refused(apply(&world, None, &document).await));
    assert_eq!(told, ["scopes[3].name: A scope with this name already exists in the server"]);
}

#[tokio::test]
async fn a_server_that_nobody_has_is_not_found() {
    let world = World::new().await;
    let tenant: &Arc<Tenant> = &world.tenant;
    let refusal = refused(portable::current(tenant, "aus00000000000000000").await);
    assert!(matches!(refusal, Refusal::NotFound { .. }), "{refusal:?}");
    let refusal = refused(apply(&world, Some("aus00000000000000000"), &json!({"tokenmint": 1})).await);
    assert!(matches!(refusal, Refusal::NotFound { .. }), "{refusal:?}");
    let told = causes(refused(apply(&world, None, &json!({"tokenmint": 1})).await));
    assert_eq!(told, ["server: the member is missing: it says which server is meant"]);
}

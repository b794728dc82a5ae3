//! What holds of every document, whatever is in it: applied to drafts, without a commit.

use model::authorization_server::IssuerMode;
use model::{AuthorizationServerId, UserId};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use service::Snapshot;
use service::configuration::Draft;
use service::portable::{self, Plan, Portable, Problem, Target};

use crate::portrait::portrait;
use crate::world::World;

const SCOPES: [&str; 6] = ["a", "b", "c", "email", "openid", "profile"];
const CLAIMS: [(&str, &str); 6] = [
    ("x", "RESOURCE"),
    ("x", "IDENTITY"),
    ("y", "RESOURCE"),
    ("sub", "RESOURCE"),
    ("email", "IDENTITY"),
    ("address", "IDENTITY"),
];
const CLIENTS: [&str; 2] = ["Portal", "Billing"];
const GROUPS: [&str; 4] = ["EVERYONE", "Everyone", "Partners", "Staff"];
const USERS: [&str; 2] = ["ana@example.com", "bo@example.com"];

/// An object of these members, without those that are null.
fn object(members: Vec<(&'static str, Value)>) -> Value {
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

/// One of these, or nothing.
fn maybe<T: Into<Value> + Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Value> {
    proptest::option::of(select(values)).prop_map(|value| value.map_or(Value::Null, Into::into))
}

fn names(of: &'static [&'static str], least: usize) -> impl Strategy<Value = Value> {
    subsequence(of, least..=of.len()).prop_shuffle().prop_map(|names| json!(names))
}

fn server() -> impl Strategy<Value = Value> {
    let settings =
        (maybe(vec!["ACTIVE", "INACTIVE"]), maybe(vec!["AUTO", "MANUAL"]), maybe(vec!["ES256", "PS256"]));
    let trusted = names(&["default", "Other"], 0);
    let formats = (maybe(vec!["RFC9068"]), maybe(vec!["FAIL", "POINTER"]));
    (settings, select(vec!["ORG_URL", "DYNAMIC"]), formats, trusted).prop_map(
        |((status, rotation, algorithm), mode, (profile, overflow), trusted)| {
            object(vec![
                ("name", json!("It")),
                ("description", json!("of a property")),
                ("audience", json!("api://it")),
                ("issuerMode", json!(mode)),
                ("status", status),
                ("rotationMode", rotation),
                ("signingAlgorithm", algorithm),
                ("accessTokenProfile", profile),
                ("groupsOverflow", overflow),
                ("trustedServers", trusted),
            ])
        },
    )
}

fn scope(name: &'static str) -> impl Strategy<Value = Value> {
    let flags = (maybe(vec![true, false]), maybe(vec![true, false]));
    let texts = (maybe(vec!["", "shown"]), maybe(vec!["", "said: so"]));
    let words = (maybe(vec!["REQUIRED", "IMPLICIT", "FLEXIBLE"]), maybe(vec!["ALL_CLIENTS", "NO_CLIENTS"]));
    (flags, texts, words).prop_map(
        move |((optional, default), (display, description), (consent, publish))| {
            object(vec![
                ("name", json!(name)),
                ("displayName", display),
                ("description", description),
                ("consent", consent),
                ("optional", optional),
                ("default", default),
                ("metadataPublish", publish),
            ])
        },
    )
}

fn claim((name, claim_type): (&'static str, &'static str)) -> impl Strategy<Value = Value> {
    let is_sub = name == "sub";
    let is_system = is_sub || ["email", "address"].contains(&name);
    let value = match (is_sub, is_system) {
        (true, _) => maybe(vec!["app.clientId"]).prop_map(|value| (Value::Null, Value::Null, value)).boxed(),
        (_, true) => Just((Value::Null, Value::Null, Value::Null)).boxed(),
        _ => prop_oneof![
            maybe(vec!["EXPRESSION"]).prop_map(|kind| (kind, Value::Null, json!("user.login"))),
            (select(vec!["EQUALS", "REGEX"]), maybe(vec!["", "St.*"])).prop_map(|(filter, value)| (
                json!("GROUPS"),
                json!(filter),
                value
            )),
        ]
        .boxed(),
    };
    let scopes = proptest::option::of(names(&SCOPES[3..], 0));
    (value, scopes, maybe(vec![true, false]), maybe(vec!["ACTIVE", "INACTIVE"])).prop_map(
        move |((kind, filter, value), scopes, always, status)| {
            object(vec![
                ("name", json!(name)),
                ("claimType", json!(claim_type)),
                ("valueType", kind),
                ("group_filter_type", filter),
                ("value", value),
                ("scopes", if is_sub { Value::Null } else { json!(scopes) }),
                ("alwaysIncludeInToken", always),
                ("status", if is_sub { Value::Null } else { status }),
            ])
        },
    )
}

fn rule() -> impl Strategy<Value = Value> {
    let people = (names(&GROUPS, 0), names(&GROUPS[2..], 0), names(&USERS, 0), names(&USERS, 0));
    let scopes = prop_oneof![Just(json!(["*"])), names(&SCOPES[3..], 0)];
    let grants = names(&["client_credentials", "authorization_code", "password"], 1);
    let lifetimes = (maybe(vec![5, 60, 1_440]), maybe(vec![0, 20_000]), maybe(vec![10, 10_080]));
    (select(vec!["One", "Two", "Three"]), people, scopes, grants, lifetimes, maybe(vec!["ACTIVE", "INACTIVE"])).prop_map(
        |(name, (groups, not_groups, users, not_users), scopes, grants, (access, refresh, window), status)| {
            object(vec![
                ("name", json!(name)),
                ("status", status),
                ("grantTypes", grants),
                ("people", json!({"groups": groups, "excludeGroups": not_groups, "users": users, "excludeUsers": not_users})),
                ("scopes", scopes),
                ("accessTokenLifetimeMinutes", access),
                ("refreshTokenLifetimeMinutes", refresh),
                ("refreshTokenWindowMinutes", window),
            ])
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    let rules = proptest::collection::vec(rule(), 0..5);
    let clients = prop_oneof![Just(json!(["ALL_CLIENTS"])), names(&CLIENTS, 1)];
    (select(vec!["P", "Q", "R"]), clients, maybe(vec!["INACTIVE"]), rules).prop_map(
        |(name, clients, status, rules)| {
            object(vec![
                ("name", json!(name)),
                ("description", json!("of a property")),
                ("status", status),
                ("clients", clients),
                ("rules", json!(rules)),
            ])
        },
    )
}

prop_compose! {
    fn document()(
        server in server(),
        scopes in subsequence(SCOPES.to_vec(), 0..=6).prop_shuffle()
            .prop_flat_map(|names| names.into_iter().map(scope).collect::<Vec<_>>()),
        claims in subsequence(CLAIMS.to_vec(), 0..=6).prop_shuffle()
            .prop_flat_map(|names| names.into_iter().map(claim).collect::<Vec<_>>()),
        policies in proptest::collection::vec(policy(), 0..5),
    ) -> Value {
        json!({"tokenmint": 1, "server": server, "scopes": scopes, "claims": claims, "policies": policies})
    }
}

/// A configuration in which all is there that a document may name.
struct Ground {
    world: World,
    names: portable::World,
    snapshot: Snapshot,
    new: AuthorizationServerId,
}

impl Ground {
    async fn new() -> Self {
        let world = World::new().await;
        world.make_app("Portal").await;
        world.make_app("Billing").await;
        world.make_server("Other").await;
        let now = world.now();
        let mut names = portable::World::default();
        for name in &GROUPS[1..] {
            names = names.with_group(model::GroupId::mint(world.tenant.ids.next(now)), name);
        }
        for login in USERS {
            names = names.with_user(UserId::mint(world.tenant.ids.next(now)), login);
        }
        let snapshot = Snapshot::clone(&world.snapshot());
        let new = AuthorizationServerId::mint(world.tenant.ids.next(now));
        Self { world, names, snapshot, new }
    }

    fn apply(&self, snapshot: &Snapshot, document: &Value) -> Result<(Snapshot, Plan), Vec<Problem>> {
        let asked = self.world.asked();
        let mut draft = Draft::new(snapshot.clone(), asked.actor, asked.origin, asked.now);
        let document = Portable::read(document.clone()).map_err(|problem| vec![problem])?;
        let target = Target::Named { new: self.new, issuer_mode: IssuerMode::OrgUrl };
        let plan = portable::apply(&mut draft, &self.world.tenant.ids, &self.names, target, &document)?;
        Ok((draft.snapshot().clone(), plan))
    }

    fn export(&self, snapshot: &Snapshot) -> Value {
        portable::export(snapshot, snapshot.server(self.new).unwrap(), &self.names).to_value()
    }
}

#[tokio::test]
async fn what_goes_out_goes_in_again_and_comes_out_the_same() {
    let ground = Ground::new().await;
    let mut runner = proptest::test_runner::TestRunner::default();
    let outcome = runner.run(&(document(), document()), |(one, other)| {
        let applied = |snapshot: &Snapshot, document: &Value| {
            ground.apply(snapshot, document).map_err(|problems| TestCaseError::fail(format!("{problems:?}")))
        };
        let (made, plan) = applied(&ground.snapshot, &one)?;
        prop_assert!(!plan.is_empty());
        prop_assert!(applied(&made, &one)?.1.is_empty(), "twice: {}", applied(&made, &one)?.1);
        // Over whatever was there before, a document makes the same of a server as over nothing.
        let (changed, plan) = applied(&made, &other)?;
        let document = ground.export(&changed);
        prop_assert_eq!(&ground.export(&applied(&ground.snapshot, &other)?.0), &document);
        prop_assert_eq!(&ground.export(&applied(&ground.snapshot, &document)?.0), &document);
        let (again, nothing) = applied(&changed, &document)?;
        prop_assert!(nothing.is_empty(), "its own document: {}", nothing);
        prop_assert_eq!(&ground.export(&again), &document);
        // And what the plan does not name has not changed.
        prop_assert_eq!(plan.is_empty(), ground.export(&made) == document);
        Ok(())
    });
    outcome.unwrap();
}

#[tokio::test]
async fn what_is_refused_says_where_and_what_is_taken_changes_only_the_server() {
    let ground = Ground::new().await;
    let before = portrait(&ground.snapshot);
    let mut runner = proptest::test_runner::TestRunner::default();
    let spoilt = (
        document(),
        any::<prop::sample::Index>(),
        select(vec![json!(null), json!("?"), json!([7]), json!({})]),
    );
    let outcome = runner.run(&spoilt, |(mut document, place, junk)| {
        let mut pointers = Vec::new();
        pointers_of(&document, String::new(), &mut pointers);
        let pointer = place.get(&pointers);
        *document.pointer_mut(pointer).unwrap() = junk;
        match ground.apply(&ground.snapshot, &document) {
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    prop_assert!(!problem.message.is_empty());
                    let known = document.pointer(&to_pointer(&problem.place)).is_some();
                    let owner = problem.place.rsplit_once('.').map_or("", |(owner, _)| owner);
                    prop_assert!(known || document.pointer(&to_pointer(owner)).is_some(), "{}", problem);
                }
            }
            Ok((snapshot, _)) => {
                prop_assert_eq!(snapshot.server_count(), ground.snapshot.server_count() + 1);
            }
        }
        prop_assert_eq!(portrait(&ground.snapshot), before.clone());
        Ok(())
    });
    outcome.unwrap();
}

/// Every place in a document.
fn pointers_of(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| pointers_of(value, format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| pointers_of(value, format!("{at}/{n}"), found));
        }
        _ => {}
    }
    found.push(at);
}

/// `policies[0].name` as JSON Pointer has it.
fn to_pointer(place: &str) -> String {
    if place.is_empty() {
        return String::new();
    }
    format!("/{}", place.replace('[', "/").replace(']', "").replace('.', "/"))
}

//! Every combination of one rule's conditions with every kind of request, against the reference.

use std::collections::BTreeMap;

use engine::{Facts, Silent, decide};
use model::{GrantType, Status};

use crate::reference;
use crate::world::{World, request};

const CLIENTS: [&str; 3] = ["every app", "app Portal, Worker", "app Other"];
const GRANTS: [&str; 3] =
    ["authorization_code", "client_credentials", "authorization_code or client_credentials"];
const PEOPLE: [&str; 8] = [
    "anyone",
    "no user",
    "user in Engineering",
    "user in Engineering or in Gone",
    "user ana",
    "user in Gone",
    "anyone and not in Engineering",
    "user in Engineering and not user ana",
];
const SCOPES: [&str; 5] = ["anyone", "only read", "only read pay openid", "only gone", "no scope"];
const WHO: [&str; 5] = [
    "app Worker",
    "app Portal, user ana",
    "app Portal, user ana in Engineering",
    "app Portal, user bob in Engineering and Sales",
    "app Portal, user bob in Sales",
];
const WHAT: [&str; 9] = [
    "",
    ", scopes read",
    ", scopes read read",
    ", scopes pay read",
    ", scopes read openid",
    ", scopes gone",
    ", scopes",
    ", granted before read pay",
    ", granted before openid read",
];

fn requests() -> Vec<Facts> {
    let grants = ["authorization_code", "client_credentials", "password"];
    let combine = |who: &str| {
        let who = who.to_owned();
        grants.into_iter().flat_map(move |grant| {
            let who = who.clone();
            WHAT.into_iter().map(move |what| request::facts(&format!("{who}, by {grant}{what}")))
        })
    };
    WHO.into_iter().flat_map(combine).collect()
}

/// Servers with one rule each: every client, grant, people and scope condition, active or not, with and without
/// default scopes.
fn servers() -> Vec<World> {
    let mut servers = Vec::new();
    for clients in CLIENTS {
        for conditions in GRANTS.iter().flat_map(|grants| {
            PEOPLE
                .iter()
                .flat_map(move |people| SCOPES.map(|scopes| format!("{grants} and {people} and {scopes}")))
        }) {
            for default in ["", ", default"] {
                let mut world = World::new();
                world.configure(&format!("scope read{default}"));
                world.configure("scope pay, consent required");
                world.configure(&format!("policy P for {clients}"));
                world.configure(&format!("rule R if {conditions}, then 1h"));
                servers.push(world);
            }
        }
    }
    servers
}

#[test]
fn every_combination_comes_out_as_the_reference_says_and_every_outcome_occurs() {
    let requests = requests();
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for world in servers() {
        let server = world.compile();
        for facts in &requests {
            let decision = decide(&server, facts, &mut Silent);
            assert_eq!(decision, reference::decide(&world, facts), "{world:#?}\n{facts:#?}");
            let outcome = decision.as_ref().map_or_else(engine::Refusal::name, |_| "granted");
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    let names: Vec<&str> = outcomes.keys().copied().collect();
    let every = [
        "client_credentials_openid_scope",
        "consent_required",
        "granted",
        "no_default_scopes",
        "no_matching_policy",
        "no_matching_scope",
        "no_scope_allowed",
        "scope_denied",
    ];
    assert_eq!(names, every, "{outcomes:?}");
}

#[test]
fn a_rule_is_for_the_grants_that_it_lists_and_no_others() {
    for listed in GrantType::ALL {
        let mut world = World::new();
        world.scope("read");
        world.add_policy("P");
        world.add_rule("R").grant_types = vec![*listed];
        let server = world.compile();
        for asked in GrantType::ALL {
            let mut facts = request::facts("app Portal, user ana, scopes read");
            facts.grant_type = *asked;
            assert_eq!(decide(&server, &facts, &mut Silent).is_ok(), asked == listed, "{listed} {asked}");
        }
    }
}

#[test]
fn whatever_is_inactive_grants_nothing() {
    let requests = requests();
    for world in servers() {
        let mut policy_off = world.clone();
        policy_off.policies[0].0.status = Status::Inactive;
        let mut rule_off = world;
        rule_off.policies[0].1[0].status = Status::Inactive;
        for server in [policy_off.compile(), rule_off.compile()] {
            for facts in &requests {
                assert!(decide(&server, facts, &mut Silent).is_err(), "{facts:#?}");
            }
        }
    }
}

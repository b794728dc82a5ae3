//! What holds for any server and any request.

use engine::trace::Step;
use engine::{AuthorizationServer, Decision, Facts, Recorder, Refusal, Requested, Silent, decide};
use model::policy::ClientCondition;
use model::{ClientId, Rule, Status};
use proptest::prelude::*;
use proptest::sample::select;

use crate::arbitrary::{self, CLIENTS, GROUPS, SCOPES, group};
use crate::reference::lists;
use crate::world::World;

fn outcome(world: &World, facts: &Facts) -> Decision {
    decide(&world.compile(), facts, &mut Silent)
}

fn rule_of<'a>(world: &'a World, grant: &engine::Grant) -> &'a Rule {
    let rules = world.policies.iter().flat_map(|(_, rules)| rules);
    rules.into_iter().find(|rule| rule.id == grant.rule).unwrap()
}

/// The first rule of the trace that takes part and whose every condition holds. Policies that are passed over
/// have no rules there.
fn first_that_holds(server: &AuthorizationServer, recorder: &Recorder) -> Option<model::RuleId> {
    let mut policy = 0;
    recorder.steps.iter().find_map(|step| match step {
        Step::Policy { at, .. } => {
            policy = *at;
            None
        }
        Step::Rule { at, failed } => {
            let rule = &server.policies()[policy].rules()[*at];
            (rule.active && failed.is_empty()).then_some(rule.id)
        }
        _ => None,
    })
}

/// Takes the group from the world: nobody is in it any more; the references to it stay.
fn without_group(facts: &Facts, name: &str) -> Facts {
    let mut facts = facts.clone();
    if let Some(user) = &mut facts.user {
        user.groups.retain(|member| member.id != group(name));
    }
    facts
}

fn excludes(world: &World, name: &str) -> bool {
    let rules = world.policies.iter().flat_map(|(_, rules)| rules);
    rules.into_iter().any(|rule| rule.people.exclude_groups.contains(&group(name)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_inactive_policy_or_rule_never_grants(world in arbitrary::world(), facts in arbitrary::facts()) {
        if let Ok(grant) = outcome(&world, &facts) {
            prop_assert!(rule_of(&world, &grant).status.is_active());
            let (policy, _) = world.policies.iter().find(|(policy, _)| policy.id == grant.policy).unwrap();
            prop_assert!(policy.status.is_active());
            let mut off = world.clone();
            for (policy, _) in &mut off.policies {
                if policy.id == grant.policy {
                    policy.status = Status::Inactive;
                }
            }
            prop_assert!(outcome(&off, &facts).map_or(true, |other| other.policy != grant.policy));
        }
    }

    #[test]
    fn what_is_granted_was_asked_for_or_is_a_default_and_the_rule_permits_it(
        world in arbitrary::world(), facts in arbitrary::facts(),
    ) {
        if let Ok(grant) = outcome(&world, &facts) {
            prop_assert!(!grant.scopes.is_empty());
            for (at, name) in grant.scopes.iter().enumerate() {
                let scope = world.scopes.iter().find(|scope| *scope.name == **name);
                prop_assert!(scope.is_some(), "{name} does not exist");
                prop_assert!(lists(rule_of(&world, &grant), name));
                prop_assert!(!grant.scopes[..at].contains(name), "{name} twice");
                let meant = match &facts.scopes {
                    Requested::Omitted => scope.is_some_and(|scope| scope.default),
                    Requested::Explicit(asked) | Requested::Original(asked) => asked.iter().any(|n| **n == **name),
                };
                prop_assert!(meant, "{name} was not asked for");
            }
        }
    }

    #[test]
    fn the_first_rule_of_the_trace_without_failed_conditions_is_the_one_that_grants(
        world in arbitrary::world(), facts in arbitrary::facts(),
    ) {
        let mut recorder = Recorder::default();
        let server = world.compile();
        let decision = decide(&server, &facts, &mut recorder);
        let holds = first_that_holds(&server, &recorder);
        match decision {
            Ok(grant) => prop_assert_eq!(holds, Some(grant.rule)),
            Err(Refusal::NoScopeAllowed | Refusal::ConsentRequired(..)) => prop_assert!(holds.is_some()),
            Err(_) => prop_assert_eq!(holds, None),
        }
    }

    #[test]
    fn without_a_scope_a_refused_request_stays_refused(
        world in arbitrary::world(), facts in arbitrary::facts(), name in select(SCOPES.to_vec()),
    ) {
        let mut without = world.clone();
        without.scopes.retain(|scope| scope.name != name);
        match (outcome(&world, &facts), outcome(&without, &facts)) {
            (Err(before), Ok(after)) => prop_assert!(false, "{before:?} became {after:?}"),
            (Ok(before), Ok(after)) => {
                prop_assert_eq!(before.rule, after.rule);
                prop_assert!(after.scopes.iter().all(|scope| before.scopes.contains(scope)));
            }
            (_, Err(_)) => {}
        }
    }

    /// Two things are left aside, because first match wins: a rule that excludes the group excludes nobody then,
    /// and a request for default scopes may pass a rule that permitted none of them.
    #[test]
    fn without_a_group_a_refused_request_stays_refused(
        world in arbitrary::world(), facts in arbitrary::facts(), name in select(GROUPS.to_vec()),
    ) {
        let without = without_group(&facts, name);
        let before = outcome(&world, &facts);
        if before.is_err() && !excludes(&world, name) && facts.scopes != Requested::Omitted {
            prop_assert!(outcome(&world, &without).is_err());
        }
    }

    #[test]
    fn without_a_client_everyone_else_hears_the_same(
        world in arbitrary::world(), facts in arbitrary::facts(), name in select(CLIENTS.to_vec()),
    ) {
        let mut without = world.clone();
        for (policy, _) in &mut without.policies {
            if let ClientCondition::Only(clients) = &mut policy.clients {
                for client in clients.iter_mut().filter(|client| client.as_str() == name) {
                    *client = ClientId::new("deleted");
                }
            }
        }
        if facts.client.client_id.as_str() != name {
            prop_assert_eq!(outcome(&without, &facts), outcome(&world, &facts));
        }
    }

    #[test]
    fn only_the_groups_that_the_server_names_matter(world in arbitrary::world(), facts in arbitrary::facts()) {
        let server = world.compile();
        let mut gathered = facts.clone();
        if let Some(user) = &mut gathered.user {
            user.groups.retain(|group| server.needs.groups.contains(&group.id));
            user.groups.reverse();
        }
        prop_assert_eq!(decide(&server, &gathered, &mut Silent), decide(&server, &facts, &mut Silent));
    }

    #[test]
    fn a_policy_behind_all_others_changes_no_grant(world in arbitrary::world(), facts in arbitrary::facts()) {
        let mut longer = world.clone();
        longer.add_policy("Last");
        longer.add_rule("Anything");
        if let Ok(grant) = outcome(&world, &facts) {
            prop_assert_eq!(outcome(&longer, &facts), Ok(grant));
        }
    }

    #[test]
    fn facts_survive_the_log(world in arbitrary::world(), facts in arbitrary::facts()) {
        let kept: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
        prop_assert_eq!(outcome(&world, &kept), outcome(&world, &facts));
    }

    #[test]
    fn no_text_makes_deciding_or_composing_panic(
        names in prop::collection::vec(".{0,20}", 0..4), expression in ".{0,40}", claim in ".{0,10}",
    ) {
        let mut world = World::new();
        for name in &names {
            world.scope(name).default = true;
        }
        let value = model::claim::ClaimValue::Expression(expression);
        world.claim(&format!("x{claim}")).value = value;
        world.add_policy("P");
        world.add_rule("R");
        let server = world.compile();
        for scopes in [Requested::Omitted, Requested::Explicit(names.clone()), Requested::Original(names)] {
            let mut facts = crate::world::request::facts("app Worker");
            facts.scopes = scopes;
            let envelope =
                engine::Envelope { issuer: "", issued_at: model::Timestamp::default(), token_ids: &|_, _| String::new() };
            if let Ok(minted) = engine::mint(&server, &facts, &envelope, &mut Silent) {
                prop_assert!(minted.access_token.unwrap().contains_key("sub"));
            }
        }
    }
}

//! What an explanation says would have to change is tried: the change is made, and it is decided again.

use engine::explanation::{Change, Outcome};
use engine::{
    Explanation, Facts, Nameless, Recorder, Refusal, Requested, Silent, UserFacts, decide, explain, mint,
};
use model::{ClientId, GroupId, Policy, Rule, Status, UserId};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::dialogue::envelope;
use crate::world::{World, seed};
use crate::{arbitrary, reference};

fn explained(world: &World, facts: &Facts) -> Explanation {
    let server = world.compile();
    let mut recorder = Recorder::default();
    let outcome = mint(&server, facts, &envelope(), &mut recorder);
    explain(&server, facts, &Nameless, &recorder, &outcome)
}

fn pick<T>(index: Index, of: &[T]) -> Option<&T> {
    (!of.is_empty()).then(|| index.get(of))
}

fn someone() -> UserFacts {
    UserFacts::new(UserId::mint(seed("someone else")), serde_json::Map::new())
}

/// Makes one change; `None` if it says that nothing can be done about the request. Of alternatives one is taken.
fn make(
    change: &Change,
    policy: &mut Policy,
    rule: &mut Rule,
    facts: &mut Facts,
    choice: Index,
) -> Option<()> {
    match change {
        Change::ActivatePolicy => policy.status = Status::Active,
        Change::ActivateRule => rule.status = Status::Active,
        Change::Client { any_of } => facts.client.client_id = ClientId::new(&pick(choice, any_of)?.id),
        Change::GrantType { any_of } => {
            facts.grant_type = *pick(choice, any_of)?;
            facts.began_with = None;
        }
        Change::NoUser => facts.user = None,
        Change::AnotherUser => facts.user.as_mut()?.id = someone().id,
        Change::LeaveGroups { groups } => {
            facts
                .user
                .as_mut()?
                .groups
                .retain(|group| groups.iter().all(|left| left.id != group.id.as_str()));
        }
        Change::People { groups, users } => {
            let user = facts.user.get_or_insert_with(someone);
            let at = choice.index(groups.len() + users.len());
            match groups.get(at) {
                Some(group) => {
                    user.groups.push(engine::GroupFacts::new(GroupId::parse(&group.id).unwrap(), ""));
                }
                None => user.id = UserId::parse(&users[at - groups.len()].id).unwrap(),
            }
        }
        Change::PeopleOfRule => return None,
        Change::Scopes { leave_out, any_of } => {
            let (Requested::Explicit(names) | Requested::Original(names)) = &mut facts.scopes else {
                facts.scopes = Requested::Explicit(vec![pick(choice, any_of.as_ref()?)?.clone()]);
                return Some(());
            };
            names.retain(|name| !leave_out.contains(name));
            if let Some(any_of) = any_of {
                assert!(names.is_empty(), "what is left needs nothing instead");
                names.push(pick(choice, any_of)?.clone());
            }
        }
    }
    Some(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_would_have_to_change_for_a_rule_makes_it_match_and_nothing_less_does(
        world in arbitrary::world(), facts in arbitrary::facts(), choice in any::<Index>(),
    ) {
        let told = explained(&world, &facts);
        let told = told.policies.iter().flat_map(|policy| &policy.rules);
        let rules = world.policies.iter().flat_map(|(policy, rules)| rules.iter().map(move |rule| (policy, rule)));
        for (told, (policy, rule)) in told.zip(rules) {
            prop_assert_eq!(&told.named.id, rule.id.as_str());
            prop_assert_eq!(told.changes.is_empty(), reference::matches(policy, rule, &facts));
            for left_out in (0..told.changes.len()).map(Some).chain([None]) {
                let (mut policy, mut rule, mut facts) = (policy.clone(), rule.clone(), facts.clone());
                let changes = told.changes.iter().enumerate().filter(|(at, _)| Some(*at) != left_out);
                let made = changes.map(|(_, c)| make(c, &mut policy, &mut rule, &mut facts, choice)).collect::<Option<()>>();
                if made.is_none() {
                    continue;
                }
                if left_out.is_none() {
                    prop_assert!(reference::matches(&policy, &rule, &facts), "{:?}\n{:?}\n{:?}", told, rule, facts);
                    let mut alone = world.clone();
                    alone.policies = vec![(policy, vec![rule.clone()])];
                    let decided = decide(&alone.compile(), &facts, &mut Silent);
                    prop_assert!(
                        !matches!(decided, Err(Refusal::NoMatchingPolicy | Refusal::ScopeDenied(_))),
                        "{:?}", decided
                    );
                } else if !told.changes.contains(&Change::AnotherUser) {
                    // Who becomes one whom the rule names is another user by that.
                    prop_assert!(!reference::matches(&policy, &rule, &facts), "{:?} left out of {:?}", left_out, told);
                }
            }
        }
    }

    #[test]
    fn what_would_have_to_change_for_a_refusal_ends_it(
        world in arbitrary::world(), facts in arbitrary::facts(), choice in any::<Index>(),
    ) {
        let Outcome::Refused { reason, changes, .. } = explained(&world, &facts).outcome else { return Ok(()) };
        let mut changed = facts.clone();
        let (mut policy, mut rule) = (World::new().add_policy("P").clone(), None);
        for change in &changes {
            let rule = rule.get_or_insert_with(|| {
                let mut world = World::new();
                world.add_policy("P");
                world.add_rule("R").clone()
            });
            if make(change, &mut policy, rule, &mut changed, choice).is_none() {
                return Ok(());
            }
        }
        prop_assert_eq!(changes.is_empty(), reason == "no_matching_policy");
        if !changes.is_empty() {
            let after = decide(&world.compile(), &changed, &mut Silent);
            prop_assert_ne!(after.err().map(|refusal| refusal.name()), Some(reason));
        }
    }

    #[test]
    fn every_policy_rule_and_condition_is_told_and_one_rule_at_most_governs(
        world in arbitrary::world(), facts in arbitrary::facts(),
    ) {
        let told = explained(&world, &facts);
        prop_assert_eq!(told.policies.len(), world.policies.len());
        for (told, (_, rules)) in told.policies.iter().zip(&world.policies) {
            prop_assert_eq!(told.rules.len(), rules.len());
            for rule in &told.rules {
                prop_assert_eq!(rule.conditions.len(), 4);
                let first = rule.conditions.iter().find(|verdict| !verdict.holds).map(|verdict| verdict.condition);
                prop_assert_eq!(rule.failed_first, first);
                prop_assert_eq!(rule.matches, first.is_none());
            }
        }
        let governing: Vec<_> = told.policies.iter().flat_map(|p| &p.rules).filter(|rule| rule.governs).collect();
        match (&told.outcome, governing.as_slice()) {
            (Outcome::Granted { by, .. }, [rule]) => prop_assert_eq!(&by.rule, &rule.named),
            (Outcome::Granted { .. }, _) => prop_assert!(false, "nobody granted"),
            (Outcome::Refused { .. }, rules) => prop_assert!(rules.len() <= 1),
        }
        prop_assert!(!told.to_string().is_empty());
        prop_assert_eq!(&serde_json::to_value(&told).unwrap()["schema"], 1);
    }
}

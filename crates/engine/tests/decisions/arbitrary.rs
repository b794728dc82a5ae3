//! Random servers and random requests to them, out of so few names that they often meet.

use engine::{ClientFacts, ConsentFacts, Facts, GroupFacts, Prompt, Requested, UserFacts};
use model::app::ConsentMethod;
use model::policy::ClientCondition;
use model::rule::{People, ScopeCondition};
use model::scope::Consent;
use model::{AppId, ClientId, GrantType, GroupId, Status, UserId};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::Map;

use crate::world::{World, seed};

pub const CLIENTS: [&str; 3] = ["Portal", "Wiki", "Worker"];
pub const GROUPS: [&str; 4] = ["Engineering", "Sales", "Legal", "Contractors"];
const USERS: [&str; 3] = ["ana", "bob", "carl"];
/// The last is never configured.
pub const SCOPES: [&str; 6] = ["openid", "offline_access", "read", "write", "pay", "gone"];
/// Rules and requests meet more often among few grants.
const GRANTS: [GrantType; 6] = [
    GrantType::AuthorizationCode,
    GrantType::ClientCredentials,
    GrantType::Password,
    GrantType::TokenExchange,
    GrantType::MfaOob,
    GrantType::RefreshToken,
];

fn some<T: Copy + std::fmt::Debug + 'static>(of: &[T]) -> impl Strategy<Value = Vec<T>> + use<T> {
    subsequence(of.to_vec(), 0..=of.len())
}

pub fn group(name: &str) -> GroupId {
    GroupId::mint(seed(name))
}

fn user(name: &str) -> UserId {
    UserId::mint(seed(name))
}

fn mostly_active() -> impl Strategy<Value = Status> {
    prop::bool::weighted(0.8).prop_map(|active| if active { Status::Active } else { Status::Inactive })
}

fn people() -> impl Strategy<Value = People> {
    let few_groups = || prop_oneof![2 => Just(vec![]), 1 => some(&GROUPS)];
    let few_users = || prop_oneof![2 => Just(vec![]), 1 => some(&USERS)];
    (any::<bool>(), few_groups(), few_groups(), few_users(), few_users()).prop_map(
        |(everyone, groups, exclude_groups, users, exclude_users)| People {
            everyone,
            groups: groups.into_iter().map(group).collect(),
            exclude_groups: exclude_groups.into_iter().map(group).collect(),
            users: users.into_iter().map(user).collect(),
            exclude_users: exclude_users.into_iter().map(user).collect(),
        },
    )
}

fn scope_condition() -> impl Strategy<Value = ScopeCondition> {
    prop_oneof![Just(ScopeCondition::Any), some(&SCOPES).prop_map(|names| ScopeCondition::Only(owned(names))),]
}

fn owned(names: Vec<&str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

type RuleParts = (Status, Vec<GrantType>, People, ScopeCondition, u32);
type PolicyParts = (Status, Option<Vec<&'static str>>, Vec<RuleParts>);

fn rule() -> impl Strategy<Value = RuleParts> {
    let grants = prop_oneof![Just(GrantType::ALL.to_vec()), some(&GRANTS)];
    (mostly_active(), grants, people(), scope_condition(), 5..1_440_u32)
}

fn policy() -> impl Strategy<Value = PolicyParts> {
    let clients = prop_oneof![Just(None), some(&CLIENTS).prop_map(Some)];
    (mostly_active(), clients, prop::collection::vec(rule(), 0..4))
}

/// A server.
pub fn world() -> impl Strategy<Value = World> {
    let consent = select(Consent::ALL);
    let scopes = prop::collection::vec((any::<bool>(), any::<bool>(), consent), SCOPES.len() - 1);
    (prop::collection::vec(policy(), 0..4), scopes).prop_map(|(policies, scopes)| {
        let mut world = World::new();
        for (name, (exists, default, consent)) in SCOPES.into_iter().zip(scopes) {
            if exists {
                let scope = world.scope(name);
                (scope.default, scope.consent) = (default, consent);
            }
        }
        for (policy_name, (status, clients, rules)) in ('P'..).zip(policies) {
            let policy = world.add_policy(&policy_name.to_string());
            policy.status = status;
            if let Some(clients) = clients {
                policy.clients = ClientCondition::Only(clients.into_iter().map(ClientId::new).collect());
            }
            for (rule_name, (status, grants, people, scopes, minutes)) in ('a'..).zip(rules) {
                let rule = world.add_rule(&rule_name.to_string());
                (rule.status, rule.grant_types, rule.people, rule.scopes) = (status, grants, people, scopes);
                rule.lifetimes.access_token_minutes = minutes;
            }
        }
        world
    })
}

fn user_facts() -> impl Strategy<Value = UserFacts> {
    (select(USERS.to_vec()), some(&GROUPS).prop_shuffle()).prop_map(|(name, groups)| UserFacts {
        groups: groups.into_iter().map(|name| GroupFacts::new(group(name), name)).collect(),
        ..UserFacts::new(user(name), Map::new())
    })
}

fn requested() -> impl Strategy<Value = Requested> {
    let names = || prop::collection::vec(select(SCOPES.to_vec()), 0..4).prop_map(owned);
    let sensible = || some(&["read", "write", "pay"]).prop_map(owned);
    prop_oneof![
        Just(Requested::Omitted),
        sensible().prop_map(Requested::Explicit),
        names().prop_map(Requested::Explicit),
        sensible().prop_map(Requested::Original),
        names().prop_map(Requested::Original),
    ]
}

fn consent_facts() -> impl Strategy<Value = ConsentFacts> {
    let prompt =
        prop_oneof![3 => Just(None), 1 => Just(Some(Prompt::None)), 1 => Just(Some(Prompt::Consent))];
    (prompt, some(&SCOPES).prop_map(owned)).prop_map(|(prompt, given)| ConsentFacts { prompt, given })
}

/// A request. Whether there is a user does not follow from the grant: the engine must stand that too.
pub fn facts() -> impl Strategy<Value = Facts> {
    let client = (select(CLIENTS.to_vec()), select(ConsentMethod::ALL.to_vec()));
    let grant = (select(GRANTS.to_vec()), prop::option::of(select(GRANTS.to_vec())));
    (client, grant, prop::option::weighted(0.7, user_facts()), requested(), consent_facts()).prop_map(
        |((client, consent_method), (grant_type, began_with), user, scopes, consent)| {
            let (client_id, app) = (ClientId::new(client), AppId::mint(seed(client)));
            let client = ClientFacts { client_id, app, profile: None, consent_method };
            Facts { user, began_with, consent, ..Facts::new(client, grant_type, scopes) }
        },
    )
}

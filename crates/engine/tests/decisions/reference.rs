//! The decision once more: slow, obvious, straight from Okta's sections 2.6 to 2.8 and 3.3 over `model`'s own types.
//! It exists only to be compared with.

use engine::{Decision, Facts, Grant, Prompt, Refusal, Requested, Unasked};
use model::app::ConsentMethod;
use model::policy::ClientCondition;
use model::rule::ScopeCondition;
use model::scope::Consent;
use model::{GrantType, Policy, Rule, Scope};

use crate::world::World;

/// What should come out.
pub fn decide(world: &World, facts: &Facts) -> Decision {
    let is_service = facts.grant_type == GrantType::ClientCredentials;
    let named: Option<&Vec<String>> = match &facts.scopes {
        Requested::Omitted => None,
        Requested::Explicit(names) | Requested::Original(names) => Some(names),
    };
    if named.is_none() && !world.scopes.iter().any(|scope| scope.default) {
        return Err(Refusal::NoDefaultScopes);
    }
    let asked: &[String] = named.map_or(&[], Vec::as_slice);
    if is_service && asked.iter().any(|name| is_openid(name)) {
        return Err(Refusal::OpenIdScopeForService);
    }
    if !asked.iter().all(|name| world.scopes.iter().any(|scope| scope.name == *name)) {
        return Err(Refusal::NoMatchingScope);
    }
    let Some((policy, rule)) =
        candidates(world, facts).find(|(_, rule)| asked.iter().all(|s| lists(rule, s)))
    else {
        return Err(no_rule(world, facts, asked));
    };
    let mut scopes: Vec<String> = Vec::new();
    if named.is_none() {
        for scope in world.scopes.iter().filter(|scope| scope.default && lists(rule, &scope.name)) {
            let cannot_ask = unasked(facts).is_some() && needs_consent(scope, facts);
            let is_for_users = is_service && is_openid(&scope.name);
            if !cannot_ask && !is_for_users {
                scopes.push(scope.name.clone());
            }
        }
    } else {
        for name in asked {
            if !scopes.contains(name) {
                scopes.push(name.clone());
            }
        }
    }
    if scopes.is_empty() {
        return Err(Refusal::NoScopeAllowed);
    }
    let for_users: Vec<String> = scopes
        .iter()
        .filter(|name| world.scopes.iter().any(|scope| scope.name == **name && needs_consent(scope, facts)))
        .cloned()
        .collect();
    if let (Some(why), false) = (unasked(facts), for_users.is_empty()) {
        return Err(Refusal::ConsentRequired(for_users, why));
    }
    Ok(Grant {
        policy: policy.id,
        policy_name: policy.name.clone(),
        rule: rule.id,
        rule_name: rule.name.clone(),
        scopes: scopes.iter().map(|name| name.as_str().into()).collect(),
        lifetimes: rule.lifetimes,
    })
}

/// Row by row as the matrix of section 3.4 has it; services, 3.3.
fn needs_consent(scope: &Scope, facts: &Facts) -> bool {
    let asks = facts.client.consent_method == ConsentMethod::Required;
    let given = facts.consent.given.contains(&scope.name);
    match (facts.grant_type, scope.consent, facts.consent.prompt) {
        (GrantType::ClientCredentials, consent, _) => consent == Consent::Required,
        (GrantType::RefreshToken, _, _) | (_, Consent::Implicit, _) => false,
        (_, _, Some(Prompt::Consent)) => true,
        (_, _, None | Some(Prompt::None)) => asks && !given,
    }
}

fn unasked(facts: &Facts) -> Option<Unasked> {
    match (facts.grant_type, facts.consent.prompt) {
        (GrantType::ClientCredentials, _) => Some(Unasked::Service),
        (GrantType::Password, _) => Some(Unasked::Password),
        (GrantType::TokenExchange, _) => Some(Unasked::TokenExchange),
        (_, Some(Prompt::None)) | (GrantType::MfaOob, _) => Some(Unasked::Silent),
        _ => None,
    }
}

/// Whether a policy and a rule of it match, whatever comes before them.
pub fn matches(policy: &Policy, rule: &Rule, facts: &Facts) -> bool {
    let asked: &[String] = match &facts.scopes {
        Requested::Omitted => &[],
        Requested::Explicit(names) | Requested::Original(names) => names,
    };
    takes(policy, facts) && is_candidate(rule, facts) && asked.iter().all(|name| lists(rule, name))
}

fn takes(policy: &Policy, facts: &Facts) -> bool {
    policy.status.is_active()
        && match &policy.clients {
            ClientCondition::All => true,
            ClientCondition::Only(clients) => clients.contains(&facts.client.client_id),
        }
}

fn is_candidate(rule: &Rule, facts: &Facts) -> bool {
    let judged = match (facts.grant_type, facts.began_with) {
        (GrantType::RefreshToken, Some(first)) => first,
        (asked, _) => asked,
    };
    rule.status.is_active() && rule.grant_types.contains(&judged) && is_for(rule, facts)
}

/// Every rule that takes part and whose grant and people match, in order.
fn candidates<'a>(world: &'a World, facts: &'a Facts) -> impl Iterator<Item = (&'a Policy, &'a Rule)> {
    let policies = world.policies.iter().filter(|(policy, _)| takes(policy, facts));
    let rules = policies.flat_map(|(policy, rules)| rules.iter().map(move |rule| (policy, rule)));
    rules.filter(|(_, rule)| is_candidate(rule, facts))
}

fn is_for(rule: &Rule, facts: &Facts) -> bool {
    let people = &rule.people;
    let names_nobody = !people.everyone && people.groups.is_empty() && people.users.is_empty();
    match &facts.user {
        None => people.everyone || names_nobody,
        Some(user) => {
            let included = people.everyone
                || people.users.contains(&user.id)
                || people.groups.iter().any(|group| user.groups.iter().any(|of_user| of_user.id == *group));
            let excluded = people.exclude_users.contains(&user.id)
                || people
                    .exclude_groups
                    .iter()
                    .any(|group| user.groups.iter().any(|of_user| of_user.id == *group));
            included && !excluded
        }
    }
}

/// Whether the rule lists the scope, or any.
pub fn lists(rule: &Rule, name: &str) -> bool {
    match &rule.scopes {
        ScopeCondition::Any => true,
        ScopeCondition::Only(names) => names.iter().any(|listed| listed == name),
    }
}

fn is_openid(name: &str) -> bool {
    matches!(name, "openid" | "profile" | "email" | "address" | "phone" | "offline_access" | "device_sso")
}

/// A refresh hears which of its scopes are gone, if the first rule that permits any of them leaves some out.
fn no_rule(world: &World, facts: &Facts, asked: &[String]) -> Refusal {
    let partly = candidates(world, facts).find(|(_, rule)| asked.iter().any(|name| lists(rule, name)));
    match (&facts.scopes, partly) {
        (Requested::Original(_), Some((_, rule))) => {
            let mut denied: Vec<String> = Vec::new();
            for name in asked {
                if !lists(rule, name) && !denied.contains(name) {
                    denied.push(name.clone());
                }
            }
            Refusal::ScopeDenied(denied)
        }
        _ => Refusal::NoMatchingPolicy,
    }
}

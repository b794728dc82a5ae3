//! Chooses the rule that governs a request, and everything that follows from it.

use std::sync::Arc;

use model::rule::Lifetimes;
use model::{PolicyId, RuleId};

use crate::consent::{self, Unasked};
use crate::facts::{Facts, Requested};
use crate::matching::{Condition, failed_conditions, grants, holds, is_for_client};
use crate::server::{AuthorizationServer, Policy, Rule, ScopeName};
use crate::trace::{Skipped, Step, Trace};

/// What is granted, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The policy.
    pub policy: PolicyId,
    /// Its name.
    pub policy_name: String,
    /// The rule.
    pub rule: RuleId,
    /// Its name.
    pub rule_name: String,
    /// The scopes, in the order in which they were asked for; at least one, and none twice.
    pub scopes: Vec<ScopeName>,
    /// How long the tokens last.
    pub lifetimes: Lifetimes,
}

/// Why nothing is granted. [`Refusal::name`] is Okta's internal word, which the log shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No rule of any policy matches.
    NoMatchingPolicy,
    /// A scope does not exist on the server.
    NoMatchingScope,
    /// A rule matches, and none of the scopes is left: it permits none of the server's default scopes. There is
    /// no grant without a scope.
    NoScopeAllowed,
    /// Scopes that were granted before are no longer permitted.
    ScopeDenied(Vec<String>),
    /// The request names no scope, and the server has no default.
    NoDefaultScopes,
    /// A service asked for one of OpenID Connect's scopes.
    OpenIdScopeForService,
    /// Scopes need a user's consent, and nobody can be asked.
    ConsentRequired(Vec<String>, Unasked),
}

impl Refusal {
    /// Okta's internal name (`outcome.reason` of the log).
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoMatchingPolicy => "no_matching_policy",
            Self::NoMatchingScope => "no_matching_scope",
            Self::NoScopeAllowed => "no_scope_allowed",
            Self::ScopeDenied(_) => "scope_denied",
            Self::NoDefaultScopes => "no_default_scopes",
            Self::OpenIdScopeForService => "client_credentials_openid_scope",
            Self::ConsentRequired(..) => "consent_required",
        }
    }
}

/// The outcome.
pub type Decision = Result<Grant, Refusal>;

/// Chooses the rule that governs `facts`, and everything that follows from it (Okta).
pub fn decide(server: &AuthorizationServer, facts: &Facts, trace: &mut impl Trace) -> Decision {
    let asked = requested_scopes(server, facts)?;
    let Some((policy, rule)) = first_match(server, facts, &asked, trace) else {
        return Err(why_no_rule_matched(server, facts, &asked));
    };
    let scopes = match facts.scopes {
        Requested::Omitted => default_scopes(server, facts, rule, trace),
        Requested::Explicit(_) | Requested::Original(_) => asked,
    };
    if scopes.is_empty() {
        return Err(Refusal::NoScopeAllowed);
    }
    match consent::needed(server, facts, &scopes) {
        (needed, _) if needed.is_empty() => {}
        (needed, Some(why)) => return Err(Refusal::ConsentRequired(texts(&needed), why)),
        (needed, None) => trace.note(|| Step::ConsentAsked(needed)),
    }
    Ok(Grant {
        policy: policy.id,
        policy_name: policy.name.clone(),
        rule: rule.id,
        rule_name: rule.name.clone(),
        scopes,
        lifetimes: rule.lifetimes,
    })
}

fn texts(scopes: &[ScopeName]) -> Vec<String> {
    scopes.iter().map(ToString::to_string).collect()
}

/// The scopes that the request names, each once and known to the server; none if it names none.
fn requested_scopes(server: &AuthorizationServer, facts: &Facts) -> Result<Vec<ScopeName>, Refusal> {
    let names = match &facts.scopes {
        Requested::Omitted if server.default_scopes.is_empty() => return Err(Refusal::NoDefaultScopes),
        Requested::Omitted => return Ok(Vec::new()),
        Requested::Explicit(names) | Requested::Original(names) => names,
    };
    if facts.grant_type.is_without_user() && names.iter().any(|name| model::scope::is_openid(name)) {
        return Err(Refusal::OpenIdScopeForService);
    }
    let mut scopes: Vec<ScopeName> = Vec::with_capacity(names.len());
    for name in names {
        let (known, _) = server.scopes.get_key_value(name.as_str()).ok_or(Refusal::NoMatchingScope)?;
        if !scopes.contains(known) {
            scopes.push(Arc::clone(known));
        }
    }
    Ok(scopes)
}

/// Walks policies, then rules, in the order of their priorities; the first rule whose every condition holds. A
/// policy without such a rule does not end the walk.
fn first_match<'a>(
    server: &'a AuthorizationServer,
    facts: &Facts,
    asked: &[ScopeName],
    trace: &mut impl Trace,
) -> Option<(&'a Policy, &'a Rule)> {
    for (at, policy) in server.policies.iter().enumerate() {
        let skipped = skip(policy, facts);
        trace.note(|| Step::Policy { at, skipped });
        if skipped.is_some() {
            continue;
        }
        for (at, rule) in policy.rules.iter().enumerate() {
            if rule_matches(at, rule, facts, asked, trace) {
                return Some((policy, rule));
            }
        }
    }
    None
}

fn skip(policy: &Policy, facts: &Facts) -> Option<Skipped> {
    if !policy.active {
        return Some(Skipped::Inactive);
    }
    (!is_for_client(policy, facts)).then_some(Skipped::OtherClients)
}

fn rule_matches<T: Trace>(at: usize, rule: &Rule, facts: &Facts, asked: &[ScopeName], trace: &mut T) -> bool {
    if T::WANTED {
        let failed = failed_conditions(rule, facts, asked);
        trace.note(|| Step::Rule { at, failed });
        return rule.active && failed.is_empty();
    }
    rule.active && Condition::ALL.into_iter().all(|condition| holds(condition, rule, facts, asked))
}

/// Which of the refusals it is when no rule matched. A rule that lists other scopes just does not match, so the
/// answer is `no_matching_policy`. Okta does not say when `scope_denied` is answered instead; we answer it where
/// scopes that were granted before are asked for again and only some of them are still permitted, because there
/// the client can act on the list.
fn why_no_rule_matched(server: &AuthorizationServer, facts: &Facts, asked: &[ScopeName]) -> Refusal {
    if !matches!(facts.scopes, Requested::Original(_)) {
        return Refusal::NoMatchingPolicy;
    }
    let policies = server.policies.iter().filter(|policy| skip(policy, facts).is_none());
    let mut rules = policies.flat_map(|policy| &policy.rules).filter(|rule| {
        rule.active
            && holds(Condition::GrantType, rule, facts, asked)
            && holds(Condition::People, rule, facts, asked)
            && asked.iter().any(|scope| grants(rule, scope))
    });
    rules.next().map_or(Refusal::NoMatchingPolicy, |rule| {
        let denied = asked.iter().filter(|scope| !grants(rule, scope));
        Refusal::ScopeDenied(denied.map(ToString::to_string).collect())
    })
}

/// The server's default scopes that the rule permits and that this grant can have at all: a request that named
/// no scope is never refused for a default that somebody else set.
fn default_scopes(
    server: &AuthorizationServer,
    facts: &Facts,
    rule: &Rule,
    trace: &mut impl Trace,
) -> Vec<ScopeName> {
    let service = facts.grant_type.is_without_user();
    let fits = |scope: &ScopeName| {
        grants(rule, scope)
            && !(service && model::scope::is_openid(scope))
            && !consent::is_out_of_reach(server, facts, scope)
    };
    let (granted, left_out): (Vec<_>, Vec<_>) = server.default_scopes.iter().cloned().partition(fits);
    if !left_out.is_empty() {
        trace.note(|| Step::DefaultScopesLeftOut(left_out));
    }
    granted
}

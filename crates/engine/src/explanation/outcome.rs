//! The outcome of a decision, explained.

use serde::Serialize;
use serde_json::{Map, Value};

use super::change::{self, Change};
use super::names::Named;
use super::{PolicyTold, RuleTold};
use crate::claims::ClaimFailure;
use crate::consent::Unasked;
use crate::decide::{Grant, Refusal};
use crate::facts::Facts;
use crate::mint::{Denied, Minted};
use crate::server::{AuthorizationServer, Rule};

/// A rule and its policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The policy.
    pub policy: Named,
    /// The rule.
    pub rule: Named,
}

/// The rule for which the least would have to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Nearest {
    /// Which.
    #[serde(flatten)]
    pub place: Place,
    /// What would have to change.
    #[serde(serialize_with = "change::with_text")]
    pub changes: Vec<Change>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "result", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// Tokens.
    Granted {
        /// By which rule.
        by: Place,
        /// The scopes.
        scopes: Vec<String>,
        /// The tokens: `access_token`, `id_token`, `refresh_token`.
        tokens: Vec<&'static str>,
        /// How long the access token lasts.
        access_token_minutes: u32,
        /// How long a refresh token lasts; 0 is unlimited.
        refresh_token_minutes: u32,
        /// How long a refresh token may lie unused.
        refresh_token_window_minutes: u32,
    },
    /// An error.
    Refused {
        /// Okta's internal name of it.
        reason: &'static str,
        /// The same in words.
        text: String,
        /// The rule that matched all the same.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<Place>,
        /// What would have to change, where no rule is to blame.
        #[serde(serialize_with = "change::with_text")]
        changes: Vec<Change>,
        /// The rule that was nearest to matching, where none did.
        #[serde(skip_serializing_if = "Option::is_none")]
        nearest: Option<Nearest>,
    },
}

impl Outcome {
    pub(super) fn of(
        server: &AuthorizationServer,
        facts: &Facts,
        outcome: &Result<Minted, Denied>,
        governing: Option<&Rule>,
        policies: &[PolicyTold],
    ) -> Self {
        let denied = match outcome {
            Ok(minted) => return Self::granted(minted),
            Err(denied) => denied,
        };
        let (reason, text, changes) = match denied {
            Denied::Claim(failure) => (failure.reason(), claim_text(failure), Vec::new()),
            Denied::Decision(refusal) => {
                let changes = change::for_refusal(server, facts, governing, refusal);
                (refusal.name(), refusal_text(refusal), changes)
            }
        };
        let is_unmatched = matches!(denied, Denied::Decision(Refusal::NoMatchingPolicy));
        Self::Refused {
            reason,
            text,
            by: rules(policies).find(|(_, rule)| rule.governs).map(place),
            changes,
            nearest: if is_unmatched { nearest(policies) } else { None },
        }
    }

    fn granted(minted: &Minted) -> Self {
        let Grant { policy, policy_name, rule, rule_name, scopes, lifetimes } = &minted.grant;
        let has = |name, token: &Option<Map<String, Value>>| token.as_ref().map(|_| name);
        let refresh = minted.refresh_token.then_some("refresh_token");
        let tokens = [has("access_token", &minted.access_token), has("id_token", &minted.id_token), refresh];
        Self::Granted {
            by: Place {
                policy: Named::new(policy.as_str(), Some(policy_name.clone())),
                rule: Named::new(rule.as_str(), Some(rule_name.clone())),
            },
            scopes: scopes.iter().map(ToString::to_string).collect(),
            tokens: tokens.into_iter().flatten().collect(),
            access_token_minutes: lifetimes.access_token_minutes,
            refresh_token_minutes: lifetimes.refresh_token_minutes,
            refresh_token_window_minutes: lifetimes.refresh_token_window_minutes,
        }
    }
}

fn rules(policies: &[PolicyTold]) -> impl Iterator<Item = (&PolicyTold, &RuleTold)> {
    policies.iter().flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)))
}

fn place((policy, rule): (&PolicyTold, &RuleTold)) -> Place {
    Place { policy: policy.named.clone(), rule: rule.named.clone() }
}

/// Of rules that are equally near the first. A rule that no request can match is not near.
fn nearest(policies: &[PolicyTold]) -> Option<Nearest> {
    let possible = rules(policies).filter(|(_, rule)| !rule.changes.contains(&Change::PeopleOfRule));
    let distance = |rule: &RuleTold| rule.changes.iter().map(Change::weight).sum::<u32>();
    let (policy, rule) = possible.min_by_key(|(_, rule)| distance(rule))?;
    Some(Nearest { place: place((policy, rule)), changes: rule.changes.clone() })
}

fn claim_text(failure: &ClaimFailure) -> String {
    let owner = if failure.system { "system" } else { "user" };
    format!("the {owner} claim `{}` could not be evaluated: {}", failure.name, failure.detail)
}

fn refusal_text(refusal: &Refusal) -> String {
    let quoted = |names: &[String]| super::names::said(names, "and");
    match refusal {
        Refusal::NoMatchingPolicy => "no rule of any policy matches".to_owned(),
        Refusal::NoMatchingScope => "the server does not have every scope that was asked for".to_owned(),
        Refusal::NoScopeAllowed => {
            "a rule matches, but of the server's default scopes none is left for this request".to_owned()
        }
        Refusal::ScopeDenied(names) => format!("{} may not be granted any more", quoted(names)),
        Refusal::NoDefaultScopes => {
            "the request names no scope, and the server has no default scopes".to_owned()
        }
        Refusal::OpenIdScopeForService => {
            "a service has no user, so it cannot have the scopes of OpenID Connect".to_owned()
        }
        Refusal::ConsentRequired(names, why) => {
            let why = match why {
                Unasked::Service => "a service has no user",
                Unasked::Password => "the user gave the password to the client",
                Unasked::TokenExchange => "another token stands for the user",
                Unasked::Silent => "nobody may be asked",
            };
            let need = if names.len() == 1 { "needs" } else { "need" };
            format!("{} {need} the user's consent, and {why}", quoted(names))
        }
    }
}

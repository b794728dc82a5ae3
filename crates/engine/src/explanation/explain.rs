//! Puts an explanation together from what was recorded, the server and the facts.

use std::collections::HashMap;

use super::change;
use super::names::{Known, Named, Names, listed};
use super::outcome::Outcome;
use super::verdict::{self, Asked, Verdict};
use super::{Explanation, PolicyTold, RequestTold, RuleTold, SCHEMA, UserTold, claims, scopes};
use crate::facts::{Facts, Requested};
use crate::matching::{Condition, Conditions, failed_conditions};
use crate::mint::{Denied, Minted};
use crate::server::{AuthorizationServer, Policy, Rule, ScopeName};
use crate::trace::{Recorder, Step};

/// How many rules are told of; a server may have a million.
const RULES_MAX: usize = 1_000;

/// Explains what `recorder` heard while `outcome` came out for `facts`.
pub fn explain(
    server: &AuthorizationServer,
    facts: &Facts,
    names: &dyn Names,
    recorder: &Recorder,
    outcome: &Result<Minted, Denied>,
) -> Explanation {
    let known = Known { facts, names };
    let heard = Heard::from(recorder);
    let asked = asked(facts);
    let telling = Telling { server, known, heard: &heard, asked: &asked };
    let governing = heard.governing(server).map(|(_, rule)| rule);
    let mut left = RULES_MAX;
    let policies: Vec<PolicyTold> = (0..server.policies.len())
        .filter_map(|at| server.policies.get(at).map(|policy| telling.policy(at, policy, &mut left)))
        .collect();
    let all: usize = server.policies.iter().map(|policy| policy.rules.len()).sum();
    let told: usize = policies.iter().map(|policy| policy.rules.len()).sum();
    Explanation {
        schema: SCHEMA,
        server: server.name.clone(),
        request: request(known, asked.clone()),
        outcome: Outcome::of(server, facts, outcome, governing, &policies),
        policies,
        rules_left_out: all.saturating_sub(told),
        scopes: scopes::told(server, facts, recorder, governing, outcome),
        claims: claims::told(server, recorder),
    }
}

/// The scopes that the request names, each once.
pub(super) fn asked(facts: &Facts) -> Vec<String> {
    let names = match &facts.scopes {
        Requested::Omitted => return Vec::new(),
        Requested::Explicit(names) | Requested::Original(names) => names,
    };
    let mut asked: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        if !asked.contains(name) {
            asked.push(name.clone());
        }
    }
    asked
}

fn request(known: Known<'_>, asked: Vec<String>) -> RequestTold {
    let facts = known.facts;
    let judged = facts.judged_grant_type();
    RequestTold {
        client: known.client(&facts.client.client_id),
        grant_type: facts.grant_type,
        judged_as: (judged != facts.grant_type).then_some(judged),
        user: facts.user.as_ref().map(|user| UserTold {
            named: known.user(user.id),
            groups: listed(user.groups.iter().map(|group| known.group(group.id))),
        }),
        scopes: (facts.scopes != Requested::Omitted).then_some(asked),
        granted_before: matches!(facts.scopes, Requested::Original(_)),
    }
}

/// What was recorded, by place.
#[derive(Default)]
struct Heard {
    policies: HashMap<usize, HashMap<usize, Conditions>>,
    last: Option<(usize, usize)>,
}

impl From<&Recorder> for Heard {
    fn from(recorder: &Recorder) -> Self {
        let mut heard = Self::default();
        let mut current = None;
        for step in &recorder.steps {
            match step {
                Step::Policy { at, .. } => {
                    current = Some(*at);
                    heard.policies.entry(*at).or_default();
                }
                Step::Rule { at, failed } => {
                    if let Some(policy) = current {
                        heard.policies.entry(policy).or_default().insert(*at, *failed);
                        heard.last = Some((policy, *at));
                    }
                }
                _ => {}
            }
        }
        heard
    }
}

impl Heard {
    /// The rule at which the search ended because it matched.
    fn governing<'a>(&self, server: &'a AuthorizationServer) -> Option<((usize, usize), &'a Rule)> {
        let (policy, at) = self.last?;
        let rule = server.policies.get(policy)?.rules.get(at)?;
        let failed = self.policies.get(&policy)?.get(&at)?;
        (rule.active && failed.is_empty()).then_some(((policy, at), rule))
    }
}

/// What all parts of the telling share.
struct Telling<'a> {
    server: &'a AuthorizationServer,
    known: Known<'a>,
    heard: &'a Heard,
    asked: &'a [String],
}

impl Telling<'_> {
    fn policy(&self, at: usize, policy: &Policy, left: &mut usize) -> PolicyTold {
        let conditions = vec![verdict::status(policy.active), verdict::clients(self.known, policy)];
        let applies = conditions.iter().all(|verdict| verdict.holds);
        let rules = policy.rules.iter().take(*left).enumerate();
        let rules: Vec<RuleTold> =
            rules.map(|(number, rule)| self.rule((at, number), policy, rule)).collect();
        *left = left.saturating_sub(rules.len());
        PolicyTold {
            named: Named::new(policy.id.as_str(), Some(policy.name.clone())),
            reached: self.heard.policies.contains_key(&at),
            applies,
            conditions,
            rules,
        }
    }

    fn rule(&self, place: (usize, usize), policy: &Policy, rule: &Rule) -> RuleTold {
        let recorded = self.heard.policies.get(&place.0).and_then(|rules| rules.get(&place.1)).copied();
        let failed = recorded.unwrap_or_else(|| self.would_fail(rule));
        let mut conditions: Vec<Verdict> = vec![verdict::status(rule.active)];
        conditions.extend(Condition::ALL.into_iter().map(|condition| {
            verdict::of_rule(condition, self.known, rule, self.asked, !failed.contains(condition))
        }));
        let is_failed = |condition| failed.contains(condition);
        RuleTold {
            named: Named::new(rule.id.as_str(), Some(rule.name.clone())),
            reached: recorded.is_some(),
            matches: rule.active && failed.is_empty(),
            governs: self.heard.governing(self.server).is_some_and(|(governing, _)| governing == place),
            failed_first: first_failed(&conditions),
            conditions,
            changes: change::for_rule(self.server, self.known, policy, rule, self.asked, is_failed),
        }
    }

    /// The conditions of a rule whose turn did not come.
    fn would_fail(&self, rule: &Rule) -> Conditions {
        let asked: Vec<ScopeName> = self.asked.iter().map(|name| name.as_str().into()).collect();
        failed_conditions(rule, self.known.facts, &asked)
    }
}

fn first_failed(conditions: &[Verdict]) -> Option<Asked> {
    conditions.iter().find(|verdict| !verdict.holds).map(|verdict| verdict.condition)
}

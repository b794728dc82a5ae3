//! What became of each scope that was asked for or is granted by default.

use model::scope::{Consent, is_openid};
use serde::Serialize;

use crate::consent;
use crate::facts::{Facts, Requested};
use crate::matching::grants;
use crate::mint::{Denied, Minted};
use crate::server::{AuthorizationServer, Rule};
use crate::trace::{Recorder, Step};

/// To so many unknown scopes it is said which was probably meant.
const HINTS_MAX: usize = 10;

/// What became of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ScopeVerdict {
    /// The tokens have it.
    Granted,
    /// The server has no such scope.
    Unknown,
    /// It is a default that the rule does not grant.
    NotOfRule,
    /// It needs a user, and there is none.
    NeedsUser,
    /// It needs the user's consent, and nobody can be asked.
    NeedsConsent,
    /// Nothing speaks against it, but a claim could not be evaluated, and there are no tokens.
    ClaimFailed,
    /// Nothing speaks against it, but the request is refused.
    NotGranted,
}

/// A scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeTold {
    /// Its name.
    pub name: String,
    /// Whether it is meant because the request names none.
    pub by_default: bool,
    /// Whether the server asks for consent to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Whether the user is asked before tokens are given out. What follows here takes a yes for granted.
    pub consent_asked: bool,
    /// What became of it.
    pub verdict: ScopeVerdict,
    /// The scope that was probably meant by one that the server does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

impl ScopeTold {
    /// What is said of it to people.
    pub(super) fn text(&self) -> String {
        let meant = self.did_you_mean.as_ref().map(|meant| format!("; did you mean `{meant}`?"));
        let text = match (self.verdict, self.consent_asked, self.by_default) {
            (ScopeVerdict::Granted, true, _) => "granted once the user consents",
            (ScopeVerdict::Granted, false, true) => "granted by default",
            (ScopeVerdict::Granted, false, false) => "granted",
            (ScopeVerdict::Unknown, ..) => "the server has no such scope",
            (ScopeVerdict::NotOfRule, ..) => "the rule does not grant it",
            (ScopeVerdict::NeedsUser, ..) => "a service cannot have it",
            (ScopeVerdict::NeedsConsent, ..) => "needs the user's consent, and nobody can be asked",
            (ScopeVerdict::ClaimFailed, ..) => "would be granted, but a claim failed",
            (ScopeVerdict::NotGranted, ..) => "not granted",
        };
        text.to_owned() + &meant.unwrap_or_default()
    }
}

pub(super) fn told(
    server: &AuthorizationServer,
    facts: &Facts,
    recorder: &Recorder,
    governing: Option<&Rule>,
    outcome: &Result<Minted, Denied>,
) -> Vec<ScopeTold> {
    let by_default = facts.scopes == Requested::Omitted;
    let names: Vec<String> = match &facts.scopes {
        Requested::Omitted => server.default_scopes.iter().map(ToString::to_string).collect(),
        Requested::Explicit(_) | Requested::Original(_) => super::explain::asked(facts),
    };
    let consent_asked = |name: &str| {
        recorder.steps.iter().any(|step| match step {
            Step::ConsentAsked(scopes) => scopes.iter().any(|scope| **scope == *name),
            _ => false,
        })
    };
    let is_granted = |name: &str| {
        outcome.as_ref().is_ok_and(|minted| minted.grant.scopes.iter().any(|scope| **scope == *name))
    };
    let verdict = |name: &str| {
        let service = facts.grant_type.is_without_user();
        match server.scopes.get(name) {
            None => ScopeVerdict::Unknown,
            Some(_) if is_granted(name) => ScopeVerdict::Granted,
            Some(_) if governing.is_some_and(|rule| !grants(rule, name)) => ScopeVerdict::NotOfRule,
            Some(_) if service && is_openid(name) => ScopeVerdict::NeedsUser,
            Some(_) if consent::is_out_of_reach(server, facts, name) => ScopeVerdict::NeedsConsent,
            Some(_) if matches!(outcome, Err(Denied::Claim(_))) => ScopeVerdict::ClaimFailed,
            Some(_) => ScopeVerdict::NotGranted,
        }
    };
    // Comparing names takes time, and a request may name very many that do not exist.
    let unknown = names.iter().filter(|name| !server.scopes.contains_key(name.as_str()));
    let hinted: Vec<String> = unknown.take(HINTS_MAX).cloned().collect();
    let told = |name: String| ScopeTold {
        by_default,
        consent: server.scopes.get(name.as_str()).map(|scope| scope.consent),
        consent_asked: consent_asked(&name),
        verdict: verdict(&name),
        did_you_mean: hinted.contains(&name).then(|| meant(server, &name)).flatten(),
        name,
    };
    names.into_iter().map(told).collect()
}

/// The name most like one that the server does not have.
fn meant(server: &AuthorizationServer, name: &str) -> Option<String> {
    let mut known: Vec<&str> = server.scopes.keys().map(|known| &**known).collect();
    // Of names that are alike the same one every time.
    known.sort_unstable();
    el::nearest(name, known.into_iter()).map(str::to_owned)
}

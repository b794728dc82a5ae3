//! What became of each claim: what it is made of, what it read, and what it says or why it says nothing.

use model::claim::ClaimType;
use serde::Serialize;
use serde_json::Value;

use super::names::said;
use crate::claims::{Claim, Source, json_bytes};
use crate::server::AuthorizationServer;
use crate::trace::{Carrier, ClaimOutcome, Recorder, Step};

/// How many bytes of a claim's value are told.
const VALUE_BYTES_MAX: usize = 4_096;

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClaimVerdict {
    /// The token carries it.
    Released,
    /// It is disabled.
    Disabled,
    /// Its name is the mint's own.
    Reserved,
    /// None of its scopes is granted.
    ScopeNotGranted,
    /// Only userinfo, or an ID token without an access token, carries it.
    OnRequestOnly,
    /// It has no value.
    Null,
    /// A claim of the same name came before it.
    Shadowed,
    /// More groups than a token may carry; it says where to ask for them.
    Overflowed,
    /// It could not be evaluated, and the request is refused.
    Failed,
}

/// Something that a claim read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InputTold {
    /// Where: `user.firstName`.
    pub path: String,
    /// What stood there, shortened if it is long.
    pub value: Value,
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimTold {
    /// What would carry it.
    pub token: Carrier,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it came with the server.
    pub system: bool,
    /// `EXPRESSION`, `GROUPS` or `SYSTEM`.
    pub value_type: &'static str,
    /// The expression, or the filter in words; absent where the server knows by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The scopes of which one must be granted; none means any.
    pub scopes: Vec<String>,
    /// What became of it.
    pub verdict: ClaimVerdict,
    /// What it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why it says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What was read for it.
    pub inputs: Vec<InputTold>,
}

pub(super) fn told(server: &AuthorizationServer, recorder: &Recorder) -> Vec<ClaimTold> {
    let steps = recorder.steps.iter().filter_map(|step| match step {
        Step::Claim { carrier, of, at, inputs, outcome } => {
            let claims = match of {
                ClaimType::Resource => &server.access_claims,
                ClaimType::Identity => &server.identity_claims,
            };
            let token = *carrier;
            let input =
                |input: &el::Input| InputTold { path: input.path.clone(), value: input.value.to_json() };
            claims.get(*at).map(|claim| one(token, claim, outcome, inputs.iter().map(input).collect()))
        }
        _ => None,
    });
    steps.collect()
}

fn one(token: Carrier, claim: &Claim, outcome: &ClaimOutcome, inputs: Vec<InputTold>) -> ClaimTold {
    let (value_type, source) = match &claim.source {
        Source::Expression(program) => ("EXPRESSION", Some(program.text().to_owned())),
        Source::Broken { value_type, text, .. } => (*value_type, Some(text.clone())),
        Source::Groups(filter) => ("GROUPS", Some(filter.described())),
        Source::Profile(_) => ("SYSTEM", None),
    };
    let (verdict, value, text) = verdict(claim, outcome);
    ClaimTold {
        token,
        id: claim.id.to_string(),
        name: claim.name.clone(),
        system: claim.system,
        value_type,
        source,
        scopes: claim.scopes.clone(),
        verdict,
        value,
        text,
        inputs,
    }
}

fn verdict(claim: &Claim, outcome: &ClaimOutcome) -> (ClaimVerdict, Option<Value>, Option<String>) {
    let text = |verdict, text: &str| (verdict, None, Some(text.to_owned()));
    match outcome {
        ClaimOutcome::Released(value) => (ClaimVerdict::Released, Some(beginning(value)), None),
        ClaimOutcome::Disabled => text(ClaimVerdict::Disabled, "it is disabled"),
        ClaimOutcome::Reserved => text(ClaimVerdict::Reserved, "its name is reserved"),
        ClaimOutcome::ScopeNotGranted => {
            let scopes = said(&claim.scopes, "nor");
            let why = match claim.scopes.len() {
                1 => format!("{scopes} is not granted"),
                _ => format!("neither {scopes} is granted"),
            };
            text(ClaimVerdict::ScopeNotGranted, &why)
        }
        ClaimOutcome::OnRequestOnly => text(ClaimVerdict::OnRequestOnly, "on request only: userinfo has it"),
        ClaimOutcome::Null => {
            let why = match claim.source {
                Source::Groups(_) => "no group of the user passes",
                Source::Profile(_) => "the user has none",
                Source::Expression(_) | Source::Broken { .. } => "it is null",
            };
            text(ClaimVerdict::Null, why)
        }
        ClaimOutcome::Shadowed => text(ClaimVerdict::Shadowed, "a claim of this name came before it"),
        ClaimOutcome::Overflowed(count) => text(
            ClaimVerdict::Overflowed,
            &format!("{count} groups are too many for a token: userinfo has them"),
        ),
        ClaimOutcome::Failed(detail) => text(ClaimVerdict::Failed, detail),
    }
}

/// The token has the whole value; here it is shortened if it is long, for there are many claims.
fn beginning(value: &Value) -> Value {
    if json_bytes(value) <= VALUE_BYTES_MAX {
        return value.clone();
    }
    el::Value::from(value).shortened(VALUE_BYTES_MAX).to_json()
}

//! Evaluates the claims of one token or answer: which are released, what they say, and what is told of the others.

use el::Input;
use model::Timestamp;
use model::claim::ClaimType;
use model::token_format::GroupsOverflow;
use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::groups;
use super::overflow::{Groups, point};
use super::variables::Surroundings;
use super::{Cause, Claim, ClaimFailure, Source, Standing};
use crate::facts::Facts;
use crate::mint::Envelope;
use crate::server::{AuthorizationServer, ScopeName};
use crate::trace::{Carrier, ClaimOutcome, Step, Trace};
use crate::yields::Width;

/// How many bytes the values of one token's claims may have together, as JSON. Room for a thousand groups with long names; a
/// header that carries a token has less.
pub const CLAIMS_BYTES_MAX: usize = 256 * 1_024;

/// The claims of one ID token or one answer of userinfo, in the server's order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Released {
    /// Those that come with the server.
    pub system: Map<String, Value>,
    /// Those that an admin made.
    pub custom: Map<String, Value>,
}

/// Evaluates the access token's claims. A claim whose value is null is left out.
pub fn for_access_token(
    server: &AuthorizationServer,
    facts: &Facts,
    granted: &[ScopeName],
    envelope: &Envelope<'_>,
    trace: &mut impl Trace,
) -> Result<Map<String, Value>, ClaimFailure> {
    let surroundings = Surroundings::new(server, facts, granted, envelope.issued_at);
    let pass = Pass::new(surroundings, Carrier::AccessToken, Width::Fat);
    let mut claims = Map::new();
    let overflowed = pass.release(trace, |claim, value| put(&mut claims, claim, value))?;
    point(&mut claims, &overflowed, envelope.issuer);
    Ok(claims)
}

/// Evaluates the ID token's claims.
pub fn for_id_token(
    server: &AuthorizationServer,
    facts: &Facts,
    granted: &[ScopeName],
    width: Width,
    envelope: &Envelope<'_>,
    trace: &mut impl Trace,
) -> Result<Released, ClaimFailure> {
    let surroundings = Surroundings::new(server, facts, granted, envelope.issued_at);
    let pass = Pass::new(surroundings, Carrier::IdToken, width);
    let mut released = Released::default();
    let overflowed = pass.release(trace, |claim, value| released.put(claim, value))?;
    point(&mut released.custom, &overflowed, envelope.issuer);
    Ok(released)
}

/// Evaluates what userinfo says: every claim of the ID token whose scopes are granted. Where a token points here for
/// groups that were too many for it, all of them are told, also those of the access token.
pub fn for_userinfo(
    server: &AuthorizationServer,
    facts: &Facts,
    granted: &[ScopeName],
    at: Timestamp,
    trace: &mut impl Trace,
) -> Result<Released, ClaimFailure> {
    let pass = Pass::new(Surroundings::new(server, facts, granted, at), Carrier::Userinfo, Width::Fat);
    let mut released = Released::default();
    pass.release(trace, |claim, value| released.put(claim, value))?;
    if server.groups_overflow == GroupsOverflow::Pointer {
        pass.add_overflowed(&mut released, trace);
    }
    Ok(released)
}

impl Released {
    fn put(&mut self, claim: &Claim, value: Value) -> bool {
        let taken = |claims: &Map<String, Value>| claims.contains_key(&claim.name);
        if taken(&self.system) || taken(&self.custom) {
            return false;
        }
        let claims = if claim.system { &mut self.system } else { &mut self.custom };
        put(claims, claim, value)
    }
}

/// Of claims with the same name the first counts.
fn put(claims: &mut Map<String, Value>, claim: &Claim, value: Value) -> bool {
    match claims.entry(claim.name.as_str()) {
        Entry::Vacant(free) => {
            free.insert(value);
            true
        }
        Entry::Occupied(_) => false,
    }
}

/// One pass over the claims of a token.
pub(super) struct Pass<'a> {
    pub(super) surroundings: Surroundings<'a>,
    pub(super) carrier: Carrier,
    pub(super) width: Width,
    /// Whether more groups than a token may carry are too many.
    pub(super) bounded: bool,
}

impl<'a> Pass<'a> {
    fn new(surroundings: Surroundings<'a>, carrier: Carrier, width: Width) -> Self {
        let bounded = groups::are_bounded(surroundings.facts);
        Self { surroundings, carrier, width, bounded }
    }

    /// Hands every claim that has a value to `put`, which says whether there was room; the claims that overflowed.
    fn release<T: Trace>(
        &self,
        trace: &mut T,
        mut put: impl FnMut(&Claim, Value) -> bool,
    ) -> Result<Vec<&'a Claim>, ClaimFailure> {
        let (server, carrier) = (self.surroundings.server, self.carrier);
        let (of, claims) = match carrier {
            Carrier::AccessToken => (ClaimType::Resource, &server.access_claims),
            Carrier::IdToken | Carrier::Userinfo => (ClaimType::Identity, &server.identity_claims),
        };
        let mut overflowed = Vec::new();
        let mut room = CLAIMS_BYTES_MAX;
        for (at, claim) in claims.iter().enumerate() {
            if let Some(outcome) = self.why_left_out(claim) {
                trace.note(|| Step::Claim { carrier, of, at, inputs: Vec::new(), outcome });
                continue;
            }
            let (answer, inputs) = self.evaluate::<T>(claim);
            let answer = answer.and_then(|answer| within(&mut room, claim, answer));
            let tell = |outcome| trace.note(|| Step::Claim { carrier, of, at, inputs, outcome });
            match answer {
                Ok(Groups::Told(Value::Null)) => tell(ClaimOutcome::Null),
                Ok(Groups::Told(value)) if T::WANTED => {
                    let kept = value.clone();
                    let is_first = put(claim, value);
                    tell(if is_first { ClaimOutcome::Released(kept) } else { ClaimOutcome::Shadowed });
                }
                Ok(Groups::Told(value)) => {
                    put(claim, value);
                }
                Ok(Groups::Pointed(count)) => {
                    overflowed.push(claim);
                    tell(ClaimOutcome::Overflowed(count));
                }
                Err(failure) => {
                    tell(ClaimOutcome::Failed(failure.detail.clone()));
                    return Err(failure);
                }
            }
        }
        Ok(overflowed)
    }

    /// The groups claims of the access token that are too large for it.
    fn add_overflowed(&self, released: &mut Released, trace: &mut impl Trace) {
        let Some(user) = &self.surroundings.facts.user else { return };
        for (at, claim) in self.surroundings.server.access_claims.iter().enumerate() {
            let Source::Groups(filter) = &claim.source else { continue };
            let names = filter.choose(user);
            if self.why_left_out(claim).is_some() || !self.is_overflow(&names) {
                continue;
            }
            let value = Value::from(names);
            if released.put(claim, value.clone()) {
                let (carrier, of, inputs) = (Carrier::Userinfo, ClaimType::Resource, groups::inputs(user));
                let outcome = ClaimOutcome::Released(value);
                trace.note(|| Step::Claim { carrier, of, at, inputs, outcome });
            }
        }
    }

    fn why_left_out(&self, claim: &Claim) -> Option<ClaimOutcome> {
        match claim.standing {
            Standing::Active => {}
            Standing::Disabled => return Some(ClaimOutcome::Disabled),
            Standing::Reserved => return Some(ClaimOutcome::Reserved),
        }
        if !claim.is_released(self.surroundings.granted) {
            return Some(ClaimOutcome::ScopeNotGranted);
        }
        (self.width == Width::Thin && !claim.always).then_some(ClaimOutcome::OnRequestOnly)
    }

    fn evaluate<T: Trace>(&self, claim: &Claim) -> (Result<Groups, ClaimFailure>, Vec<Input>) {
        let user = self.surroundings.facts.user.as_ref();
        let (value, inputs) = match (&claim.source, user) {
            (Source::Expression(program), _) => {
                let (value, inputs) = if T::WANTED {
                    program.evaluate_traced(&self.surroundings)
                } else {
                    (program.evaluate(&self.surroundings), Vec::new())
                };
                let value = value.map_err(|error| {
                    let cause = if error.too_many_groups { Cause::TooManyGroups } else { Cause::Evaluation };
                    claim.failure(cause, error.message)
                });
                (value.map(|value| value.to_json()), inputs)
            }
            (Source::Broken { detail, .. }, _) => {
                (Err(claim.failure(Cause::Evaluation, *detail)), Vec::new())
            }
            (Source::Groups(_) | Source::Profile(_), None) => (Ok(Value::Null), Vec::new()),
            (Source::Profile(system), Some(user)) => {
                (Ok(system.value(user)), if T::WANTED { system.inputs(user) } else { Vec::new() })
            }
            (Source::Groups(filter), Some(user)) => {
                let inputs = if T::WANTED { groups::inputs(user) } else { Vec::new() };
                return (self.groups(claim, filter.choose(user)), inputs);
            }
        };
        (value.and_then(|value| claim.checked(value)).map(Groups::Told), inputs)
    }
}

impl Claim {
    /// A subject must be a text: whoever has no value for it would share it with all others who have none.
    fn checked(&self, value: Value) -> Result<Value, ClaimFailure> {
        let refuse = |detail| Err(self.failure(Cause::Evaluation, detail));
        match &value {
            _ if self.name != "sub" => Ok(value),
            Value::String(subject) if !subject.is_empty() => Ok(value),
            Value::String(_) => refuse("the subject is empty"),
            Value::Null => refuse("the subject is null"),
            _ => refuse("the subject is not a text"),
        }
    }
}

/// The answer, if there is still room for it in the token.
fn within(room: &mut usize, claim: &Claim, answer: Groups) -> Result<Groups, ClaimFailure> {
    if let Groups::Told(value) = &answer {
        *room = room.checked_sub(json_bytes(value)).ok_or_else(|| {
            let detail = format!("the claims of one token have more than {CLAIMS_BYTES_MAX} bytes together");
            claim.failure(Cause::Evaluation, detail)
        })?;
    }
    Ok(answer)
}

/// About how many bytes a value takes as JSON.
pub(crate) fn json_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text_bytes(text),
        Value::Array(elements) => elements.iter().map(|element| json_bytes(element) + 1).sum(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| text_bytes(name) + json_bytes(value)).sum()
        }
    }
}

/// A control character is written as `\u0001`.
fn text_bytes(text: &str) -> usize {
    2 + text.len() + text.bytes().filter(|byte| *byte < b' ').count() * 5
}

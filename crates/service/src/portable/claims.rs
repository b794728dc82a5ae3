//! The claims of a document: made, changed, taken away; system ones go back to the template. A claim is known by its name
//! and the token that it is for.

use std::collections::HashMap;

use model::{Claim, ClaimId, template};

use super::apply::Work;
use super::document as doc;
use super::pairing::pair;
use super::plan::{Verb, What};
use super::renames::Renames;
use super::{convert, scopes};
use crate::admin::claim;

/// Makes the server's claims those of the document.
pub(super) fn apply(work: &mut Work<'_>, wanted: &[doc::Claim]) {
    let entry = work.entry();
    let template: HashMap<ClaimId, Claim> =
        template::claims(&entry.server.value).map(|claim| (claim.id, claim)).collect();
    let existing: Vec<Claim> = entry.claims().iter().map(|claim| claim.value.clone()).collect();
    let pairing = pair(
        existing.iter().map(|claim| (claim.name.as_str(), claim.claim_type)),
        wanted.iter().map(|claim| (claim.name.as_str(), claim.claim_type)),
    );
    let mut renames = Renames::default();
    for claim in pairing.unwanted.iter().map(|index| &existing[*index]) {
        let Some(usual) = template.get(&claim.id) else {
            let outcome = claim::remove(work.draft, claim.clone());
            work.attempt("claims", outcome);
            renames.gone(&claim.name, &form(None, claim));
            work.step::<doc::Claim>(Verb::Delete, What::Claim, title(claim), None, None);
            continue;
        };
        change(work, "claims", claim, Some(usual), &plain(claim));
    }
    for (index, (said, found)) in wanted.iter().zip(pairing.found).enumerate() {
        let place = format!("claims[{index}]");
        match found.map(|index| &existing[index]) {
            Some(claim) => change(work, &place, claim, template.get(&claim.id), said),
            None => make(work, &place, said, &mut renames),
        }
    }
    renames.note(&mut work.plan);
}

/// What the plan calls a claim.
fn title(claim: &Claim) -> String {
    format!("{} ({})", claim.name, claim.claim_type)
}

/// A claim in the document of which nothing is said.
fn plain(claim: &Claim) -> doc::Claim {
    doc::Claim {
        name: claim.name.clone(),
        claim_type: claim.claim_type,
        value_type: None,
        group_filter_type: None,
        value: None,
        scopes: None,
        always_include_in_token: None,
        status: None,
    }
}

/// A claim in the document.
pub(super) fn form(usual: Option<&Claim>, claim: &Claim) -> doc::Claim {
    let plain = || convert::plain_claim(claim.id, claim.server, &claim.name, claim.claim_type);
    usual.map_or_else(|| convert::claim(&plain(), claim), |usual| convert::claim(usual, claim))
}

/// What the document says, if it can be said.
fn settings(
    work: &mut Work<'_>,
    place: &str,
    usual: &Claim,
    known: &[String],
    said: &doc::Claim,
) -> Option<claim::Settings> {
    let settings = convert::claim_settings(usual, said)
        .map_err(|(member, message)| work.problem(format!("{place}.{member}"), message))
        .ok()?;
    let scopes = scopes::found(work, &format!("{place}.scopes"), &settings.scopes, known);
    Some(claim::Settings { scopes, ..settings })
}

fn make(work: &mut Work<'_>, place: &str, said: &doc::Claim, renames: &mut Renames) {
    let id = ClaimId::mint(work.ids.next(work.draft.now));
    let plain = convert::plain_claim(id, work.server, &said.name, said.claim_type);
    let Some(settings) = settings(work, place, &plain, &[], said) else { return };
    let made = claim::add(work.draft, work.server.as_str(), id, &settings);
    if let Some(made) = work.attempt(place, made) {
        let to = form(None, &made.value);
        renames.made(work.plan.steps.len(), &to);
        work.step(Verb::Create, What::Claim, title(&made.value), None, Some(&to));
    }
}

fn change(work: &mut Work<'_>, place: &str, claim: &Claim, usual: Option<&Claim>, said: &doc::Claim) {
    let plain = convert::plain_claim(claim.id, claim.server, &claim.name, claim.claim_type);
    let Some(settings) = settings(work, place, usual.unwrap_or(&plain), &claim.scopes, said) else { return };
    let mut changed = claim.clone();
    settings.apply_to(&mut changed);
    if changed == *claim {
        return;
    }
    let updated = claim::update(work.draft, claim.clone(), &settings);
    if let Some(updated) = work.attempt(place, updated) {
        let (from, to) = (form(usual, claim), form(usual, &updated.value));
        work.step(Verb::Change, What::Claim, title(claim), Some(&from), Some(&to));
    }
}

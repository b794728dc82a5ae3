//! The scopes of a document: made, changed, taken away; system ones go back to the template.

use std::collections::HashMap;

use model::{Scope, ScopeId, template};

use super::apply::Work;
use super::document as doc;
use super::pairing::pair;
use super::plan::{Verb, What};
use super::renames::Renames;
use super::{convert, problem::did_you_mean};
use crate::admin::scope;
use crate::snapshot::ServerEntry;

/// Makes the server's scopes those of the document, and gives back those that are gone.
pub(super) fn apply(work: &mut Work<'_>, wanted: &[doc::Scope]) -> Vec<Scope> {
    let entry = work.entry();
    let template: HashMap<ScopeId, Scope> =
        template::scopes(&entry.server.value).map(|scope| (scope.id, scope)).collect();
    let existing: Vec<Scope> = entry.scopes().iter().map(|scope| scope.value.clone()).collect();
    let pairing = pair(
        existing.iter().map(|scope| scope.name.as_str()),
        wanted.iter().map(|scope| scope.name.as_str()),
    );
    let (mut gone, mut renames) = (Vec::new(), Renames::default());
    for scope in pairing.unwanted.iter().map(|index| &existing[*index]) {
        let Some(usual) = template.get(&scope.id) else {
            let outcome = scope::remove(work.draft, scope.clone());
            work.attempt("scopes", outcome);
            renames.gone(&scope.name, &form(None, scope));
            work.step::<doc::Scope>(Verb::Delete, What::Scope, &scope.name, None, None);
            gone.push(scope.clone());
            continue;
        };
        let said = doc::Scope { name: scope.name.clone(), ..doc::Scope::default() };
        change(work, "scopes", scope, Some(usual), &said);
    }
    for (index, (said, found)) in wanted.iter().zip(pairing.found).enumerate() {
        let place = format!("scopes[{index}]");
        match found.map(|index| &existing[index]) {
            Some(scope) => change(work, &place, scope, template.get(&scope.id), said),
            None => make(work, &place, said, &mut renames),
        }
    }
    renames.note(&mut work.plan);
    gone
}

/// A scope in the document.
pub(super) fn form(usual: Option<&Scope>, scope: &Scope) -> doc::Scope {
    let plain = || convert::plain_scope(scope.id, scope.server, &scope.name);
    usual.map_or_else(|| convert::scope(&plain(), scope), |usual| convert::scope(usual, scope))
}

fn make(work: &mut Work<'_>, place: &str, said: &doc::Scope, renames: &mut Renames) {
    let id = ScopeId::mint(work.ids.next(work.draft.now));
    let plain = convert::plain_scope(id, work.server, &said.name);
    let settings = convert::scope_settings(&plain, said);
    let made = scope::add(work.draft, work.server.as_str(), id, &settings);
    match work.attempt(place, made) {
        Some(made) => {
            let to = form(None, &made.value);
            renames.made(work.plan.steps.len(), &to);
            work.step(Verb::Create, What::Scope, &said.name, None, Some(&to));
        }
        None => drop(work.failed_scopes.insert(said.name.clone())),
    }
}

fn change(work: &mut Work<'_>, place: &str, scope: &Scope, usual: Option<&Scope>, said: &doc::Scope) {
    let plain = convert::plain_scope(scope.id, scope.server, &scope.name);
    let settings = convert::scope_settings(usual.unwrap_or(&plain), said);
    let mut changed = scope.clone();
    settings.apply_to(&mut changed);
    if changed == *scope {
        return;
    }
    let updated = scope::update(work.draft, scope.clone(), &settings);
    if let Some(updated) = work.attempt(place, updated) {
        let (from, to) = (form(usual, scope), form(usual, &updated.value));
        work.step(Verb::Change, What::Scope, &scope.name, Some(&from), Some(&to));
    }
}

/// The scopes that a claim or a rule names must be there; those that it named before may be gone.
pub(super) fn check_names(
    work: &mut Work<'_>,
    entry: &ServerEntry,
    place: &str,
    names: &[String],
    known: &[String],
) -> bool {
    let scopes = entry.scopes();
    let mut all_there = true;
    for (index, name) in names.iter().enumerate() {
        if known.contains(name) || scopes.iter().any(|scope| scope.value.name == *name) {
            continue;
        }
        all_there = false;
        if !work.failed_scopes.contains(name) {
            let meant = did_you_mean(name, scopes.iter().map(|scope| scope.value.name.as_str()));
            work.problem(
                format!("{place}[{index}]"),
                format_args!("the server has no scope `{name}`{meant}"),
            );
        }
    }
    all_there
}

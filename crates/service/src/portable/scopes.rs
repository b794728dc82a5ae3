//! The scopes of a document: made, changed, taken away; system ones go back to the template.

use std::collections::HashMap;

use model::rule::ScopeCondition;
use model::{Scope, ScopeId, template};

use super::apply::Work;
use super::convert;
use super::document as doc;
use super::pairing::pair;
use super::plan::{Verb, What};
use super::renames::Renames;
use crate::admin::scope;

/// A scope that was taken away, and the step that said so.
pub(super) struct Gone {
    scope: Scope,
    step: usize,
}

/// Makes the server's scopes those of the document, and gives back those that are gone.
pub(super) fn apply(work: &mut Work<'_>, wanted: &[doc::Scope]) -> Vec<Gone> {
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
            gone.push(Gone { scope: scope.clone(), step: work.plan.steps.len() });
            work.step::<doc::Scope>(Verb::Delete, What::Scope, &scope.name, None, None);
            work.gone_scopes.insert(scope.name.clone());
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

/// Says of a scope that is gone who goes on naming it, in the log and in the plan.
pub(super) fn conclude(work: &mut Work<'_>, gone: &Gone) {
    let name = &gone.scope.name;
    scope::log_gone(work.draft, &gone.scope);
    let mut notes = Vec::new();
    for policy in &work.entry().policies {
        for rule in policy.rules.iter().map(|rule| &rule.value) {
            if matches!(&rule.scopes, ScopeCondition::Only(names) if names.contains(name)) {
                let title = format!("{} / {}", policy.policy.value.name, rule.name);
                notes.push(format!("the rule {title} goes on naming it, where it matches nothing"));
            }
        }
    }
    if let Some(step) = work.plan.steps.get_mut(gone.step) {
        step.notes.append(&mut notes);
    }
}

/// Those of the scopes that a claim or a rule names that it may name. They must be there; those that it named before may be
/// gone, if it is not this document that takes them away. Each other one is a problem.
pub(super) fn found(work: &mut Work<'_>, place: &str, names: &[String], known: &[String]) -> Vec<String> {
    let mut found = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        if work.gone_scopes.contains(name) {
            work.problem(
                format!("{place}[{index}]"),
                format_args!("the document takes the scope `{name}` away"),
            );
        } else if work.scopes.contains(name) || known.contains(name) {
            found.push(name.clone());
        } else if !work.failed_scopes.contains(name) {
            let known = || {
                let mut known: Vec<&str> = work.scopes.iter().map(String::as_str).collect();
                known.sort_unstable();
                known.into_iter()
            };
            let meant = work.naming.meant(name, known);
            work.problem(
                format!("{place}[{index}]"),
                format_args!("the server has no scope `{name}`{meant}"),
            );
        }
    }
    found
}

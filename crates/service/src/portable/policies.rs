//! The policies of a document, in its order; each with its rules (`rules`).

use model::policy::{ALL_CLIENTS, ClientCondition};
use model::{ClientId, Policy, PolicyId, Status};

use super::apply::Work;
use super::convert;
use super::document as doc;
use super::export::policy_with_rules;
use super::pairing::{moved, pair};
use super::plan::{Verb, What};
use super::renames::Renames;
use super::rules;
use crate::admin::policy;

/// Makes the server's policies those of the document.
pub(super) fn apply(work: &mut Work<'_>, wanted: &[doc::Policy]) {
    let entry = work.entry();
    let existing: Vec<Policy> = entry.policies.iter().map(|entry| entry.policy.value.clone()).collect();
    let pairing = pair(
        existing.iter().map(|policy| policy.name.as_str()),
        wanted.iter().map(|policy| policy.name.as_str()),
    );
    let mut renames = Renames::default();
    for index in pairing.unwanted {
        let (policy, rules) = (&existing[index], entry.policies[index].rules.len());
        renames.gone(&policy.name, &policy_with_rules(&work.naming, &entry.policies[index]));
        let outcome = policy::remove(work.draft, policy.clone());
        work.attempt("policies", outcome);
        let step = work.step::<doc::Policy>(Verb::Delete, What::Policy, &policy.name, None, None);
        let rules = if rules == 1 { "its rule".to_owned() } else { format!("its {rules} rules") };
        step.notes.push(format!("with {rules}; tokens that it governed are over at introspection"));
    }
    let order: Vec<usize> = pairing.found.iter().copied().flatten().collect();
    let moved: Vec<usize> = moved(&order);
    let mut ids: Vec<PolicyId> = Vec::with_capacity(wanted.len());
    for (index, (said, found)) in wanted.iter().zip(pairing.found).enumerate() {
        let place = format!("policies[{index}]");
        let id = match found {
            Some(found) => {
                change(work, &place, &existing[found], said, moved.contains(&found));
                rules::apply(work, &place, existing[found].id, said);
                existing[found].id
            }
            None => make(work, &place, said, &mut renames),
        };
        ids.push(id);
    }
    policy::arrange(work.draft, work.server, &ids);
    renames.note(&mut work.plan);
}

fn make(work: &mut Work<'_>, place: &str, said: &doc::Policy, renames: &mut Renames) -> PolicyId {
    let id = PolicyId::mint(work.ids.next(work.draft.now));
    let step = work.plan.steps.len();
    let settings = settings(work, place, said, &[]);
    let made = policy::add(work.draft, work.server.as_str(), id, &settings);
    match work.attempt(place, made) {
        Some(made) => {
            let to = convert::policy(&work.naming, &made.value);
            work.step(Verb::Create, What::Policy, &said.name, None, Some(&to));
        }
        None => stand_in(work, id),
    }
    rules::apply(work, place, id, said);
    if let Some(entry) = work.entry().find_policy(id) {
        renames.made(step, &policy_with_rules(&work.naming, entry));
    }
    id
}

/// A policy in the place of one that cannot be made, so that its rules are looked at, too: nothing of this is committed.
fn stand_in(work: &mut Work<'_>, id: PolicyId) {
    let text = || "stand-in".to_owned();
    let settings = policy::Settings {
        name: text(),
        description: Some(text()),
        priority: None,
        status: None,
        clients: None,
    };
    // Where even that is refused there are too many policies, which was said.
    let _ = policy::add(work.draft, work.server.as_str(), id, &settings);
}

fn change(work: &mut Work<'_>, place: &str, policy: &Policy, said: &doc::Policy, is_moved: bool) {
    let known: &[ClientId] = match &policy.clients {
        ClientCondition::All => &[],
        ClientCondition::Only(clients) => clients,
    };
    let settings = settings(work, place, said, known);
    let mut changed = policy.clone();
    settings.apply_to(&mut changed, work.draft.snapshot().revision);
    let is_changed = changed != *policy;
    if !is_changed && !is_moved {
        return;
    }
    let updated =
        policy::update(work.draft, policy.clone(), &settings, model::event::EventType::PolicyUpdated);
    if let Some(updated) = work.attempt(place, updated) {
        let from = convert::policy(&work.naming, policy);
        let to = convert::policy(&work.naming, &updated.value);
        let verb = if is_changed { Verb::Change } else { Verb::Move };
        let step = work.step(verb, What::Policy, &policy.name, Some(&from), Some(&to));
        if is_moved {
            step.notes.push("comes to stand elsewhere among the policies".to_owned());
        }
    }
}

/// What the document says. A client that is not there is a problem, and the rest is looked at all the same.
fn settings(work: &mut Work<'_>, place: &str, said: &doc::Policy, known: &[ClientId]) -> policy::Settings {
    let doc::Policy { name, description, status, clients, rules: _ } = said;
    let mut found = Vec::with_capacity(clients.len());
    for (index, text) in clients.iter().enumerate().filter(|(_, text)| *text != ALL_CLIENTS) {
        match work.naming.client(text, known) {
            Ok(client) => found.push(client),
            Err(message) => work.problem(format!("{place}.clients[{index}]"), message),
        }
    }
    if clients.len() > 1 && clients.iter().any(|text| text == ALL_CLIENTS) {
        work.problem(
            format!("{place}.clients"),
            format_args!("`{ALL_CLIENTS}` means every client and stands alone"),
        );
    }
    // One that is missing was said above, and nothing of this draft is committed then.
    let are_all = found.len() < clients.len();
    policy::Settings {
        name: name.clone(),
        description: Some(description.clone()),
        priority: None,
        status: Some(status.unwrap_or(Status::Active)),
        clients: Some(if are_all { ClientCondition::All } else { ClientCondition::Only(found) }),
    }
}

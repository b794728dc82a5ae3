//! The rules of one policy of a document, in its order.

use model::event::EventType;
use model::rule::{ANY_SCOPE, EVERYONE, People, ScopeCondition};
use model::{PolicyId, Rule, RuleId, Status};

use super::apply::Work;
use super::document as doc;
use super::naming::Naming;
use super::pairing::{moved, pair};
use super::plan::{Verb, What};
use super::renames::Renames;
use super::{convert, scopes};
use crate::admin::rule::{self, Path, default_rule_id};

/// Makes the rules of a policy those of the document.
pub(super) fn apply(work: &mut Work<'_>, place: &str, policy: PolicyId, said: &doc::Policy) {
    let entry = work.entry();
    let Some(entry) = entry.find_policy(policy) else { return };
    let existing: Vec<Rule> = entry.rules.iter().map(|rule| rule.value.clone()).collect();
    let pairing = pair(
        existing.iter().map(|rule| rule.name.as_str()),
        said.rules.iter().map(|rule| rule.name.as_str()),
    );
    let mut renames = Renames::default();
    for rule in pairing.unwanted.iter().map(|index| &existing[*index]) {
        let outcome = rule::remove(work.draft, rule.clone());
        work.attempt(&format!("{place}.rules"), outcome);
        renames.gone(&rule.name, &convert::rule(&work.naming, rule));
        work.step::<doc::Rule>(Verb::Delete, What::Rule, title(said, &rule.name), None, None);
    }
    let order: Vec<usize> = pairing.found.iter().copied().flatten().collect();
    let moved: Vec<usize> = moved(&order);
    let mut ids: Vec<RuleId> = Vec::with_capacity(said.rules.len());
    for (index, (wanted, found)) in said.rules.iter().zip(pairing.found).enumerate() {
        let place = format!("{place}.rules[{index}]");
        let title = title(said, &wanted.name);
        match found.map(|found| (&existing[found], moved.contains(&found))) {
            Some((rule, is_moved)) => {
                if rule.id == default_rule_id(work.server) && index + 1 < said.rules.len() {
                    work.problem(place.as_str(), "the default rule stays last among the rules of its policy");
                }
                change(work, &place, title, rule, wanted, is_moved);
                ids.push(rule.id);
            }
            None => ids.push(make(work, &place, title, policy, wanted, &mut renames)),
        }
    }
    rule::arrange(work.draft, work.server, policy, &ids);
    renames.note(&mut work.plan);
}

/// What the plan calls a rule.
fn title(policy: &doc::Policy, name: &str) -> String {
    format!("{} / {name}", policy.name)
}

fn make(
    work: &mut Work<'_>,
    place: &str,
    title: String,
    policy: PolicyId,
    said: &doc::Rule,
    renames: &mut Renames,
) -> RuleId {
    let id = RuleId::mint(work.ids.next(work.draft.now));
    let settings = settings(work, place, said, None);
    let path = Path { server: work.server.to_string(), policy: policy.to_string(), rule: id.to_string() };
    let made = rule::add(work.draft, &path, id, &settings);
    if let Some(made) = work.attempt(place, made) {
        let to = convert::rule(&work.naming, &made.value);
        renames.made(work.plan.steps.len(), &to);
        work.step(Verb::Create, What::Rule, title, None, Some(&to));
    }
    id
}

fn change(work: &mut Work<'_>, place: &str, title: String, rule: &Rule, said: &doc::Rule, is_moved: bool) {
    let settings = settings(work, place, said, Some(rule));
    let mut changed = rule.clone();
    settings.apply_to(&mut changed);
    let is_changed = changed != *rule;
    if !is_changed && !is_moved {
        return;
    }
    let updated = rule::update(work.draft, rule.clone(), &settings, EventType::RuleUpdated);
    if let Some(updated) = work.attempt(place, updated) {
        let (from, to) = (convert::rule(&work.naming, rule), convert::rule(&work.naming, &updated.value));
        let verb = if is_changed { Verb::Change } else { Verb::Move };
        let step = work.step(verb, What::Rule, title, Some(&from), Some(&to));
        if is_moved {
            step.notes.push("comes to stand elsewhere among the rules of its policy".to_owned());
        }
    }
}

/// What the document says. What it names that is not there is a problem, and the rest is looked at all the same.
fn settings(work: &mut Work<'_>, place: &str, said: &doc::Rule, rule: Option<&Rule>) -> rule::Settings {
    let nobody = People::default();
    let people = people(work, place, &said.people, rule.map_or(&nobody, |rule| &rule.people));
    let known: &[String] = match rule.map(|rule| &rule.scopes) {
        Some(ScopeCondition::Only(scopes)) => scopes,
        _ => &[],
    };
    let is_any = said.scopes.iter().any(|scope| scope == ANY_SCOPE);
    if is_any && said.scopes.len() > 1 {
        work.problem(
            format!("{place}.scopes"),
            format_args!("`{ANY_SCOPE}` means every scope and stands alone"),
        );
    }
    let scopes = if is_any {
        ScopeCondition::Any
    } else {
        ScopeCondition::Only(scopes::found(work, &format!("{place}.scopes"), &said.scopes, known))
    };
    rule::Settings {
        name: said.name.clone(),
        priority: None,
        status: Some(said.status.unwrap_or(Status::Active)),
        grant_types: said.grant_types.clone(),
        people,
        scopes,
        lifetimes: convert::lifetimes(said),
        inline_hook: None,
    }
}

/// The people that the document names.
fn people(work: &mut Work<'_>, place: &str, said: &doc::People, known: &People) -> People {
    let doc::People { groups, exclude_groups, users, exclude_users } = said;
    let known_groups: Vec<_> = known.groups.iter().chain(&known.exclude_groups).copied().collect();
    let known_users: Vec<_> = known.users.iter().chain(&known.exclude_users).copied().collect();
    let group = |naming: &Naming<'_>, text: &str| match text {
        EVERYONE => Ok(None),
        text => naming.group(text, &known_groups).map(Some),
    };
    let excluded = |naming: &Naming<'_>, text: &str| naming.group(text, &known_groups);
    let user = |naming: &Naming<'_>, text: &str| naming.world.user(text, &known_users);
    People {
        everyone: groups.iter().any(|name| name == EVERYONE),
        groups: resolve(work, place, "groups", groups, group).into_iter().flatten().collect(),
        exclude_groups: resolve(work, place, "excludeGroups", exclude_groups, excluded),
        users: resolve(work, place, "users", users, user),
        exclude_users: resolve(work, place, "excludeUsers", exclude_users, user),
    }
}

/// What each text of a list means; one that means nothing is a problem.
fn resolve<T>(
    work: &mut Work<'_>,
    place: &str,
    member: &str,
    texts: &[String],
    meaning: impl Fn(&Naming<'_>, &str) -> Result<T, String>,
) -> Vec<T> {
    let mut found = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match meaning(&work.naming, text) {
            Ok(meant) => found.push(meant),
            Err(message) => work.problem(format!("{place}.people.{member}[{index}]"), message),
        }
    }
    found
}

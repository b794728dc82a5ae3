//! How much one document may hold, which is looked at before anything in it is looked up, and how many of its problems are
//! told.

use model::policy::CLIENTS_MAX;
use model::rule::ENTRIES_MAX;

use super::document::Portable;
use super::problem::Problem;

/// How many scopes, claims, policies and rules one document may hold together.
pub const THINGS_MAX: usize = 10_000;
/// How many problems are told.
const PROBLEMS_MAX: usize = 100;

/// Whether the document and each of its lists is short enough.
pub(super) fn check(wanted: &Portable) -> Result<(), Vec<Problem>> {
    let policies = wanted.policies.as_deref().unwrap_or_default();
    let claims = wanted.claims.as_deref().unwrap_or_default();
    let rules: usize = policies.iter().map(|policy| policy.rules.len()).sum();
    let scopes = wanted.scopes.as_ref().map_or(0, Vec::len);
    let things = scopes + claims.len() + policies.len() + rules;
    if things > THINGS_MAX {
        let message = format!("a document holds at most {THINGS_MAX} things, and this one has {things}");
        return Err(vec![Problem::new("", message)]);
    }
    let mut problems = Vec::new();
    let mut look = |place: String, entries: &[String], most: usize| {
        if entries.len() > most {
            let message =
                format!("the list holds at most {most} entries, and this one has {}", entries.len());
            problems.push(Problem::new(place, message));
        }
    };
    for (index, claim) in claims.iter().enumerate() {
        look(format!("claims[{index}].scopes"), claim.scopes.as_deref().unwrap_or_default(), ENTRIES_MAX);
    }
    for (index, policy) in policies.iter().enumerate() {
        look(format!("policies[{index}].clients"), &policy.clients, CLIENTS_MAX);
        for (rule, said) in policy.rules.iter().enumerate() {
            let place = format!("policies[{index}].rules[{rule}]");
            let people = &said.people;
            look(format!("{place}.scopes"), &said.scopes, ENTRIES_MAX);
            look(format!("{place}.people.groups"), &people.groups, ENTRIES_MAX);
            look(format!("{place}.people.excludeGroups"), &people.exclude_groups, ENTRIES_MAX);
            look(format!("{place}.people.users"), &people.users, ENTRIES_MAX);
            look(format!("{place}.people.excludeUsers"), &people.exclude_users, ENTRIES_MAX);
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(told(problems)) }
}

/// The first problems, and how many more there are.
pub(super) fn told(mut problems: Vec<Problem>) -> Vec<Problem> {
    let more = problems.len().saturating_sub(PROBLEMS_MAX);
    problems.truncate(PROBLEMS_MAX);
    if more > 0 {
        problems.push(Problem::new("", format_args!("and {more} more")));
    }
    problems
}

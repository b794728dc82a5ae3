//! Okta's functions about the groups of the current user: membership, names, and allow lists. `user.getGroups` has the
//! same groups behind it and is told in `criteria`.
//!
//! Guess: a request without a user is in no group. It is not an error, because one expression serves services and people.

pub(crate) mod criteria;

use std::borrow::Cow;

use model::group::GroupKind;

use super::{Call, Evaluated, Function, Literal, Parameter, Type, array, integer, text};
use crate::{
    budget::Budget,
    diagnostic::EvalError,
    eval::Evaluation,
    group::{Group, GroupObject},
    pattern::Pattern,
    program::{Program, compile_group_expression},
    span::Span,
    value::Value,
};

/// Okta: the most groups that a claim may have, and so the most that a function may be asked for.
pub const GROUPS_MAX: usize = 100;

/// How many groups are looked through in one step.
const GROUPS_PER_STEP: usize = 64;
/// What compiling a group expression during evaluation costs.
const COMPILE_STEPS: u32 = 1000;

const ID: Parameter = Parameter { literal: Literal::GroupId, ..text("groupId") };
const NAME: Parameter = Parameter { literal: Literal::GroupName, ..text("groupName") };
const PART: Parameter = Parameter { literal: Literal::GroupPart, ..text("pattern") };
const LIMIT: Parameter = Parameter { literal: Literal::GroupLimit, ..integer("limit") };
const CHOICE: &[Parameter] = &[text("app"), PART, LIMIT];
const PATTERN: Parameter = Parameter { literal: Literal::GroupPattern, ..text("regex") };

pub(super) const FUNCTIONS: &[Function] = &[
    Function { namespace: Some("Groups"), ..groups("contains", CHOICE, Type::Array, contains) },
    Function { namespace: Some("Groups"), ..groups("endsWith", CHOICE, Type::Array, ends_with) },
    Function { namespace: Some("Groups"), ..groups("startsWith", CHOICE, Type::Array, starts_with) },
    groups(
        "getFilteredGroups",
        &[
            Parameter { literal: Literal::GroupIds, ..array("allowlist") },
            Parameter { literal: Literal::GroupExpression, ..text("groupExpression") },
            LIMIT,
        ],
        Type::Array,
        get_filtered_groups,
    ),
    Function {
        repeated: &[Parameter { accepts: Type::Any, ..ID }],
        ..groups("isMemberOfAnyGroup", &[], Type::Boolean, is_member_of_any_group)
    },
    groups("isMemberOfGroup", &[ID], Type::Boolean, is_member_of_group),
    groups("isMemberOfGroupName", &[NAME], Type::Boolean, is_member_of_group_name),
    groups("isMemberOfGroupNameContains", &[PART], Type::Boolean, is_member_of_group_name_contains),
    groups("isMemberOfGroupNameRegex", &[PATTERN], Type::Boolean, is_member_of_group_name_regex),
    groups("isMemberOfGroupNameStartsWith", &[PART], Type::Boolean, is_member_of_group_name_starts_with),
];

const fn groups(
    name: &'static str,
    parameters: &'static [Parameter],
    returns: Type,
    run: fn(&mut Call<'_>) -> Evaluated,
) -> Function {
    Function { parameters, reads_surroundings: true, ..Function::new(name, returns, run) }
}

/// Accounts for looking through so many groups.
pub(crate) fn look_through(groups: &[Group], budget: &mut Budget, span: Span) -> Result<(), EvalError> {
    budget.spend(u32::try_from(groups.len() / GROUPS_PER_STEP).unwrap_or(u32::MAX), span)
}

/// Okta: more groups than allowed are an error, and never cut.
pub(crate) fn too_many(span: Span, limit: usize) -> EvalError {
    let message = format!("more than {limit} groups match");
    EvalError { too_many_groups: true, ..EvalError::new(span, message) }
}

impl<'c> Call<'c> {
    /// The groups of the current user.
    fn groups(&mut self) -> Evaluated<&'c [Group]> {
        let groups = self.scope.groups().unwrap_or_default();
        look_through(groups, self.budget, self.span)?;
        Ok(groups)
    }

    /// Whether a group is what the first argument says. About null the answer is no.
    fn any_group(&mut self, is_meant: fn(&Group, &str) -> bool) -> Evaluated {
        let Some(wanted) = self.text(0)? else { return Ok(Value::Bool(false)) };
        let groups = self.groups()?;
        Ok(Value::Bool(groups.iter().any(|group| is_meant(group, &wanted))))
    }

    /// An argument that Okta does not allow to be null.
    fn required(&mut self, index: usize) -> Evaluated<Cow<'c, str>> {
        self.text(index)?.ok_or_else(|| self.refuse(index))
    }

    /// Okta: how many groups there may be, from 1 to 100.
    fn limit(&mut self, index: usize) -> Evaluated<usize> {
        let (limit, most) = (self.integer(index)?, self.scope.groups_max());
        let known = usize::try_from(limit).ok().filter(|limit| (1..=most).contains(limit));
        known.ok_or_else(|| {
            self.fail_at(index, &format!("the limit is {limit}, but must be from 1 to {most}"))
        })
    }
}

/// Okta: `isMemberOfGroup`.
fn is_member_of_group(call: &mut Call<'_>) -> Evaluated {
    call.any_group(Group::has_id)
}

/// Okta: `isMemberOfAnyGroup`.
///
/// Guess: an array of ids will do, too, as the Spring Expression Language passes one where many arguments are wanted.
fn is_member_of_any_group(call: &mut Call<'_>) -> Evaluated {
    let mut ids: Vec<&str> = Vec::new();
    for argument in call.arguments {
        match argument {
            Value::Text(id) => ids.push(id),
            Value::List(elements) => ids.extend(elements.iter().filter_map(as_text)),
            _ => {}
        }
    }
    let ids = Ids::new(ids, call.budget, call.span)?;
    let groups = call.groups()?;
    Ok(Value::Bool(groups.iter().any(|group| ids.contain(group))))
}

/// Okta: `isMemberOfGroupName`, wherever the group comes from.
///
/// Guess: here and in the other functions, names are compared in the same case, as strings are elsewhere in the language.
fn is_member_of_group_name(call: &mut Call<'_>) -> Evaluated {
    call.any_group(|group, name| *group.name == *name)
}

/// Okta: `isMemberOfGroupNameStartsWith`.
fn is_member_of_group_name_starts_with(call: &mut Call<'_>) -> Evaluated {
    call.any_group(|group, beginning| group.name.starts_with(beginning))
}

/// Okta: `isMemberOfGroupNameContains`.
fn is_member_of_group_name_contains(call: &mut Call<'_>) -> Evaluated {
    call.any_group(|group, part| group.name.contains(part))
}

/// Okta: `isMemberOfGroupNameRegex`. The expression covers the whole name.
fn is_member_of_group_name_regex(call: &mut Call<'_>) -> Evaluated {
    let Some(written) = call.text(0)? else { return Ok(Value::Bool(false)) };
    let (place, program) = (call.place(0), call.program);
    let compiled;
    let pattern = if let Some(known) = program.resolved.patterns.get(&place.start) {
        known
    } else {
        call.budget.spend(Pattern::COMPILE_STEPS, place)?;
        compiled = Pattern::compile(between_slashes(&written), program.limits.late_pattern_bytes());
        compiled.as_ref().map_err(|message| call.fail_at(0, message))?
    };
    let groups = call.groups()?;
    let bytes = groups.iter().fold(0, |sum: usize, group| sum.saturating_add(group.name.len()));
    call.budget.spend(pattern.steps(bytes), place)?;
    Ok(Value::Bool(groups.iter().any(|group| pattern.matches(&group.name))))
}

/// A regular expression without the slashes around it.
///
/// Guess: Okta's own sample is `/.*admin.*` with one slash, and filters may be written with two; so the one in front is no
/// part of the expression, nor is the one behind if there is one in front.
pub fn between_slashes(expression: &str) -> &str {
    let bare = expression.strip_prefix('/').map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    bare.unwrap_or(expression)
}

/// Okta: `Groups.startsWith`.
fn starts_with(call: &mut Call<'_>) -> Evaluated {
    choose(call, |name, pattern| name.starts_with(pattern))
}

/// Okta: `Groups.endsWith`.
fn ends_with(call: &mut Call<'_>) -> Evaluated {
    choose(call, |name, pattern| name.ends_with(pattern))
}

/// Okta: `Groups.contains`.
fn contains(call: &mut Call<'_>) -> Evaluated {
    choose(call, |name, pattern| name.contains(pattern))
}

/// Okta: the names of groups from an app, or null if there are none: the guides write `Groups.startsWith(…) ?: {}`.
fn choose(call: &mut Call<'_>, is_meant: fn(&str, &str) -> bool) -> Evaluated {
    let (app, pattern, limit) = (call.required(0)?, call.required(1)?, call.limit(2)?);
    let groups = call.groups()?;
    let chosen = groups.iter().filter(|group| comes_from(group, &app) && is_meant(&group.name, &pattern));
    let names: Vec<Value> =
        chosen.take(limit.saturating_add(1)).map(|group| Value::Text(group.name.clone())).collect();
    match names.len() {
        0 => Ok(Value::Null),
        many if many > limit => Err(too_many(call.span, limit)),
        _ => call.listed(names),
    }
}

/// Okta: `OKTA`, the type of an app, or the id of one.
///
/// Guess: `Everyone` is one of Okta's; a group of an app that is not known is nobody's.
fn comes_from(group: &Group, app: &str) -> bool {
    match &group.source {
        Some(source) => *source.id == *app || *source.app_type == *app,
        None => group.kind != GroupKind::App && app == "OKTA",
    }
}

/// Okta: `getFilteredGroups`. What the expression makes of each group of the user that is on the list.
///
/// Guess: in the order of the user's groups; a group of which it makes null is left out.
fn get_filtered_groups(call: &mut Call<'_>) -> Evaluated {
    if *call.argument(0) == Value::Null {
        return Err(call.refuse(0));
    }
    let (allowed, written, limit) = (call.array(0)?, call.required(1)?, call.limit(2)?);
    let ids = Ids::new(allowed.elements.iter().filter_map(as_text).collect(), call.budget, call.span)?;
    let compiled;
    let program: &Program = if let Some(known) = call.program.resolved.programs.get(&call.place(1).start) {
        known
    } else {
        call.budget.spend(COMPILE_STEPS, call.place(1))?;
        compiled = compile_group_expression(&written, &call.program.limits.of_late_group_expression())
            .map_err(|diagnostic| call.fail_at(1, &diagnostic.message))?;
        &compiled
    };
    let mut made = Vec::new();
    for (count, group) in call.groups()?.iter().filter(|group| ids.contain(group)).enumerate() {
        if count == limit {
            return Err(too_many(call.span, limit));
        }
        let object = GroupObject::new(group);
        let value = Evaluation::run_within(program, &object, call.budget);
        match value.map_err(|error| call.fail_at(1, &format!("{error}, for the group `{}`", group.name)))? {
            Value::Null => {}
            value => made.push(value),
        }
    }
    call.listed(made)
}

/// Ids of groups, to be looked up in.
struct Ids<'i>(Vec<&'i str>);

impl<'i> Ids<'i> {
    fn new(mut ids: Vec<&'i str>, budget: &mut Budget, span: Span) -> Evaluated<Self> {
        budget.read(ids.len().saturating_mul(size_of::<&str>()), span)?;
        ids.sort_unstable();
        Ok(Ids(ids))
    }

    fn contain(&self, group: &Group) -> bool {
        !group.id.is_empty() && self.0.binary_search(&&*group.id).is_ok()
    }
}

fn as_text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

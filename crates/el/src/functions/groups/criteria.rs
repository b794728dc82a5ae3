//! What `user.getGroups` is given: objects that say which groups are meant. Within one, a group is meant if it has any of the
//! values; with several of them, it must be meant by each.

use model::group::GroupKind;

use super::{look_through, too_many};
use crate::{
    budget::Budget,
    diagnostic::EvalError,
    functions::Evaluated,
    group::Group,
    nearest::nearest,
    scope::Variables,
    span::Span,
    value::{Map, Value},
};

/// Okta: the keys of such an object.
pub(crate) const KEYS: [&str; 5] =
    ["group.id", "group.source.id", "group.type", "group.profile.name", "operator"];
/// Okta: how names are compared.
pub(crate) const OPERATORS: [&str; 2] = ["EXACT", "STARTS_WITH"];

/// Okta: `user.getGroups`. The groups of the current user that all of the criteria mean.
///
/// Guess: more than a function may be asked for are an error, as for groups elsewhere.
pub(crate) fn choose<'e>(
    criteria: &[Value],
    scope: &'e dyn Variables,
    budget: &mut Budget,
    span: Span,
) -> Evaluated<Vec<&'e Group>> {
    let most = scope.groups_max();
    let criteria: Vec<Criterion<'_>> =
        criteria.iter().map(|criterion| Criterion::read(criterion, span)).collect::<Evaluated<_>>()?;
    let groups = scope.groups().unwrap_or_default();
    let mut chosen = Vec::new();
    for criterion in &criteria {
        look_through(groups, budget, span)?;
        budget.spend(
            u32::try_from(groups.len().saturating_mul(criterion.values.len()) / 256).unwrap_or(u32::MAX),
            span,
        )?;
    }
    for group in groups.iter().filter(|group| criteria.iter().all(|criterion| criterion.means(group))) {
        if chosen.len() == most {
            return Err(too_many(span, most));
        }
        chosen.push(group);
    }
    Ok(chosen)
}

/// One of the criteria.
struct Criterion<'v> {
    key: &'v str,
    values: Vec<&'v str>,
    exact: bool,
}

impl<'v> Criterion<'v> {
    fn read(value: &'v Value, span: Span) -> Evaluated<Self> {
        let fail = |message: String| EvalError::new(span, format!("`getGroups`: {message}"));
        let Value::Map(members) = value else {
            return Err(fail(format!(
                "wants an object such as {{'group.id': '…'}}, but this is {}",
                value.described()
            )));
        };
        let (key, wanted) = key(members).map_err(fail)?;
        let operator = members.get("operator").unwrap_or(&Value::Null);
        let exact = match operator {
            Value::Null => key != "group.profile.name",
            Value::Text(operator) if OPERATORS.contains(&&**operator) => **operator == *"EXACT",
            _ => return Err(fail(format!("the operator is one of {}", OPERATORS.join(", ")))),
        };
        let values = match wanted {
            Value::List(elements) => elements.iter().filter_map(super::as_text).collect(),
            Value::Text(text) => vec![&**text],
            Value::Null => Vec::new(),
            other => return Err(fail(format!("`{key}` wants strings, but this is {}", other.described()))),
        };
        Ok(Criterion { key, values, exact })
    }

    fn means(&self, group: &Group) -> bool {
        let has = |value: &str| match self.key {
            "group.id" => group.has_id(value),
            "group.source.id" => group.source.as_ref().is_some_and(|source| *source.id == *value),
            "group.type" => group.kind.as_str() == value,
            _ if self.exact => *group.name == *value,
            _ => group.name.starts_with(beginning(value)),
        };
        self.values.iter().any(|value| has(value))
    }
}

/// What a name begins with.
///
/// Guess: older guides of Okta's end it with `.*`, which is no part of the name.
fn beginning(value: &str) -> &str {
    value.strip_suffix(".*").unwrap_or(value)
}

/// The one key that says what is compared, and what it is compared with.
fn key(members: &Map) -> Result<(&str, &Value), String> {
    let mut found = None;
    for (name, value) in members.iter() {
        if let Some(problem) = problem_of_key(name) {
            return Err(problem);
        }
        if name != "operator" && found.replace((name, value)).is_some() {
            return Err(ONE_KEY.to_owned());
        }
    }
    found.ok_or_else(|| ONE_KEY.to_owned())
}

/// What is wrong with criteria that name nothing, or two things at once.
pub(crate) const ONE_KEY: &str =
    "each object has one of `group.id`, `group.source.id`, `group.type` and `group.profile.name`";

/// What is wrong with a key, if anything is.
pub(crate) fn problem_of_key(name: &str) -> Option<String> {
    let same_end = |key: &&str| key.rsplit('.').next() == name.rsplit('.').next();
    let meant = || KEYS.into_iter().find(same_end).or_else(|| nearest(name, KEYS.into_iter()));
    (!KEYS.contains(&name)).then(|| match meant() {
        Some(known) => format!("unknown key `{name}`; did you mean `{known}`?"),
        None => format!("unknown key `{name}`"),
    })
}

/// What is wrong with a literal value of a key, if anything is.
pub(crate) fn problem_of_value(key: &str, value: &str) -> Option<String> {
    let known: Vec<&str> = match key {
        "group.type" => GroupKind::ALL.iter().map(|kind| kind.as_str()).collect(),
        "operator" => OPERATORS.to_vec(),
        _ => return None,
    };
    (!known.contains(&value)).then(|| format!("`{key}` is one of {}, not `{value}`", known.join(", ")))
}

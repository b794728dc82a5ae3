//! The functions of the slow evaluator: those that generated expressions call.

use serde_json::{Value as Json, json};

use super::{No, Outcome, equal, integer, text};
use crate::world::World;

/// What the function comes to.
pub fn call(name: &str, arguments: &[Json], world: &World) -> Outcome {
    let argument = |at: usize| arguments.get(at).unwrap_or(&Json::Null);
    // Null stays null; what has no text fails.
    let maybe = |at: usize| match argument(at) {
        Json::Null => Ok(None),
        other => text(other).map(Some),
    };
    let Some((family, function)) = name.split_once('.') else {
        return groups(name, arguments, world);
    };
    match family {
        "Arrays" => return arrays(function, arguments),
        "Groups" => return groups(name, arguments, world),
        "Convert" => return convert(function, argument(0)),
        _ => {}
    }
    // Every argument is looked at, whether or not the result depends on it.
    let input = maybe(0)?;
    Ok(match function {
        "len" => json!(input.unwrap_or_default().encode_utf16().count()),
        "startsWith" | "stringContains" => match (input, maybe(1)?) {
            (Some(input), Some(part)) if function == "startsWith" => json!(input.starts_with(&part)),
            (Some(input), Some(part)) => json!(input.contains(&part)),
            _ => json!(false),
        },
        "join" => {
            let parts = (1..arguments.len()).map(|at| maybe(at).map(Option::unwrap_or_default));
            json!(parts.collect::<Outcome<Vec<_>>>()?.join(&input.unwrap_or_default()))
        }
        "stringSwitch" => string_switch(input.as_deref(), arguments)?,
        _ => match input {
            None => Json::Null,
            Some(input) => json!(changed(function, &input, arguments)?),
        },
    })
}

fn string_switch(input: Option<&str>, arguments: &[Json]) -> Outcome {
    let mut chosen = &arguments[1];
    for pair in arguments[2..].chunks(2) {
        let (Some(input), false) = (input, pair[0].is_null()) else { continue };
        if input.contains(&text(&pair[0])?) {
            chosen = &pair[1];
            break;
        }
    }
    if chosen.is_null() { Ok(Json::Null) } else { text(chosen).map(Json::from) }
}

/// The functions that make one text of another.
fn changed(function: &str, input: &str, arguments: &[Json]) -> Outcome<String> {
    let part = |at: usize| match &arguments[at] {
        Json::Null => Ok(None),
        other => text(other).map(Some),
    };
    Ok(match function {
        "append" => input.to_owned() + &part(1)?.unwrap_or_default(),
        "removeSpaces" => input.chars().filter(|c| *c != ' ').collect(),
        "toUpperCase" => input.to_uppercase(),
        "toLowerCase" => input.to_lowercase(),
        "replace" => match (part(1)?, part(2)?) {
            (Some(old), Some(new)) if !old.is_empty() => input.split(&old).collect::<Vec<_>>().join(&new),
            _ => input.to_owned(),
        },
        "substringAfter" => match part(1)?.and_then(|part| input.find(&part).map(|at| at + part.len())) {
            Some(at) => input[at..].to_owned(),
            None => String::new(),
        },
        "substringBefore" => match part(1)?.and_then(|part| input.find(&part)) {
            Some(at) => input[..at].to_owned(),
            None => input.to_owned(),
        },
        "substring" => {
            let units: Vec<u16> = input.encode_utf16().collect();
            let place =
                |at: usize| whole(&arguments[at]).and_then(|it| usize::try_from(it).map_err(|_| No::Value));
            let (start, end) = (place(1)?, place(2)?);
            if start > end || end > units.len() {
                return Err(No::Value);
            }
            // Half a character is left out.
            let decoded = char::decode_utf16(units[start..end].iter().copied());
            decoded.filter_map(Result::ok).collect()
        }
        other => panic!("no function {other}"),
    })
}

/// An integer, a whole number, or digits.
fn whole(value: &Json) -> Outcome<i64> {
    match value {
        Json::String(digits) => digits.parse().map_err(|_| No::Value),
        Json::Number(number) if number.is_f64() => {
            let number = number.as_f64().filter(|number| number.fract() == 0.0).ok_or(No::Value)?;
            format!("{number:.0}").parse().map_err(|_| No::Value)
        }
        other => integer(other),
    }
}

fn elements(value: &Json) -> Outcome<Vec<Json>> {
    match value {
        Json::Null => Ok(Vec::new()),
        Json::Array(elements) => Ok(elements.clone()),
        Json::String(text) if text.is_empty() => Ok(Vec::new()),
        Json::String(text) => Ok(text.split(',').map(|element| json!(element.trim())).collect()),
        _ => Err(No::Value),
    }
}

fn arrays(function: &str, arguments: &[Json]) -> Outcome {
    if function == "flatten" {
        let mut flat = Vec::new();
        for argument in arguments {
            match argument {
                Json::Null => return Err(No::Value),
                Json::String(_) => flat.extend(elements(argument)?),
                other => flatten(other, &mut flat),
            }
        }
        return Ok(Json::Array(flat));
    }
    if function == "toCsvString" {
        return match &arguments[0] {
            Json::Null => Ok(json!("")),
            array @ (Json::String(_) | Json::Array(_)) => text(array).map(Json::from),
            _ => Err(No::Value),
        };
    }
    let mut array = elements(&arguments[0])?;
    let place = || -> Option<usize> {
        let csv = arguments[0].is_string();
        let wanted = match text(&arguments[1]) {
            Ok(text) if csv => json!(text),
            _ => arguments[1].clone(),
        };
        array.iter().position(|element| equal(element, &wanted))
    };
    Ok(match function {
        "size" => json!(array.len()),
        "isEmpty" => json!(array.is_empty()),
        "clear" => json!([]),
        "contains" => json!(place().is_some()),
        "add" => {
            array.push(arguments[1].clone());
            json!(array)
        }
        "remove" => {
            if let Some(at) = place() {
                array.remove(at);
            }
            json!(array)
        }
        "get" => {
            let at = usize::try_from(whole(&arguments[1])?).map_err(|_| No::Value)?;
            array.get(at).cloned().ok_or(No::Value)?
        }
        other => panic!("no function {other}"),
    })
}

fn flatten(value: &Json, flat: &mut Vec<Json>) {
    match value {
        Json::Array(elements) => elements.iter().for_each(|element| flatten(element, flat)),
        other => flat.push(other.clone()),
    }
}

fn convert(function: &str, value: &Json) -> Outcome {
    match (function, value) {
        (_, Json::Null) => Ok(Json::Null),
        ("toInt", Json::String(digits)) => digits.parse().map(|it: i64| json!(it)).map_err(|_| No::Value),
        ("toInt", Json::Number(number)) if number.is_i64() => Ok(value.clone()),
        ("toInt", Json::Number(number)) => {
            let number = (number.as_f64().ok_or(No::Value)? + 0.5).floor();
            format!("{number:.0}").parse().map(|it: i64| json!(it)).map_err(|_| No::Value)
        }
        ("toNum", Json::String(digits)) => {
            let number = digits.parse().ok().filter(|number: &f64| number.is_finite()).ok_or(No::Value)?;
            Ok(json!(number))
        }
        ("toNum", Json::Number(number)) => Ok(json!(number.as_f64())),
        _ => Err(No::Value),
    }
}

fn groups(name: &str, arguments: &[Json], world: &World) -> Outcome {
    let groups = world.groups.clone().unwrap_or_default();
    let part = |at: usize| match &arguments[at] {
        Json::Null => Ok(None),
        other => text(other).map(Some),
    };
    let Some(function) = name.strip_prefix("Groups.") else {
        let Some(wanted) = part(0)? else { return Ok(json!(false)) };
        let is_meant = |group: &el::Group| match name {
            "isMemberOfGroup" => *group.id == *wanted,
            "isMemberOfGroupName" => *group.name == *wanted,
            "isMemberOfGroupNameStartsWith" => group.name.starts_with(&wanted),
            "isMemberOfGroupNameContains" => group.name.contains(&wanted),
            other => panic!("no function {other}"),
        };
        return Ok(json!(groups.iter().any(is_meant)));
    };
    let (app, pattern) = (part(0)?.ok_or(No::Value)?, part(1)?.ok_or(No::Value)?);
    let limit = usize::try_from(whole(&arguments[2])?).map_err(|_| No::Value)?;
    if limit == 0 || limit > world.groups_max {
        return Err(No::Value);
    }
    let mut chosen = Vec::new();
    for group in groups {
        let of_app = match &group.source {
            None => app == "OKTA" && group.kind != model::group::GroupKind::App,
            Some(source) => app == *source.id || app == *source.app_type,
        };
        let meant = match function {
            "startsWith" => group.name.starts_with(&pattern),
            "endsWith" => group.name.ends_with(&pattern),
            _ => group.name.contains(&pattern),
        };
        if of_app && meant {
            chosen.push(json!(*group.name));
        }
    }
    match chosen.len() {
        0 => Ok(Json::Null),
        many if many > limit => Err(No::Value),
        _ => Ok(Json::Array(chosen)),
    }
}

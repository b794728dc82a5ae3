//! What a traced evaluation says it has read.

use el::{Limits, compile};

use crate::world::world;

/// The inputs of an expression, one per line, and its result.
fn traced(text: &str) -> String {
    let program = compile(text, &Limits::default()).expect("the expression compiles");
    let (outcome, inputs) = program.evaluate_traced(&world());
    assert_eq!(outcome, program.evaluate(&world()), "tracing changes nothing");
    let mut lines: Vec<String> =
        inputs.iter().map(|input| format!("{} = {}", input.path, input.value.to_json())).collect();
    lines.push(match outcome {
        Ok(value) => format!("→ {}", value.to_json()),
        Err(error) => format!("fails: {error}"),
    });
    lines.join("\n")
}

#[test]
fn each_path_is_noted_once_in_the_order_of_first_reading() {
    assert_eq!(
        traced("user.lastName + user.firstName + user . lastName"),
        "user.lastName = \"Öst\"\nuser.firstName = \"Ana\"\n→ \"ÖstAnaÖst\""
    );
    assert_eq!(
        traced("user.teams[user.numbers[0] - 10].name"),
        "user.numbers[0] = 10\nuser.teams[user.numbers[0] - 10].name = \"Red\"\n→ \"Red\""
    );
}

#[test]
fn what_is_not_evaluated_is_not_read() {
    assert_eq!(
        traced("(appuser != null) ? appuser.userName : app.clientId"),
        "appuser = null\napp.clientId = \"0oa1\"\n→ \"0oa1\""
    );
}

#[test]
fn the_part_that_could_not_be_gone_on_from_is_shown() {
    assert_eq!(traced("appuser.userName"), "appuser = null\nfails: cannot read `userName` of null");
    assert_eq!(
        traced("user.address.street.name"),
        "user.address.street = null\nfails: cannot read `name` of null"
    );
}

#[test]
fn long_values_and_many_inputs_are_cut() {
    let text = traced("user.long + user.long + user.firstName");
    assert!(text.len() < 2 * 1024 + 2 * 1024, "{text}");
    let many: Vec<String> = (0..150).map(|at| format!("user.a{at} == null")).collect();
    let program = compile(&many.join(" and "), &Limits { characters: 10_000, ..Limits::default() });
    let (outcome, inputs) = program.expect("the expression compiles").evaluate_traced(&world());
    assert_eq!(outcome, Ok(true.into()));
    assert_eq!(inputs.len(), 100);
    assert_eq!(inputs[99].path, "user.a99");
}

#[test]
fn of_a_large_value_the_beginning_is_kept() {
    let mut world = world();
    let many: Vec<String> = (0..1000).map(|at| format!("group {at}")).collect();
    world.variables.insert("app".into(), serde_json::json!({ "ä": "ä".repeat(4000), "many": many }));
    for expression in ["app.ä", "app.many", "app == null"] {
        let program = compile(expression, &Limits::default()).expect("the expression compiles");
        let (_, inputs) = program.evaluate_traced(&world);
        let shown = inputs[0].value.to_json().to_string();
        assert!((1000..3000).contains(&shown.len()) && shown.contains('…'), "{shown}");
    }
}

#[test]
fn what_functions_read_of_the_surroundings_is_noted() {
    assert_eq!(
        traced("isMemberOfGroupName(\"Staff\") ? Time.now('UTC', 'yyyy') : 'none'"),
        "isMemberOfGroupName('Staff') = true\nTime.now('UTC', 'yyyy') = \"2015\"\n→ \"2015\""
    );
    assert_eq!(
        traced("user.getGroups({'group.id': '00g1'}).![name]"),
        "user.getGroups({'group.id': '00g1'}).![name] = [\"West Coast Admins\"]\n→ [\"West Coast Admins\"]"
    );
    assert_eq!(
        traced("user.getLinkedObject('manager').lastName + String.len(user.login)"),
        "user.getLinkedObject('manager').lastName = \"Gates\"\nuser.login = \"ana@example.com\"\n→ \"Gates15\""
    );
    assert_eq!(traced("String.len('a')"), "→ 1");
}

//! The examples of `docs/expressions.md`.

use el::{Found, Group, Limits, Object, Value, Variables};
use serde_json::{Map, Value as Json};

use crate::world::{group, result_in};

const PAGE: &str = include_str!("../../../../docs/expressions.md");

/// What the page says about its user.
struct Somebody {
    variables: Map<String, Json>,
    user: User,
    groups: Vec<Group>,
}

struct User(Map<String, Json>);

impl Variables for Somebody {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        if name == "user" { Some(Found::Object(&self.user)) } else { self.variables.variable(name) }
    }

    fn now_millis(&self) -> Option<i64> {
        Some(1_769_860_800_000)
    }

    fn groups(&self) -> Option<&[Group]> {
        Some(&self.groups)
    }
}

impl Object for User {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        self.0.property(name)
    }

    fn call(&self, _: &str, _: &[Value]) -> Result<Found<'_>, el::CallError> {
        Ok(Value::Null.into())
    }
}

fn somebody() -> Somebody {
    let (_, after) = PAGE.split_once("```json\n").expect("the page says who is meant");
    let (json, _) = after.split_once("```").expect("the block ends");
    let mut variables: Map<String, Json> = serde_json::from_str(json).expect("the block is JSON");
    let object = |json: Option<Json>| json.as_ref().and_then(Json::as_object).cloned().unwrap_or_default();
    let user = User(object(variables.remove("user")));
    let named = |(id, name): (&String, &Json)| group(id, name.as_str().expect("a name"));
    let groups = object(variables.remove("groups")).iter().map(named).collect();
    Somebody { variables, user, groups }
}

#[test]
fn every_example_on_the_page_comes_out_as_it_says() {
    let somebody = somebody();
    let examples: Vec<(&str, &str)> = PAGE.lines().filter_map(|line| line.split_once(" → ")).collect();
    for (expression, wanted) in &examples {
        assert_eq!(result_in(&somebody, expression, &Limits::default()), *wanted, "{expression}");
    }
    assert!(examples.len() > 60, "{} examples", examples.len());
}

//! Reading variables: properties, indexes, projections and methods.

use el::{CallError, Found, Limits, Object, Value, Variables, compile};

use crate::world::table;

#[test]
fn properties_keep_their_kind() {
    table(
        r#"
        user.firstName → "Ana"
        user.age → 41
        user.score → 3.5
        user.active → true
        user.roles → ["admin","dev","dev"]
        user.address → {"city":"Graz","and":"so on"}
        user.address.city → "Graz"
        app.profile.allow → ["00g1","00g2"]
        session.amr → ["pwd"]
        appuser → null
        "#,
    );
}

#[test]
fn a_missing_property_is_null_and_a_property_of_null_fails() {
    table(
        r"
        user.absent → null
        user.address.absent → null
        user.firstname → null
        appuser.userName → fails: cannot read `userName` of null
        user.absent.more → fails: cannot read `more` of null
        user.firstName.length → fails: cannot read `length` of a string
        ",
    );
}

#[test]
fn a_word_after_a_dot_is_a_name() {
    table(
        r#"
        user.address.and → "so on"
        user.null → null
        user . firstName → "Ana"
        "#,
    );
}

#[test]
fn indexes() {
    table(
        r#"
        {1,2,3}[0] → 1
        {1,2,3}[1 + 1] → 3
        user.roles[0] → "admin"
        user.teams[1].name → "Blue"
        user['firstName'] → "Ana"
        user['first' + 'Name'] → "Ana"
        {'a': {'b': 1}}['a']['b'] → 1
        {'a': 1}['x'] → null
        {a: 1, 'a': 2}.a → 2
        {1}[1] → fails: there is no position 1 in an array of 1
        {1}[-1] → fails: there is no position -1 in an array of 1
        {1}['a'] → fails: cannot index an array by a string
        user[0] → fails: cannot index an object by an integer
        appuser['userName'] → fails: cannot index null by a string
        user.absent[0] → fails: cannot index null by an integer
        "#,
    );
}

#[test]
fn projections() {
    table(
        r#"
        user.teams.![name] → ["Red","Blue"]
        user.teams.![profile.lead] → ["Bo",null]
        user.teams.![absent] → [null,null]
        {}.![name] → []
        Arrays.toCsvString(user.teams.![name]) → "Red,Blue"
        user.roles.![name] → fails: cannot read `name` of a string
        user.absent.![name] → fails: `.![ ]` wants an array before it, but this is null
        user.address.![city] → fails: `.![ ]` wants an array before it, but this is an object
        "#,
    );
}

/// A user of whom nothing may be read as a whole.
struct Person;

impl Object for Person {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        (name == "firstName").then(|| Value::from("Ana").into())
    }

    fn call(&self, method: &str, arguments: &[Value]) -> Result<Found<'_>, CallError> {
        match (method, arguments) {
            ("getInternalProperty", [Value::Text(name)]) if &**name == "id" => Ok(Value::from("00u1").into()),
            _ => Err(CallError::new("there is no such internal property")),
        }
    }
}

impl Variables for Person {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        (name == "user").then_some(Found::Object(self))
    }
}

fn of_person(text: &str) -> String {
    let program = compile(text, &Limits::default()).expect("the expression compiles");
    match program.evaluate(&Person) {
        Ok(value) => value.to_json().to_string(),
        Err(error) => format!("fails: {error}"),
    }
}

#[test]
fn an_object_answers_for_its_properties_and_methods() {
    assert_eq!(of_person("user.firstName"), "\"Ana\"");
    assert_eq!(of_person("user.lastName"), "null");
    assert_eq!(of_person("user != null"), "true");
    assert_eq!(of_person("(user ?: 'none').firstName"), "\"Ana\"");
    assert_eq!(of_person("user.getInternalProperty(\"id\")"), "\"00u1\"");
    assert_eq!(of_person("user.getInternalProperty('x' + '')"), "fails: there is no such internal property");
    assert_eq!(
        of_person("user.firstName.getInternalProperty('id')"),
        "fails: cannot call `getInternalProperty` of a string"
    );
}

#[test]
fn an_object_that_is_no_value_is_not_a_result() {
    let reason = "fails: this is an object and not a value; name one of its properties";
    assert_eq!(of_person("user"), reason);
    assert_eq!(of_person("{user}"), reason);
    assert_eq!(of_person("user == user"), reason);
}

#[test]
fn a_variable_that_is_not_there_is_not_null() {
    assert_eq!(of_person("app == null"), "fails: unknown name `app`");
}

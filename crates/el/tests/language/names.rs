//! Which names a program is found to mention.

use el::{Limits, compile};

/// The variables of an expression, each with its properties, `methods()` and `*` if it may be read as a whole.
fn names(text: &str) -> String {
    let program = compile(text, &Limits::default()).expect("the expression compiles");
    let variables = program.names().variables.iter().map(|(variable, uses)| {
        let methods = uses.methods.iter().map(|method| format!("{method}()"));
        let whole = uses.whole.then(|| "*".to_owned());
        let all: Vec<String> = uses.properties.iter().cloned().chain(methods).chain(whole).collect();
        format!("{variable}: {}", all.join(" "))
    });
    variables.collect::<Vec<_>>().join("; ")
}

#[test]
fn properties_are_collected_from_everywhere() {
    assert_eq!(
        names("(appuser != null) ? appuser.userName : app.clientId"),
        "app: clientId; appuser: userName"
    );
    assert_eq!(names("String.len(user.a) + {user.b, {'k': user['c']}}[user.d]"), "user: a b c d");
    assert_eq!(names("app.profile.label"), "app: profile");
    assert_eq!(names("user.teams.![name]"), "user: teams");
    assert_eq!(names("user.getInternalProperty('id')"), "user: getInternalProperty()");
    assert_eq!(names("1"), "");
}

#[test]
fn a_variable_that_may_be_read_as_a_whole_says_so() {
    assert_eq!(names("user"), "user: *");
    assert_eq!(names("user[app.key]"), "app: key; user: *");
    assert_eq!(names("null == user"), "user: ");
    assert_eq!(names("user == app"), "app: *; user: *");
    assert_eq!(names("(user ?: app).name"), "app: *; user: *");
}

#[test]
fn unknown_variables_are_among_them() {
    assert_eq!(names("cool"), "cool: *");
}

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

/// The groups that an expression asks about: ids, `=` names, and `*` if any other may matter.
fn groups(text: &str) -> String {
    let program = compile(text, &Limits::default()).expect("the expression compiles");
    let groups = &program.names().groups;
    let names = groups.names.iter().map(|name| format!("={name}"));
    let all = groups.all.then(|| "*".to_owned());
    groups.ids.iter().cloned().chain(names).chain(all).collect::<Vec<_>>().join(" ")
}

#[test]
fn groups_in_literals_are_collected() {
    assert_eq!(groups("isMemberOfGroup('00g1') or isMemberOfAnyGroup('00g2', {'00g3'})"), "00g1 00g2 00g3");
    assert_eq!(groups("isMemberOfGroupName('A') ? 1 : isMemberOfGroupName('B') ? 2 : 3"), "=A =B");
    assert_eq!(groups("getFilteredGroups({'00g1', '00g2'}, 'group.name', 9)"), "00g1 00g2");
    assert_eq!(groups("getFilteredGroups('00g1, 00g2', 'group.name', 9)"), "00g1 00g2");
    assert_eq!(
        groups("user.getGroups({'group.id': {'00g1', '00g2'}}, {'group.type': 'BUILT_IN'})"),
        "00g1 00g2"
    );
    assert_eq!(groups("user.getGroups({'group.profile.name': 'A', 'operator': 'EXACT'})"), "=A");
    assert_eq!(groups("user.firstName"), "");
}

#[test]
fn where_any_group_may_matter_all_are_wanted() {
    for text in [
        "isMemberOfGroup(app.profile.group)",
        "isMemberOfAnyGroup('00g1', app.profile.group)",
        "isMemberOfAnyGroup({app.profile.group})",
        "isMemberOfGroupName(app.profile.group)",
        "isMemberOfGroupNameStartsWith('A')",
        "isMemberOfGroupNameContains('A')",
        "isMemberOfGroupNameRegex('A')",
        "Groups.startsWith('OKTA', 'A', 9)",
        "getFilteredGroups(app.profile.groups, 'group.name', 9)",
        "user.getGroups({'group.profile.name': 'A'})",
        "user.getGroups({'group.profile.name': app.profile.group, 'operator': 'EXACT'})",
        "user.getGroups({'group.type': 'BUILT_IN'})",
        "user.getGroups(app.profile.criteria)",
    ] {
        assert!(groups(text).ends_with('*'), "{text}: {}", groups(text));
    }
}

#[test]
fn linked_objects_are_collected() {
    let links = |text: &str| {
        let program = compile(text, &Limits::default()).expect("the expression compiles");
        let links = &program.names().linked_objects;
        (links.names.iter().cloned().collect::<Vec<_>>().join(" "), links.all)
    };
    let both = "user.getLinkedObject('manager').lastName + user.getLinkedObject('mentor')?.login";
    assert_eq!(links(both), ("manager mentor".to_owned(), false));
    assert_eq!(links("user.getLinkedObject(app.profile.link)"), (String::new(), true));
    assert_eq!(links("user.login"), (String::new(), false));
}

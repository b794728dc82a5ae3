//! Functions about the user's groups, with Okta's examples first.

use el::{Limits, compile};

use crate::world::{World, group, result, result_in, service, table, table_in, world};

#[test]
fn membership_by_id() {
    table(
        r#"
        isMemberOfGroup("00g1") → true
        isMemberOfGroup("00g9") → false
        isMemberOfGroup("00G1") → false
        isMemberOfGroup(null) → false
        isMemberOfGroup("") → false
        isMemberOfAnyGroup("00g8", "00g9", "00g1") → true
        isMemberOfAnyGroup("00g8", "00g9") → false
        isMemberOfAnyGroup() → false
        isMemberOfAnyGroup(null, "00g4") → true
        isMemberOfAnyGroup(app.profile.allow) → true
        isMemberOfAnyGroup({"00g8"}, "00g9") → false
        isMemberOfAnyGroup("00g1,00g2") → false
        "#,
    );
}

#[test]
fn a_group_without_an_id_is_no_id_s_group() {
    let world = World { groups: Some(vec![group("", "Everyone")]), ..world() };
    table_in(
        &world,
        r#"
        isMemberOfGroup("") → false
        isMemberOfGroup(user.nickName) → false
        isMemberOfAnyGroup("") → false
        getFilteredGroups({""}, "group.name", 1) → []
        user.getGroups({'group.id': ""}).![name] → []
        isMemberOfGroupName("Everyone") → true
        "#,
    );
}

#[test]
fn membership_by_name() {
    table(
        r#"
        isMemberOfGroupName("West Coast Admins") → true
        isMemberOfGroupName("Staff") → true
        isMemberOfGroupName("Everyone") → true
        isMemberOfGroupName("west coast admins") → false
        isMemberOfGroupName("West Coast") → false
        isMemberOfGroupName(user.middleName) → false
        isMemberOfGroupName(app.profile.label + 's') → false
        isMemberOfGroupNameStartsWith("West Co") → true
        isMemberOfGroupNameStartsWith("Coast") → false
        isMemberOfGroupNameStartsWith("") → true
        isMemberOfGroupNameStartsWith(null) → false
        isMemberOfGroupNameContains("Admin") → true
        isMemberOfGroupNameContains("Öst") → true
        isMemberOfGroupNameContains("admin") → false
        isMemberOfGroupNameContains(null) → false
        "#,
    );
}

#[test]
fn membership_by_regular_expression() {
    table(
        r#"
        isMemberOfGroupNameRegex("/.*Admin.*") → true
        isMemberOfGroupNameRegex(".*Admin.*") → true
        isMemberOfGroupNameRegex("/West.*Users/") → true
        isMemberOfGroupNameRegex("West") → false
        isMemberOfGroupNameRegex("(?i)STAFF") → true
        isMemberOfGroupNameRegex(".*" + "Wing") → true
        isMemberOfGroupNameRegex("/" + "West Wing" + "/") → true
        isMemberOfGroupNameRegex(null) → false
        isMemberOfGroupNameRegex("(") → refused: the regular expression cannot be used: unclosed group
        isMemberOfGroupNameRegex("(" + "") → fails: `isMemberOfGroupNameRegex`: the regular expression cannot be used: unclosed group
        isMemberOfGroupNameRegex("(?=a)") → refused: the regular expression cannot be used: look-around, including look-ahead and look-behind, is not supported
        "#,
    );
}

#[test]
fn names_by_app_and_part() {
    table(
        r#"
        Groups.startsWith("OKTA", "West", 10) → ["West Coast Admins","West Coast Users"]
        Groups.startsWith("OKTA", "", 100) → ["Everyone","West Coast Admins","West Coast Users","Smith, Jones & Öst"]
        Groups.startsWith("google", "West", 10) → ["West Wing"]
        Groups.startsWith("0oagoogle", "West", 10) → ["West Wing"]
        Groups.startsWith("active_directory", "", 1) → ["Staff"]
        Groups.endsWith("OKTA", "Users", 10) → ["West Coast Users"]
        Groups.endsWith("OKTA", "Öst", 10) → ["Smith, Jones & Öst"]
        Groups.contains("OKTA", "Coast", 10) → ["West Coast Admins","West Coast Users"]
        Groups.contains("OKTA", "coast", 10) → null
        Groups.startsWith("OKTA", "TEST", 100) → null
        Groups.startsWith("OKTA", "TEST", 100) ?: {} → []
        Groups.startsWith("workday", "", 100) → null
        String.replace(Groups.contains("OKTA", "Coast", 10), "West Coast ", "") → "Admins,Users"
        "#,
    );
}

#[test]
fn nothing_that_names_are_chosen_by_may_be_null() {
    table(
        r#"
        Groups.contains(user.middleName, "a", 1) → fails: `Groups.contains` wants a string as `app`, but this is null
        Groups.contains("OKTA", user.middleName, 1) → fails: `Groups.contains` wants a string as `pattern`, but this is null
        Groups.contains("OKTA", "a", user.middleName) → fails: `Groups.contains` wants an integer as `limit`, but this is null
        getFilteredGroups(user.middleName, "group.id", 1) → fails: `getFilteredGroups` wants an array as `allowlist`, but this is null
        getFilteredGroups({"00g1"}, user.middleName, 1) → fails: `getFilteredGroups` wants a string as `groupExpression`, but this is null
        "#,
    );
}

#[test]
fn more_groups_than_the_limit_are_an_error_and_never_cut() {
    table(
        r#"
        Groups.startsWith("OKTA", "West", 2) → ["West Coast Admins","West Coast Users"]
        Groups.startsWith("OKTA", "West", 1) → fails: more than 1 groups match
        getFilteredGroups({"00g1", "00g2"}, "group.id", 2) → ["00g1","00g2"]
        getFilteredGroups({"00g1", "00g2"}, "group.id", 1) → fails: more than 1 groups match
        "#,
    );
    let program = compile("Groups.startsWith('OKTA', 'West', 1)", &Limits::default()).expect("compiles");
    assert!(program.evaluate(&world()).is_err_and(|error| error.too_many_groups));
    let program = compile("Groups.startsWith('OKTA', 'West', 0 - 1)", &Limits::default()).expect("compiles");
    assert!(program.evaluate(&world()).is_err_and(|error| !error.too_many_groups));
}

#[test]
fn a_limit_is_from_1_to_100() {
    table(
        r#"
        Groups.startsWith("OKTA", "West", 0) → refused: the limit is 0, but must be from 1 to 100
        getFilteredGroups({"00g1"}, "group.id", 0) → refused: the limit is 0, but must be from 1 to 100
        Groups.startsWith("OKTA", "West", 1 - 1) → fails: `Groups.startsWith`: the limit is 0, but must be from 1 to 100
        Groups.startsWith("OKTA", "West", 101) → fails: `Groups.startsWith`: the limit is 101, but must be from 1 to 100
        Groups.startsWith("OKTA", "West", "10") → ["West Coast Admins","West Coast Users"]
        Groups.startsWith("OKTA", "West", app.profile.maxLimit < 100 ? app.profile.maxLimit : 100) → fails: `<` does not take null and an integer
        getFilteredGroups({"00g1"}, "group.id", user.age < 100 ? user.age : 100) → ["00g1"]
        "#,
    );
    let warnings = |text: &str| {
        let program = compile(text, &Limits::default()).expect("the expression compiles");
        program.warnings().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(warnings("Groups.startsWith('OKTA', 'a', 100)"), "");
    let doubt = "the limit is 101, but must be from 1 to 100";
    assert_eq!(warnings("Groups.startsWith('OKTA', 'a', 101)"), doubt);
}

#[test]
fn in_the_authorization_code_flow_a_limit_may_be_higher() {
    let world = World { groups_max: usize::MAX, ..world() };
    table_in(&world, r#"Groups.startsWith("google", "West", 5000) → ["West Wing"]"#);
}

#[test]
fn filtered_groups() {
    table(
        r#"
        getFilteredGroups({"00g1"}, "group.name", 40) → ["West Coast Admins"]
        getFilteredGroups({"00g9", "00g4", "00g1"}, "group.id", 40) → ["00g1","00g4"]
        getFilteredGroups({"00g1", "00g1"}, "group.id", 40) → ["00g1"]
        getFilteredGroups(app.profile.allow, "group.name", 40) → ["West Coast Admins","West Coast Users"]
        getFilteredGroups("00g1, 00g4", "group.id", 40) → ["00g1","00g4"]
        getFilteredGroups({"00g9"}, "group.name", 40) → []
        getFilteredGroups({}, "group.name", 40) → []
        getFilteredGroups({"00g1", 1, null}, "group.name", 40) → ["West Coast Admins"]
        String.replace(getFilteredGroups({"00g1"}, "group.name", 40), "West ", "") → "Coast Admins"
        "#,
    );
    let example = "getFilteredGroups({'00g1', '00g4'}, \"(group.objectClass[0] == 'okta:windows_security_principal') \
                   ? 'AD: ' + group.profile.windowsDomainQualifiedName : 'Okta: ' + group.name\", 100)";
    assert_eq!(result(example), r#"["Okta: West Coast Admins","AD: EXAMPLE\\Staff"]"#);
}

#[test]
fn a_group_has_okta_s_attributes() {
    table(
        r#"
        getFilteredGroups({"00g4"}, "group.profile.samAccountName", 1) → ["staff"]
        getFilteredGroups({"00g4"}, "group.profile.groupType", 1) → ["Security"]
        getFilteredGroups({"00g4"}, "group.profile.name", 1) → ["Staff"]
        getFilteredGroups({"00g4"}, "group.type", 1) → ["APP_GROUP"]
        getFilteredGroups({"00g4"}, "group.source.id", 1) → ["0oaad1"]
        getFilteredGroups({"00g1"}, "group.source.id", 1) → fails: `getFilteredGroups`: cannot read `id` of null, for the group `West Coast Admins`
        getFilteredGroups({"00g1", "00g4"}, "group.source?.id", 9) → ["0oaad1"]
        getFilteredGroups({"00g1", "00g4"}, "group.profile.samAccountName", 9) → ["staff"]
        getFilteredGroups({"00g1", "00g4"}, "String.toUpperCase(group.name)", 9) → ["WEST COAST ADMINS","STAFF"]
        getFilteredGroups({"00g1"}, "group." + "id", 9) → ["00g1"]
        getFilteredGroups({"00g1"}, "gruop." + "id", 9) → fails: `getFilteredGroups`: unknown variable `gruop`
        getFilteredGroups({"00g1"}, "1", 9) → [1]
        "#,
    );
}

#[test]
fn an_expression_about_groups_knows_groups_only() {
    table(
        r#"
        getFilteredGroups({"00g1"}, "user.login", 9) → refused: unknown variable `user`
        getFilteredGroups({"00g1"}, "isMemberOfGroup('00g1')", 9) → refused: `isMemberOfGroup` is not for an expression about groups
        getFilteredGroups({"00g1"}, "getFilteredGroups({'a'}, 'group.id', 1)", 9) → refused: `getFilteredGroups` is not for an expression about groups
        getFilteredGroups({"00g1"}, "Time.now()", 9) → refused: `Time.now` is not for an expression about groups
        getFilteredGroups({"00g1"}, "", 9) → refused: the expression is empty
        getFilteredGroups({"00g1"}, "group.name +", 9) → refused: expected a value, but the expression ends here
        "#,
    );
}

#[test]
fn groups_as_objects() {
    table(
        r#"
        user.getGroups({'group.id': {'00g1'}}).![name] → ["West Coast Admins"]
        user.getGroups({'group.id': '00g1'}).![id] → ["00g1"]
        user.getGroups({'group.profile.name': 'West Coast'}).![profile.name] → ["West Coast Admins","West Coast Users"]
        user.getGroups({'group.profile.name': 'West Coast', 'operator': 'STARTS_WITH'}).![name] → ["West Coast Admins","West Coast Users"]
        user.getGroups({'group.profile.name': 'West Coast', 'operator': 'EXACT'}).![name] → []
        user.getGroups({'group.profile.name': 'Everyone', 'operator': 'EXACT'}).![name] → ["Everyone"]
        user.getGroups({"group.profile.name": "Everyone", "operator": "STARTS_WITH"}).![name] → ["Everyone"]
        user.getGroups({'group.profile.name': 'West Coast.*'}).![id] → ["00g1","00g2"]
        user.getGroups({'group.profile.name': {'Every', 'Sta'}}).![name] → ["Everyone","Staff"]
        user.getGroups({'group.type': {'OKTA_GROUP'}}, {'group.profile.name': {'Everyone', 'West Coast Admins'}}).![name] → ["West Coast Admins"]
        user.getGroups({'group.type': {'BUILT_IN', 'APP_GROUP'}}).![type] → ["BUILT_IN","APP_GROUP","APP_GROUP"]
        user.getGroups({'group.source.id': '0oaad1'}).![profile.samAccountName] → ["staff"]
        user.getGroups({'group.id': app.profile.allow}).![id] → ["00g1","00g2"]
        user.getGroups({'group.id': user.middleName}).![id] → []
        user.getGroups({'group.id': '00g4'}).![absent] → [null]
        Arrays.size(user.getGroups({'group.profile.name': ''})) → 6
        Arrays.isEmpty(user.getGroups({'group.id': 'x'})) → true
        Arrays.contains(user.getGroups({'group.profile.name': ''}).![name], 'Staff') → true
        user.getGroups({'group.id': '00g1'})[0].name → "West Coast Admins"
        user.getGroups({'group.id': '00g1'})[0].profile.name → "West Coast Admins"
        user.getGroups({'group.id': '00g4'})[0].source.id → "0oaad1"
        user.getGroups({'group.id': '00g3'}) → [{"id":"00g3","name":"Smith, Jones & Öst","type":"OKTA_GROUP","objectClass":["okta:user_group"],"source":null,"profile":{"name":"Smith, Jones & Öst"}}]
        "#,
    );
}

#[test]
fn criteria_are_checked_when_saving() {
    table(
        r"
        user.getGroups() → refused: `getGroups` takes 1 argument or more, not 0
        user.getGroups('Everyone') → refused: `getGroups` wants objects that say which groups are meant
        user.getGroups({'group.name': 'x'}) → refused: unknown key `group.name`; did you mean `group.profile.name`?
        user.getGroups({'group.idd': 'x'}) → refused: unknown key `group.idd`; did you mean `group.id`?
        user.getGroups({'group.type': {'OKTA'}}) → refused: `group.type` is one of OKTA_GROUP, BUILT_IN, APP_GROUP, not `OKTA`
        user.getGroups({'group.profile.name': 'x', 'operator': 'ENDS_WITH'}) → refused: `operator` is one of EXACT, STARTS_WITH, not `ENDS_WITH`
        user.getGroups({'operator': 'EXACT'}) → refused: each object has one of `group.id`, `group.source.id`, `group.type` and `group.profile.name`
        user.getGroups({'group.id': 'x', 'group.type': 'BUILT_IN'}) → refused: each object has one of `group.id`, `group.source.id`, `group.type` and `group.profile.name`
        user.getGroups({:}) → refused: each object has one of `group.id`, `group.source.id`, `group.type` and `group.profile.name`
        user.getGroups(user.address) → fails: `getGroups`: unknown key `city`
        user.getGroups(user.login) → fails: `getGroups`: wants an object such as {'group.id': '…'}, but this is a string
        user.getGroups({'group.profile.name': 'x', 'operator': user.login}) → fails: `getGroups`: the operator is one of EXACT, STARTS_WITH
        user.getGroups({'group.id': 1}) → fails: `getGroups`: `group.id` wants strings, but this is an integer
        user.getGroups({'group.id': '00g1'}) + 1 → refused: `+` does not take an array and an integer
        ",
    );
}

#[test]
fn a_service_is_in_no_group() {
    table_in(
        &service(),
        r#"
        isMemberOfGroup("00g1") → false
        isMemberOfAnyGroup("00g1") → false
        isMemberOfGroupName("Everyone") → false
        isMemberOfGroupNameStartsWith("") → false
        isMemberOfGroupNameContains("") → false
        isMemberOfGroupNameRegex(".*") → false
        Groups.startsWith("OKTA", "", 100) → null
        getFilteredGroups({"00g1"}, "group.id", 100) → []
        "#,
    );
}

#[test]
fn huge_lists_of_groups_are_looked_through_in_bounds() {
    let many = (0..20_000).map(|at| group(&format!("00g{at}"), &format!("Group {at}"))).collect();
    let world = World { groups: Some(many), ..world() };
    let result = |text: &str| result_in(&world, text, &Limits::default());
    assert_eq!(result("isMemberOfGroupName('Group 19999')"), "true");
    assert_eq!(result("Groups.startsWith('OKTA', 'Group 1999', 100) != null"), "true");
    assert_eq!(result("Groups.startsWith('OKTA', '', 100)"), "fails: more than 100 groups match");
    assert_eq!(result("user.getGroups({'group.profile.name': ''})"), "fails: more than 100 groups match");
    assert_eq!(result("getFilteredGroups({'00g7', '00g19999'}, 'group.id', 2)"), r#"["00g7","00g19999"]"#);
    let often = vec!["isMemberOfGroupName('x')"; 35].join(" or ");
    assert_eq!(result(&often), "fails: evaluation takes too many steps");
    let costly = "isMemberOfGroupNameRegex('(?:[a-z]{1,20}.?){1,20}y')";
    assert_eq!(result(costly), "fails: evaluation takes too many steps");
}

#[test]
fn an_expression_about_groups_shares_the_budget() {
    let many = (0..100).map(|at| group(&format!("00g{at}"), &"x".repeat(255))).collect();
    let world = World { groups: Some(many), ..world() };
    let ids: Vec<String> = (0..100).map(|at| format!("'00g{at}'")).collect();
    let names = "group.name + group.name + group.name";
    let text = format!("getFilteredGroups({{{}}}, '{names}', 100)", ids.join(","));
    assert_eq!(
        result_in(&world, &text, &Limits::default()),
        "fails: `getFilteredGroups`: the result is too large, for the group `".to_owned()
            + &"x".repeat(255)
            + "`"
    );
    let few = Limits { steps: 300, ..Limits::default() };
    let text = format!("getFilteredGroups({{{}}}, 'group.name', 100)", ids.join(","));
    assert!(result_in(&world, &text, &few).contains("too many steps"));
}

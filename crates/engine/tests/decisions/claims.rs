//! The claims that a server adds to access tokens (Okta, sections 4.1, 4.4, 4.5 and 4.9).

use crate::dialogue::check;

/// Every claim below stands on such a server.
fn check_with_rule(text: &str) {
    check(&format!(
        "scope read
        scope write
        policy Default for every app
            rule Any if anything, then 1h
        {text}"
    ));
}

#[test]
fn the_subject_is_the_apps_user_name_or_the_service_itself() {
    check_with_rule(
        r#"claims app Portal, user ana, scopes read
        → {"sub":"ana@example.com"}
        claims app Worker, scopes read
        → {"sub":"Worker"}"#,
    );
}

#[test]
fn the_subject_can_be_mapped_anew() {
    check_with_rule(
        r#"claim sub = user.firstName
        claims app Portal, user ana, scopes read
        → {"sub":"ana"}
        claims app Worker, scopes read
        → refused: the system claim sub: cannot read `firstName` of null"#,
    );
}

#[test]
fn a_token_whose_subject_is_not_a_text_is_refused() {
    check_with_rule(
        r#"claim sub = user.nickName
        claims app Portal, user ana, scopes read
        → refused: the system claim sub: the subject is null
        claims app Portal, user ana with {"nickName":""}, scopes read
        → refused: the system claim sub: the subject is empty
        claims app Portal, user ana with {"nickName":7}, scopes read
        → refused: the system claim sub: the subject is not a text
        claims app Portal, user ana with {"nickName":["a"]}, scopes read
        → refused: the system claim sub: the subject is not a text
        claims app Portal, user ana with {"nickName":"annie"}, scopes read
        → {"sub":"annie"}"#,
    );
}

#[test]
fn claims_come_in_the_order_of_the_server_and_keep_their_json_types() {
    check_with_rule(
        r#"claim z = app.profile.flag
        claim a = app.profile.count
        claim http://example.com/tier = app.profile.tier
        claim m = app.profile.list
        claim o = app.profile.nested
        claim n = app.profile.ratio
        claim blank = ''
        claims app Worker with {"flag":true,"count":3,"tier":"gold","list":[1,"x",null],"nested":{"b":1,"a":{}},"ratio":0.5}, scopes read
        → {"sub":"Worker","z":true,"a":3,"http://example.com/tier":"gold","m":[1,"x",null],"o":{"b":1,"a":{}},"n":0.5,"blank":""}"#,
    );
}

#[test]
fn a_claim_without_a_value_is_left_out() {
    check_with_rule(
        r#"claim tier = user.tier
        claim none = null
        claims app Portal, user ana, scopes read
        → {"sub":"ana@example.com"}
        claims app Portal, user ana with {"tier":"gold"}, scopes read
        → {"sub":"ana@example.com","tier":"gold"}
        claims app Portal, user ana with {"tier":null}, scopes read
        → {"sub":"ana@example.com"}"#,
    );
}

#[test]
fn a_claim_with_scopes_is_released_if_any_of_them_is_granted() {
    check_with_rule(
        r#"claim writes for write = 'yes'
        claim either for read write = 'yes'
        claim old for gone = 'yes'
        claims app Worker, scopes read
        → {"sub":"Worker","either":"yes"}
        claims app Worker, scopes write
        → {"sub":"Worker","writes":"yes","either":"yes"}"#,
    );
}

#[test]
fn a_claim_that_is_not_released_is_not_evaluated() {
    check_with_rule(
        r#"claim broken for write = cool
        claims app Worker, scopes read
        → {"sub":"Worker"}
        claims app Worker, scopes write
        → refused: the user claim broken: unknown name `cool`"#,
    );
}

#[test]
fn disabled_claims_and_those_of_the_id_token_are_left_out() {
    check_with_rule(
        r#"inactive claim off = cool
        claim tier in the ID token = cool
        claims app Worker, scopes read
        → {"sub":"Worker"}"#,
    );
}

#[test]
fn a_bare_word_refuses_the_token() {
    check_with_rule(
        r"claim tier = cool
        claims app Worker, scopes read
        → refused: the user claim tier: unknown name `cool`",
    );
}

#[test]
fn an_expression_that_fails_refuses_the_token_and_names_its_claim() {
    check_with_rule(
        r"claim sum = 1 + user.firstName.length
        claims app Portal, user ana, scopes read
        → refused: the user claim sum: cannot read `length` of a string",
    );
    check_with_rule(
        r"claim sub = cool
        claims app Worker, scopes read
        → refused: the system claim sub: unknown name `cool`",
    );
}

#[test]
fn of_several_failures_the_first_claim_is_named() {
    check_with_rule(
        r"claim first = cool
        claim second = hot
        claims app Worker, scopes read
        → refused: the user claim first: unknown name `cool`",
    );
}

#[test]
fn an_expression_that_does_not_compile_refuses_the_token() {
    check_with_rule(
        r"claim half = 1 +
        claims app Worker, scopes read
        → refused: the user claim half: the expression does not compile",
    );
}

#[test]
fn an_expression_that_asks_for_too_much_refuses_the_token() {
    let long = format!("user.a{}", " + user.a".repeat(110));
    check_with_rule(&format!(
        "claim long = {long}
        claims app Portal, user ana with {{\"a\":\"{}\"}}, scopes read
        → refused: the user claim long: the result is too large",
        "x".repeat(1_000)
    ));
}

#[test]
fn an_object_as_a_whole_is_no_claim() {
    check_with_rule(
        r"claim me = app
        claims app Worker, scopes read
        → refused: the user claim me: this is an object and not a value; name one of its properties",
    );
}

#[test]
fn a_groups_claim_without_a_filter_has_every_group_and_gives_services_nothing() {
    check_with_rule(
        r#"claim groups of every group
        claims app Worker, scopes read
        → {"sub":"Worker"}
        claims app Portal, user ana in Sales, scopes read
        → {"sub":"ana@example.com","groups":["Everyone","Sales"]}"#,
    );
}

#[test]
fn expressions_see_the_app_the_org_and_the_granted_scopes() {
    check_with_rule(
        r#"claim scope = String.replace(Arrays.toCsvString(access.scope), ",", " ")
        claim label = app.profile.label
        claim client = app.clientId
        claim company = org.name + '/' + org.subDomain
        claim unknown = app.secret
        claims app Worker with {"label":"Nightly"}, scopes write read
        → {"sub":"Worker","scope":"write read","label":"Nightly","client":"Worker","company":"Example/example"}"#,
    );
}

#[test]
fn expressions_see_the_granted_scopes_and_not_the_requested_ones() {
    check(
        r#"scope read, default
        scope write, default
        claim got = access.scope
        policy Default for every app
            rule Readers if only read, then 1h
        claims app Worker
        → {"sub":"Worker","got":["read"]}"#,
    );
}

#[test]
fn of_two_claims_with_one_name_the_first_counts() {
    check_with_rule(
        r#"claim tier = null
        claim tier = 'gold'
        claim tier = 'silver'
        claims app Worker, scopes read
        → {"sub":"Worker","tier":"gold"}"#,
    );
}

#[test]
fn a_refused_request_has_no_claims() {
    check_with_rule(
        r"claims app Worker, scopes unheard
        → refused: no_matching_scope",
    );
}

//! Whom a rule is for (Okta, sections 2.3, 2.6 and 13).

use crate::dialogue::check;

#[test]
fn everyone_is_any_user_and_requests_without_one() {
    check(
        "scope read
        policy Default for every app
            rule All if anyone, then 1h
        ask app Portal, user ana, scopes read
        → granted by Default / All: read, access token 3600 s
        ask app Portal, user bob in Sales, scopes read
        → granted by Default / All: read, access token 3600 s
        ask app Worker, scopes read
        → granted by Default / All: read, access token 3600 s",
    );
}

#[test]
fn no_user_is_requests_without_a_user_and_only_those() {
    check(
        "scope read
        policy Default for every app
            rule Services if no user, then 1h
        ask app Worker, scopes read
        → granted by Default / Services: read, access token 3600 s
        ask app Portal, user ana, scopes read
        → refused: no_matching_policy
        ask app Portal, user bob in Engineering, scopes read
        → refused: no_matching_policy",
    );
}

#[test]
fn a_rule_for_groups_or_users_never_matches_a_service() {
    check(
        "scope read
        policy Default for every app
            rule Group if user in Engineering, then 1h
            rule User if user ana, then 1h
        ask app Worker, scopes read
        → refused: no_matching_policy",
    );
}

#[test]
fn any_of_the_groups_or_users_is_enough() {
    check(
        "policy Default for every app
            rule Some if user in Engineering or in Sales or carl, then 1h
        ask app Portal, user ana in Sales, scopes openid
        → granted by Default / Some: openid, access token 3600 s
        ask app Portal, user bob in Legal and Engineering, scopes openid
        → granted by Default / Some: openid, access token 3600 s
        ask app Portal, user carl, scopes openid
        → granted by Default / Some: openid, access token 3600 s
        ask app Portal, user dora in Legal, scopes openid
        → refused: no_matching_policy",
    );
}

#[test]
fn an_excluded_user_is_out_even_if_named_or_in_a_named_group() {
    check(
        "policy Default for every app
            rule Staff if user in Engineering or bob and not user bob, then 1h
        ask app Portal, user ana in Engineering, scopes openid
        → granted by Default / Staff: openid, access token 3600 s
        ask app Portal, user bob in Engineering, scopes openid
        → refused: no_matching_policy",
    );
}

#[test]
fn a_member_of_an_excluded_group_is_out_whatever_else_holds() {
    check(
        "policy Default for every app
            rule Staff if user in Engineering or ana and not in Contractors, then 1h
        ask app Portal, user ana in Engineering and Contractors, scopes openid
        → refused: no_matching_policy
        ask app Portal, user bob in Contractors and Engineering, scopes openid
        → refused: no_matching_policy
        ask app Portal, user bob in Engineering, scopes openid
        → granted by Default / Staff: openid, access token 3600 s",
    );
}

#[test]
fn excludes_narrow_everyone_and_say_nothing_of_services() {
    check(
        "scope read
        policy Default for every app
            rule Most if anyone and not in Contractors and not user bob, then 1h
        ask app Portal, user ana, scopes read
        → granted by Default / Most: read, access token 3600 s
        ask app Portal, user bob, scopes read
        → refused: no_matching_policy
        ask app Portal, user carl in Contractors, scopes read
        → refused: no_matching_policy
        ask app Worker, scopes read
        → granted by Default / Most: read, access token 3600 s",
    );
}

#[test]
fn no_user_with_excludes_is_still_no_user() {
    check(
        "scope read
        policy Default for every app
            rule Services if no user and not user bob and not in Contractors, then 1h
        ask app Worker, scopes read
        → granted by Default / Services: read, access token 3600 s
        ask app Portal, user ana, scopes read
        → refused: no_matching_policy",
    );
}

#[test]
fn a_rule_that_names_only_a_deleted_group_matches_nobody_and_no_service() {
    check(
        "scope read
        policy Default for every app
            rule Staff if user in DeletedGroup, then 1h
            rule Boss if user deletedUser, then 1h
        ask app Portal, user ana in Engineering, scopes read
        → refused: no_matching_policy
        ask app Worker, scopes read
        → refused: no_matching_policy",
    );
}

#[test]
fn groups_are_a_matter_of_ids_and_never_of_the_users_own_words() {
    check(
        r#"policy Default for every app
            rule Staff if user in Engineering, then 1h
        ask app Portal, user ana with {"groups":["Engineering"],"group":"Engineering"}, scopes openid
        → refused: no_matching_policy"#,
    );
}

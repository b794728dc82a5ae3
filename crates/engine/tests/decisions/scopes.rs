//! Which scopes are granted (Okta, sections 2.6 and 2.8).

use crate::dialogue::check;

#[test]
fn scopes_are_granted_in_the_order_in_which_they_were_asked_for() {
    check(
        "scope read
        scope write
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana, scopes write openid read
        → granted by Default / Any: write openid read, access token 3600 s",
    );
}

#[test]
fn a_scope_that_is_asked_for_twice_is_granted_once() {
    check(
        "scope read
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana, scopes read openid read read
        → granted by Default / Any: read openid, access token 3600 s",
    );
}

#[test]
fn every_scope_must_be_listed_those_of_openid_connect_too() {
    check(
        "policy Default for every app
            rule Few if anyone and only openid email, then 1h
        ask app Portal, user ana, scopes openid email
        → granted by Default / Few: openid email, access token 3600 s
        ask app Portal, user ana, scopes openid email profile
        → refused: no_matching_policy",
    );
}

#[test]
fn there_is_no_partial_grant_of_what_was_asked_for() {
    check(
        "scope read
        scope write
        policy Default for every app
            rule Readers if only read, then 1h
            rule Writers if only write, then 1h
        ask app Portal, user ana, scopes read write
        → refused: no_matching_policy",
    );
}

#[test]
fn a_narrow_rule_lets_a_wider_rule_behind_it_have_the_request() {
    check(
        "scope read
        scope write
        policy Default for every app
            rule Readers if only read, then 5m
            rule Writers if only read write, then 1h
        ask app Portal, user ana, scopes read
        → granted by Default / Readers: read, access token 300 s
        ask app Portal, user ana, scopes read write
        → granted by Default / Writers: read write, access token 3600 s",
    );
}

#[test]
fn a_rule_without_scopes_matches_no_request_that_names_one() {
    check(
        "scope read, default
        policy Default for every app
            rule None if no scope, then 1h
        ask app Portal, user ana, scopes read
        → refused: no_matching_policy
        ask app Portal, user ana
        → refused: no_scope_allowed",
    );
}

#[test]
fn names_of_scopes_are_told_by_case() {
    check(
        "scope read
        policy Default for every app
            rule Any if only read, then 1h
        ask app Portal, user ana, scopes Read
        → refused: no_matching_scope",
    );
}

#[test]
fn a_request_that_names_no_scope_gets_those_defaults_that_the_rule_permits() {
    check(
        "scope read, default
        scope write, default
        scope admin
        policy Default for every app
            rule Readers if password and only read admin, then 1h
            rule Any if anything, then 5m
        ask app Portal, user ana, by password
        → granted by Default / Readers: read, access token 3600 s
        ask app Portal, user ana
        → granted by Default / Any: read write, access token 300 s
        ask app Worker
        → granted by Default / Any: read write, access token 300 s",
    );
}

#[test]
fn default_scopes_are_not_added_to_those_that_were_asked_for() {
    check(
        "scope read, default
        scope write
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana, scopes write
        → granted by Default / Any: write, access token 3600 s",
    );
}

#[test]
fn default_scopes_do_not_choose_the_rule() {
    check(
        "scope read, default
        scope write
        policy Default for every app
            rule Writers if only write, then 1h
            rule Readers if only read, then 5m
        ask app Portal, user ana
        → refused: no_scope_allowed",
    );
}

#[test]
fn users_may_have_openid_scopes_by_default_and_services_go_without() {
    check(
        "scope openid, default
        scope offline_access, default
        scope read, default
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana
        → granted by Default / Any: openid offline_access read, access token 3600 s
        ask app Worker
        → granted by Default / Any: read, access token 3600 s",
    );
}

#[test]
fn a_scope_that_a_rule_lists_and_that_is_gone_is_not_granted() {
    check(
        "scope read
        policy Default for every app
            rule Old if only read gone, then 1h
        ask app Portal, user ana, scopes gone
        → refused: no_matching_scope
        ask app Portal, user ana, scopes read
        → granted by Default / Old: read, access token 3600 s",
    );
}

#[test]
fn any_scope_means_any_that_exists() {
    check(
        "policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana, scopes groups
        → refused: no_matching_scope
        scope groups
        ask app Portal, user ana, scopes groups
        → granted by Default / Any: groups, access token 3600 s
        ask app Portal, user ana, scopes *
        → refused: no_matching_scope",
    );
}

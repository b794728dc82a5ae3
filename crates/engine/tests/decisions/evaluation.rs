//! Which policy and which rule govern a request (Okta).

use crate::dialogue::check;

#[test]
fn the_first_rule_that_matches_wins() {
    check(
        "policy Default for every app
            rule Staff  if authorization_code and user in Engineering, then 1h
            rule Anyone if anything, then 5m
        ask app Portal, user ana in Engineering, scopes openid profile
        → granted by Default / Staff: openid profile, access token 3600 s
        ask app Portal, user bob, scopes openid
        → granted by Default / Anyone: openid, access token 300 s",
    );
}

#[test]
fn a_later_rule_is_not_considered_however_much_more_it_would_grant() {
    check(
        "policy Default for every app
            rule Short if anything, then 5m
            rule Long if anything, then 24h
        ask app Portal, user ana, scopes openid
        → granted by Default / Short: openid, access token 300 s",
    );
}

#[test]
fn the_policy_before_wins_over_the_policy_behind() {
    check(
        "policy First for every app
            rule One if anything, then 5m
        policy Second for every app
            rule Two if anything, then 1h
        ask app Portal, user ana, scopes openid
        → granted by First / One: openid, access token 300 s",
    );
}

#[test]
fn a_policy_without_a_matching_rule_passes_on_to_the_next() {
    check(
        "policy First for every app
            rule One if user in Engineering, then 5m
        policy Empty for every app
        policy Second for every app
            rule Two if anyone, then 1h
        ask app Portal, user ana in Sales, scopes openid
        → granted by Second / Two: openid, access token 3600 s",
    );
}

#[test]
fn a_policy_is_for_every_app_or_for_those_that_it_lists() {
    check(
        "policy Mine for app Portal, Wiki
            rule One if anything, then 5m
        ask app Portal, user ana, scopes openid
        → granted by Mine / One: openid, access token 300 s
        ask app Wiki, user ana, scopes openid
        → granted by Mine / One: openid, access token 300 s
        ask app Shop, user ana, scopes openid
        → refused: no_matching_policy
        policy Others for every app
            rule Two if anything, then 1h
        ask app Shop, user ana, scopes openid
        → granted by Others / Two: openid, access token 3600 s",
    );
}

#[test]
fn inactive_policies_and_rules_are_passed_over() {
    check(
        "inactive policy Off for every app
            rule One if anything, then 5m
        policy On for every app
            inactive rule Two if anything, then 10m
            rule Three if anything, then 1h
        ask app Portal, user ana, scopes openid
        → granted by On / Three: openid, access token 3600 s",
    );
}

#[test]
fn a_rule_matches_if_grant_people_and_scopes_all_match() {
    check(
        "scope read
        scope write
        policy Default for every app
            rule Staff if authorization_code and user in Engineering and only openid read, then 1h
        ask app Portal, user ana in Engineering, scopes read
        → granted by Default / Staff: read, access token 3600 s
        ask app Portal, user ana in Engineering, by password, scopes read
        → refused: no_matching_policy
        ask app Portal, user bob in Sales, scopes read
        → refused: no_matching_policy
        ask app Portal, user ana in Engineering, scopes read write
        → refused: no_matching_policy",
    );
}

#[test]
fn a_rule_may_list_several_grants() {
    check(
        "policy Default for every app
            rule Interactive if authorization_code or interaction_code or device_code, then 1h
            rule Exchange if token-exchange, then 10m
        ask app Portal, user ana, scopes openid
        → granted by Default / Interactive: openid, access token 3600 s
        ask app Portal, user ana, by device_code, scopes openid
        → granted by Default / Interactive: openid, access token 3600 s
        ask app Portal, user ana, by token-exchange, scopes openid
        → granted by Default / Exchange: openid, access token 600 s
        ask app Portal, user ana, by jwt-bearer, scopes openid
        → refused: no_matching_policy",
    );
}

#[test]
fn a_rule_for_refresh_tokens_does_not_stand_in_for_the_grant_that_began() {
    check(
        "policy Default for every app
            rule Refresh if refresh_token, then 1h
        ask app Portal, user ana, by authorization_code, granted before openid
        → refused: no_matching_policy",
    );
}

#[test]
fn the_rule_says_how_long_the_tokens_last() {
    check(
        "policy Default for every app
            rule Short if password, then 5m
            rule Kept if authorization_code, then 1h refresh 30d window 7d
            rule Idle if device_code, then 24h refresh 365d window 10m
        ask app Portal, user ana, by password, scopes openid
        → granted by Default / Short: openid, access token 300 s
        ask app Portal, user ana, scopes openid
        → granted by Default / Kept: openid, access token 3600 s, refresh token 43200 min, window 10080 min
        ask app Portal, user ana, by device_code, scopes openid
        → granted by Default / Idle: openid, access token 86400 s, refresh token 525600 min, window 10 min",
    );
}

#[test]
fn a_server_without_policies_grants_nothing() {
    check(
        "ask app Portal, user ana, scopes openid
        → refused: no_matching_policy
        ask app Worker, scopes openid
        → refused: client_credentials_openid_scope",
    );
}

#[test]
fn a_policy_that_lists_a_deleted_app_is_for_nobody_else() {
    check(
        "policy Old for app Deleted
            rule One if anything, then 1h
        ask app Portal, user ana, scopes openid
        → refused: no_matching_policy",
    );
}

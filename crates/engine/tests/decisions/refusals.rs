//! Why nothing is granted: Okta's five refusals , and the two of services.

use crate::dialogue::check;

#[test]
fn no_matching_policy_is_said_where_no_rule_matches_and_not_why() {
    check(
        "scope read
        policy Default for app Portal
            rule Staff if authorization_code and user in Engineering and only read, then 1h
        ask app Shop, user ana in Engineering, scopes read
        → refused: no_matching_policy
        ask app Portal, user ana, scopes read
        → refused: no_matching_policy
        ask app Portal, user ana in Engineering, by password, scopes read
        → refused: no_matching_policy
        ask app Portal, user ana in Engineering, scopes read openid
        → refused: no_matching_policy
        ask app Worker, scopes read
        → refused: no_matching_policy",
    );
}

#[test]
fn no_matching_scope_is_said_of_scopes_that_do_not_exist_before_any_policy_is_looked_at() {
    check(
        "scope read
        ask app Portal, user ana, scopes read unheard
        → refused: no_matching_scope
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana, scopes read unheard
        → refused: no_matching_scope
        ask app Worker, scopes unheard
        → refused: no_matching_scope",
    );
}

#[test]
fn no_scope_allowed_is_said_where_the_rule_permits_none_of_the_defaults() {
    check(
        "scope read, default
        scope write
        policy Default for every app
            rule Writers if only write, then 1h
        ask app Portal, user ana
        → refused: no_scope_allowed
        ask app Worker
        → refused: no_scope_allowed",
    );
}

#[test]
fn no_scope_allowed_is_said_to_a_service_where_all_defaults_are_for_users() {
    check(
        "scope openid, default
        scope pay, default, consent required
        policy Default for every app
            rule Any if anything, then 1h
        ask app Worker
        → refused: no_scope_allowed
        ask app Portal, user ana
        → granted by Default / Any: openid pay, access token 3600 s",
    );
}

#[test]
fn no_default_scopes_is_said_where_neither_the_request_nor_the_server_names_a_scope() {
    check(
        "scope read
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana
        → refused: no_default_scopes
        ask app Worker
        → refused: no_default_scopes",
    );
}

#[test]
fn scope_denied_names_what_was_granted_before_and_is_no_longer_permitted() {
    check(
        "scope read
        scope write
        scope admin
        policy Default for every app
            rule Staff if authorization_code and only openid read, then 1h
        ask app Portal, user ana, granted before openid read
        → granted by Default / Staff: openid read, access token 3600 s
        ask app Portal, user ana, granted before write openid read admin
        → refused: scope_denied (write admin)
        ask app Portal, user ana, granted before write admin
        → refused: no_matching_policy
        ask app Portal, user ana, by password, granted before read write
        → refused: no_matching_policy
        ask app Portal, user ana, granted before read gone
        → refused: no_matching_scope",
    );
}

#[test]
fn scope_denied_speaks_of_rules_that_take_part() {
    check(
        "scope read
        scope write
        inactive policy Off for every app
            rule Zero if only write, then 1h
        policy Other for app Shop
            rule One if only write, then 1h
        policy Default for every app
            inactive rule Two if only write, then 1h
            rule Three if user in Sales and only write, then 1h
            rule Four if only read, then 1h
        ask app Portal, user ana, granted before read write
        → refused: scope_denied (write)
        ask app Portal, user ana, granted before write
        → refused: no_matching_policy",
    );
}

#[test]
fn a_service_that_asks_for_an_openid_scope_hears_so_first() {
    check(
        "scope read, default
        policy Default for every app
            rule Any if anything, then 1h
        ask app Worker, scopes read openid
        → refused: client_credentials_openid_scope
        ask app Worker, scopes offline_access
        → refused: client_credentials_openid_scope
        ask app Worker, scopes device_sso unheard
        → refused: client_credentials_openid_scope",
    );
}

#[test]
fn a_list_of_scopes_without_any_is_not_a_way_to_a_token_without_scopes() {
    check(
        "scope read, default
        policy Default for every app
            rule Any if authorization_code, then 1h
        ask app Portal, user ana, scopes
        → refused: no_scope_allowed
        ask app Portal, user ana, granted before
        → refused: no_scope_allowed
        ask app Worker, scopes
        → refused: no_matching_policy",
    );
}

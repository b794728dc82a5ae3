//! What a decision tells of itself.

use crate::dialogue::check;

#[test]
fn the_trace_names_every_policy_and_rule_up_to_the_one_that_grants() {
    check(
        "scope read
        inactive policy Off for every app
            rule Never if anything, then 1h
        policy Shops for app Shop
            rule Never if anything, then 1h
        policy Default for every app
            rule Services if client_credentials and no user and only openid, then 1h
            inactive rule Old if anything, then 1h
            inactive rule Older if password, then 1h
            rule Staff if user in Engineering, then 1h
            rule Last if anything, then 1h
        explain app Portal, user ana in Engineering, scopes read
        · policy Off: inactive
        · policy Shops: for other apps
        · policy Default
        · rule Services: fails on [GrantType, People, Scopes]
        · rule Old, inactive: holds
        · rule Older, inactive: fails on [GrantType]
        · rule Staff: holds
        → granted by Default / Staff: read, access token 3600 s",
    );
}

#[test]
fn the_trace_of_a_refusal_says_what_failed_everywhere() {
    check(
        "scope read
        policy One for every app
            rule A if user in Engineering, then 1h
        policy Two for every app
            rule B if password, then 1h
            rule C if only openid, then 1h
        explain app Portal, user ana, scopes read
        · policy One
        · rule A: fails on [People]
        · policy Two
        · rule B: fails on [GrantType]
        · rule C: fails on [Scopes]
        → refused: no_matching_policy",
    );
}

#[test]
fn the_trace_says_which_default_scopes_were_left_out() {
    check(
        "scope openid, default
        scope read, default
        scope write, default
        policy Default for every app
            rule Services if no user and only openid read, then 1h
        explain app Worker
        · policy Default
        · rule Services: holds
        · left out of the default scopes: openid write
        → granted by Default / Services: read, access token 3600 s",
    );
}

#[test]
fn what_is_refused_before_any_policy_has_no_trace() {
    check(
        "policy Default for every app
            rule Any if anything, then 1h
        explain app Portal, user ana, scopes unheard
        → refused: no_matching_scope
        explain app Portal, user ana
        → refused: no_default_scopes",
    );
}

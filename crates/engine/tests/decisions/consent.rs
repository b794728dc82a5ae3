//! What the consent mode of a scope does to services (Okta). Users are asked elsewhere.

use crate::dialogue::check;

#[test]
fn a_service_cannot_have_a_scope_that_needs_consent() {
    check(
        "scope read
        scope pay, consent required
        scope refund, consent required
        policy Default for every app
            rule Any if anything, then 1h
        ask app Worker, scopes pay
        → refused: consent_required (pay)
        ask app Worker, scopes refund read pay
        → refused: consent_required (refund pay)
        ask app Worker, scopes read
        → granted by Default / Any: read, access token 3600 s",
    );
}

#[test]
fn a_flexible_scope_is_granted_to_services() {
    check(
        "scope pay, consent flexible
        policy Default for every app
            rule Any if anything, then 1h
        ask app Worker, scopes pay
        → granted by Default / Any: pay, access token 3600 s",
    );
}

#[test]
fn policy_permits_users_any_scope_and_leaves_asking_them_to_others() {
    check(
        "scope pay, consent required
        scope lend, consent flexible
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana, scopes pay lend
        → granted by Default / Any: pay lend, access token 3600 s
        ask app Portal, user ana, by token-exchange, scopes pay lend
        → granted by Default / Any: pay lend, access token 3600 s",
    );
}

#[test]
fn a_service_goes_without_default_scopes_that_need_consent() {
    check(
        "scope read, default
        scope pay, default, consent required
        scope lend, default, consent flexible
        policy Default for every app
            rule Any if anything, then 1h
        ask app Worker
        → granted by Default / Any: read lend, access token 3600 s",
    );
}

#[test]
fn consent_is_a_question_only_once_a_rule_matches() {
    check(
        "scope pay, consent required
        policy Default for every app
            rule Services if no user and only read, then 1h
        ask app Worker, scopes pay
        → refused: no_matching_policy",
    );
}

#[test]
fn the_user_of_an_app_that_asks_is_asked_once_and_again_if_the_request_wants_it() {
    check(
        "scope read
        scope pay, consent required
        scope lend, consent flexible
        policy Default for every app
            rule Any if anything, then 1h
        explain app Portal, user ana, consent asked, scopes read pay lend
        · policy Default
        · rule Any: holds
        · asked to consent to: pay lend
        → granted by Default / Any: read pay lend, access token 3600 s
        explain app Portal, user ana, consent asked, consented pay, scopes read pay lend
        · policy Default
        · rule Any: holds
        · asked to consent to: lend
        → granted by Default / Any: read pay lend, access token 3600 s
        explain app Portal, user ana, scopes read pay lend
        · policy Default
        · rule Any: holds
        → granted by Default / Any: read pay lend, access token 3600 s
        explain app Portal, user ana, prompt consent, consented pay, scopes read pay
        · policy Default
        · rule Any: holds
        · asked to consent to: pay
        → granted by Default / Any: read pay, access token 3600 s",
    );
}

#[test]
fn where_nobody_can_be_asked_what_needs_consent_is_refused() {
    check(
        "scope read
        scope pay, consent required
        scope lend, consent flexible
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana, consent asked, prompt none, scopes read pay lend
        → refused: consent_required (pay lend)
        ask app Portal, user ana, consent asked, prompt none, consented pay, scopes read pay
        → granted by Default / Any: read pay, access token 3600 s
        ask app Portal, user ana, prompt none, scopes pay
        → granted by Default / Any: pay, access token 3600 s
        ask app Portal, user ana, consent asked, by password, scopes pay
        → refused: consent_required (pay)
        ask app Portal, user ana, consent asked, by token-exchange, scopes lend
        → refused: consent_required (lend)
        ask app Portal, user ana, by password, scopes pay
        → granted by Default / Any: pay, access token 3600 s",
    );
}

#[test]
fn a_refresh_asks_nobody_for_what_was_consented_to_before() {
    check(
        "scope pay, consent required
        policy Default for every app
            rule Any if anything, then 1h
        ask app Portal, user ana, consent asked, by refresh_token, began with authorization_code, granted before pay
        → granted by Default / Any: pay, access token 3600 s",
    );
}

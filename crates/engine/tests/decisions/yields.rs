//! Which tokens a request yields (Okta, sections 4.6 and 7.3).

use crate::dialogue::check;

fn check_with_rule(text: &str) {
    check(&format!(
        "scope read
        policy Default for every app
            rule Any if anything, then 1h
        {text}"
    ));
}

#[test]
fn openid_gives_an_id_token_and_offline_access_a_refresh_token() {
    check_with_rule(
        "yields app Portal, user ana, scopes read
        → access_token
        yields app Portal, user ana, scopes openid
        → access_token id_token
        yields app Portal, user ana, scopes offline_access
        → access_token refresh_token
        yields app Portal, user ana, scopes openid offline_access read
        → access_token id_token refresh_token",
    );
}

#[test]
fn every_grant_with_a_user_gives_the_same() {
    for grant in [
        "authorization_code",
        "password",
        "refresh_token",
        "device_code",
        "token-exchange",
        "interaction_code",
        "jwt-bearer",
        "saml2-bearer",
        "urn:openid:params:grant-type:ciba",
        "urn:okta:params:oauth:grant-type:otp",
        "urn:okta:params:oauth:grant-type:oob",
        "mfa-otp",
        "mfa-oob",
    ] {
        let grant = match grant {
            "mfa-otp" => "http://auth0.com/oauth/grant-type/mfa-otp",
            "mfa-oob" => "http://auth0.com/oauth/grant-type/mfa-oob",
            grant => grant,
        };
        check_with_rule(&format!(
            "yields app Portal, user ana, by {grant}, scopes openid offline_access
            → access_token id_token refresh_token"
        ));
    }
}

#[test]
fn the_implicit_grant_never_gives_a_refresh_token() {
    check_with_rule(
        "yields app Portal, user ana, by implicit, scopes openid offline_access
        → access_token id_token",
    );
}

#[test]
fn the_authorize_endpoint_gives_what_the_response_types_name() {
    check_with_rule(
        "yields app Portal, user ana, answer id_token, scopes openid offline_access
        → id_token
        yields app Portal, user ana, answer token, scopes openid offline_access
        → access_token
        yields app Portal, user ana, answer id_token token, scopes openid
        → access_token id_token
        yields app Portal, user ana, answer code id_token, scopes openid offline_access
        → id_token
        yields app Portal, user ana, answer code id_token token, scopes openid offline_access
        → access_token id_token
        yields app Portal, user ana, answer code, scopes openid offline_access
        → access_token id_token refresh_token
        yields app Portal, user ana, answer id_token, scopes read
        → nothing",
    );
}

#[test]
fn a_refresh_of_fewer_scopes_gives_fewer_tokens() {
    check_with_rule(
        "yields app Portal, user ana, by refresh_token, began with authorization_code, granted before openid offline_access
        → access_token id_token refresh_token
        yields app Portal, user ana, by refresh_token, began with authorization_code, granted before read
        → access_token",
    );
}

#[test]
fn a_service_gets_an_access_token_and_nothing_else() {
    check_with_rule(
        "yields app Worker, scopes read
        → access_token",
    );
}

#[test]
fn a_refresh_is_judged_by_the_grant_that_began_it() {
    check(
        "scope read
        policy Default for every app
            rule Code if authorization_code, then 1h
            rule Refreshed if refresh_token, then 5m
        ask app Portal, user ana, by refresh_token, began with authorization_code, granted before read
        → granted by Default / Code: read, access token 3600 s
        ask app Portal, user ana, by refresh_token, granted before read
        → granted by Default / Refreshed: read, access token 300 s
        ask app Portal, user ana, by refresh_token, began with password, granted before read
        → refused: no_matching_policy
        ask app Portal, user ana, by password, began with authorization_code, scopes read
        → refused: no_matching_policy",
    );
}

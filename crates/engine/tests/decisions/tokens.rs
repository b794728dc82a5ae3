//! Access tokens as a whole (Okta).

use engine::compose::access_token;
use engine::{Envelope, Silent, claims};
use model::Timestamp;
use model::claim::{ClaimValue, RESERVED_IN_ACCESS_TOKEN, RESERVED_UNDER_RFC_9068};
use model::token_format::AccessTokenProfile;
use serde_json::{Map, json};

use crate::dialogue::check;
use crate::world::{World, request};

/// What the tests here put around a token.
fn envelope(milliseconds: i64) -> Envelope<'static> {
    let issued_at = Timestamp::from_milliseconds(milliseconds);
    Envelope { issuer: "https://a", issued_at, token_ids: &|_, _| "AT.1".to_owned() }
}

#[test]
fn a_users_token_has_oktas_claims_in_oktas_order_and_then_the_servers() {
    check(
        r#"scope read
        claim tier = user.tier
        claim roles for read = user.roles
        policy Default for every app
            rule Any if anything, then 5m
        token app Portal, user ana with {"tier":"gold","roles":["a","b"]}, scopes openid read
        · ver 1
        · jti "AT.1"
        · iss "https://example.test/oauth2/default"
        · aud "api://default"
        · sub "ana@example.com"
        · iat 1000000
        · exp 1000300
        · cid "Portal"
        · uid "00uqvARaVfB000000000"
        · scp ["openid","read"]
        · tier "gold"
        · roles ["a","b"]"#,
    );
}

#[test]
fn a_services_token_has_no_user_and_its_subject_is_the_client() {
    check(
        r#"scope read
        policy Default for every app
            rule Any if anything, then 24h
        token app Worker, scopes read
        · ver 1
        · jti "AT.1"
        · iss "https://example.test/oauth2/default"
        · aud "api://default"
        · sub "Worker"
        · iat 1000000
        · exp 1086400
        · cid "Worker"
        · scp ["read"]"#,
    );
}

#[test]
fn a_claim_with_a_reserved_name_is_never_released_whether_the_token_carries_it_or_not() {
    check(
        r#"scope read
        claim ver = 2
        claim iss = 'https://evil.test'
        claim aud = 'api://other'
        claim exp = 9999999999
        claim cid = 'other'
        claim uid = 'other'
        claim scp = 'admin'
        claim cnf = 'other'
        claim act = 'other'
        claim acr = 'other'
        claim auth_time = 1
        policy Default for every app
            rule Any if anything, then 1h
        token app Worker, scopes read
        · ver 1
        · jti "AT.1"
        · iss "https://example.test/oauth2/default"
        · aud "api://default"
        · sub "Worker"
        · iat 1000000
        · exp 1003600
        · cid "Worker"
        · scp ["read"]"#,
    );
}

#[test]
fn under_rfc_9068_a_token_has_its_names_beside_oktas() {
    check(
        r#"tokens RFC9068
        scope read
        scope write
        claim tier = 'gold'
        policy Default for every app
            rule Any if anything, then 5m
        token app Worker, scopes read write
        · ver 1
        · jti "AT.1"
        · iss "https://example.test/oauth2/default"
        · aud "api://default"
        · sub "Worker"
        · iat 1000000
        · exp 1000300
        · cid "Worker"
        · scp ["read","write"]
        · client_id "Worker"
        · scope "read write"
        · tier "gold""#,
    );
}

#[test]
fn under_rfc_9068_custom_claims_named_client_id_and_scope_are_left_out_whatever_they_say() {
    check(
        r#"scope read
        claim client_id = 'other'
        claim scope = user.nothing.at.all
        policy Default for every app
            rule Any if anything, then 5m
        claims app Worker, scopes read
        → refused: the user claim scope: cannot read `nothing` of null
        tokens RFC9068
        claims app Worker, scopes read
        → {"sub":"Worker"}
        token app Worker, scopes read
        · ver 1
        · jti "AT.1"
        · iss "https://example.test/oauth2/default"
        · aud "api://default"
        · sub "Worker"
        · iat 1000000
        · exp 1000300
        · cid "Worker"
        · scp ["read"]
        · client_id "Worker"
        · scope "read""#,
    );
}

#[test]
fn under_rfc_9068_a_token_has_a_subject_even_if_the_claim_is_switched_off() {
    check(
        r#"scope read
        inactive claim sub = app.clientId
        policy Default for every app
            rule Any if anything, then 5m
        token app Worker, scopes read
        · ver 1
        · jti "AT.1"
        · iss "https://example.test/oauth2/default"
        · aud "api://default"
        · iat 1000000
        · exp 1000300
        · cid "Worker"
        · scp ["read"]
        tokens RFC9068
        token app Worker, scopes read
        · ver 1
        · jti "AT.1"
        · iss "https://example.test/oauth2/default"
        · aud "api://default"
        · sub "Worker"
        · iat 1000000
        · exp 1000300
        · cid "Worker"
        · scp ["read"]
        · client_id "Worker"
        · scope "read"
        token app Portal, user ana, scopes read
        · ver 1
        · jti "AT.1"
        · iss "https://example.test/oauth2/default"
        · aud "api://default"
        · sub "00uqvARaVfB000000000"
        · iat 1000000
        · exp 1000300
        · cid "Portal"
        · uid "00uqvARaVfB000000000"
        · scp ["read"]
        · client_id "Portal"
        · scope "read""#,
    );
}

/// Validation refuses such claims; a document that came in some other way must not forge a token either.
#[test]
fn every_reserved_name_is_kept_out_even_without_validation() {
    for name in RESERVED_IN_ACCESS_TOKEN.iter().chain(RESERVED_UNDER_RFC_9068) {
        let mut world = World::new();
        world.server.token_format.access_token_profile = AccessTokenProfile::Rfc9068;
        world.scope("read");
        world.add_policy("Default");
        world.add_rule("Any");
        let mut forged = world.claim("forged").clone();
        forged.name = (*name).to_owned();
        forged.value = ClaimValue::Expression("'forged'".to_owned());
        world.claims = vec![forged];
        let server = world.compile();
        let facts = request::facts("app Worker, scopes read");
        let grant = engine::decide(&server, &facts, &mut Silent).unwrap();
        let custom =
            claims::for_access_token(&server, &facts, &grant.scopes, &envelope(0), &mut Silent).unwrap();
        assert_eq!(custom, Map::new(), "{name}");
    }
}

/// What a hook adds passes the same door.
#[test]
fn composing_never_replaces_what_the_token_carries_anyway() {
    let mut world = World::new();
    world.server.token_format.access_token_profile = AccessTokenProfile::Rfc9068;
    world.scope("read");
    world.add_policy("Default");
    world.add_rule("Any");
    let server = world.compile();
    let facts = request::facts("app Portal, user ana, scopes read");
    let grant = engine::decide(&server, &facts, &mut Silent).unwrap();
    let plain = access_token(&server, &facts, &grant, &envelope(0), Map::new());
    // `sub` is the one that a claim maps.
    let forged = plain.keys().filter(|name| *name != "sub").map(|name| (name.clone(), json!("forged")));
    let forged: Map<_, _> = forged.collect();
    assert_eq!(access_token(&server, &facts, &grant, &envelope(0), forged), plain);
}

#[test]
fn the_audience_is_the_first_of_the_server_and_a_plain_text() {
    let mut world = World::new();
    world.server.audiences = vec!["api://one".to_owned(), "api://two".to_owned()];
    assert_eq!(world.compile().audience, "api://one");
}

#[test]
fn an_expiry_beyond_all_time_saturates() {
    let mut world = World::new();
    world.scope("read");
    world.add_policy("Default");
    world.add_rule("Any").lifetimes.access_token_minutes = u32::MAX;
    let server = world.compile();
    let facts = request::facts("app Worker, scopes read");
    let grant = engine::decide(&server, &facts, &mut Silent).unwrap();
    let claims = access_token(&server, &facts, &grant, &envelope(i64::MAX), Map::new());
    assert!(claims["exp"].as_i64() > claims["iat"].as_i64());
}

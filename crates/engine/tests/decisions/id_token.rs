//! ID tokens (Okta, sections 4.3, 4.4 and 4.6).

use model::claim::{ClaimType, ClaimValue, RESERVED_IN_ID_TOKEN};

use crate::dialogue::check;
use crate::world::{World, request};

/// Every claim below stands on such a server.
fn check_with_rule(text: &str) {
    check(&format!(
        "scope read
        policy Default for every app
            rule Any if anything, then 5m
        {text}"
    ));
}

#[test]
fn with_an_access_token_an_id_token_is_thin_and_without_one_it_has_everything() {
    check_with_rule(
        r#"claim tier in the ID token = user.tier
        claim desk in the ID token on request = user.desk
        id-token app Portal, user ana with {"tier":"gold","desk":7}, session pwd, nonce n1, scopes openid profile
        · sub "00uqvARaVfB000000000"
        · name "ana"
        · ver 1
        · iss "https://example.test/oauth2/default"
        · aud "Portal"
        · iat 1000000
        · exp 1003600
        · jti "ID.1"
        · amr ["pwd"]
        · idp "00otfTDsZlh000000000"
        · nonce "n1"
        · preferred_username "ana@example.com"
        · auth_time 999990
        · tier "gold"
        id-token app Portal, user ana with {"tier":"gold","desk":7}, session pwd, answer id_token, scopes openid profile
        · sub "00uqvARaVfB000000000"
        · name "ana"
        · ver 1
        · iss "https://example.test/oauth2/default"
        · aud "Portal"
        · iat 1000000
        · exp 1003600
        · jti "ID.1"
        · amr ["pwd"]
        · idp "00otfTDsZlh000000000"
        · preferred_username "ana@example.com"
        · given_name "ana"
        · zoneinfo "America/Los_Angeles"
        · auth_time 999990
        · tier "gold"
        · desk 7"#,
    );
}

#[test]
fn system_claims_come_from_the_profile_and_what_it_does_not_have_is_left_out() {
    check_with_rule(
        r#"id-token app Portal, user ana with {"displayName":"Ana B.","lastName":"Berg","middleName":"","nickName":"annie","profileUrl":"https://example.com/ana","timezone":"Europe/Oslo","locale":"nb_NO","gender":"f","email":"ana@example.com","primaryPhone":"+47 1","mobilePhone":"+47 2","streetAddress":"Road 1","city":"Oslo","zipCode":"0150","countryCode":"NO"}, answer id_token, scopes openid profile email address phone
        · sub "00uqvARaVfB000000000"
        · name "Ana B."
        · email "ana@example.com"
        · locale "nb-NO"
        · ver 1
        · iss "https://example.test/oauth2/default"
        · aud "Portal"
        · iat 1000000
        · exp 1003600
        · jti "ID.1"
        · idp "00otfTDsZlh000000000"
        · preferred_username "ana@example.com"
        · given_name "ana"
        · family_name "Berg"
        · nickname "annie"
        · profile "https://example.com/ana"
        · gender "f"
        · zoneinfo "Europe/Oslo"
        · address {"street_address":"Road 1","locality":"Oslo","postal_code":"0150","country":"NO"}
        · phone_number "+47 1""#,
    );
}

#[test]
fn each_system_claim_needs_its_scope() {
    check_with_rule(
        r#"id-token app Portal, user ana with {"email":"ana@example.com","city":"Oslo"}, answer id_token, scopes openid email
        · sub "00uqvARaVfB000000000"
        · email "ana@example.com"
        · ver 1
        · iss "https://example.test/oauth2/default"
        · aud "Portal"
        · iat 1000000
        · exp 1003600
        · jti "ID.1"
        · idp "00otfTDsZlh000000000""#,
    );
}

#[test]
fn claims_of_the_id_token_have_scopes_types_and_filters_like_those_of_the_access_token() {
    check_with_rule(
        r#"claim desk for read in the ID token = user.desk
        claim groups in the ID token of groups starting with e
        claim roles for profile in the ID token = user.roles
        claim none in the ID token = null
        inactive claim off in the ID token = cool
        id-token app Portal, user ana in Engineering with {"desk":7,"roles":["a",{"b":1}]}, scopes openid profile
        · sub "00uqvARaVfB000000000"
        · name "ana"
        · ver 1
        · iss "https://example.test/oauth2/default"
        · aud "Portal"
        · iat 1000000
        · exp 1003600
        · jti "ID.1"
        · idp "00otfTDsZlh000000000"
        · preferred_username "ana@example.com"
        · groups ["Everyone","Engineering"]
        · roles ["a",{"b":1}]"#,
    );
}

#[test]
fn a_claim_of_the_id_token_that_fails_refuses_the_whole_request() {
    check_with_rule(
        "claim odd in the ID token = cool
        token app Portal, user ana, scopes openid
        → refused: the user claim odd: unknown name `cool`
        yields app Portal, user ana, scopes read
        → access_token",
    );
}

/// Validation refuses such claims; a document that came in some other way must not forge a token either.
#[test]
fn every_reserved_name_is_kept_out_even_without_validation() {
    for name in RESERVED_IN_ID_TOKEN {
        let mut world = World::new();
        world.add_policy("Default");
        world.add_rule("Any");
        let facts = request::facts("app Portal, user ana, session pwd, nonce n, scopes openid");
        let mint = |world: &World| {
            let envelope = crate::dialogue::envelope();
            engine::mint(&world.compile(), &facts, &envelope, &mut engine::Silent).unwrap().id_token.unwrap()
        };
        let plain = mint(&world);
        for system in [false, true] {
            let forged = world.claim("forged");
            (forged.name, forged.system, forged.claim_type) =
                ((*name).to_owned(), system, ClaimType::Identity);
            forged.value = ClaimValue::Expression("'forged'".to_owned());
            assert_eq!(mint(&world), plain, "{name}");
        }
    }
}

#[test]
fn a_session_may_say_more_of_itself() {
    let mut world = World::new();
    world.add_policy("Default");
    world.add_rule("Any");
    let mut facts = request::facts("app Portal, user ana, session pwd mfa, scopes openid");
    let session = facts.session.as_mut().unwrap();
    session.acr = Some("urn:okta:loa:2fa:any".to_owned());
    session.sid = Some("102sid".to_owned());
    session.idp = Some("0oaother".to_owned());
    let envelope = crate::dialogue::envelope();
    let minted = engine::mint(&world.compile(), &facts, &envelope, &mut engine::Silent).unwrap();
    let (access, id) = (minted.access_token.unwrap(), minted.id_token.unwrap());
    assert_eq!(
        (&id["idp"], &id["acr"], &id["sid"]),
        (&"0oaother".into(), &"urn:okta:loa:2fa:any".into(), &"102sid".into())
    );
    assert_eq!((&access["acr"], &access["auth_time"]), (&"urn:okta:loa:2fa:any".into(), &999_990.into()));
    assert!(!access.contains_key("amr") && !access.contains_key("sid"));
}

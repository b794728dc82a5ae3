//! The ID token that Okta's guide "Create an authorization server" shows, claim by claim and in its order.

use engine::{ClientFacts, Envelope, Facts, Requested, SessionFacts, Silent, UserFacts, mint};
use model::app::{ConsentMethod, ResponseType};
use model::claim::ClaimType;
use model::{AppId, ClientId, GrantType, Timestamp, UserId};
use serde_json::{Value, json};

use crate::world::{World, seed};

/// As it is shown there, but for its `exp`: that lies 137 seconds beyond the hour that an ID token lasts.
const SAMPLE: &str = r#"{
 "sub": "00uawpa4r4Zybz9On0h7",
 "name": "John Smith",
 "locale": "en-US",
 "ver": 1,
 "iss": "https://example.okta.com/oauth2/default",
 "aud": "fa39J40exampleXdcCwWA",
 "iat": 1498328175,
 "exp": 1498331775,
 "jti": "ID.fL39TTtvfBQoyHVkrbaqy9hWooqGOOgWau1W_y-KNyY",
 "amr": [
  "pwd"
 ],
 "idp": "examplefz3q4Yd3Zk70h7",
 "nonce": "YsG76jo",
 "preferred_username": "john@example.com",
 "given_name": "John",
 "family_name": "Smith",
 "zoneinfo": "America/Los_Angeles",
 "updated_at": 1498155598,
 "auth_time": 1498328174,
 "preferred_honorific": "Commodore"
}"#;

fn facts() -> Facts {
    let client = ClientFacts {
        client_id: ClientId::new("fa39J40exampleXdcCwWA"),
        app: AppId::mint(seed("app")),
        profile: None,
        consent_method: ConsentMethod::Trusted,
    };
    let profile = json!({
        "login": "john@example.com", "email": "john@example.com", "firstName": "John", "lastName": "Smith",
        "locale": "en_US", "honorificPrefix": "Commodore",
    });
    let profile = profile.as_object().unwrap().clone();
    let user = UserFacts {
        last_updated: Some(Timestamp::from_seconds(1_498_155_598)),
        ..UserFacts::new(UserId::parse("00uawpa4r4Zybz9On0h7").unwrap(), profile)
    };
    let session = SessionFacts {
        amr: vec!["pwd".to_owned()],
        auth_time: Timestamp::from_seconds(1_498_328_174),
        idp: Some("examplefz3q4Yd3Zk70h7".to_owned()),
        acr: None,
        sid: None,
    };
    let scopes = Requested::Explicit(vec!["openid".to_owned(), "profile".to_owned()]);
    Facts {
        user: Some(user),
        session: Some(session),
        nonce: Some("YsG76jo".to_owned()),
        response_types: vec![ResponseType::IdToken],
        ..Facts::new(client, GrantType::Implicit, scopes)
    }
}

#[test]
fn the_sample_id_token_of_the_guide_comes_out_claim_by_claim_in_its_order() {
    let mut world = World::new();
    world.add_policy("Default");
    world.add_rule("Any");
    let claim = world.claim("preferred_honorific");
    claim.claim_type = ClaimType::Identity;
    claim.always_include_in_token = false;
    claim.value = model::claim::ClaimValue::Expression("user.honorificPrefix".to_owned());
    let envelope = Envelope {
        issuer: "https://example.okta.com/oauth2/default",
        issued_at: Timestamp::from_seconds(1_498_328_175),
        token_ids: &|_, _| "ID.fL39TTtvfBQoyHVkrbaqy9hWooqGOOgWau1W_y-KNyY".to_owned(),
    };
    let minted = mint(&world.compile(), &facts(), &envelope, &mut Silent).unwrap();
    let sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let (found, wanted) = (Value::Object(minted.id_token.unwrap()), sample);
    assert_eq!(found, wanted);
    assert_eq!(found.to_string(), wanted.to_string(), "in the same order");
    assert_eq!(minted.access_token, None);
}

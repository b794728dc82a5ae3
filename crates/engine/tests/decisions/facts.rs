//! Facts as the log keeps them.

use engine::Facts;
use model::GrantType;
use model::app::ConsentMethod;
use model::user::UserStatus;

use crate::world::request;

#[test]
fn facts_of_a_time_that_knew_less_still_read() {
    let kept = r#"{"client":{"clientId":"Portal","app":"0oa00000000000000000"},"grantType":"authorization_code",
        "user":{"id":"00u00000000000000000","groups":["00g00000000000000000"],"profile":{"login":"a"}},
        "scopes":{"explicit":["read"]}}"#;
    let facts: Facts = serde_json::from_str(kept).unwrap();
    let user = facts.user.as_ref().unwrap();
    assert_eq!((user.groups[0].id.as_str(), user.groups[0].name.as_str()), ("00g00000000000000000", ""));
    assert_eq!((user.status, facts.client.consent_method), (UserStatus::Active, ConsentMethod::Trusted));
    assert_eq!(facts.judged_grant_type(), GrantType::AuthorizationCode);
}

#[test]
fn facts_of_a_service_are_as_short_as_they_were() {
    let text = serde_json::to_string(&request::facts("app Worker, scopes read")).unwrap();
    let app = serde_json::from_str::<Facts>(&text).unwrap().client.app;
    let short = format!(
        r#"{{"client":{{"clientId":"Worker","app":"{app}"}},"grantType":"client_credentials","scopes":{{"explicit":["read"]}}}}"#
    );
    assert_eq!(text, short);
}

#[test]
fn facts_with_everything_in_them_come_back_from_the_log() {
    let facts = request::facts(
        r#"app Portal, user ana in Sales with {"tier":"gold"}, by refresh_token, began with password, session pwd mfa, nonce n, answer id_token, prompt none, consented read, imported Staff, linked {"manager":{"a":1}}, granted before read"#,
    );
    let text = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
}

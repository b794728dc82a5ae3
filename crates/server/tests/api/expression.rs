//! Expressions on trial over HTTP: values, what they were made of, faults under a caret, and that nothing is written.

use axum::http::Method;
use serde_json::{Value, json};

use crate::preview::portal;
use crate::site::Site;

const TEST: &str = "/api/v1/authorizationServers/default/expressions/test";

async fn ask(site: &Site, question: Value) -> Value {
    let reply = site.admin(Method::POST, TEST, Some(&question)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// Somebody who need not exist.
fn ana() -> Value {
    json!({
        "profile": {"login": "ana@example.com", "firstName": "Ana"},
        "groups": [{"name": "West Coast"}, {"name": "Staff", "type": "APP_GROUP"}],
        "linked": {"manager": {"lastName": "Gates"}},
    })
}

#[tokio::test]
async fn a_value_comes_with_its_kind_and_with_what_was_read() {
    let site = Site::new().await;
    let before = site.admin(Method::GET, "/api/v1/logs?limit=1000", None).await.json();
    let text = "user.getLinkedObject('manager').lastName + (isMemberOfGroupName('Staff') ? user.login : '')";
    let answer = ask(&site, json!({"expression": text, "user": ana()})).await;
    assert_eq!(
        answer,
        json!({
            "compiles": true, "value": "Gatesana@example.com", "type": "String",
            "inputs": [
                {"path": "user.getLinkedObject('manager').lastName", "value": "Gates"},
                {"path": "isMemberOfGroupName('Staff')", "value": true},
                {"path": "user.login", "value": "ana@example.com"},
            ],
            "warnings": [],
        })
    );
    for (expression, value, kind) in [
        ("access.scope", json!(["read"]), "Array"),
        ("appuser.userName", json!("ana@example.com"), "String"),
        ("Groups.startsWith('OKTA', '', 100)", json!(["Everyone", "West Coast"]), "Array"),
        ("isMemberOfGroupName('Everyone')", json!(true), "Boolean"),
        ("session.amr[0] == 'pwd' ? 1 : 2", json!(1), "Integer"),
        ("user.absent", Value::Null, "Null"),
    ] {
        let answer = ask(&site, json!({"expression": expression, "user": ana(), "scopes": ["read"]})).await;
        assert_eq!((&answer["value"], &answer["type"]), (&value, &json!(kind)), "{expression}");
    }
    assert_eq!(site.admin(Method::GET, "/api/v1/logs?limit=1000", None).await.json(), before);
}

#[tokio::test]
async fn a_service_has_no_user_and_its_client_is_known() {
    let site = Site::new().await;
    let (client, _) = site.make_service("Courier").await;
    let question = |expression: &str| json!({"expression": expression, "client": "Courier"});
    assert_eq!(ask(&site, question("app.clientId")).await["value"], client.as_str());
    assert_eq!(ask(&site, question("user == null")).await["value"], true);
    let reply = site.admin(Method::POST, TEST, Some(&json!({"expression": "1", "client": "Nobody"}))).await;
    assert_eq!(reply.status, 400, "{reply:?}");
}

#[tokio::test]
async fn what_is_wrong_is_shown_under_a_caret_whenever_it_comes_out() {
    let site = Site::new().await;
    let answer = ask(&site, json!({"expression": "'é' + String.appned(user.login, 'x')"})).await;
    assert_eq!(
        answer,
        json!({"compiles": false, "errors": [{
            "start": 6, "end": 19, "message": "unknown function `String.appned`",
            "suggestion": "did you mean `String.append`?",
            "shown": "error: unknown function `String.appned`\n  |\n1 | 'é' + String.appned(user.login, 'x')\n  |       ^^^^^^^^^^^^^ did you mean `String.append`?",
        }]})
    );
    let answer = ask(&site, json!({"expression": "user.login"})).await;
    assert_eq!(
        (&answer["compiles"], &answer["errors"][0]["message"]),
        (&json!(true), &json!("cannot read `login` of null"))
    );
    assert_eq!(answer["inputs"], json!([{"path": "user", "value": null}]));
    let answer = ask(&site, json!({"expression": "true ? 1 : cool"})).await;
    assert_eq!(
        (&answer["value"], &answer["warnings"][0]["message"]),
        (&json!(1), &json!("unknown variable `cool`"))
    );
}

#[tokio::test]
async fn a_question_that_means_nothing_names_its_member() {
    let site = Site::new().await;
    for (question, member) in [
        (json!({}), "expression"),
        (json!({"expression": "1", "user": {"groups": ["Nowhere"]}}), "user.groups"),
        (json!({"expression": "1", "user": {"status": "x"}}), "user.status"),
        (json!({"expression": "1", "scopes": vec!["s"; 1_001]}), "scopes"),
        (json!({"expression": "1", "users": {}}), "users"),
    ] {
        let reply = site.admin(Method::POST, TEST, Some(&question)).await;
        assert_eq!(reply.status, 400, "{question}: {reply:?}");
        assert!(reply.json().to_string().contains(member), "{question}: {reply:?}");
    }
    let long = json!({"expression": "1 ".repeat(3_000)});
    assert_eq!(
        ask(&site, long).await["errors"][0]["message"],
        "the expression has 6000 characters; at most 4096 are allowed"
    );
}

#[tokio::test]
async fn what_is_tried_is_what_a_claim_then_says() {
    let site = Site::new().await;
    site.create("/api/v1/apps", portal()).await;
    let expressions = [
        "String.toUpperCase(user.firstName) + ' ' + app.clientId",
        "appuser?.userName ?: 'none'",
        "Groups.startsWith('OKTA', 'West', 10)",
        "getFilteredGroups({'00gnobody'}, 'group.name', 10)",
        "user.getLinkedObject('manager').lastName",
        "Arrays.contains(access.scope, 'email')",
        "user.getInternalProperty('status')",
        "org.subDomain",
    ];
    for (number, expression) in expressions.iter().enumerate() {
        let claim = json!({
            "name": format!("claim{number}"), "status": "ACTIVE", "claimType": "RESOURCE", "valueType": "EXPRESSION",
            "value": expression, "alwaysIncludeInToken": true, "conditions": {"scopes": []},
        });
        site.create("/api/v1/authorizationServers/default/claims", claim).await;
    }
    let question = json!({
        "client": "Portal", "grantType": "authorization_code", "scopes": ["openid", "email"], "user": ana(),
    });
    let preview = "/api/v1/authorizationServers/default/preview";
    let token = site.admin(Method::POST, preview, Some(&question)).await.json();
    for (number, expression) in expressions.iter().enumerate() {
        let question = json!({"expression": expression, "client": "Portal", "user": ana(), "scopes": ["openid", "email"]});
        let tried = ask(&site, question).await;
        assert!(!tried["value"].is_null(), "{expression}: {tried}");
        assert_eq!(token["accessToken"]["claims"][format!("claim{number}")], tried["value"], "{expression}");
    }
}

//! The member `tokenmint` of an authorization server over HTTP, and that whoever does not use it sees nothing of it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::Site;

const SERVERS: &str = "/api/v1/authorizationServers";

/// What a client sends that knows Okta only.
fn body() -> Value {
    json!({"name": "Orders", "description": "For orders", "audiences": ["api://orders"]})
}

fn with(tokenmint: Value) -> Value {
    let mut body = body();
    body["tokenmint"] = tokenmint;
    body
}

async fn put(site: &Site, server: &Value, body: &Value) -> Value {
    let own = format!("{SERVERS}/{}", server["id"].as_str().unwrap());
    let reply = site.admin(Method::PUT, &own, Some(body)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let read = site.admin(Method::GET, &own, None).await.json();
    assert_eq!(reply.json()["tokenmint"], read["tokenmint"]);
    read
}

#[tokio::test]
async fn who_does_not_know_the_member_neither_sees_nor_harms_it() {
    let site = Site::new().await;
    let server = site.create(SERVERS, body()).await;
    assert_eq!(server.get("tokenmint"), None);
    let set = with(json!({"signingAlgorithm": "ES256", "accessTokenProfile": "RFC9068"}));
    let changed = put(&site, &server, &set).await;
    assert_eq!(changed["tokenmint"], set["tokenmint"]);
    assert_eq!(put(&site, &server, &body()).await["tokenmint"], set["tokenmint"], "absent is kept");
    let half = put(&site, &server, &with(json!({"signingAlgorithm": null}))).await;
    assert_eq!(half["tokenmint"], json!({"signingAlgorithm": "RS256", "accessTokenProfile": "RFC9068"}));
    let cleared = put(&site, &server, &with(Value::Null)).await;
    assert_eq!(cleared.get("tokenmint"), None, "null clears it");
    let defaults = with(json!({"signingAlgorithm": "RS256", "accessTokenProfile": "OKTA"}));
    assert_eq!(put(&site, &server, &defaults).await.get("tokenmint"), None, "Okta's are not shown");
    let listed = site.admin(Method::GET, SERVERS, None).await.json();
    assert!(listed.as_array().unwrap().iter().all(|server| server.get("tokenmint").is_none()));
}

#[tokio::test]
async fn what_the_member_does_not_know_is_refused_and_changes_nothing() {
    let site = Site::new().await;
    let server = site.create(SERVERS, with(json!({"signingAlgorithm": "PS256"}))).await;
    let own = format!("{SERVERS}/{}", server["id"].as_str().unwrap());
    for (tokenmint, field) in [
        (json!(7), "tokenmint"),
        (json!({"profile": "RFC9068"}), "tokenmint"),
        (json!({"signingAlgorithm": "RS512"}), "tokenmint.signingAlgorithm"),
        (json!({"signingAlgorithm": "none"}), "tokenmint.signingAlgorithm"),
        (json!({"accessTokenProfile": true}), "tokenmint.accessTokenProfile"),
    ] {
        for (method, target) in [(Method::POST, SERVERS), (Method::PUT, own.as_str())] {
            let reply = site.admin(method, target, Some(&with(tokenmint.clone()))).await;
            assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"), "{reply:?}");
            assert_eq!(reply.json()["errorSummary"], format!("Api validation failed: {field}"));
        }
    }
    assert_eq!(site.admin(Method::GET, &own, None).await.json(), server);
    assert_eq!(site.admin(Method::GET, SERVERS, None).await.json().as_array().unwrap().len(), 2);
}

/// The algorithms of the published keys, and those that discovery names.
async fn algorithms(site: &Site, server: &str) -> (Vec<Value>, Value) {
    let get = async |path: &str| {
        let reply = site.call(&Method::GET, &format!("/oauth2/{server}/{path}"), &[], "").await;
        assert_eq!(reply.headers["cache-control"], "max-age=3600, must-revalidate", "{path}");
        reply.json()
    };
    let keys = get("v1/keys").await;
    let published = keys["keys"].as_array().unwrap().iter().map(|key| key["alg"].clone()).collect();
    let document = get(".well-known/openid-configuration").await;
    (published, document["id_token_signing_alg_values_supported"].clone())
}

#[tokio::test]
async fn discovery_names_an_algorithm_while_a_key_of_it_is_published() {
    let site = Site::new().await;
    let server = site.create(SERVERS, body()).await;
    let id = server["id"].as_str().unwrap();
    assert_eq!(algorithms(&site, id).await, (vec![json!("RS256"), json!("RS256")], json!(["RS256"])));
    put(&site, &server, &with(json!({"signingAlgorithm": "EdDSA"}))).await;
    let both = json!(["RS256", "EdDSA"]);
    assert_eq!(algorithms(&site, id).await, (vec![json!("RS256"), json!("EdDSA")], both.clone()));
    let rotate = format!("{SERVERS}/{id}/credentials/lifecycle/keyRotate");
    let keys = site.admin(Method::POST, &rotate, Some(&json!({"use": "sig"}))).await.json();
    let three = vec![json!("EdDSA"), json!("EdDSA"), json!("RS256")];
    assert_eq!(algorithms(&site, id).await, (three, both), "what it signed is still verified");
    let expired = keys[2]["kid"].as_str().unwrap();
    let revoke = format!("{SERVERS}/{id}/credentials/keys/{expired}/lifecycle/revoke");
    assert_eq!(site.admin(Method::POST, &revoke, None).await.status, 200);
    assert_eq!(algorithms(&site, id).await, (vec![json!("EdDSA"), json!("EdDSA")], json!(["EdDSA"])));
}

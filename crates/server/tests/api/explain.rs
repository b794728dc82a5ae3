//! Explaining over HTTP: by the event's UUID and by the request's id, for programs and for people.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{ADMIN, Site};

async fn explain(site: &Site, name: &str) -> Value {
    let reply = site.admin(Method::GET, &format!("/api/v1/logs/{name}/explain"), None).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// The UUID of the newest event of the token endpoint.
async fn newest(site: &Site) -> String {
    let log = site.admin(Method::GET, "/api/v1/logs?limit=1000", None).await.json();
    let events = log.as_array().unwrap().iter().rev();
    let is_grant =
        |event: &&Value| event["eventType"].as_str().unwrap().starts_with("app.oauth2.as.token.grant");
    events.clone().find(is_grant).unwrap()["uuid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_was_refused_gives_the_request_id_and_an_admin_sees_why() {
    let site = Site::new().await;
    let (_, credentials) = site.make_service("Courier").await;
    site.create("/api/v1/authorizationServers/default/scopes", json!({"name": "orders.read"})).await;
    let granted = site.ask(&credentials, "grant_type=client_credentials&scope=orders.read").await;
    let uuid = newest(&site).await;
    let refused = site.ask(&credentials, "grant_type=client_credentials&scope=nothing").await;
    assert_eq!((granted.status, refused.status), (200, 400));
    let id = refused.headers["x-okta-request-id"].to_str().unwrap();
    let why = explain(&site, id).await;
    assert_eq!((&why["schema"], &why["explained"], &why["agrees"]), (&json!(1), &json!(true), &json!(true)));
    assert_eq!(why["event"]["requestId"], id);
    let error = &why["error"];
    assert_eq!(
        json!({"error": error["error"], "error_description": error["error_description"]}),
        refused.json()
    );
    let why = explain(&site, &uuid).await;
    assert_eq!(
        (&why["event"]["uuid"], &why["grant"]["rule"]["name"]),
        (&json!(uuid), &json!("Default Policy Rule"))
    );
    assert_eq!(why["trace"]["schema"], 1);
    let accept = [("authorization", &*format!("SSWS {ADMIN}")), ("accept", "text/plain")];
    let text = site.call(&Method::GET, &format!("/api/v1/logs/{id}/explain"), &accept, "").await;
    assert!(text.body.contains("The log says: FAILURE (no_matching_scope)"), "{text:?}");
}

#[tokio::test]
async fn what_is_not_in_the_log_is_404_and_a_bad_time_400() {
    let site = Site::new().await;
    for name in ["nothing", "00000000-0000-8000-8000-000000000001", "%F0%9F%92%A5"] {
        let reply = site.admin(Method::GET, &format!("/api/v1/logs/{name}/explain"), None).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "E0000007"), "{name}: {reply:?}");
    }
    let reply = site.admin(Method::GET, "/api/v1/logs/%20/explain", None).await;
    assert_eq!(reply.status, 400, "{}", reply.body);
    assert!(reply.body.contains("event: is empty"), "{}", reply.body);
    let reply = site.admin(Method::GET, "/api/v1/logs/nothing/explain?since=noon", None).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"));
}

#[tokio::test]
async fn an_event_that_decided_nothing_says_what_is_missing() {
    let site = Site::new().await;
    let made = site.admin(Method::POST, "/api/v1/groups", Some(&json!({"profile": {"name": "Staff"}}))).await;
    let id = made.headers["x-okta-request-id"].to_str().unwrap();
    let why = explain(&site, id).await;
    assert_eq!((&why["explained"], &why["missing"]["input"]), (&json!(false), &json!("not_a_decision")));
    assert!(why.get("trace").is_none() && why.get("grant").is_none());
}

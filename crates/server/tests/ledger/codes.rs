//! Every error code of the table: produced here by a request, or waiting for a feature that has a name.

use axum::http::Method;
use serde_json::{Value, json};
use server::error::{Code, code};

use crate::site::{ADMIN, Reply, Site, service_app};

/// Codes that nothing answers with yet, and what will.
const WAITING: &[(Code, &str)] = &[
    (code::AUTHENTICATION_FAILED, "sign-in"),
    (code::INVALID_SESSION, "sessions"),
    (code::INVALID_CLIENT_APP, "sign-in"),
    (code::CREDENTIALS_NOT_UPDATED, "users: change of password"),
    (code::FEATURE_OFF, "features that an org may lack"),
    (code::ALREADY_ACTIVE, "users: activation"),
    (code::PARAMETER_MISSING, "sign-in"),
    (code::LOCKED_OUT, "users: unlock"),
    (code::SEARCH_AND_FILTER, "users: search"),
    (code::WRONG_USER_STATUS, "users: lifecycle"),
    (code::RATE_LIMITED, "rate limits that refuse"),
    (code::ALREADY_ASSIGNED, "assignments"),
    (code::PASSWORD_EXPIRED, "sign-in"),
    (code::WRONG_PASSCODE, "factors"),
    (code::USER_LOCKED, "sign-in"),
    (code::WRONG_AUTHENTICATION_STATE, "sign-in"),
    (code::PASSWORD_REFUSED, "password policies"),
    (code::WRONG_RECOVERY_ANSWER, "recovery"),
    (code::ROLE_ALREADY_ASSIGNED, "roles"),
    (code::ROLE_TYPE_MISMATCH, "roles"),
    (code::UNSUPPORTED_FILTER, "users: search"),
    (code::INVALID_FILTER, "users: search"),
    (code::RECOVERY_UNKNOWN_USER, "recovery"),
    (code::USER_INACTIVE, "assignments"),
    (code::HOOK_UNREACHABLE, "inline hooks"),
    (code::HOOK_REFUSED, "inline hooks"),
    (code::HOOK_SILENT, "inline hooks"),
    (code::CONFLICT, "assignments"),
    (code::SERVICE_APPS_ONLY, "roles of apps"),
    (code::PRIORITIES_RECONCILING, "never: changes of priorities are atomic here"),
    (code::GROUP_RULES_BUSY, "group rules"),
];

/// Requests that are answered with each code that is in use.
async fn produce(site: &Site) -> Vec<(Code, Reply)> {
    let json_type = ("content-type", "application/json");
    let authorization = format!("SSWS {ADMIN}");
    let admin = ("authorization", authorization.as_str());
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let groups = "/api/v1/groups";
    let app = site.create("/api/v1/apps", service_app("Courier")).await;
    let app = format!("/api/v1/apps/{}", app["id"].as_str().unwrap());
    let nobody = site.make_user("ACTIVE", &[]).await;
    let nobody = site.make_token(nobody).await;
    let server = "/api/v1/authorizationServers/default";
    let whole = site.admin(Method::GET, server, None).await.json();
    let body = || whole.to_string();
    vec![
        (code::VALIDATION_FAILED, site.admin(post.clone(), groups, Some(&json!({}))).await),
        (code::MALFORMED_BODY, site.call(&post, groups, &[admin, json_type], "{").await),
        (code::ACCESS_DENIED, site.with_token(&nobody, &get, groups, None).await),
        (code::NOT_FOUND, site.admin(get.clone(), "/api/v1/groups/00g1", None).await),
        (code::PATH_NOT_FOUND, site.admin(get.clone(), "/api/v1/nowhere", None).await),
        (code::INVALID_TOKEN, site.call(&get, groups, &[], "").await),
        (code::UNSUPPORTED_MEDIA_TYPE, site.call(&post, groups, &[admin], "{}").await),
        (code::METHOD_NOT_ALLOWED, site.admin(Method::PATCH, groups, None).await),
        (code::INVALID_CURSOR, site.admin(get.clone(), "/api/v1/logs?after=nonsense", None).await),
        (code::INVALID_SEARCH, site.admin(get.clone(), "/api/v1/apps?filter=nonsense", None).await),
        (code::APP_DELETE_FORBIDDEN, site.admin(Method::DELETE, &app, None).await),
        (code::NOT_ACCEPTABLE, site.call(&get, groups, &[admin, ("accept", "text/html")], "").await),
        (
            code::ETAG_MISMATCH,
            site.call(&put, server, &[admin, json_type, ("if-match", "\"0\"")], body()).await,
        ),
        (code::ETAG_SYNTAX, site.call(&put, server, &[admin, json_type, ("if-match", "0")], body()).await),
    ]
}

#[tokio::test]
async fn every_code_is_produced_or_waits_for_a_feature() {
    let site = Site::new().await;
    let mut produced = produce(&site).await;
    // Last: nothing works any more afterwards.
    site.tenant.store.close().await.unwrap();
    produced.push((code::INTERNAL, site.admin(Method::GET, "/api/v1/groups", None).await));
    for (row, reply) in &produced {
        // A fault that passes has no row of its own.
        let status = if row.code == code::INTERNAL.code { 503 } else { row.status };
        assert_eq!((reply.status, reply.code()), (status, row.code.to_owned()), "{reply:?}");
        let Value::Object(members) = reply.json() else { panic!("{reply:?}") };
        let names: Vec<&String> = members.keys().collect();
        assert_eq!(names, ["errorCode", "errorSummary", "errorLink", "errorId", "errorCauses"]);
        let summary = members["errorSummary"].as_str().unwrap();
        let (before, after) = row.summary.split_once("{0}").unwrap_or((row.summary, ""));
        assert!(summary.starts_with(before) && summary.ends_with(after), "{summary}");
        assert!(!summary.contains("{0}"), "{summary}");
    }
    for row in code::ALL {
        let made = produced.iter().filter(|(made, _)| made == row).count();
        let waiting = WAITING.iter().filter(|(waiting, _)| waiting == row).count();
        assert_eq!(made + waiting, 1, "{} ({}) is produced {made} times", row.code, row.summary);
    }
    assert_eq!(produced.len() + WAITING.len(), code::ALL.len());
}

/// The table's statuses and summaries against Okta's (section 9.20 of our notes on its behaviour).
#[test]
fn the_codes_that_are_in_use_have_oktas_statuses() {
    let okta = [
        ("E0000001", 400, "Api validation failed: {0}"),
        ("E0000003", 400, "The request body was not well-formed."),
        ("E0000006", 403, "You do not have permission to perform the requested action"),
        ("E0000007", 404, "Not found: {0}"),
        ("E0000008", 404, "The requested path was not found"),
        ("E0000009", 500, "Internal Server Error"),
        ("E0000011", 401, "Invalid token provided"),
        ("E0000022", 405, "The endpoint does not support the provided HTTP method"),
        ("E0000031", 400, "Invalid search criteria."),
        ("E0000047", 429, "API call exceeded rate limit due to too many requests."),
        ("E0000056", 403, "Delete application forbidden."),
    ];
    for (name, status, summary) in okta {
        let row = code::ALL.iter().find(|row| row.code == name).expect(name);
        assert_eq!((row.status, row.summary), (status, summary), "{name}");
    }
    let status = |name| code::ALL.iter().find(|row| row.code == name).map(|row| row.status);
    for (name, okta) in [("E0000021", 400), ("E0000122", 406), ("E0000231", 412), ("E0000242", 400)] {
        assert_eq!(status(name), Some(okta), "{name}");
    }
}

//! A server's configuration as one document over HTTP.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{ADMIN, Site};

const SERVERS: &str = "/api/v1/authorizationServers";
const BY_NAME: &str = "/api/v1/authorizationServers/configuration";

fn orders() -> Value {
    json!({
        "tokenmint": 1,
        "server": {
            "name": "Orders", "description": "For orders", "audience": "api://orders", "issuerMode": "ORG_URL",
            "signingAlgorithm": "ES256",
        },
        "scopes": [{"name": "orders:read"}],
        "claims": [{"name": "team", "claimType": "RESOURCE", "value": "app.clientId"}],
        "policies": [{"name": "All", "description": "All", "clients": ["ALL_CLIENTS"], "rules": [
            {"name": "Machines", "grantTypes": ["client_credentials"], "scopes": ["*"]},
        ]}],
    })
}

#[tokio::test]
async fn a_document_is_made_read_changed_and_read_again() {
    let site = Site::new().await;
    let rehearsed = site.admin(Method::POST, &format!("{BY_NAME}?dryRun=true"), Some(&orders())).await;
    assert_eq!(rehearsed.status, 200, "{rehearsed:?}");
    assert_eq!(rehearsed.json()["server"], json!({"name": "Orders"}), "it has no id yet");
    assert_eq!(rehearsed.json()["plan"]["steps"].as_array().unwrap().len(), 5);
    assert_eq!(site.admin(Method::GET, SERVERS, None).await.json().as_array().unwrap().len(), 1);

    let made = site.admin(Method::POST, BY_NAME, Some(&orders())).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["plan"], rehearsed.json()["plan"]);
    let own = format!("{SERVERS}/{}", made.json()["server"]["id"].as_str().unwrap());
    let server = site.admin(Method::GET, &own, None).await.json();
    assert_eq!(
        (&server["name"], &server["tokenmint"]["signingAlgorithm"]),
        (&json!("Orders"), &json!("ES256"))
    );
    let target = format!("{own}/configuration");
    let read = site.admin(Method::GET, &target, None).await;
    assert_eq!((read.status, read.json()), (200, orders()));
    assert_eq!(read.headers["etag"], made.headers["etag"], "the org's revision");

    let again = site.admin(Method::POST, BY_NAME, Some(&orders())).await;
    assert_eq!((again.status, again.json()["plan"].clone()), (200, json!({"steps": []})));
    assert_eq!(again.headers["etag"], made.headers["etag"], "nothing was changed");
    let mut renamed = orders();
    renamed["server"]["name"] = json!("Ordering");
    let reply = site.admin(Method::PUT, &target, Some(&renamed)).await;
    assert_eq!(reply.status, 200);
    let difference = json!([{"member": "name", "from": "Orders", "to": "Ordering"}]);
    assert_eq!(reply.json()["plan"]["steps"][0]["differences"], difference);
    assert_eq!(site.admin(Method::GET, &target, None).await.json(), renamed);
}

/// The example of `docs/configuration-file.md`.
fn example() -> Value {
    let page = include_str!("../../../../docs/configuration-file.md");
    let (_, rest) = page.split_once("```yaml\n").expect("the page has an example");
    let (text, _) = rest.split_once("```").expect("it ends");
    server::yaml::read(text).unwrap().value
}

#[tokio::test]
async fn the_example_of_the_page_can_be_applied_and_comes_out_as_it_stands_there() {
    let site = Site::new().await;
    site.make_service("Portal").await;
    site.create("/api/v1/groups", json!({"profile": {"name": "Staff"}})).await;
    let made = site.admin(Method::POST, BY_NAME, Some(&example())).await;
    assert_eq!(made.status, 201, "{made:?}");
    let own = format!("{SERVERS}/{}/configuration", made.json()["server"]["id"].as_str().unwrap());
    let mut read = site.admin(Method::GET, &own, None).await.json();
    for named in ["clients", "groups"] {
        assert!(read.as_object_mut().unwrap().shift_remove(named).is_some(), "{named}");
    }
    assert_eq!(read, example());
}

#[tokio::test]
async fn a_tag_of_another_revision_is_412_and_changes_nothing() {
    let site = Site::new().await;
    let target = format!("{SERVERS}/default/configuration");
    let read = site.admin(Method::GET, &target, None).await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    site.make_service("Another change").await;
    let mut changed = read.json();
    changed["scopes"] = json!([{"name": "a"}]);
    let authorization = format!("SSWS {ADMIN}");
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/json"), ("if-match", &tag)];
    for query in ["", "?dryRun=true"] {
        let reply = site.call(&Method::PUT, &format!("{target}{query}"), &headers, changed.to_string()).await;
        assert_eq!((reply.status, reply.code().as_str()), (412, "E0000231"), "{query}");
    }
    assert_eq!(site.admin(Method::GET, &target, None).await.json(), read.json());
}

#[tokio::test]
async fn the_tag_of_a_rehearsal_covers_whom_its_names_stood_for() {
    let site = Site::new().await;
    let staff = site.create("/api/v1/groups", json!({"profile": {"name": "Staff"}})).await;
    let target = format!("{SERVERS}/default/configuration");
    let document = json!({"tokenmint": 1, "policies": [{"name": "p", "description": "d", "clients": ["ALL_CLIENTS"],
        "rules": [{"name": "r", "grantTypes": ["authorization_code"], "scopes": ["*"], "people": {"groups": ["Staff"]}}]}]});
    let rehearse = async || {
        let reply = site.admin(Method::PUT, &format!("{target}?dryRun=true"), Some(&document)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.headers["etag"].to_str().unwrap().to_owned()
    };
    let authorization = format!("SSWS {ADMIN}");
    let apply = async |tag: &str| {
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
            ("if-match", tag),
        ];
        site.call(&Method::PUT, &target, &headers, document.to_string()).await
    };
    let shown = rehearse().await;
    let group = format!("/api/v1/groups/{}", staff["id"].as_str().unwrap());
    let renamed = json!({"profile": {"name": "Former staff"}});
    assert_eq!(site.admin(Method::PUT, &group, Some(&renamed)).await.status, 200);
    site.create("/api/v1/groups", json!({"profile": {"name": "Staff"}})).await;
    let reply = apply(&shown).await;
    assert_eq!((reply.status, reply.code().as_str()), (412, "E0000231"), "another group has the name now");
    let reply = apply(&rehearse().await).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let revision = reply.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(apply(&revision).await.status, 200, "what a change replied holds for the org alone");
}

#[tokio::test]
async fn a_mistyped_rehearsal_changes_nothing() {
    let site = Site::new().await;
    let target = format!("{SERVERS}/default/configuration");
    let before = site.admin(Method::GET, &target, None).await;
    let document = json!({"tokenmint": 1, "scopes": [{"name": "a"}]});
    for query in ["dryRun=", "dryrun=true", "dryRun=TRUE", "dryRun=false&dryRun=true", "dryRun=true&x=1"] {
        for (method, path) in [(Method::PUT, target.as_str()), (Method::POST, BY_NAME)] {
            let reply = site.admin(method, &format!("{path}?{query}"), Some(&document)).await;
            assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"), "{query}");
        }
    }
    let after = site.admin(Method::GET, &target, None).await;
    assert_eq!((after.json(), &after.headers["etag"]), (before.json(), &before.headers["etag"]));
    assert_eq!(site.admin(Method::PUT, &format!("{target}?dryRun=false"), Some(&document)).await.status, 200);
}

#[tokio::test]
async fn bad_documents_are_told_what_is_wrong_where() {
    let site = Site::new().await;
    let target = format!("{SERVERS}/default/configuration");
    let before = site.admin(Method::GET, &target, None).await;
    for (body, cause) in [
        (json!({}), "the member `tokenmint` is missing"),
        (
            json!({"tokenmint": 1, "secrets": []}),
            "secrets: there is no member `secrets`; there are tokenmint, server, scopes, claims, policies, clients, groups",
        ),
        (json!({"tokenmint": 1, "scopes": {}}), "scopes: must be a list"),
        (json!({"tokenmint": 1, "policies": []}), ""),
        (
            json!({"tokenmint": 1, "policies": [{"name": "p", "description": "d", "clients": ["ALL_CLIENTS"], "rules": [
                {"name": "r", "grantTypes": ["password"], "scopes": ["*"], "people": {"groups": ["everyone", "Nobody"]}},
            ]}]}),
            "policies[0].rules[0].people.groups[1]: there is no group `Nobody`",
        ),
    ] {
        let reply = site.admin(Method::PUT, &format!("{target}?dryRun=true"), Some(&body)).await;
        if cause.is_empty() {
            assert_eq!(reply.status, 200, "{reply:?}");
            continue;
        }
        assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"), "{reply:?}");
        let error = reply.json();
        assert_eq!(error["errorSummary"], "Api validation failed: configuration");
        assert_eq!(error["errorCauses"], json!([{"errorSummary": cause}]));
    }
    let reply = site.admin(Method::PUT, &format!("{target}?dryRun=perhaps"), Some(&orders())).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "E0000001"));
    let reply = site.admin(Method::PUT, &target, Some(&json!([1]))).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "E0000003"));
    let nobody = format!("{SERVERS}/aus00000000000000000/configuration");
    for method in [Method::GET, Method::PUT] {
        let body = (method == Method::PUT).then(orders);
        let reply = site.admin(method, &nobody, body.as_ref()).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "E0000007"), "{reply:?}");
    }
    let after = site.admin(Method::GET, &target, None).await;
    assert_eq!((after.json(), &after.headers["etag"]), (before.json(), &before.headers["etag"]));
}

#[tokio::test]
async fn who_may_only_read_servers_reads_the_document_and_changes_nothing() {
    let site = Site::new().await;
    let reader = site.make_user("ACTIVE", &["READ_ONLY_ADMIN"]).await;
    let token = site.make_token(reader).await;
    let target = format!("{SERVERS}/default/configuration");
    assert_eq!(site.with_token(&token, &Method::GET, &target, None).await.status, 200);
    for (method, target) in
        [(Method::PUT, format!("{target}?dryRun=true")), (Method::POST, BY_NAME.to_owned())]
    {
        let reply = site.with_token(&token, &method, &target, Some(&orders())).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "E0000006"));
    }
}

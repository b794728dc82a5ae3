//! What every reply looks like, and every refusal of the shell.

use std::collections::HashSet;

use crate::harness::{Reply, Setup, start};

const ADMIN: &str = "Authorization: SSWS super\r\n";
const JSON: &str = "Authorization: SSWS super\r\nContent-Type: application/json\r\n";

fn error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn every_reply_has_the_shells_headers() {
    let server = start().await;
    let mut ids = HashSet::new();
    let replies: [Reply; 5] = [
        server.get("/api/v1/things").await,
        server.get("/nowhere").await,
        server.send("DELETE /api/v1/things HTTP/1.1\r\nHost: x\r\n\r\n").await,
        server.post("/small", "", "much too long a body").await,
        server.get("/broken").await,
    ];
    for (reply, status) in replies.iter().zip([200, 404, 405, 413, 500]) {
        assert_eq!(reply.status, status);
        assert!(reply.header("x-okta-request-id").len() >= 24);
        assert!(ids.insert(reply.header("x-okta-request-id")), "a request has its own id");
        for name in ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"] {
            let values = reply.all(name);
            assert_eq!(values.len(), 1, "{status} {name}");
            assert!(values[0].parse::<u64>().is_ok());
        }
        assert_eq!(reply.header("cache-control"), "no-cache, no-store");
        assert_eq!(reply.header("pragma"), "no-cache");
        assert_eq!(reply.header("referrer-policy"), "strict-origin-when-cross-origin");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert!(reply.header("date").ends_with("GMT"));
        assert_eq!(reply.header("strict-transport-security"), "");
    }
}

#[tokio::test]
async fn requests_are_counted_down_and_what_is_never_refused_is_counted_too() {
    let server = start().await;
    let remaining = |reply: &Reply| reply.header("x-rate-limit-remaining").parse::<i64>().unwrap();
    let mut last = remaining(&server.get("/api/v1/things").await);
    for _ in 0..3 {
        let now = remaining(&server.get("/api/v1/nowhere").await);
        assert!(now == last - 1 || now == 599, "{now} after {last} (or a new minute)");
        last = now;
    }
    let keys = server.get("/oauth2/v1/keys").await;
    assert_eq!(keys.header("x-rate-limit-limit"), "1000000");
}

#[tokio::test]
async fn a_handlers_own_caching_stays_and_https_is_kept() {
    let server = Setup { origin: "https://id.example.com", ..Setup::default() }.start().await;
    let reply = server.get("/oauth2/v1/keys").await;
    assert_eq!(reply.header("cache-control"), "max-age=60");
    assert_eq!(reply.header("pragma"), "");
    assert_eq!(reply.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn refusals_are_oktas_objects() {
    let server = start().await;
    assert_eq!(server.get("/nowhere").await.error(), error(404, "E0000008"));
    assert_eq!(server.get("/api/v1/things/%FF").await.error(), error(404, "E0000008"));
    assert_eq!(server.get("/api/v1/things/a%2Fb").await.body, "a/b");
    let reply = server.send("PUT /api/v1/things HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(reply.error(), error(405, "E0000022"));
    let allowed: HashSet<_> = reply.header("allow").split(',').map(str::trim).collect();
    assert_eq!(allowed, HashSet::from(["GET", "HEAD", "POST", "OPTIONS"]));
    let post = async |headers: &str, body: &str| server.post("/api/v1/things", headers, body).await.error();
    assert_eq!(post(ADMIN, "{}").await, error(400, "E0000021"));
    let form = format!("{ADMIN}Content-Type: application/x-www-form-urlencoded\r\n");
    assert_eq!(post(&form, "a=b").await, error(400, "E0000021"));
    assert_eq!(post(JSON, "{\"a\":").await, error(400, "E0000003"));
    assert_eq!(post(&format!("{JSON}Accept: application/xml\r\n"), "{}").await, error(406, "E0000122"));
    assert_eq!(server.get("/api/v1/things?limit=none").await.error(), error(400, "E0000001"));
}

#[tokio::test]
async fn a_guarded_route_wants_a_caller_a_role_and_a_scope() {
    let server = start().await;
    let post = async |authorization: &str| {
        let headers = format!("{authorization}Content-Type: application/json\r\n");
        server.post("/api/v1/things", &headers, "{\"a\":1,\"a\":2}").await
    };
    assert_eq!(post("").await.error(), error(401, "E0000011"));
    assert_eq!(post("Authorization: SSWS reader\r\n").await.error(), error(403, "E0000006"));
    let narrow = post("Authorization: Bearer okta.apps.read\r\n").await;
    assert_eq!(narrow.error(), error(403, "E0000006"));
    assert!(
        narrow
            .header("www-authenticate")
            .contains(", scope=\"okta.apps.manage\", error=\"insufficient_scope\"")
    );
    let wide = post("Authorization: Bearer okta.apps.manage\r\n").await;
    assert_eq!(wide.json(), serde_json::json!({ "by": "00uTest", "thing": { "a": 2 } }));
}

#[tokio::test]
async fn a_panic_is_a_fault_with_an_id_and_nothing_else() {
    let server = start().await;
    let reply = server.get("/broken").await;
    assert_eq!(reply.error(), error(500, "E0000009"));
    assert!(!reply.body.contains("s3cret"));
    assert_eq!(server.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn links_are_lines_of_their_own() {
    let server = start().await;
    let reply = server.get("/api/v1/things?q=x&limit=2").await;
    assert_eq!(
        reply.all("link"),
        [
            "<http://localhost:8080/api/v1/things?q=x&limit=2>; rel=\"self\"",
            "<http://localhost:8080/api/v1/things?after=cursor&limit=2&q=x>; rel=\"next\"",
        ]
    );
}

#[tokio::test]
async fn readiness_is_asked_for_and_its_reason_is_not_told() {
    let server = start().await;
    assert_eq!(server.get("/health/ready").await.body, "{\"status\":\"ready\"}");
    let server = Setup { readiness: Err("s3cret".to_owned()), ..Setup::default() }.start().await;
    let reply = server.get("/health/ready").await;
    assert_eq!((reply.status, reply.body.as_str()), (503, "{\"status\":\"not ready\"}"));
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(server.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn only_pages_that_may_call_are_told_so() {
    let server = start().await;
    let ask = async |method: &str, path: &str, origin: &str| {
        server.send(format!("{method} {path} HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\r\n")).await
    };
    let preflight = ask("OPTIONS", "/api/v1/things", "https://trusted.example").await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "https://trusted.example");
    assert_eq!(preflight.header("access-control-allow-credentials"), "true");
    assert_eq!(preflight.header("access-control-allow-methods"), "POST");
    let stranger = ask("OPTIONS", "/api/v1/things", "https://evil.example").await;
    assert_eq!((stranger.status, stranger.header("access-control-allow-origin")), (204, ""));
    let keys = ask("GET", "/oauth2/v1/keys", "https://evil.example").await;
    assert_eq!(keys.header("access-control-allow-origin"), "https://evil.example");
    assert_eq!(keys.header("access-control-allow-credentials"), "");
    assert_eq!(keys.header("vary"), "Origin");
    let closed = ask("GET", "/health/live", "https://trusted.example").await;
    assert_eq!(closed.header("access-control-allow-origin"), "");
}

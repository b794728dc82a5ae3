//! What a request's target may look like.

use crate::harness::start;

#[tokio::test]
async fn of_an_absolute_target_only_path_and_query_count() {
    let server = start().await;
    for target in ["http://localhost/api/v1/seen?a=b", "http://evil.example:99/api/v1/seen?a=b"] {
        let reply = server.send(format!("GET {target} HTTP/1.1\r\nHost: other\r\n\r\n")).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()["url"], "http://localhost:8080/api/v1/seen?a=b");
    }
}

#[tokio::test]
async fn slashes_at_the_start_count_as_one() {
    let server = start().await;
    let reply = server.get("//api/v1/seen?a=//b").await;
    assert_eq!(reply.json()["url"], "http://localhost:8080/api/v1/seen?a=//b");
    assert_eq!(server.get("///api/v1/seen").await.status, 200);
    assert_eq!(server.get("http://localhost//api/v1/seen").await.status, 200);
    assert_eq!(server.get("/api//v1/seen").await.status, 404);
}

#[tokio::test]
async fn what_a_proxy_is_told_is_not_for_us() {
    let server = start().await;
    let reply =
        server.send("GET /api/v1/seen HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic eA==\r\n\r\n").await;
    assert_eq!(reply.json()["headers"], serde_json::json!(["host"]));
}

#[tokio::test]
async fn neither_connect_nor_the_asterisk_is_served() {
    let server = start().await;
    let reply = server.send("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n").await;
    assert_eq!(reply.error(), (405, "E0000022".to_owned()));
    assert!(reply.header("allow").contains("GET"));
    let reply = server.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(reply.error(), (404, "E0000008".to_owned()));
}

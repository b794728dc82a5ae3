//! HTTP/2 without TLS, by prior knowledge.

use std::time::Duration;

use axum::http::Request;
use h2::client::SendRequest;
use server::limits::Limits;
use tokio::task::JoinHandle;

use crate::harness::{Server, start, start_with};

async fn connect(server: &Server) -> (SendRequest<bytes::Bytes>, JoinHandle<Result<(), h2::Error>>) {
    let (client, connection) = h2::client::handshake(server.connect().await).await.unwrap();
    (client.ready().await.unwrap(), tokio::spawn(connection))
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("http://localhost{path}")).body(()).unwrap()
}

#[tokio::test]
async fn a_request_is_answered_as_over_http_1() {
    let server = start().await;
    let (mut client, _) = connect(&server).await;
    let (response, _) = client.send_request(get("/api/v1/seen?a=b"), true).unwrap();
    let mut response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-okta-request-id"].len(), 24);
    let body = response.body_mut().data().await.unwrap().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["url"], "http://localhost:8080/api/v1/seen?a=b");
}

#[tokio::test]
async fn headers_too_many_are_431_here_too() {
    let server = start().await;
    let (mut client, _) = connect(&server).await;
    let mut request = get("/health/live");
    for _ in 0..101 {
        request.headers_mut().append("x-a", axum::http::HeaderValue::from_static("b"));
    }
    let (response, _) = client.send_request(request, true).unwrap();
    assert_eq!(response.await.unwrap().status(), 431);
}

#[tokio::test]
async fn an_idle_connection_ends_though_frames_still_come() {
    let idle_time = Duration::from_millis(500);
    let server = start_with(Limits { idle_time, header_time: idle_time / 5, ..Limits::default() }).await;
    let (client, connection) = connect(&server).await;
    let (response, _) = client.clone().send_request(get("/health/live"), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    tokio::time::sleep(idle_time / 2).await;
    assert!(!connection.is_finished(), "the time for headers does not count between requests");
    tokio::time::timeout(Duration::from_secs(4), connection).await.expect("closed").unwrap().unwrap();
}

#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let server = start().await;
    let (client, connection) = connect(&server).await;
    let flood = tokio::spawn(async move {
        loop {
            let Ok(mut client) = client.clone().ready().await else { return };
            let Ok((_, mut stream)) = client.send_request(get("/held"), false) else { return };
            tokio::task::yield_now().await;
            stream.send_reset(h2::Reason::CANCEL);
            tokio::task::yield_now().await;
        }
    });
    let ended = tokio::time::timeout(Duration::from_mins(1), connection).await.expect("closed").unwrap();
    assert_eq!(ended.unwrap_err().reason(), Some(h2::Reason::ENHANCE_YOUR_CALM));
    flood.abort();
    assert_eq!(server.get("/health/live").await.status, 200);
}

#[tokio::test]
async fn a_graceful_stop_answers_what_is_in_flight() {
    let server = start().await;
    let (mut client, connection) = connect(&server).await;
    let (response, _) = client.send_request(get("/held"), true).unwrap();
    server.hold.begun.notified().await;
    server.stop.send(()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.hold.go_on.notify_one();
    assert_eq!(response.await.unwrap().status(), 200);
    drop(client);
    tokio::time::timeout(Duration::from_mins(1), connection).await.expect("closed").unwrap().unwrap();
}

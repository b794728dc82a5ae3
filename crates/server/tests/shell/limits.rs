//! What one client may take of the server.

use std::time::Duration;

use server::limits::Limits;
use tokio::io::AsyncWriteExt;

use crate::harness::{Reply, closes_within, start, start_with};

const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn headers_that_do_not_end_are_cut_off_though_idle_connections_stay() {
    let server = start_with(Limits { header_time: SHORT, ..Limits::default() }).await;
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    let mut kept = server.connect().await;
    kept.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(Reply::read(&mut kept).await.unwrap().status, 200);
    for _ in 0..4 {
        slow.write_all(b"G").await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(closes_within(&mut slow, 2).await);
    assert!(closes_within(&mut silent, 2).await);
    kept.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(Reply::read(&mut kept).await.unwrap().status, 200, "an idle connection has its own time");
    kept.write_all(b"GET /health/live HTTP/1.1\r\n").await.unwrap();
    assert!(closes_within(&mut kept, 2).await, "a later request must be as quick as the first");
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let server = start_with(Limits { idle_time: SHORT, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(Reply::read(&mut stream).await.unwrap().status, 200);
    assert!(closes_within(&mut stream, 2).await);
}

#[tokio::test]
async fn a_body_that_pauses_is_refused() {
    let server = start_with(Limits { body_pause: SHORT, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab").await.unwrap();
    assert_eq!(Reply::read(&mut stream).await.unwrap().error(), (408, "E0000003".to_owned()));
}

#[tokio::test]
async fn a_body_beyond_its_routes_limit_is_refused_whether_announced_or_not() {
    let server = start().await;
    let small = server.post("/small", "", "0123456789").await;
    assert_eq!((small.status, small.body.as_str()), (200, "0123456789"));
    let announced =
        "POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(server.send(announced).await.error(), (413, "E0000003".to_owned()));
    let chunked = "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n";
    assert_eq!(server.send(chunked).await.status, 413);
}

#[tokio::test]
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let server = start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n").await.unwrap();
    let piece = [b'x'; 4_000];
    for _ in 0..1_000 {
        stream.write_all(&piece).await.expect("the server goes on reading for a while");
    }
    assert_eq!(Reply::read(&mut stream).await.unwrap().status, 413);
}

#[tokio::test]
async fn headers_too_many_or_too_large_are_431() {
    let server = start().await;
    let many = "X-A: b\r\n".repeat(101);
    assert_eq!(server.send(format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n")).await.status, 431);
    let large = "a".repeat(40_000);
    assert_eq!(server.send(format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {large}\r\n\r\n")).await.status, 431);
    let within = "a".repeat(30_000);
    let reply = server.send(format!("GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: {within}\r\n\r\n")).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered() {
    let server = start_with(Limits { request_time: SHORT, ..Limits::default() }).await;
    let reply = server.get("/held").await;
    assert_eq!(reply.error(), (503, "E0000009".to_owned()));
    assert_eq!(reply.header("retry-after"), "1");
}

#[tokio::test]
async fn a_reply_that_is_not_read_ends_the_connection() {
    let server = start_with(Limits { write_pause: SHORT, ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut total = 0;
    let mut buffer = vec![0; 1 << 20];
    while let Ok(read) = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await {
        if read == 0 {
            break;
        }
        total += read;
    }
    assert!(total < 64 << 20, "the rest was never sent");
}

#[tokio::test]
async fn beyond_the_limit_a_connection_waits_for_another_to_end() {
    let server = start_with(Limits { connections: 2, ..Limits::default() }).await;
    let (first, _second) = (server.connect().await, server.connect().await);
    let mut third = server.connect().await;
    third.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(SHORT, Reply::read(&mut third)).await;
    assert!(early.is_err(), "no connection is free");
    drop(first);
    assert_eq!(Reply::read(&mut third).await.unwrap().status, 200);
}

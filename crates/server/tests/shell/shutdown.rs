//! How the server ends.

use std::time::Duration;

use server::limits::Limits;
use server::listen::Ended;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Reply, Server, closes_within, start, start_with};

/// A request that is being answered.
async fn held(server: &Server) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.hold.begun.notified().await;
    stream
}

#[tokio::test]
async fn what_is_in_flight_is_finished_and_nothing_new_is_accepted() {
    let server = start().await;
    let mut in_flight = held(&server).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(Reply::read(&mut idle).await.unwrap().status, 200);
    server.stop.send(()).await.unwrap();
    assert!(closes_within(&mut idle, 2).await, "an idle connection ends at once");
    let refused = TcpStream::connect(server.address).await;
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    server.hold.go_on.notify_one();
    let reply = Reply::read(&mut in_flight).await.unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (200, "done"));
    assert!(closes_within(&mut in_flight, 1).await);
    drop(in_flight);
    assert_eq!(server.ended.await.unwrap(), Ended::Quietly);
}

#[tokio::test]
async fn whoever_asks_while_it_stops_is_answered_and_told_to_leave() {
    let limits = Limits { drain_time: Duration::from_secs(5), ..Limits::default() };
    let server = start_with(limits).await;
    let mut known = server.connect().await;
    let ask = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    known.write_all(ask).await.unwrap();
    let reply = Reply::read(&mut known).await.unwrap();
    assert_eq!((reply.status, reply.header("connection")), (200, ""));
    server.stop.send(()).await.unwrap();
    let mut new = server.connect().await;
    for stream in [&mut known, &mut new] {
        stream.write_all(ask).await.unwrap();
        let reply = Reply::read(stream).await.unwrap();
        assert_eq!((reply.status, reply.header("connection")), (200, "close"));
        assert!(closes_within(stream, 1).await);
    }
    assert_eq!(
        server.ended.await.unwrap(),
        Ended::Quietly,
        "nobody is left, so the rest of the time is not waited for"
    );
}

#[tokio::test]
async fn a_second_word_ends_it_at_once() {
    let server = start().await;
    let mut in_flight = held(&server).await;
    server.stop.send(()).await.unwrap();
    server.stop.send(()).await.unwrap();
    assert_eq!(server.ended.await.unwrap(), Ended::CutOff(1));
    assert!(closes_within(&mut in_flight, 1).await);
}

#[tokio::test]
async fn patience_ends() {
    let limits = Limits { shutdown_time: Duration::from_millis(200), ..Limits::default() };
    let server = start_with(limits).await;
    let _in_flight = held(&server).await;
    server.stop.send(()).await.unwrap();
    assert_eq!(server.ended.await.unwrap(), Ended::CutOff(1));
}

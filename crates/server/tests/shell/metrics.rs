//! `/metrics`, as Prometheus asks for it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::program::{Directory, Running};

fn ask(address: &str, line: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// The value of the line that begins with this.
fn value(page: &str, line: &str) -> Option<f64> {
    page.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn what_is_answered_is_counted_and_shown_on_a_listener_of_its_own() {
    let directory = Directory::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let server = Running::start(&directory.0, &["--metrics-listen", &address]);
    let form =
        "Host: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length";
    for (path, body) in [
        ("/oauth2/default/v1/token", "grant_type=client_credentials"),
        ("/oauth2/nowhere/v1/token", "grant_type=client_credentials"),
        ("/oauth2/default/v1/token", "a=1&a=2"),
    ] {
        server.send(&format!("POST {path} HTTP/1.1\r\n{form}: {}\r\n\r\n{body}", body.len()));
    }
    server.send("GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let page = ask(&address, "GET /metrics");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    assert!(page.ends_with("# EOF\n"), "{page}");
    let route = r#"route="/oauth2/{server}/v1/token",method="POST""#;
    for (line, expected) in [
        (format!(r#"tokenmint_requests_total{{{route},status="4xx"}}"#), 3.0),
        (format!(r#"tokenmint_requests_total{{{route},status="5xx"}}"#), 0.0),
        (format!("tokenmint_request_duration_seconds_count{{{route}}}"), 3.0),
        (format!(r#"tokenmint_request_duration_seconds_bucket{{le="+Inf",{route}}}"#), 3.0),
        (r#"tokenmint_requests_total{route="-",method="-",status="4xx"}"#.to_owned(), 1.0),
        (r#"tokenmint_tokens_refused_total{reason="invalid_authorization_server"}"#.to_owned(), 1.0),
        (r#"tokenmint_tokens_refused_total{reason="malformed_request"}"#.to_owned(), 1.0),
        ("tokenmint_tokens_granted_total".to_owned(), 0.0),
        ("tokenmint_authorization_servers".to_owned(), 1.0),
        ("tokenmint_apps".to_owned(), 0.0),
        ("tokenmint_body_bytes".to_owned(), 0.0),
        (format!(r#"tokenmint_build_info{{version="{}"}}"#, env!("CARGO_PKG_VERSION")), 1.0),
    ] {
        assert_eq!(value(&page, &line), Some(expected), "{line} in {page}");
    }
    let waiting = value(&page, "tokenmint_commits_waiting");
    assert!(
        waiting.is_some_and(|waiting| (0.0..10.0).contains(&waiting)),
        "housekeeping may be at it: {waiting:?}"
    );
    assert!(value(&page, "process_start_time_seconds").unwrap() > 1_700_000_000.0);
    assert!(!page.contains("/nowhere"), "no label is a stranger's text");
}

#[test]
fn nothing_else_is_served_there_and_nothing_at_all_by_default() {
    let directory = Directory::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let server = Running::start(&directory.0, &["--metrics-listen", &address]);
    for (line, status) in [
        ("GET /", "404"),
        ("GET /api/v1/users/me", "404"),
        ("GET /health/live", "404"),
        ("POST /metrics", "405"),
        ("DELETE /metrics", "405"),
    ] {
        assert_eq!(&ask(&address, line)[9..12], status, "{line}");
    }
    let main = server.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(main.starts_with("HTTP/1.1 404 "), "{main}");
}

#[test]
fn a_port_in_use_for_metrics_is_a_failure_that_names_its_flag() {
    let directory = Directory::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = directory.0.to_str().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data, "--metrics-listen", &address];
    let output = crate::program::tokenmint(&serve).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.ends_with("choose another one with --metrics-listen\n"), "{said}");
}

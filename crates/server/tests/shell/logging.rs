//! What is logged of a request, and what is not.

use crate::program::{Directory, Running};

#[test]
fn the_log_names_the_route_and_shows_no_secret() {
    for format in ["text", "json"] {
        let directory = Directory::new();
        let running = Running::start(&directory.0, &["--log-level", "debug", "--log", format]);
        for path in ["/health/live?token=s3cret", "/health/s3cret", "//s3cret?code=s3cret"] {
            let headers =
                "Host: s3cret\r\nAuthorization: SSWS s3cret\r\nCookie: sid=s3cret\r\nConnection: close\r\n";
            running.send(&format!("GET {path} HTTP/1.1\r\n{headers}\r\n"));
        }
        running.send("s3cret /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let (_, log) = running.stop();
        assert!(log.contains("/health/live") && log.contains("answered"), "{log}");
        assert!(!log.contains("s3cret"), "{log}");
        if format == "json" {
            for line in log.lines() {
                let line: serde_json::Value = serde_json::from_str(line).unwrap();
                assert!(line["level"].is_string() && line["timestamp"].is_string());
            }
            assert!(log.contains("\"milliseconds\":") && log.contains("\"span\":{\"id\":"), "{log}");
        }
    }
}

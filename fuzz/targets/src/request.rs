//! Whole requests: method, target, headers, body. Never a fault; a refusal has its shape; what only reads or is refused
//! changes nothing; no link names a host that is not configured, and no page that is not trusted gets cookies.
//!
//! Input: method and target on the first line, then headers up to an empty line, then the body. `{name}` in the target
//! is a path of [`crate::shell`], `{admin}` and `{basic}` in a header are credentials.

use axum::body::Body;
use axum::http::{Method, Request, Uri};
use serde_json::Value;

use crate::pieces::lines;
use crate::shell::{Held, assert_is_an_answer, headers, with_server};
use crate::site::{ADMIN, ORIGIN};

/// A request as it is written over HTTP/1.1.
pub fn run(bytes: &[u8]) {
    let head = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let body = bytes.get(head + 2..).unwrap_or_default();
    let [first, rest] = lines(&bytes[..head]);
    let (Ok(first), Ok(rest)) = (str::from_utf8(first), str::from_utf8(rest)) else { return };
    with_server(|held| {
        if let Some(request) = request(held, first, rest, body) {
            send(held, request);
        }
    });
}

fn request(held: &Held, first: &str, rest: &str, body: &[u8]) -> Option<Request<Body>> {
    let (method, target) = first.split_once(' ')?;
    let path = |target: String, (name, path): &(&str, String)| target.replace(&format!("{{{name}}}"), path);
    let target = held.paths.iter().fold(target.to_owned(), path);
    let rest = rest.replace("{admin}", &format!("SSWS {ADMIN}")).replace("{basic}", &held.basic);
    let mut request = Request::new(Body::from(body.to_vec()));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = Uri::try_from(target).ok()?;
    *request.headers_mut() = headers(&rest.lines().collect::<Vec<_>>())?;
    Some(request)
}

fn send(held: &mut Held, request: Request<Body>) {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let (reply, changed) = held.answer(request);
    assert_is_an_answer(&reply);
    assert!(!changed || (!reads && reply.status < 300), "{reply:?}");
    assert!(!reply.headers.contains_key("access-control-allow-credentials"), "no page is trusted here");
    for link in reply.headers.get_all("link") {
        let link = str::from_utf8(link.as_bytes()).unwrap_or_default();
        assert!(link.starts_with(&format!("<{ORIGIN}/")), "{link}");
    }
    if let Ok(view) = serde_json::from_str(&reply.body) {
        links(&view);
    }
}

fn links(view: &Value) {
    match view {
        Value::Array(values) => values.iter().for_each(links),
        Value::Object(members) => {
            for (name, value) in members {
                if let ("href" | "issuer" | "token_endpoint" | "jwks_uri", Value::String(link)) =
                    (&**name, value)
                {
                    let is_app_own = name == "jwks_uri";
                    assert!(is_app_own || link.starts_with(ORIGIN), "{name}: {link}");
                }
                links(value);
            }
        }
        _ => {}
    }
}

//! JSON bodies of the management API, by an admin who may do everything. Never a fault; what is refused has changed
//! nothing; what is taken is shown as it was answered, can be written back as it is shown, and tokens can still be asked
//! for.
//!
//! Input: on the first line the name of a path of [`crate::shell`], and behind a blank an `If-Match`; then the body.

use axum::http::{HeaderValue, Method};
use serde_json::Value;

use crate::pieces::lines;
use crate::shell::{Held, assert_is_an_answer, with_server};

/// A path and a body.
pub fn run(bytes: &[u8]) {
    let [first, body] = lines(bytes);
    let Ok(first) = str::from_utf8(first) else { return };
    let (name, tag) = first.split_once(' ').unwrap_or((first, ""));
    if HeaderValue::from_str(tag).is_err() {
        return;
    }
    with_server(|held| {
        let Some((_, path)) = held.paths.iter().find(|(known, _)| *known == name) else { return };
        let path = path.clone();
        write(held, &path, tag, body.to_vec(), name.ends_with('s'));
    });
}

fn write(held: &mut Held, path: &str, tag: &str, body: Vec<u8>, is_list: bool) {
    let method = if is_list { Method::POST } else { Method::PUT };
    let mut headers = vec![("content-type", "application/json")];
    if !tag.is_empty() {
        headers.push(("if-match", tag));
    }
    let (reply, changed) = held.admin(&method, path, &headers, body);
    assert_is_an_answer(&reply);
    if reply.status >= 400 {
        assert!(!changed, "refused, and changed all the same: {reply:?}");
        return;
    }
    let mut view = reply.json();
    let own =
        if is_list { format!("{path}/{}", view["id"].as_str().unwrap_or_default()) } else { path.to_owned() };
    let (shown, _) = held.admin(&Method::GET, &own, &[], Vec::new());
    assert_eq!(shown.status, 200, "{own}: {shown:?}");
    let mut shown = shown.json();
    for view in [&mut view, &mut shown] {
        without_secrets(view);
    }
    assert_eq!(view, shown, "what was answered is not what is there");
    let tokens = held.ask_for_token();
    assert!(tokens.status < 500, "{tokens:?}");
    if !is_list {
        write_back(held, path, shown);
    }
}

/// What is shown can be written back, as clients do that change one member, and changes nothing.
fn write_back(held: &mut Held, path: &str, mut shown: Value) {
    let body = shown.to_string().into_bytes();
    let (reply, _) = held.admin(&Method::PUT, path, &[("content-type", "application/json")], body);
    assert_eq!(reply.status, 200, "{shown} cannot be written back: {reply:?}");
    let mut again = reply.json();
    for view in [&mut again, &mut shown] {
        without_secrets(view);
        if let Value::Object(members) = view {
            members.shift_remove("lastUpdated");
        }
    }
    assert_eq!(again, shown, "written back, it is something else");
}

/// A secret may be shown once only.
fn without_secrets(view: &mut Value) {
    for place in ["/credentials/oauthClient", ""] {
        if let Some(Value::Object(members)) = view.pointer_mut(place) {
            members.shift_remove("client_secret");
        }
    }
}

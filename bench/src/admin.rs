//! The management API as far as a benchmark needs it: calls as the first admin, and lists page by page.

use std::time::Duration;

use serde_json::Value;

use crate::clock;
use crate::http::{self, Reply, Target};

/// The API token that every server under test starts with.
pub const API_TOKEN: &str = "00benchBenchBenchBenchBenchBenchBenchBench";

/// Makes an object.
pub fn create(url: &str, path: &str, body: &Value) -> Result<Value, String> {
    json(&call(url, "POST", path, &body.to_string())?)
}

/// Replaces an object.
pub fn replace(url: &str, path: &str, body: &Value) -> Result<Value, String> {
    json(&call(url, "PUT", path, &body.to_string())?)
}

/// Reads an object.
pub fn get(url: &str, path: &str) -> Result<Value, String> {
    json(&call(url, "GET", path, "")?)
}

/// Does something that answers with nothing.
pub fn act(url: &str, path: &str) -> Result<(), String> {
    call(url, "POST", path, "{}").map(drop)
}

/// A list, and how long each of its pages took.
#[derive(Debug, Default)]
pub struct Listed {
    pub items: Vec<Value>,
    pub pages: Vec<Duration>,
}

/// Reads a list to its end, in pages of 200.
pub fn list(url: &str, path: &str) -> Result<Listed, String> {
    let mut listed = Listed::default();
    let mut next = Some(format!("{path}?limit=200"));
    while let Some(path) = next {
        let begun = clock::now();
        let reply = call(url, "GET", &path, "")?;
        listed.pages.push(begun.elapsed());
        next = reply.next.as_deref().map(|link| Target::parse(link).map(|target| target.path)).transpose()?;
        match json(&reply)? {
            Value::Array(items) => listed.items.extend(items),
            other => return Err(format!("{path}: no list: {other}")),
        }
    }
    Ok(listed)
}

/// The id of an object.
pub fn id(object: &Value) -> Result<&str, String> {
    object["id"].as_str().ok_or_else(|| format!("no id in {object}"))
}

fn call(url: &str, method: &str, path: &str, body: &str) -> Result<Reply<'static>, String> {
    let target = Target::parse(&format!("{url}{path}"))?;
    let authorization = format!("SSWS {API_TOKEN}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let reply = http::call(&target.address, &http::request(method, &target, &headers, body))?;
    if !(200..300).contains(&reply.status) {
        return Err(format!("{method} {path}: {} {}", reply.status, String::from_utf8_lossy(&reply.body)));
    }
    Ok(reply)
}

fn json(reply: &Reply<'_>) -> Result<Value, String> {
    serde_json::from_slice(&reply.body).map_err(|error| format!("the answer is no JSON: {error}"))
}

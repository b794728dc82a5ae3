//! `tokenmint export`: a server's configuration as one readable file. Owns which server is meant and where the text goes;
//! leaves out the document (`service::portable`) and the request (`remote`).

use std::path::Path;

use hyper::Method;
use serde_json::Value;

use super::remote::{CallError, Remote};
use super::terminal::{json_text, say, show};
use crate::yaml;

const SERVERS: &str = "/api/v1/authorizationServers";

/// Writes the document of a server to a file, or to stdout.
pub fn run(remote: &Remote, server: &str, output: Option<&Path>, as_json: bool) -> Result<(), String> {
    let path = format!("{}/configuration", find(remote, server)?);
    let answer = remote.call(&Method::GET, &path, None, None).map_err(|error| error.to_string())?;
    let text = if as_json { json_text(&answer.body) } else { yaml::write(&answer.body) };
    let Some(output) = output else {
        show(&text);
        return Ok(());
    };
    std::fs::write(output, text).map_err(|error| format!("cannot write `{}`: {error}", output.display()))?;
    say(&format!("written to {}", output.display()));
    Ok(())
}

/// The path of the server that a text names: by id, as `default`, or by name.
pub(super) fn find(remote: &Remote, server: &str) -> Result<String, String> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let is_segment = !server.is_empty() && server.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_segment {
        let path = format!("{SERVERS}/{server}");
        match remote.call(&Method::GET, &path, None, None) {
            Ok(_) => return Ok(path),
            Err(CallError::Refused(refused)) if refused.status == 404 => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    let listed = remote.call(&Method::GET, &format!("{SERVERS}?q={}", encoded(server)), None, None);
    let listed = listed.map_err(|error| error.to_string())?.body;
    let named = |entry: &&Value| entry["name"] == server;
    let ids: Vec<&str> = listed
        .as_array()
        .into_iter()
        .flatten()
        .filter(named)
        .filter_map(|entry| entry["id"].as_str())
        .collect();
    match ids.as_slice() {
        [id] => Ok(format!("{SERVERS}/{id}")),
        [] => Err(format!(
            "there is no authorization server `{server}`, by id or by name{}",
            meant(remote, server)
        )),
        several => Err(format!(
            "{} authorization servers have this name: say which by its id ({})",
            several.len(),
            several.join(", ")
        )),
    }
}

/// The server that was probably meant, as the end of a sentence.
fn meant(remote: &Remote, server: &str) -> String {
    let Ok(answer) = remote.call(&Method::GET, &format!("{SERVERS}?limit=200"), None, None) else {
        return String::new();
    };
    let servers = answer.body.as_array().map(Vec::as_slice).unwrap_or_default();
    let names = servers.iter().filter_map(|entry| entry["name"].as_str());
    el::nearest(server, names).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

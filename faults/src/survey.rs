//! What the nodes say after recovery: every object, the whole log, what became of tokens, the published keys. Owns the
//! reading; leaves out the judging (`check`).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use bench::clock;
use serde_json::Value;

use crate::connection::{Connection, Request};
use crate::history::{Act, Entry, Event, History, Object, Saw};
use crate::jwt::KeySet;
use crate::record::Recorder;
use crate::workload::{KINDS, collection, name_and_mark};
use crate::world::{World, admin, oauth_path};

/// An event may wait so long for its place in the log, if a commit before it was cut off; and a little for luck.
const LOG_LIMIT: Duration = Duration::from_secs(80);
/// So long after a change every node knows it (I4).
const NODES_APART: Duration = Duration::from_millis(1_100);
/// Tokens that are introspected after recovery: the newest of each sort.
const TOKENS_MAX: usize = 200;

/// Tokens by their ids, as far as the load still has their texts.
pub type Texts = Vec<(String, String, String)>;

/// Asks every node and adds what they say to the history. `texts` are tokens: id, text, authorization server.
pub fn survey(nodes: &[SocketAddr], world: &World, texts: &Texts, recorder: &Recorder) -> Result<(), String> {
    if nodes.len() > 1 {
        thread::sleep(NODES_APART);
    }
    let wanted = wanted_events(&recorder.history());
    for (node, address) in nodes.iter().enumerate() {
        let mut connection = Connection::new(*address);
        let mut saw = Saw { node, ..Saw::default() };
        for kind in KINDS {
            objects(&mut connection, world, kind, &mut saw.objects)?;
        }
        saw.events = whole_log(&mut connection, &wanted)?;
        let client = world.clients[0].authorization();
        for (jti, text, server) in texts.iter().rev().take(TOKENS_MAX) {
            let fields = [("token", text.as_str())];
            let request = Request::form(oauth_path(server, "introspect"), &fields).by(client.clone());
            let active = connection.must(&request)?["active"].as_bool().unwrap_or(false);
            saw.tokens.insert(jti.clone(), active);
        }
        for server in [&world.mint, &world.rotating] {
            let document = connection.must(&Request::get(oauth_path(server, "keys")))?;
            saw.keys.insert(server.clone(), KeySet::read(&document).kids());
        }
        saw.at = recorder.now();
        recorder.add(Entry::Saw(saw));
    }
    Ok(())
}

/// What the log must hold before it is read as a whole: the requests of acknowledged changes, the ids of tokens.
fn wanted_events(history: &History) -> BTreeSet<String> {
    let changes = history
        .calls
        .iter()
        .filter(|call| matches!(call.act, Act::Change(_) | Act::Rotate { .. } | Act::RevokeKey { .. }));
    let requests = changes.filter_map(|call| call.outcome.done()?.request.clone());
    requests.chain(history.tokens().map(|(_, jti, _)| jti.to_owned())).collect()
}

fn objects(
    connection: &mut Connection,
    world: &World,
    kind: &str,
    found: &mut Vec<Object>,
) -> Result<(), String> {
    let path = format!("{}?limit=200", collection(world, kind));
    each_of(connection, path, |shown| {
        let Some((stem, mark)) = name_and_mark(kind, shown) else { return };
        let id = shown["id"].as_str().unwrap_or_default().to_owned();
        let is_active = shown["status"].as_str() != Some("INACTIVE");
        found.push(Object { kind: kind.to_owned(), id, stem, mark, is_active });
    })
    .map(drop)
}

/// Reads a list page by page; where the last page said that one could go on.
fn each_of(
    connection: &mut Connection,
    path: String,
    mut each: impl FnMut(&Value),
) -> Result<Option<String>, String> {
    let mut next = Some(path);
    let mut last = None;
    while let Some(path) = next.take() {
        let answer =
            connection.call(&admin(Request::get(&path))).map_err(|failed| format!("{path}: {failed:?}"))?;
        if answer.status != 200 {
            return Err(format!("{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body)));
        }
        let items = answer.json();
        let items = items.as_array().cloned().unwrap_or_default();
        items.iter().for_each(&mut each);
        let link = answer.headers("link").find_map(next_path).map(str::to_owned);
        // The log can always be read on, also where it ends for now.
        if !items.is_empty() {
            next.clone_from(&link);
        }
        last = link.or(last);
    }
    Ok(last)
}

/// The path of a `Link` that leads to the next page.
fn next_path(link: &str) -> Option<&str> {
    let (url, rest) = link.strip_prefix('<')?.split_once('>')?;
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let path = url[after_scheme..].find('/').map(|at| &url[after_scheme + at..])?;
    rest.contains("rel=\"next\"").then_some(path)
}

/// The log in its order, read on until everything in it that must be there, or for as long as that may take.
fn whole_log(connection: &mut Connection, wanted: &BTreeSet<String>) -> Result<Vec<Event>, String> {
    let begun = clock::now();
    let mut events = Vec::new();
    let mut missing = wanted.clone();
    let mut next = "/api/v1/logs?limit=1000&since=2000-01-01T00:00:00.000Z".to_owned();
    loop {
        let reached = each_of(connection, next.clone(), |shown| {
            let event = event(shown);
            for known in event.request.iter().chain(&event.targets) {
                missing.remove(known);
            }
            events.push(event);
        })?;
        next = reached.unwrap_or(next);
        // What is missing after that is missing: the checker says so.
        if missing.is_empty() || begun.elapsed() > LOG_LIMIT {
            return Ok(events);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn event(shown: &Value) -> Event {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let targets = shown["target"].as_array().cloned().unwrap_or_default();
    let data = &shown["debugContext"]["debugData"];
    Event {
        uuid: text(&shown["uuid"]),
        kind: text(&shown["eventType"]),
        request: data["requestId"].as_str().map(str::to_owned),
        revision: data["configurationRevision"].as_u64(),
        name: targets.first().map(|target| text(&target["displayName"])).unwrap_or_default(),
        targets: targets.iter().map(|target| text(&target["id"])).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_a_path_of_the_same_node() {
        let link = "<http://mint.example.com/api/v1/logs?limit=1&after=s1>; rel=\"next\"";
        assert_eq!(next_path(link), Some("/api/v1/logs?limit=1&after=s1"));
        assert_eq!(next_path("<http://mint.example.com/api/v1/logs>; rel=\"self\""), None);
    }
}

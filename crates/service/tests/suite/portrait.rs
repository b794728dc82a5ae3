//! A configuration as text: everything in it that anybody can observe, so that two can be compared.

use std::fmt::Write;

use model::Timestamp;
use service::Snapshot;

/// Everything observable, one thing a line. Two expired keys of one second have no order.
pub fn portrait(snapshot: &Snapshot) -> String {
    let mut text = format!("revision {}\n{:?}\n", snapshot.revision, snapshot.org());
    let default = snapshot.find_server("default").map(|entry| entry.server.value.id);
    writeln!(text, "default {default:?}").unwrap();
    for entry in snapshot.servers_after(None) {
        writeln!(text, "{:?}", entry.server).unwrap();
        for policy in &entry.policies {
            writeln!(text, "  {:?}", policy.policy).unwrap();
            policy.rules.iter().for_each(|rule| writeln!(text, "    {rule:?}").unwrap());
        }
        entry.scopes().iter().for_each(|scope| writeln!(text, "  {scope:?}").unwrap());
        entry.claims().iter().for_each(|claim| writeln!(text, "  {claim:?}").unwrap());
        let time = |at: Option<Timestamp>| at.map(Timestamp::milliseconds);
        let mut keys: Vec<_> = entry
            .keys
            .iter()
            .map(|key| {
                let public = serde_json::to_string(&key.public).unwrap();
                let times = (key.created.milliseconds(), time(key.activated), time(key.retired));
                format!(
                    "  {} {} {} {public} {times:?} {:?}",
                    key.status,
                    key.kid,
                    key.algorithm.name(),
                    key.sealed
                )
            })
            .collect();
        keys.sort();
        for key in &keys {
            writeln!(text, "{key}").unwrap();
        }
    }
    for entry in snapshot.apps_after(None) {
        let found = snapshot.client(entry.app.value.client_id.as_str()).map(|found| found.app.value.id);
        writeln!(text, "{:?} {:?} {found:?}", entry.app, entry.grant_types).unwrap();
        for secret in &entry.secrets {
            let times = (secret.created.milliseconds(), secret.last_updated.milliseconds());
            let bytes = (&secret.mac, &secret.sealed);
            writeln!(text, "  {} {} {times:?} {bytes:?}", secret.id, secret.status).unwrap();
        }
    }
    text
}

/// Every document in its place, without the revisions at which they changed: what decisions rest on.
pub fn documents(snapshot: &Snapshot) -> String {
    let mut text = format!("{:?}\n", snapshot.org());
    for entry in snapshot.servers_after(None) {
        writeln!(text, "{:?}", entry.server.value).unwrap();
        for policy in &entry.policies {
            writeln!(text, "  {:?}", policy.policy.value).unwrap();
            policy.rules.iter().for_each(|rule| writeln!(text, "    {:?}", rule.value).unwrap());
        }
        entry.scopes().iter().for_each(|scope| writeln!(text, "  {:?}", scope.value).unwrap());
        entry.claims().iter().for_each(|claim| writeln!(text, "  {:?}", claim.value).unwrap());
    }
    for entry in snapshot.apps_after(None) {
        let found = snapshot.client(entry.app.value.client_id.as_str()).map(|found| found.app.value.id);
        writeln!(text, "{:?} {found:?}", entry.app.value).unwrap();
    }
    text
}

/// The first line in which two portraits differ.
pub fn difference(one: &str, other: &str) -> Option<String> {
    if one == other {
        return None;
    }
    let (mut ones, mut others) = (one.lines(), other.lines());
    loop {
        let pair = (ones.next(), others.next());
        if pair.0 != pair.1 {
            return Some(format!("{pair:#?}"));
        }
        if pair == (None, None) {
            return Some("line ends".to_owned());
        }
    }
}

//! The administrator who looks after keys while a load goes on: rotates, and revokes in an emergency.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::connection::{Connection, Request, outcome};
use crate::history::{Act, Outcome};
use crate::record::Recorder;
use crate::world::{admin, server_path};

/// The administrator, at one node.
#[derive(Debug)]
pub struct Steward {
    connection: Connection,
    recorder: Arc<Recorder>,
}

impl Steward {
    /// Works at the node `address`.
    pub fn at(address: SocketAddr, recorder: &Arc<Recorder>) -> Self {
        Self { connection: Connection::new(address), recorder: Arc::clone(recorder) }
    }

    /// Rotates the keys of a server; what it then publishes.
    pub fn rotate(&mut self, server: &str) -> Result<Value, String> {
        let path = format!("{}/credentials/lifecycle/keyRotate", server_path(server));
        self.ask(path, &json!({"use": "sig"}), Act::Rotate { server: server.to_owned() })
    }

    /// Revokes the key that signs for a server now; its name.
    pub fn revoke_active_key(&mut self, server: &str) -> Result<String, String> {
        let keys = format!("{}/credentials/keys", server_path(server));
        let listed = self.connection.must(&admin(Request::get(&keys)))?;
        let is_active = |key: &&Value| key["status"].as_str() == Some("ACTIVE");
        let active = listed.as_array().and_then(|keys| keys.iter().find(is_active));
        let kid = active.and_then(|key| key["kid"].as_str()).ok_or("no key is active")?.to_owned();
        let act = Act::RevokeKey { server: server.to_owned(), kid: kid.clone() };
        self.ask(format!("{keys}/{kid}/lifecycle/revoke"), &Value::Null, act)?;
        Ok(kid)
    }

    fn ask(&mut self, path: String, body: &Value, act: Act) -> Result<Value, String> {
        let start = self.recorder.now();
        let answer = self.connection.call(&admin(Request::json("POST", path, body)));
        let outcome = outcome(&answer);
        let told = format!("{act:?}: {outcome:?}");
        let is_done = matches!(outcome, Outcome::Done(_));
        self.recorder.call(start, 0, act, outcome);
        match answer {
            Ok(answer) if is_done => Ok(answer.json()),
            _ => Err(told),
        }
    }
}

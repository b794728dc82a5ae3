//! Keys: reading them as the public does, rotating them as an administrator does.

use serde_json::json;

use super::Hand;
use crate::connection::{Answer, Request};
use crate::history::{Act, Told};
use crate::jwt::KeySet;
use crate::world::{admin, oauth_path, server_path};

/// Notes what a key set says.
pub(super) fn note(answer: &Answer, told: &mut Told) {
    told.kids = KeySet::read(&answer.json()).kids();
    let cached = answer.header("cache-control").unwrap_or_default();
    let age = cached.split(',').find_map(|part| part.trim().strip_prefix("max-age="));
    told.max_age = age.and_then(|age| age.parse().ok());
}

impl Hand {
    pub(super) fn read_keys(&mut self) {
        let world = &self.shared.world;
        let server = [&world.mint, &world.rotating][self.random.below(2)].clone();
        self.keys_of(&server);
    }

    pub(super) fn read_discovery(&mut self) {
        let server = self.shared.world.mint.clone();
        let request = Request::get(format!("/oauth2/{server}/.well-known/oauth-authorization-server"));
        self.ask(&request, Act::Discovery { server }, |_, _| {});
    }

    /// Reads the published keys of a server.
    pub(super) fn keys_of(&mut self, server: &str) -> Option<Answer> {
        let request = Request::get(oauth_path(server, "keys"));
        let answer = self.ask(&request, Act::Keys { server: server.to_owned() }, note);
        answer.filter(|answer| answer.status == 200)
    }

    pub(super) fn rotate(&mut self) {
        let server = self.shared.world.rotating.clone();
        let path = format!("{}/credentials/lifecycle/keyRotate", server_path(&server));
        let request = admin(Request::json("POST", path, &json!({"use": "sig"})));
        self.ask(&request, Act::Rotate { server }, |_, _| {});
    }
}

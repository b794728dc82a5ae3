//! Changes of the configuration. Each object belongs to one thread, which changes it one step after the other, and never
//! again once it does not know what came of a step: so it is known what may be there in the end.

use serde_json::{Value, json};

use super::Hand;
use crate::connection::Request;
use crate::history::{Act, Change, Outcome, What};
use crate::world::{Client, World, admin, app, rule, server_path};

/// More objects than so many make a thread delete one.
const OWNED_MAX: usize = 6;
/// Clients that were switched off and ask on.
const DEAD_MAX: usize = 4;
/// What is changed.
pub const KINDS: [&str; 4] = ["scope", "rule", "app", "server"];

/// An object that a thread made.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    change: Change,
    client: Option<Client>,
}

/// Where objects of a kind lie.
pub fn collection(world: &World, kind: &str) -> String {
    let playground = server_path(&world.playground);
    match kind {
        "scope" => format!("{playground}/scopes"),
        "rule" => format!("{playground}/policies/{}/rules", world.policy),
        "app" => "/api/v1/apps".to_owned(),
        _ => "/api/v1/authorizationServers".to_owned(),
    }
}

/// What an object says that has this name and this mark.
fn body(kind: &str, stem: &str, mark: u64) -> Value {
    match kind {
        "scope" => json!({"name": stem, "description": format!("mark {mark}")}),
        "rule" => rule(&format!("{stem}~{mark}")),
        "app" => app(&format!("{stem}~{mark}"), None),
        _ => json!({"name": stem, "description": format!("mark {mark}"), "audiences": ["api://played"]}),
    }
}

/// The name and the mark of an object that a node shows; `None` for what this run did not make.
pub fn name_and_mark(kind: &str, shown: &Value) -> Option<(String, u64)> {
    let (stem, mark) = match kind {
        "rule" => shown["name"].as_str()?.split_once('~')?,
        "app" => shown["label"].as_str()?.split_once('~')?,
        _ => (shown["name"].as_str()?, shown["description"].as_str()?.strip_prefix("mark ")?),
    };
    Some((stem.to_owned(), mark.parse().ok()?))
}

impl Hand {
    pub(super) fn change(&mut self) {
        let full = self.owned.len() >= OWNED_MAX;
        match self.random.below(10) {
            0..=3 if !full => self.create(),
            4..=7 if !self.owned.is_empty() => self.replace(),
            _ if !self.owned.is_empty() => self.delete(),
            _ => self.create(),
        }
    }

    /// Makes a client, lets it get tokens, and switches it off.
    pub(super) fn end_client(&mut self) {
        let (mark, stem) = self.fresh();
        let change = Change { what: What::Create, kind: "app".to_owned(), stem, mark, id: None };
        let Some(mut owned) = self.make(change) else { return };
        let Some(client) = owned.client.clone() else { return };
        let server = self.shared.world.mint.clone();
        self.token_of(&client, &server);
        if !self.step(&mut owned, What::Deactivate) {
            return;
        }
        let mut tokens = self.shared.tokens();
        let (of_it, others) = tokens.live.drain(..).partition(|issued| issued.client.id == client.id);
        tokens.live = others;
        tokens.ended.extend::<Vec<_>>(of_it);
        drop(tokens);
        if self.dead.len() >= DEAD_MAX {
            self.dead.remove(0);
        }
        self.dead.push(client);
        self.owned.push(owned);
    }

    fn create(&mut self) {
        let (mark, stem) = self.fresh();
        let kind = (*self.random.choose(&KINDS)).to_owned();
        let made = self.make(Change { what: What::Create, kind, stem, mark, id: None });
        self.owned.extend(made);
    }

    fn replace(&mut self) {
        let place = self.random.below(self.owned.len());
        let mut owned = self.owned.swap_remove(place);
        // An app is switched off instead: that is the change of an app that matters most.
        let is_app = owned.change.kind == "app";
        if is_app && owned.change.what == What::Deactivate {
            return self.owned.push(owned);
        }
        let what = if is_app { What::Deactivate } else { What::Replace };
        if self.step(&mut owned, what) {
            self.owned.push(owned);
        }
    }

    fn delete(&mut self) {
        let place = self.random.below(self.owned.len());
        let mut owned = self.owned.swap_remove(place);
        let active_app = owned.change.kind == "app" && owned.change.what != What::Deactivate;
        if active_app && !self.step(&mut owned, What::Deactivate) {
            return;
        }
        self.step(&mut owned, What::Delete);
    }

    /// Makes an object; nothing if it is not known to be there.
    fn make(&mut self, change: Change) -> Option<Owned> {
        let path = collection(&self.shared.world, &change.kind);
        let request = admin(Request::json("POST", path, &body(&change.kind, &change.stem, change.mark)));
        let act = Act::Change(change.clone());
        let answer =
            self.ask(&request, act, |_, _| {}).filter(|answer| (200..300).contains(&answer.status))?;
        let made = answer.json();
        let id = made["id"].as_str().map(str::to_owned);
        Some(Owned { client: Client::of_app(&made), change: Change { id, ..change } })
    }

    /// Changes an object; `false` if it is given up, because it is gone or nobody knows how it is now.
    fn step(&mut self, owned: &mut Owned, what: What) -> bool {
        let (mark, _) = self.fresh();
        let mark = if what == What::Replace { mark } else { owned.change.mark };
        let change = Change { what, mark, ..owned.change.clone() };
        let Some(id) = &change.id else { return false };
        let path = format!("{}/{id}", collection(&self.shared.world, &change.kind));
        let request = match what {
            What::Create => return false,
            What::Replace => Request::json("PUT", path, &body(&change.kind, &change.stem, mark)),
            What::Deactivate => Request::json("POST", format!("{path}/lifecycle/deactivate"), &Value::Null),
            What::Delete => Request::json("DELETE", path, &Value::Null),
        };
        let mut outcome = Outcome::Unsent;
        self.ask(&admin(request), Act::Change(change.clone()), |_, told| {
            outcome = Outcome::Done(told.clone());
        });
        owned.change = change;
        outcome.done().is_some() && what != What::Delete
    }
}

//! A decision explained: what was looked at, what held, and what would have to change. For programs it is JSON with a
//! stable schema, for people one readable text.

use serde::Serialize;

use crate::facts::Facts;
use crate::mint::{Denied, Minted};
use crate::server::AuthorizationServer;
use crate::trace::Recorder;

/// The number of the schema. It changes when a member goes or changes its meaning, not when one is added.
pub const SCHEMA: u32 = 1;

/// The names that people gave to what a server's conditions only know by id.
pub trait Names {
    /// The name of the group with this id.
    fn group(&self, id: &str) -> Option<String>;
    /// The login of the user with this id.
    fn user(&self, id: &str) -> Option<String>;
    /// The label of the app with this client id.
    fn client(&self, id: &str) -> Option<String>;
}

/// Nobody knows a name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nameless;

impl Names for Nameless {
    fn group(&self, _: &str) -> Option<String> {
        None
    }

    fn user(&self, _: &str) -> Option<String> {
        None
    }

    fn client(&self, _: &str) -> Option<String> {
        None
    }
}

/// A decision, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// [`SCHEMA`].
    pub schema: u32,
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "schema {}", self.schema)
    }
}

/// Explains what `recorder` heard.
pub fn explain(
    server: &AuthorizationServer,
    facts: &Facts,
    names: &dyn Names,
    recorder: &Recorder,
    outcome: &Result<Minted, Denied>,
) -> Explanation {
    let _ = (server, facts, names, recorder, outcome);
    Explanation { schema: SCHEMA }
}

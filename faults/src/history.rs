//! What happened, line by line: every call with its start, end, node and outcome, every fault, and what the servers said
//! after recovery. Owns the shape of a history; leaves out writing it down (`record`) and judging it (`check`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One line. Times are microseconds since the run began, by the one clock of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The first line: what can make the run again.
    Run {
        /// The row.
        row: u8,
        /// The seed.
        seed: u64,
    },
    /// A call.
    Call(Call),
    /// A fault, from its beginning to its end.
    Fault {
        /// What was done.
        what: String,
        /// When it began.
        start: u64,
        /// When it was over: from here on recovery is measured.
        end: u64,
    },
    /// Something secret stood where it must not.
    Leak {
        /// Where.
        place: String,
        /// What, by name; never the secret itself.
        what: String,
    },
    /// What a node said after recovery.
    Saw(Saw),
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// When it was sent.
    pub start: u64,
    /// When it was answered or given up.
    pub end: u64,
    /// Which node was asked.
    pub node: usize,
    /// What was asked.
    pub act: Act,
    /// What came of it.
    pub outcome: Outcome,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// A token.
    Token {
        /// The client.
        client: String,
        /// The authorization server.
        server: String,
        /// The `jti` of the client's assertion, if it signed one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        assertion: Option<String>,
        /// Why it must be refused, if it must.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        must_refuse: Option<String>,
    },
    /// Whether a token stands.
    Introspect {
        /// The token's id.
        jti: String,
    },
    /// The end of a token.
    Revoke {
        /// The token's id.
        jti: String,
    },
    /// A change of the configuration.
    Change(Change),
    /// New keys for an authorization server.
    Rotate {
        /// The authorization server.
        server: String,
    },
    /// The end of a key before its time.
    RevokeKey {
        /// The authorization server.
        server: String,
        /// The key.
        kid: String,
    },
    /// The published keys.
    Keys {
        /// The authorization server.
        server: String,
    },
    /// What the public is told about an authorization server.
    Discovery {
        /// The authorization server.
        server: String,
    },
    /// A page of the log.
    Log,
    /// A resource server judged a token, by the keys that it holds. It asked nobody: its outcome is done or refused.
    Verify {
        /// The token's id.
        jti: String,
        /// The key that signed it, as the token says.
        kid: String,
        /// Which resource server.
        verifier: String,
        /// How long it may keep keys, in microseconds.
        keeps: u64,
    },
}

/// A change of one object, which one thread of the driver owns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What is done to it.
    pub what: What,
    /// What it is: `scope`, `rule`, `app`, `server`.
    pub kind: String,
    /// What the driver calls it: no other object of the run has this name.
    pub stem: String,
    /// What its text says afterwards: each change of one object has another.
    pub mark: u64,
    /// Its id, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is made.
    Create,
    /// It is replaced.
    Replace,
    /// It is switched off: an app that must get no token any more.
    Deactivate,
    /// It is deleted.
    Delete,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Acknowledged with 2xx.
    Done(Told),
    /// Refused with 4xx: nothing was done.
    Refused(Told),
    /// Sent, and not known to be done or not: no answer, or 5xx.
    Unknown {
        /// What happened instead.
        why: String,
        /// The status, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
    },
    /// Never sent: nobody listened.
    Unsent,
}

/// What an answer said, as far as somebody looks at it later.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// The server's name of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The id of what was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The id of the token that was given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// What introspection said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// The keys that were published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kids: Vec<String>,
    /// For how many seconds they may be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// The error's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What a node said after recovery.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Saw {
    /// The node.
    pub node: usize,
    /// When.
    pub at: u64,
    /// Every object of the run that is there.
    pub objects: Vec<Object>,
    /// The whole log, in its order.
    pub events: Vec<Event>,
    /// What introspection says of tokens.
    pub tokens: BTreeMap<String, bool>,
    /// The published keys of each authorization server.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// What it is.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// What the driver calls it.
    pub stem: String,
    /// What its text says.
    pub mark: u64,
    /// Whether it is switched on.
    pub is_active: bool,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub uuid: String,
    /// What happened.
    pub kind: String,
    /// The request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The revision of the configuration that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The ids of what it is about.
    pub targets: Vec<String>,
    /// The name of the first of them.
    pub name: String,
}

impl Outcome {
    /// What was said if it was acknowledged.
    pub fn done(&self) -> Option<&Told> {
        match self {
            Self::Done(told) => Some(told),
            _ => None,
        }
    }

    /// Whether it may or may not have been done.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// A whole history, sorted by what its lines are.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The calls, by their start.
    pub calls: Vec<Call>,
    /// The faults.
    pub faults: Vec<(String, u64, u64)>,
    /// What stood where it must not.
    pub leaks: Vec<(String, String)>,
    /// What the nodes said after recovery.
    pub saw: Vec<Saw>,
}

impl History {
    /// Sorts lines.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut history = Self::default();
        for entry in entries {
            match entry {
                Entry::Run { .. } => {}
                Entry::Call(call) => history.calls.push(call),
                Entry::Fault { what, start, end } => history.faults.push((what, start, end)),
                Entry::Leak { place, what } => history.leaks.push((place, what)),
                Entry::Saw(saw) => history.saw.push(saw),
            }
        }
        history.calls.sort_by_key(|call| (call.start, call.end));
        history
    }

    /// Reads the lines of a file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
        let entries = lines.map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))
        });
        entries.collect::<Result<Vec<Entry>, _>>().map(Self::of)
    }

    /// The changes of the configuration, each with its call.
    pub fn changes(&self) -> impl Iterator<Item = (&Call, &Change)> {
        self.calls.iter().filter_map(|call| match &call.act {
            Act::Change(change) => Some((call, change)),
            _ => None,
        })
    }

    /// The tokens that were given out: the call, the token's id and what was told with it.
    pub fn tokens(&self) -> impl Iterator<Item = (&Call, &str, &Told)> {
        self.calls.iter().filter_map(|call| {
            let told = call.outcome.done().filter(|_| matches!(call.act, Act::Token { .. }))?;
            Some((call, told.jti.as_deref()?, told))
        })
    }
}

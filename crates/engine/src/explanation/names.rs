//! The names of what conditions know by id, so that an explanation speaks as people do.

use std::fmt;

use model::{ClientId, GroupId, UserId};
use serde::Serialize;

use crate::facts::Facts;

/// The names that people gave to what a server's conditions only know by id.
pub trait Names {
    /// The name of the group with this id.
    fn group(&self, id: GroupId) -> Option<String>;
    /// The login of the user with this id.
    fn user(&self, id: UserId) -> Option<String>;
    /// The label of the app with this client id.
    fn client(&self, id: &ClientId) -> Option<String>;
}

/// Nobody knows a name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nameless;

impl Names for Nameless {
    fn group(&self, _: GroupId) -> Option<String> {
        None
    }

    fn user(&self, _: UserId) -> Option<String> {
        None
    }

    fn client(&self, _: &ClientId) -> Option<String> {
        None
    }
}

/// Something with an id, and its name if somebody knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Named {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its id.
    pub id: String,
}

impl Named {
    pub(crate) fn new(id: &str, name: Option<String>) -> Self {
        Self { name: name.filter(|name| !name.is_empty()), id: id.to_owned() }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(self.name.as_deref().unwrap_or(&self.id)))
    }
}

/// A text that somebody chose, as it may be shown in a terminal: nothing in it begins a line or commands a screen.
pub(crate) fn plain(text: &str) -> String {
    let is_safe = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if is_safe(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Names, first those that the facts themselves tell.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub facts: &'a Facts,
    pub names: &'a dyn Names,
}

impl Known<'_> {
    pub(crate) fn group(&self, id: GroupId) -> Named {
        let of_facts = self.facts.user.iter().flat_map(|user| &user.groups).find(|group| group.id == id);
        let name = of_facts.map(|group| group.name.clone()).filter(|name| !name.is_empty());
        Named::new(id.as_str(), name.or_else(|| self.names.group(id)))
    }

    pub(crate) fn user(&self, id: UserId) -> Named {
        let of_facts = self.facts.user.as_ref().filter(|user| user.id == id);
        let login = of_facts.and_then(|user| user.profile.get("login")?.as_str()).map(str::to_owned);
        Named::new(id.as_str(), login.or_else(|| self.names.user(id)))
    }

    pub(crate) fn client(&self, id: &ClientId) -> Named {
        Named::new(id.as_str(), self.names.client(id))
    }
}

/// How many entries of a list are told; a rule may name a thousand.
pub(crate) const LISTED_MAX: usize = 100;

/// The first entries, in the order of their names: sets have none of their own.
pub(crate) fn listed(all: impl IntoIterator<Item = Named>) -> Vec<Named> {
    let mut all: Vec<Named> = all.into_iter().collect();
    all.sort();
    all.truncate(LISTED_MAX);
    all
}

/// How many entries of a list a sentence has.
const SAID_MAX: usize = 8;

/// `a`, `b` and 3 more
pub(crate) fn said<T: fmt::Display>(all: &[T], and: &str) -> String {
    let mut quoted: Vec<String> =
        all.iter().take(SAID_MAX).map(|one| format!("`{}`", plain(&one.to_string()))).collect();
    if all.len() > SAID_MAX {
        quoted.push(format!("{} more", all.len() - SAID_MAX));
    }
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} {and} {last}", before.join(", ")),
    }
}

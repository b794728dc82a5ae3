//! Which names an expression mentions, so that only what it can read is gathered for it.

use std::collections::{BTreeMap, BTreeSet};

/// The names in an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Each variable, known or not, and what is read of it.
    pub variables: BTreeMap<String, Uses>,
    /// The groups that it asks about.
    pub groups: GroupNames,
    /// The linked objects of the user that it asks for.
    pub linked_objects: LinkNames,
}

/// Which of the user's groups may be asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupNames {
    /// The ids in literals.
    pub ids: BTreeSet<String>,
    /// The names in literals.
    pub names: BTreeSet<String>,
    /// Whether any other group may matter.
    pub all: bool,
}

/// Which linked objects may be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkNames {
    /// The names in literals: `manager` in `user.getLinkedObject("manager")`.
    pub names: BTreeSet<String>,
    /// Whether any other may be asked for.
    pub all: bool,
}

/// What is read of a variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// The properties that are read by name: `firstName` in `user.firstName` and in `user['firstName']`.
    pub properties: BTreeSet<String>,
    /// The methods that are called: `getInternalProperty` in `user.getInternalProperty("id")`.
    pub methods: BTreeSet<String>,
    /// Whether any other property may be read: `user[x]`, or `user` alone in any place but beside `== null` and `!= null`.
    pub whole: bool,
}

impl Names {
    /// What is read of `variable`, to be added to.
    pub(crate) fn variable(&mut self, variable: &str) -> &mut Uses {
        self.variables.entry(variable.to_owned()).or_default()
    }
}

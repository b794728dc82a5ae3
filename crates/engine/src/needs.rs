//! What a server's conditions, claims and expressions ask about a user, so that no more is gathered than can matter.

use std::collections::{BTreeSet, HashSet};

use el::Program;
use model::GroupId;

use crate::claims::{Claim, Source, Standing};
use crate::server::Policy;

/// What has to be known of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The groups that conditions and expressions name by their ids.
    pub groups: HashSet<GroupId>,
    /// The groups that expressions name by their names.
    pub group_names: BTreeSet<String>,
    /// Whether any group may matter: a groups claim has a filter, or an expression makes names up.
    pub every_group: bool,
    /// The linked objects that expressions name.
    pub linked_objects: BTreeSet<String>,
    /// Whether any linked object may matter.
    pub every_linked_object: bool,
}

impl Needs {
    /// What these policies and claims ask. Those that take no part ask nothing.
    pub(crate) fn of<'a>(policies: &[Policy], claims: impl IntoIterator<Item = &'a Claim>) -> Self {
        let mut needs = Self::default();
        for rule in policies.iter().flat_map(|policy| &policy.rules) {
            needs.groups.extend(&rule.people.groups);
            needs.groups.extend(&rule.people.exclude_groups);
        }
        for claim in claims.into_iter().filter(|claim| claim.standing == Standing::Active) {
            match &claim.source {
                Source::Expression(program) => needs.add(program),
                Source::Groups(_) => needs.every_group = true,
                Source::Profile(_) | Source::Broken { .. } => {}
            }
        }
        needs
    }

    fn add(&mut self, program: &Program) {
        let names = program.names();
        // What is no id of ours is the id of no group.
        self.groups.extend(names.groups.ids.iter().filter_map(|id| GroupId::parse(id)));
        self.group_names.extend(names.groups.names.iter().cloned());
        self.every_group |= names.groups.all;
        self.linked_objects.extend(names.linked_objects.names.iter().cloned());
        self.every_linked_object |= names.linked_objects.all;
    }
}

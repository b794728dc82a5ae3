//! The groups of the current user, as group functions see them. Which of them a function chooses is told in
//! `functions/groups`.

use std::sync::Arc;

use model::group::GroupKind;
use serde_json::{Map as JsonMap, Value as Json};

use crate::{
    scope::{Found, Object, Variables},
    value::{Map, Value},
};

/// A group of the current user.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its id; empty if nobody knows it, and then no id means the group.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Where it comes from.
    pub kind: GroupKind,
    /// The app that it was imported from.
    pub source: Option<GroupSource>,
    /// Okta: `objectClass`, such as `okta:windows_security_principal`.
    pub object_class: Vec<Arc<str>>,
    /// `group.profile.*` besides the name.
    pub profile: JsonMap<String, Json>,
}

impl Group {
    /// Whether the group is the one with this id.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        !id.is_empty() && *self.id == *id
    }
}

/// The app that a group was imported from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSource {
    /// The id of the app.
    pub id: Arc<str>,
    /// What kind of app it is, such as `active_directory`.
    pub app_type: Arc<str>,
}

/// A group as an object: `group` in the expression that `getFilteredGroups` is given, and what is left of a group behind
/// `user.getGroups(…)`.
pub(crate) struct GroupObject<'g> {
    group: &'g Group,
    profile: GroupProfile<'g>,
}

/// `group.profile`
struct GroupProfile<'g>(&'g Group);

impl<'g> GroupObject<'g> {
    pub fn new(group: &'g Group) -> Self {
        GroupObject { group, profile: GroupProfile(group) }
    }
}

/// Okta: the only variable of such an expression is `group`.
impl Variables for GroupObject<'_> {
    fn variable(&self, name: &str) -> Option<Found<'_>> {
        (name == "group").then_some(Found::Object(self))
    }
}

impl Object for GroupObject<'_> {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        let group = self.group;
        Some(match name {
            "id" => text(&group.id),
            "name" => text(&group.name),
            "type" => Value::from(group.kind.as_str()).into(),
            "objectClass" => group.object_class.iter().cloned().map(Value::Text).collect::<Value>().into(),
            "source" => group.source.as_ref().map_or(Value::Null, source).into(),
            "profile" => Found::Object(&self.profile),
            _ => return None,
        })
    }

    fn whole(&self) -> Option<Value> {
        const NAMES: [&str; 6] = ["id", "name", "type", "objectClass", "source", "profile"];
        let members = NAMES.into_iter().filter_map(|name| {
            let value = match self.property(name)? {
                Found::Value(value) => value,
                Found::Object(object) => object.whole()?,
            };
            Some((Arc::from(name), value))
        });
        Some(Value::Map(members.collect()))
    }
}

impl Object for GroupProfile<'_> {
    fn property(&self, name: &str) -> Option<Found<'_>> {
        if name == "name" { Some(text(&self.0.name)) } else { self.0.profile.get(name).map(Found::from) }
    }

    fn whole(&self) -> Option<Value> {
        let name = (Arc::from("name"), Value::Text(Arc::clone(&self.0.name)));
        let others = self.0.profile.iter().filter(|(name, _)| *name != "name");
        let others = others.map(|(name, value)| (Arc::from(name.as_str()), Value::from(value)));
        Some(Value::Map([name].into_iter().chain(others).collect()))
    }
}

fn text(text: &Arc<str>) -> Found<'static> {
    Value::Text(Arc::clone(text)).into()
}

fn source(source: &GroupSource) -> Value {
    let members = [("id", &source.id), ("appType", &source.app_type)];
    let members = members.map(|(name, value)| (Arc::from(name), Value::Text(Arc::clone(value))));
    Value::Map(members.into_iter().collect::<Map>())
}

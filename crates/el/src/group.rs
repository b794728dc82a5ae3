//! The groups of the current user, as group functions see them. Which of them a function chooses is told in
//! `functions/groups`.

use std::sync::Arc;

use model::group::GroupKind;
use serde_json::{Map as JsonMap, Value as Json};

/// A group of the current user.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its id.
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

/// The app that a group was imported from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSource {
    /// The id of the app.
    pub id: Arc<str>,
    /// What kind of app it is, such as `active_directory`.
    pub app_type: Arc<str>,
}
